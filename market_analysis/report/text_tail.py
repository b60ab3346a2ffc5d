"""The book's tail in words: value at risk, expected shortfall, who carries it, and how such figures fared in the past."""

from __future__ import annotations

from market_analysis.report.layout import note, pairs
from market_analysis.report.names import subject_name
from market_analysis.report.numbers import money, percent, plain
from market_analysis.risk.value_at_risk_report import TailBacktest, TailFigure, ValueAtRiskReport

_MOST_COMPONENTS = 6


def tail_text(report: ValueAtRiskReport) -> str:
    """Figures with horizon and confidence, largest parts first, the sample, the backtest of the very book."""
    if report.reason is not None:
        return f"Not known: {plain(report.reason)}."
    lines = [(_horizon(figure), _figure(figure)) for figure in report.figures]
    lines.append(("Parts of ES 99 %, 1 d", _parts(report)))
    lines.append(
        (
            "For comparison",
            f"VaR 99 %, 1 day: normal {money(report.parametric_99_1d_usd)}, unscaled days {money(report.historical_99_1d_usd)} USD",
        )
    )
    lines += [(f"Held in the past, {backtest.confidence:.0%}", _backtest(backtest)) for backtest in report.backtests]
    if report.backtest_reason:
        lines.append(("Held in the past", f"not judged: {plain(report.backtest_reason)}"))
    sample = (
        f"{report.scenarios} overlapping days of {report.history_days:.0f}, all assets at once, each rescaled to the volatility "
        "forecast now; the book as it is, no stops, no trades"
    )
    return f"{pairs(lines, indent=0)}\n{note(sample)}"


def _horizon(figure: TailFigure) -> str:
    return f"{figure.confidence:.0%}, {figure.horizon_days} day{'s' if figure.horizon_days > 1 else ''}"


def _figure(figure: TailFigure) -> str:
    return (
        f"value at risk {money(figure.value_at_risk_usd)} USD ({percent(figure.value_at_risk_frac, 1)} of equity), "
        f"expected shortfall {money(figure.expected_shortfall_usd)} USD ({percent(figure.expected_shortfall_frac, 1)})"
    )


def _parts(report: ValueAtRiskReport) -> str:
    ordered = sorted(report.components, key=lambda part: (-abs(part.expected_shortfall_usd), part.subject))
    shown = [
        f"{subject_name(part.subject)} {money(part.expected_shortfall_usd, sign=True)}{' (stress gap)' if part.assumed else ''}"
        for part in ordered[:_MOST_COMPONENTS]
    ]
    rest = len(ordered) - len(shown)
    return (", ".join(shown) or "none") + (f", {rest} more" if rest else "")


def _backtest(backtest: TailBacktest) -> str:
    kupiec = "" if backtest.kupiec_p is None else f", Kupiec test {backtest.kupiec_p:.2f}"
    came = f"{backtest.breaches} of {backtest.days} days beyond it, {backtest.expected_breaches:.1f} expected{kupiec}"
    return f"{came}; {backtest.zone}; Z2 {backtest.z2:+.2f}"
