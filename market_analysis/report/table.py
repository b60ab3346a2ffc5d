"""Document 003's position table, as plain text: Symbol Side Entry Price Size SL TP R:R Risk% k/m Trail Method."""

from __future__ import annotations

import re
from decimal import Decimal

from tabulate import tabulate

from market_analysis.report.names import short_name, worst_first
from market_analysis.report.numbers import UNKNOWN, percent, plain, price, quantity, ratio
from market_analysis.risk.types import Analysis, PositionReport

_HEADERS = ("Symbol", "Side", "Entry", "Price", "Size", "SL", "TP", "R:R", "Risk%", "k/m", "Trail", "Method")
_ALIGN = ("left", "left", *("right",) * 9, "left")
_METHOD = re.compile(r"^VOL_[A-Z]+\((.*)\)$")


def position_table(analysis: Analysis) -> str:
    """One line a position, worst first; SL and TP are the plan, Risk% the planned size's loss at its stop over equity."""
    equity = analysis.book.equity_usd
    rows = [_cells(row, equity) for row in worst_first(analysis.positions or ())]
    return tabulate([_HEADERS, *rows], tablefmt="plain", colalign=_ALIGN, disable_numparse=True)


def _short_name(row: PositionReport) -> str:
    index = row.key.position_index
    return short_name(row) + (f"#{index}" if index else "")


def _cells(row: PositionReport, equity_usd: Decimal | None) -> tuple[str, ...]:
    share = row.dollar_risk / equity_usd if row.dollar_risk is not None and equity_usd else None
    multiples = f"{ratio(row.k_eff, 1)}/{ratio(row.m_eff, 1)}" if row.k_eff is not None else UNKNOWN
    return (
        _short_name(row),
        "L" if row.side.sign > 0 else "S",
        price(row.entry_price, row.tick_size),
        price(row.current_price, row.tick_size),
        quantity(row.position_size),
        price(row.stop_loss, row.tick_size),
        price(row.take_profit, row.tick_size),
        ratio(row.risk_reward_ratio),
        percent(share, 2),
        multiples,
        price(row.trail_stop_suggestion, row.tick_size),
        UNKNOWN if row.volatility_method is None else _METHOD.sub(r"\1", plain(row.volatility_method)),
    )
