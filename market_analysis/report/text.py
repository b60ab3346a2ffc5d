"""The full report for people, in document 003's order of sections. ASCII, aligned, every figure with its unit."""

from __future__ import annotations

from collections.abc import Iterable

from tabulate import tabulate

from market_analysis.domain import Severity
from market_analysis.report.numbers import UNKNOWN, money, multiple, percent, price, probability, quantity, when
from market_analysis.report.screen import screen_text
from market_analysis.risk.types import Analysis, PositionReport

_WIDTH = 100


def full_text(analysis: Analysis) -> str:
    """The report: screen, portfolio, account, positions, recommendations, data quality."""
    sections = [
        _header(analysis),
        screen_text(analysis),
        _titled("PORTFOLIO SUMMARY", _portfolio(analysis)),
        _titled("ACCOUNT OVERVIEW", _account(analysis)),
        _titled("INDIVIDUAL POSITION ANALYSIS", "\n\n".join(_positions(analysis))),
        _titled("RECOMMENDATIONS", _recommendations(analysis)),
        _titled("DATA QUALITY", _data(analysis)),
    ]
    return "\n\n".join(sections) + "\n"


def _header(analysis: Analysis) -> str:
    title = f"RISK REPORT  account {analysis.account_name} at {analysis.venue}  {analysis.verdict.value}"
    return f"{title}\nGenerated: {when(analysis.as_of)}\n{'=' * _WIDTH}"


def _titled(title: str, body: str) -> str:
    return f"{title}\n{'-' * len(title)}\n{body}"


def _rows(pairs: Iterable[tuple[str, str]]) -> str:
    return tabulate(list(pairs), tablefmt="plain", disable_numparse=True, colalign=("left", "left"))


def _portfolio(analysis: Analysis) -> str:
    book = analysis.book
    return _rows(
        [
            ("Total positions", "not known" if analysis.positions is None else str(book.total_positions)),
            ("Total notional", f"{money(book.total_notional)} USD, net {money(book.net_notional, sign=True)}"),
            ("Total unrealised PnL", f"{money(book.total_unrealized_pnl, sign=True)} USD"),
            ("Loss if all stops fill", f"{money(book.loss_if_all_stops_fill_usd)} USD from the mark"),
            ("  with correlations", f"{money(book.correlated_loss_usd)} USD"),
            ("  resting entries add", f"{money(book.resting_entries_usd)} USD if filled and stopped"),
            (
                "Planned risk after caps",
                f"{money(book.total_risk_if_all_sl_hit)} USD, cap {money(book.risk_cap_usd)}",
            ),
            ("Planned reward", f"{money(book.total_reward_if_all_tp_hit)} USD if all targets are hit"),
            ("Reward to risk", _plain(book.portfolio_risk_reward_ratio)),
            ("Expected shortfall", f"{money(book.es_99_1d_usd)} USD, 99 %, 1 day, normal"),
            (
                "Joint liquidation",
                f"{percent(book.joint_liquidation_move_frac, sign=True)} joint move of the book's factor",
            ),
            ("Margin rate at stops", percent(book.mmr_at_stops_frac, 0)),
            ("Funding", f"{money(book.funding_per_day_usd, sign=True)} USD a day at today's rates"),
        ]
    )


def _account(analysis: Analysis) -> str:
    book = analysis.book
    source = f" ({book.equity_at_reset_source})" if book.equity_at_reset_source else ""
    return _rows(
        [
            ("Total equity", f"{money(book.equity_usd)} USD"),
            ("Available balance", f"{money(book.available_usd)} USD"),
            ("Margin mode", book.margin_mode.value),
            ("Margin rate", percent(book.maintenance_margin_frac, 1)),
            ("Equity at reset", f"{money(book.equity_at_reset_usd)} USD{source}"),
            ("Today's combined PnL", f"{money(book.day_pnl_usd, sign=True)} USD, flows left out"),
            ("Today's realised PnL", f"{money(book.day_realized_usd, sign=True)} USD"),
            ("Today's fees", f"{money(book.day_fees_usd, sign=True)} USD"),
            ("Today's funding", f"{money(book.day_funding_usd, sign=True)} USD"),
            ("Today's flows", f"{money(book.day_flows_usd, sign=True)} USD"),
            ("Unexplained", f"{money(book.unexplained_usd, sign=True)} USD"),
            ("Next reset", when(book.next_reset)),
        ]
    )


def _positions(analysis: Analysis) -> list[str]:
    if analysis.positions is None:
        return ["Positions could not be read. This is not an empty book."]
    return [_position(row) for row in analysis.positions] or ["No open positions (read and proven)."]


def _position(row: PositionReport) -> str:
    title = f"{row.symbol}  {row.side.value.upper()}  {row.position_health.value}  {row.action_required}"
    blocks = [_status(row), _volatility(row), _levels(row), _size(row)]
    notes = [f"* {finding.severity.value}: {finding.message}" for finding in row.findings]
    return "\n".join([title, *blocks, *notes, *((f"* {row.portfolio_note}",) if row.portfolio_note else ())])


