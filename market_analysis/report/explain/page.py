"""The explanation of a position, section by section."""

from __future__ import annotations

from market_analysis.report.explain.levels import levels_section
from market_analysis.report.explain.lookup import find_position
from market_analysis.report.explain.loss import loss_section, money_now_section
from market_analysis.report.explain.odds import odds_section
from market_analysis.report.explain.size import size_section
from market_analysis.report.explain.verdicts import verdict_section
from market_analysis.report.explain.volatility import volatility_section
from market_analysis.report.layout import titled
from market_analysis.report.names import doubtful_parts, full_name
from market_analysis.report.numbers import plain, when
from market_analysis.risk.types import Analysis, PositionReport
from market_analysis.settings import Settings


def explain(analysis: Analysis, position_name: str, settings: Settings) -> str:
    """Sections: verdict, position, volatility, levels, odds, size, what can be lost. Formulas with the numbers put in.

    Raises:
        DataUnknownError, UsageError: see `find_position`.
    """
    row = find_position(analysis, position_name)
    sections = [
        _header(analysis, row),
        titled("VERDICT: what was tested", verdict_section(row)),
        titled("POSITION NOW", money_now_section(row, settings)),
        titled("VOLATILITY: sigma", volatility_section(row, settings)),
        titled("LEVELS: E, R0, k, m, stop, target", levels_section(row, settings)),
        titled("ODDS", odds_section(row, settings)),
        titled("SIZE", size_section(row, analysis.book, settings)),
        titled("CAN LOSE: what rests at the exchange", loss_section(row, settings)),
    ]
    return "\n\n".join(sections) + "\n"


def _header(analysis: Analysis, row: PositionReport) -> str:
    account = f"account {plain(analysis.account_name)} at {plain(analysis.venue)}, {when(analysis.as_of)}"
    title = f"{full_name(row)}  {row.side.value.upper()}  {row.position_health.value}  -> {plain(row.action_required)}"
    doubts = ", ".join(f"{name} {state}" for name, state in doubtful_parts(analysis.data))
    return "\n".join([title, account, *([f"NOT ALL DATA IS FRESH: {doubts}"] if doubts else [])])
