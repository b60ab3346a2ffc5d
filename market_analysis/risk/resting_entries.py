"""What resting entry orders would add to the loss: each filled at its own price and stopped (ruling 14)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from market_analysis.domain import (
    Category,
    ExecutionStyle,
    Instrument,
    InstrumentId,
    Order,
    OrderPurpose,
    OrderSide,
    Position,
    Quote,
    Snapshot,
    Unknown,
)
from market_analysis.risk.assets import usd_rate
from market_analysis.risk.valuation import Valuer, valuer_for
from market_analysis.settings import Settings


def resting_entries_usd(snapshot: Snapshot, settings: Settings) -> float | None:
    """Sum over entry orders of the loss from their fill to their stop, fees and slippage in, USD, positive; each order on its own.

    An order that closes part of a one-way position adds only its rest. The stop is the order's own or a resting full-position stop
    of the same slot, on the loss side of the fill, else the stress gap. None when orders, positions, terms, a price or a rate could
    not be read.
    """
    if isinstance(snapshot.orders, Unknown) or isinstance(snapshot.positions, Unknown):
        return None
    entries = [order for order in snapshot.orders if _is_entry(order)]
    opposite = _reducible(snapshot.positions)
    total = 0.0
    for order in sorted(entries, key=lambda item: (item.created_at, item.order_id)):
        opening = order.quantity or Decimal(0)
        slot = (order.instrument, order.side)
        closing = min(opening, opposite.get(slot, Decimal(0)))
        if closing:
            opposite[slot] -= closing
        loss = _loss_usd(order, opening - closing, snapshot, snapshot.orders, settings)
        if loss is None:
            return None
        total += loss
    return total


def _is_entry(order: Order) -> bool:
    opens = order.purpose in (OrderPurpose.ENTRY, OrderPurpose.UNKNOWN)
    return opens and not order.reduce_only and order.instrument.category is not Category.SPOT


def _reducible(positions: Sequence[Position]) -> dict[tuple[InstrumentId, OrderSide], Decimal]:
    """Contracts that orders of a side would close before they open, in one-way mode."""
    return {
        (held.instrument, OrderSide.SELL if held.side.sign > 0 else OrderSide.BUY): held.quantity
        for held in positions
        if held.key.position_index == 0
    }


def _loss_usd(order: Order, opening: Decimal, snapshot: Snapshot, orders: Sequence[Order], settings: Settings) -> float | None:
    if opening == 0:
        return 0.0
    terms, quote = snapshot.instruments.get(order.instrument), snapshot.quotes.get(order.instrument)
    price = order.limit_price or order.trigger_price or (quote.reference if isinstance(quote, Quote) else None)
    if not isinstance(terms, Instrument) or price is None:
        return None
    valuer = valuer_for(terms, usd_rate(snapshot, terms.settle), settings.risk.slippage_bps)
    return _loss_at_stop(order, float(opening), float(price), _slot_stop(order, orders, price), valuer, settings)


def _loss_at_stop(
    order: Order, opening: float, price: float, stop: float | None, valuer: Valuer, settings: Settings
) -> float | None:
    sign = 1 if order.side is OrderSide.BUY else -1
    end = price * (1.0 - sign * settings.portfolio.stress_gap_frac) if stop is None else stop
    entry_cost = valuer.fill_cost(opening, price, slips=order.style is ExecutionStyle.MARKET)
    entered = valuer.usd_at(entry_cost, price)
    left = valuer.usd_at(valuer.loss_after_costs(sign, opening, price, end), end)
    return None if entered is None or left is None else entered + left


def _slot_stop(order: Order, orders: Sequence[Order], price: Decimal) -> float | None:
    """The nearest stop on the loss side of the order's fill: the one it brings along, or an active market stop that closes
    whatever the slot's position is."""
    sign = 1 if order.side is OrderSide.BUY else -1
    attached = [] if order.attached_stop is None or sign * (price - order.attached_stop) <= 0 else [order.attached_stop]
    triggers = attached + [
        other.trigger_price
        for other in orders
        if other.instrument == order.instrument
        and other.position_index == order.position_index
        and other.purpose is OrderPurpose.STOP_LOSS
        and other.quantity is None
        and other.side is not order.side
        and other.is_active
        and other.reduce_only
        and other.style is ExecutionStyle.MARKET
        and other.trigger_price is not None
        and sign * (price - other.trigger_price) > 0
    ]
    return float(max(triggers, key=lambda trigger: sign * trigger)) if triggers else None
