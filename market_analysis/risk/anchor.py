"""Who a position is and where it was entered: the fills since its slot was last flat (ruling 8)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from market_analysis.domain import EntryHistory, Fill, OrderSide, Position, Side, Unknown, to_milliseconds

ENTRY_TOLERANCE_FRAC = 1e-3
"""How far the fills' average may lie from the venue's entry price and still be the same position: rounding, not a missing fill."""


@dataclass(frozen=True, slots=True)
class AnchorEvent:
    """One increase of the position. entry: average entry after it; price: its own; time_ms: Unix milliseconds.

    anchor_id identifies all increases up to and including this one.
    """

    time_ms: int
    entry: float
    price: float
    anchor_id: str


def anchor_events(fills: Sequence[Fill], side: Side, *, is_inverse: bool) -> tuple[AnchorEvent, ...]:
    """The increases among `fills` (oldest first, from flat), fills of one millisecond as one.

    The average entry is weighted by quantity, of prices (linear) or of their inverses (inverse contracts); reductions leave it.
    """
    opening = OrderSide.BUY if side is Side.LONG else OrderSide.SELL
    events: list[AnchorEvent] = []
    digest = hashlib.sha256(side.value.encode())
    size, average = 0.0, 0.0
    for fill in fills:
        if fill.side is not opening:
            size = max(size - float(fill.quantity), 0.0)
            continue
        added = float(fill.quantity - fill.closed_quantity)
        if added <= 0.0:
            continue
        price = float(fill.price)
        average = _average(size, average, added, price, is_inverse=is_inverse)
        size += added
        digest.update(f"|{fill.fill_id}".encode())
        event = AnchorEvent(to_milliseconds(fill.time), average, price, digest.hexdigest()[:24])
        if events and events[-1].time_ms == event.time_ms:
            events[-1] = event
        else:
            events.append(event)
    return tuple(events)


def known_events(
    entry: EntryHistory | Unknown[EntryHistory] | None, position: Position, *, is_inverse: bool
) -> tuple[AnchorEvent, ...]:
    """The position's increases if the record is complete and agrees with the venue's entry price, else none."""
    if entry is None or isinstance(entry, Unknown) or not entry.complete:
        return ()
    events = anchor_events(entry.fills, position.side, is_inverse=is_inverse)
    if not events:
        return ()
    stated = float(position.entry_price)
    return events if abs(events[-1].entry - stated) <= ENTRY_TOLERANCE_FRAC * stated else ()


def first_sight_event(position: Position, time_ms: int) -> AnchorEvent:
    """The anchor of a position whose record does not reach back: the venue's entry price, seen now (`anchor_estimated`)."""
    entry = float(position.entry_price)
    return AnchorEvent(time_ms, entry, entry, f"first_sight|{position.side.value}|{position.entry_price.normalize():f}")


def scaled_out_frac(entry: EntryHistory | Unknown[EntryHistory] | None, position: Position) -> float:
    """Share of the largest size since flat that has been closed again; 0 when the record is not complete."""
    if entry is None or isinstance(entry, Unknown) or not entry.complete:
        return 0.0
    opening = OrderSide.BUY if position.side is Side.LONG else OrderSide.SELL
    size = largest = 0.0
    for fill in entry.fills:
        size += float(fill.quantity - fill.closed_quantity) if fill.side is opening else -float(fill.quantity)
        largest = max(largest, size)
    held = float(position.quantity)
    return 0.0 if largest <= held else 1.0 - held / largest


def _average(size: float, average: float, added: float, price: float, *, is_inverse: bool) -> float:
    if size == 0.0:
        return price
    if is_inverse:
        return (size + added) / (size / average + added / price)
    return (size * average + added * price) / (size + added)
