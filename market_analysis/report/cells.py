"""Cells that the screen and the page share, so that the two never disagree."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from market_analysis.report.names import NO_STOP
from market_analysis.report.numbers import money, percent, short_price
from market_analysis.risk.types import BookReport, PositionReport, ProtectionState


def no_room_reason(book: BookReport) -> tuple[str, bool]:
    """Why there is no ROOM, and whether that is only because no limit was set."""
    if book.equity_usd is None:
        return "equity not known", False
    if book.day_limit_usd is None:
        unset = book.equity_at_reset_usd is not None
        return ("no daily limit: set [risk] daily_loss_limit_frac" if unset else "equity at the reset not known"), unset
    missing = "day's profit" if book.day_left_usd is None else "loss if all stops fill"
    return f"{missing} not known", False


def probability_hours(rows: Iterable[PositionReport]) -> int | None:
    """The horizon of the probabilities of a book, None where none was made."""
    return next((row.probabilities.horizon_hours for row in rows if row.probabilities), None)


def stop_cell(row: PositionReport) -> str:
    """What protects a position at the exchange right now, or the word for why nothing does."""
    guard = row.protection
    stop = NO_STOP.get(guard.state) or short_price(guard.nearest_stop, row.tick_size)
    return f"{stop} {percent(guard.covered_frac, 0)}" if guard.state is ProtectionState.PARTIAL else stop


def level_cell(row: PositionReport, level: Decimal | None, passed: str) -> str:
    """A planned level, or `passed` where the position's findings say that the mark has left it behind."""
    if level is None and any(finding.code == passed for finding in row.findings):
        return "passed"
    return short_price(level, row.tick_size)


def can_lose_cell(row: PositionReport) -> str:
    """What can still be lost, with `!` where a part of it rests on the assumed stress gap."""
    return money(row.protection.can_lose_usd) + ("!" if row.protection.assumed_usd > 0 else "")


def joint_liquidation_cell(book: BookReport) -> str:
    """The joint move that liquidates; `none` where the book was modelled and no move in reach does."""
    move = book.joint_liquidation_move_frac
    return "none" if move is None and book.joint_liquidation_factor is not None else percent(move, sign=True)
