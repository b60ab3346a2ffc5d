"""Where a position's first stop lay: the unit of its R (ruling 8)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from market_analysis.domain import Category, OrderPurpose, Position, Side
from market_analysis.venues.bybit.orders import purpose_of
from market_analysis.venues.bybit.wire.trading import OrderRow

UNCHANGED_WITHIN_MS = 1_000
"""A resting order touched later than this after its creation may have been moved: it no longer tells where it began."""


def first_protective_stop(
    position: Position, entry_order_id: str, past: Sequence[OrderRow], resting: Sequence[OrderRow]
) -> Decimal | None:
    """Trigger price of the first stop that rested on the loss side of the entry, None when the orders do not tell.

    A stop attached to the entry order came first by nature. Else the stop order created first, unless it still rests and was
    changed since.
    """
    attached = attached_stop(position, entry_order_id, (*past, *resting))
    if attached is not None:
        return attached
    entry = next((row for row in (*past, *resting) if row.order_id == entry_order_id), None)
    since_ms = entry.created_time if entry is not None else 0
    stops = [
        (row.created_time, row.trigger_price, moved)
        for row, moved in [*((row, False) for row in past), *((row, _moved(row)) for row in resting)]
        if row.trigger_price and row.created_time >= since_ms and _protects(position, row) and _loses(position, row.trigger_price)
    ]
    if not stops:
        return None
    _, price, moved = min(stops)
    return None if moved else price


def attached_stop(position: Position, entry_order_id: str, orders: Sequence[OrderRow]) -> Decimal | None:
    """The stop that the entry order itself carried, if it lies on the loss side."""
    price = next((row.stop_loss for row in orders if row.order_id == entry_order_id and row.stop_loss), None)
    return price if price is not None and _loses(position, price) else None


def _moved(row: OrderRow) -> bool:
    return row.updated_time > row.created_time + UNCHANGED_WITHIN_MS


def _protects(position: Position, row: OrderRow) -> bool:
    closing_side = "Sell" if position.side is Side.LONG else "Buy"
    category: Category = position.instrument.category
    same_slot = row.position_idx == position.key.position_index
    return row.side == closing_side and same_slot and purpose_of(row, category) is OrderPurpose.STOP_LOSS


def _loses(position: Position, price: Decimal) -> bool:
    return (position.entry_price - price) * position.side.sign > 0
