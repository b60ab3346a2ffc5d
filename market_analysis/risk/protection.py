"""What rests at the venue right now, and what can still be lost behind it (rulings 14 and 15)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from market_analysis.domain import (
    ExecutionStyle,
    MarginMode,
    Order,
    OrderPurpose,
    OrderSide,
    Position,
    Side,
    TriggerSource,
    Unknown,
)
from market_analysis.risk.types import ProtectionReport, ProtectionState, RestingStop
from market_analysis.risk.valuation import Valuer, dollars

_WHY_STATE = {
    "beyond_liquidation": ProtectionState.BEYOND_LIQUIDATION,
    "wrong_side": ProtectionState.WRONG_SIDE,
    "asleep": ProtectionState.ASLEEP,
}


@dataclass(frozen=True, slots=True)
class Coverage:
    """Counting stops in the order in which they would fire, each with the contracts it closes; the rest is uncovered."""

    legs: tuple[tuple[Decimal, Decimal], ...]
    uncovered: Decimal

    @property
    def full_stop(self) -> Decimal | None:
        """The farthest price at which the whole size has been stopped, None when some of it is uncovered."""
        return self.legs[-1][0] if self.legs and self.uncovered == 0 else None


@dataclass(frozen=True, slots=True)
class CanLose:
    """Loss if all counting stops fill and the uncovered size loses the stress gap, costs in, each amount worth what it is where it
    is paid (an inverse contract's coins at the stop, not at the mark).

    from_mark_usd: positive, None without a rate. assumed_usd: the part of it that rests on the gap. from_entry: settle coin,
    negative when the stops lock a profit in.
    """

    from_mark_usd: float | None
    from_entry: float
    assumed_usd: float | None


def resting_stops(position: Position, orders: Sequence[Order], mark: Decimal) -> tuple[RestingStop, ...]:
    """Every stop order of the position, with whether it counts as protection and why not (ruling 15)."""
    found = []
    for order in orders:
        if not _is_stop_of(order, position, mark):
            continue
        trigger = _trigger(order, position.side, mark)
        why_not = _why_not(order, position, trigger, mark)
        source = order.trigger_source or TriggerSource.UNKNOWN
        quantity = position.quantity if order.quantity is None else order.quantity
        found.append(RestingStop(order.order_id, trigger, source.value, quantity, why_not is None, why_not))
    return tuple(sorted(found, key=lambda stop: (-position.side.sign * stop.trigger_price, stop.order_id)))


def coverage(stops: Sequence[RestingStop], position: Position) -> Coverage:
    """The counting stops, nearest to the mark first, until the size is used up."""
    left = position.quantity
    legs = []
    for stop in sorted((s for s in stops if s.counts), key=lambda s: (-position.side.sign * s.trigger_price, s.order_id)):
        used = min(stop.quantity, left)
        if used > 0:
            legs.append((stop.trigger_price, used))
            left -= used
    return Coverage(tuple(legs), left)


def adverse_price(position: Position, mark: Decimal, stress_gap_frac: float) -> float:
    """Where uncovered size is assumed to end: the stress gap from the mark, for isolated margin not beyond liquidation.

    A liquidation price that the mark has already passed bounds nothing.
    """
    sign = position.side.sign
    gap = float(mark) * (1.0 - sign * stress_gap_frac)
    liquidation = _isolated_liquidation(position)
    if liquidation is None or sign * (mark - liquidation) <= 0:
        return gap
    return max(gap, float(liquidation)) if sign > 0 else min(gap, float(liquidation))


def can_lose(position: Position, covered: Coverage, mark: Decimal, valuer: Valuer, stress_gap_frac: float) -> CanLose:
    """Ruling 14's loss of one position, from the mark and from entry, with fees and slippage of the exits."""
    sign, start, entry = position.side.sign, float(mark), float(position.entry_price)
    legs = [(float(price), float(quantity)) for price, quantity in covered.legs]
    gap_price, uncovered = adverse_price(position, mark, stress_gap_frac), float(covered.uncovered)
    assumed = max(valuer.loss_after_costs(sign, uncovered, start, gap_price), 0.0) if uncovered else 0.0
    assumed_entry = valuer.loss_after_costs(sign, uncovered, entry, gap_price) if uncovered else 0.0
    assumed_usd = valuer.usd_at(assumed, gap_price)
    stopped_usd = [valuer.usd_at(valuer.loss_after_costs(sign, quantity, start, price), price) for price, quantity in legs]
    parts = [usd for usd in (assumed_usd, *stopped_usd) if usd is not None]
    return CanLose(
        from_mark_usd=sum(parts) if len(parts) > len(legs) else None,
        from_entry=assumed_entry + sum(valuer.loss_after_costs(sign, quantity, entry, price) for price, quantity in legs),
        assumed_usd=assumed_usd,
    )


def assess_protection(
    position: Position,
    orders: Sequence[Order] | Unknown[tuple[Order, ...]],
    mark: Decimal,
    valuer: Valuer,
    stress_gap_frac: float,
    r0: float | None,
) -> tuple[ProtectionReport, Coverage, CanLose]:
    """Protection of one position. Unreadable orders: state UNKNOWN, and the loss is the worst case, nothing rests.

    r0: initial risk per contract in price units, None when unknown. A recommended stop never counts.
    """
    known = not isinstance(orders, Unknown)
    own = () if isinstance(orders, Unknown) else orders
    stops = resting_stops(position, own, mark)
    covered = coverage(stops, position)
    loss = can_lose(position, covered, mark, valuer, stress_gap_frac)
    nearest = next((stop for stop in stops if stop.counts), None)
    report = ProtectionReport(
        state=_state(stops, covered) if known else ProtectionState.UNKNOWN,
        stops=stops,
        nearest_stop=nearest.trigger_price if nearest else None,
        nearest_trigger_source=nearest.trigger_source if nearest else None,
        covered_frac=float((position.quantity - covered.uncovered) / position.quantity),
        resting_take_profits=_take_profits(position, own, mark),
        can_lose_usd=dollars(loss.from_mark_usd),
        can_lose_from_entry_r=_in_r(loss.from_entry, position, valuer, r0),
        assumed_usd=dollars(loss.assumed_usd) or Decimal(0),
    )
    return report, covered, loss


def _in_r(loss: float, position: Position, valuer: Valuer, r0: float | None) -> float | None:
    if r0 is None:
        return None
    sign, entry = position.side.sign, float(position.entry_price)
    unit = -valuer.profit(sign, float(position.quantity), entry, entry - sign * r0) if sign < 0 or r0 < entry else 0.0
    return loss / unit if unit > 0.0 else None


def _state(stops: Sequence[RestingStop], covered: Coverage) -> ProtectionState:
    if covered.uncovered == 0:
        return ProtectionState.PROTECTED
    if covered.legs:
        return ProtectionState.PARTIAL
    reasons = {stop.why_not for stop in stops}
    return next((state for why, state in _WHY_STATE.items() if why in reasons), ProtectionState.NAKED)


def _closes(order: Order, position: Position) -> bool:
    closing = OrderSide.SELL if position.side is Side.LONG else OrderSide.BUY
    return order.instrument == position.instrument and order.position_index == position.key.position_index and order.side is closing


def _is_stop_of(order: Order, position: Position, mark: Decimal) -> bool:
    """Stops by name, and any other reducing conditional order that triggers on the loss side of the mark."""
    if not _closes(order, position):
        return False
    if order.purpose is OrderPurpose.STOP_LOSS:
        return order.trigger_price is not None
    if order.purpose is OrderPurpose.TRAILING_STOP:
        return order.trigger_price is not None or order.trailing_distance is not None
    other = order.purpose in (OrderPurpose.REDUCE, OrderPurpose.UNKNOWN)
    return other and order.trigger_price is not None and position.side.sign * (mark - order.trigger_price) > 0


def _trigger(order: Order, side: Side, mark: Decimal) -> Decimal:
    """The stop's trigger. A trailing stop without one lies at most its distance from the mark: the loosest it can be."""
    if order.trigger_price is not None:
        return order.trigger_price
    start = mark if order.activation_price is None or order.is_active else order.activation_price
    return start - side.sign * (order.trailing_distance or Decimal(0))


def _why_not(order: Order, position: Position, trigger: Decimal, mark: Decimal) -> str | None:
    sign = position.side.sign
    liquidation = _isolated_liquidation(position)
    if not order.is_active:
        return "asleep"
    if order.style is not ExecutionStyle.MARKET:
        return "limit_order"
    if not order.reduce_only:
        return "not_reduce_only"
    if trigger <= 0 or sign * (mark - trigger) <= 0:
        return "wrong_side"
    if liquidation is not None and sign * (trigger - liquidation) <= 0:
        return "beyond_liquidation"
    return None


def _isolated_liquidation(position: Position) -> Decimal | None:
    """liqPrice where it is a fact: isolated margin only (ruling 13)."""
    if position.margin_mode is not MarginMode.ISOLATED or position.liquidation_price is None or position.liquidation_price <= 0:
        return None
    return position.liquidation_price


def _take_profits(position: Position, orders: Sequence[Order], mark: Decimal) -> tuple[Decimal, ...]:
    """Prices of resting orders that close on the profit side, nearest first."""
    sign = position.side.sign
    prices = set()
    for order in orders:
        price = order.limit_price if order.trigger_price is None else order.trigger_price
        reduces = order.reduce_only and order.purpose in (OrderPurpose.TAKE_PROFIT, OrderPurpose.REDUCE)
        if price is not None and reduces and _closes(order, position) and sign * (price - mark) > 0:
            prices.add(price)
    return tuple(sorted(prices, reverse=sign < 0))
