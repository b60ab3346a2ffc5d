"""Which position a user means."""

from __future__ import annotations

from collections.abc import Sequence

from market_analysis.errors import DataUnknownError, UsageError
from market_analysis.report.names import full_name, short_name
from market_analysis.report.numbers import plain
from market_analysis.risk.types import Analysis, PositionReport


def find_position(analysis: Analysis, name: str) -> PositionReport:
    """The position called `name`: BTCUSDT or BTC in any case, with `#1` or `#2` for one of a hedge pair.

    Raises:
        DataUnknownError: the positions could not be read.
        UsageError: no position, or more than one, is called that; the message lists those that are known.
    """
    if analysis.positions is None:
        raise DataUnknownError("the positions could not be read", remedy="run `risk-manager doctor`, then try again")
    wanted = name.strip().upper()
    known = [full_name(row) for row in analysis.positions]
    found = _matching(analysis.positions, wanted)
    if len(found) == 1:
        return found[0]
    shown = plain(name.strip())
    if not found:
        listed = f"known are {', '.join(known)}" if known else "there are no open positions"
        raise UsageError(f"no position is called {shown!r}; {listed}", remedy="name one of the open positions")
    candidates = ", ".join(full_name(row) for row in found)
    raise UsageError(f"{shown!r} may be any of {candidates}", remedy="name one of them in full")


def _matching(rows: Sequence[PositionReport], wanted: str) -> list[PositionReport]:
    """By full name, else by symbol, else by the short name, else by the base coin's spelling at the front of the symbol."""
    symbol, mark, index = wanted.partition("#")
    pool = [row for row in rows if not mark or str(row.key.position_index) == index]
    ways = (
        [row for row in pool if row.symbol.upper() == symbol],
        [row for row in pool if short_name(row).upper() == symbol],
        [row for row in pool if symbol and row.symbol.upper().startswith(symbol)],
    )
    return next((found for found in ways if found), [])
