"""What the book is made of and what it would do in a bad day, in words and one table."""

from __future__ import annotations

from tabulate import tabulate

from market_analysis.report.layout import note, pairs
from market_analysis.report.names import subject_name
from market_analysis.report.numbers import UNKNOWN, money, percent, plain, ratio
from market_analysis.risk.book_structure import BookStructure, Concentration, PositionLiquidity, RiskScore, StressResult

_HEADERS = ("Scenario", "PnL USD", "of equity", "equity after", "liquidated", "worst line")
_ALIGN = ("left", "right", "right", "right", "left", "left")


def structure_text(structure: BookStructure) -> str:
    """Score, concentration, liquidity, then every scenario."""
    if structure.reason is not None or structure.concentration is None or structure.score is None:
        return f"Not known: {plain(structure.reason or '')}."
    lines = [
        ("Risk score", _score(structure.score)),
        *_concentration(structure.concentration),
        ("Slowest exit", _liquidity(structure.liquidity)),
    ]
    caution = note("prices move at once, no stop fills, nothing is traded; liquidated: of cross margin, at those prices")
    return f"{pairs(lines, indent=0)}\n\n{stress_table(structure.stress)}\n{caution}"


def stress_table(results: tuple[StressResult, ...]) -> str:
    """One line a scenario, in their order."""
    rows = [
        (
            plain(item.name),
            money(item.pnl_usd, sign=True),
            percent(item.pnl_frac, 1),
            money(item.equity_after_usd),
            UNKNOWN if item.liquidated is None else "YES" if item.liquidated else "no",
            f"{subject_name(item.worst)} {money(item.worst_pnl_usd, sign=True)}" if item.worst else "",
        )
        for item in results
    ]
    return tabulate([_HEADERS, *rows], tablefmt="plain", colalign=_ALIGN, disable_numparse=True)


def _score(score: RiskScore) -> str:
    if score.score is None:
        return f"{UNKNOWN}: {plain(score.reason or '')}"
    parts = ", ".join(f"{part.name} {part.score:.0f} x {part.weight:.2f}" for part in score.parts)
    return f"{score.score:.0f} of 100, {score.level}: {parts}"


def _concentration(found: Concentration) -> list[tuple[str, str]]:
    classes = ", ".join(
        f"{item.name} {percent(item.gross_share, 0)} (net {money(item.net_usd, sign=True)})" for item in found.classes
    )
    return [
        (
            "Concentration",
            f"HHI {ratio(found.hhi)} = {ratio(found.effective_positions, 1)} equal positions; "
            f"{ratio(found.effective_bets, 1)} independent bets; largest asset {percent(found.largest_share, 0)}",
        ),
        ("Correlation", f"mean {ratio(found.mean_correlation)}, as good as {ratio(found.effective_assets, 1)} uncorrelated assets"),
        ("Leverage", f"{ratio(found.leverage)} = gross exposure over equity"),
        ("Market exposure", f"{money(found.beta_usd_per_percent, sign=True)} USD for 1 % of {plain(found.factor)}"),
        ("Classes", classes or "none"),
    ]


def _liquidity(rows: tuple[PositionLiquidity, ...]) -> str:
    known = [row for row in rows if row.days_to_exit is not None]
    unknown = [subject_name(row.subject) for row in rows if row.days_to_exit is None]
    if not known:
        return f"not known of {', '.join(unknown)}" if unknown else "nothing to leave"
    slowest = max(known, key=lambda row: (row.days_to_exit or 0.0, row.subject))
    hours = 24 * (slowest.days_to_exit or 0.0)
    cost = sum(float(row.impact_usd) for row in known if row.impact_usd is not None)
    span = f"{hours:.1f} h" if hours >= 0.1 else "minutes"
    missing = f"; not known of {', '.join(unknown)}" if unknown else ""
    impact = f"impact of leaving all at once about {money(cost)} USD"
    return f"{subject_name(slowest.subject)} {span} at the chosen share of volume; {impact}{missing}"
