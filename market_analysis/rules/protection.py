"""Which resting orders protect a position (ruling 15), judged against its mark, never against its entry.

Market type, reduce-only, awake, on the loss side of the mark, and together for the whole size. A limit order or a target protects
nothing; a trailing stop that is awake lies at most its distance from the mark even where the venue states no trigger.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from market_analysis.domain import ExecutionStyle, Order, OrderPurpose, OrderSide, PositionKey, Side

ZERO = Decimal(0)


class Protectable(Protocol):
    """What is asked of a position: a rule's view of one, or the guard's own."""

    @property
    def key(self) -> PositionKey: ...

    @property
    def side(self) -> Side: ...

    @property
    def quantity(self) -> Decimal: ...


@dataclass(frozen=True, slots=True)
class Protection:
    """covered: contracts that working stops close, at most the position's. tightest: the working stop nearest to the mark.
    whole: where the last contract is stopped, None while some are not. ignored: order ids of stops that do not count, and why."""

    covered: Decimal
    uncovered: Decimal
    tightest: Decimal | None
    whole: Decimal | None
    ignored: tuple[str, ...] = ()


def protection(item: Protectable, orders: Iterable[Order], mark: Decimal) -> Protection:
    """What rests for the position at this mark."""
    sign = item.side.sign
    working: list[tuple[Decimal, Decimal]] = []
    ignored: list[str] = []
    for order in orders:
        if not _is_stop_of(order, item):
            continue
        trigger = _trigger(order, item.side, mark)
        why_not = _why_not(order, sign, trigger, mark)
        if trigger is None or why_not:
            ignored.append(f"{order.order_id}: {why_not}")
        else:
            working.append((trigger, item.quantity if order.quantity is None else order.quantity))
    working.sort(key=lambda stop: -sign * stop[0])
    left, whole = item.quantity, None
    for trigger, quantity in working:
        left = max(left - quantity, ZERO)
        if left == 0:
            whole = trigger
            break
    return Protection(item.quantity - left, left, working[0][0] if working else None, whole, tuple(ignored))


def tighter(one: Decimal, other: Decimal, sign: int) -> Decimal:
    """Of two stops the one nearer to the profit side: the higher of a long, the lower of a short."""
    return max(one, other) if sign > 0 else min(one, other)


def _is_stop_of(order: Order, item: Protectable) -> bool:
    closing = OrderSide.SELL if item.side is Side.LONG else OrderSide.BUY
    here = order.instrument == item.key.instrument and order.position_index == item.key.position_index
    stops = order.purpose in (OrderPurpose.STOP_LOSS, OrderPurpose.TRAILING_STOP)
    conditional = order.purpose in (OrderPurpose.REDUCE, OrderPurpose.UNKNOWN) and order.trigger_price is not None
    return here and order.side is closing and (stops or conditional)


def _trigger(order: Order, side: Side, mark: Decimal) -> Decimal | None:
    if order.trigger_price is not None or order.trailing_distance is None:
        return order.trigger_price
    return mark - side.sign * order.trailing_distance


def _why_not(order: Order, sign: int, trigger: Decimal | None, mark: Decimal) -> str:
    if not order.is_active:
        return "asleep"
    if order.style is not ExecutionStyle.MARKET:
        return "a limit order"
    if not order.reduce_only:
        return "not reduce-only"
    if trigger is None or trigger <= 0:
        return "no trigger"
    return "not on the loss side of the mark" if sign * (mark - trigger) <= 0 else ""