def _tick(row: PositionReport, value: object) -> str:
    return price(value, row.tick_size)  # type: ignore[arg-type]


def _status(row: PositionReport) -> str:
    guard = row.protection
    stop = _tick(row, guard.nearest_stop) if guard.nearest_stop is not None else "none"
    trigger = f" on {guard.nearest_trigger_source}" if guard.nearest_stop is not None else ""
    return _rows(
        [
            (
                "  Size",
                f"{quantity(row.position_size)}, {money(row.notional_usd)} USD, leverage {_plain(row.leverage)}",
            ),
            (
                "  Entry, mark",
                f"{_tick(row, row.entry_price)}, {_tick(row, row.current_price)} ({multiple(row.r_multiple)} R)",
            ),
            ("  Unrealised PnL", f"{money(row.current_pnl, sign=True)} USD"),
            ("  Stop at exchange", f"{stop}{trigger}, {guard.state.value}, covers {percent(guard.covered_frac, 0)}"),
            ("  Can lose", f"{money(guard.can_lose_usd)} USD, of it {money(guard.assumed_usd)} by assumed gap"),
            ("  Liquidation", f"{_tick(row, row.liquidation_price)} ({row.margin_mode.value} margin)"),
        ]
    )


def _volatility(row: PositionReport) -> str:
    if row.volatility is None:
        return "  Volatility        not modelled"
    money = f"{_tick(row, row.sigma_H_abs)} in price"
    models = ", ".join(
        f"{model.name} {percent(model.sigma_h, 2)} x {model.weight:.2f}" if model.weight else f"{model.name} {model.status}"
        for model in row.volatility.models
    )
    return _rows(
        [
            (f"  Sigma {row.volatility.horizon_hours}h", f"{percent(row.sigma_H, 2)} = {money}, {row.volatility.method}"),
            ("  Models", models),
            ("  ATR", f"{_tick(row, row.atr)} ({percent(row.atr_frac, 2)})"),
        ]
    )


def _levels(row: PositionReport) -> str:
    chance = row.probabilities
    rows = [
        ("  Planned stop", f"{_tick(row, row.stop_loss)}, k {_plain(row.k_eff)}, {percent(row.sl_frac, 2)} away"),
        ("  Target", f"{_tick(row, row.take_profit)}, m {_plain(row.m_eff)}, {percent(row.tp_frac, 2)} away"),
        (
            "  Scale-outs",
            f"{_tick(row, row.tp1)} x {quantity(row.tp1_quantity)}, {_tick(row, row.tp2)} x "
            f"{quantity(row.tp2_quantity)}, runner {quantity(row.runner_quantity)}",
        ),
        ("  Reward to risk", f"{_plain(row.risk_reward_ratio)} in money after costs"),
    ]
    if chance is not None:
        within = f"within {chance.horizon_hours} h"
        rows.append(
            (
                "  Odds",
                f"target {probability(chance.p_tp)}, stop at a loss {probability(chance.p_sl)}, at breakeven or better "
                f"{probability(chance.p_breakeven)}, open {probability(chance.p_open)}, {within}",
            )
        )
        rows.append(("  Noise alone", f"takes the stop out with {probability(chance.p_noise_stop)} {within}"))
    return _rows(rows)


def _size(row: PositionReport) -> str:
    planned = quantity(row.optimal_position_size) if row.size_refusal is None else f"none ({row.size_refusal})"
    score = f"{row.regime_score if row.regime_score is not None else UNKNOWN}: {'; '.join(row.confidence_factors) or 'no factor'}"
    return _rows(
        [
            (
                "  Planned size",
                f"{planned}, risks {money(row.dollar_risk)} USD, {percent(row.risk_target_frac, 2)} target",
            ),
            ("  Confidence", score),
        ]
    )


def _recommendations(analysis: Analysis) -> str:
    lines = [
        f"{finding.severity.value.upper():<9}{finding.subject}: {finding.message}"
        + (f" -> {finding.action}" if finding.action else "")
        for finding in analysis.findings
        if finding.severity is not Severity.INFO
    ]
    return "\n".join(lines) or "Nothing needs attention."


def _data(analysis: Analysis) -> str:
    quality = analysis.data
    parts = [(name, state, quality.details.get(name, "")) for name, state in quality.parts.items()]
    bars = [(symbol, f"{count} closed 1h bars", f"{quality.gaps.get(symbol, 0)} missing") for symbol, count in quality.bars.items()]
    return tabulate([*parts, *bars], tablefmt="plain", disable_numparse=True)


def _plain(value: object) -> str:
    return UNKNOWN if value is None else f"{float(value):.2f}"  # type: ignore[arg-type]
