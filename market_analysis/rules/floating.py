"""Floating profit as a rule may use it: of fresh marks only."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from market_analysis.domain import Unknown
from market_analysis.rules.book import contracts, mark_problem
from market_analysis.rules.view import AccountView, PositionView


class Scope(StrEnum):
    """The floating profit of the whole account, or of each position."""

    TOTAL = "total"
    PER_POSITION = "per_position"


def blind_spot(view: AccountView, most_seconds: int) -> str:
    """Why the floating profit of the account cannot be told, else empty."""
    if isinstance(view.positions, Unknown):
        return f"the positions could not be read: {view.positions.detail}"
    return "; ".join(filter(None, (position_blind_spot(item, view, most_seconds) for item in contracts(view.positions))))


def position_blind_spot(item: PositionView, view: AccountView, most_seconds: int) -> str:
    """Why one position's floating profit cannot be told, else empty."""
    problem = mark_problem(item, view.now, most_seconds)
    return problem or (f"the profit of {item.key} is not known" if item.unrealized is None else "")


def profit_at(item: PositionView, price: Decimal) -> Decimal | None:
    """Money that the position makes at a price, None where a tick has no constant value."""
    if item.tick_value is None:
        return None
    return item.side.sign * (price - item.entry_price) / item.tick_size * item.tick_value * item.quantity
