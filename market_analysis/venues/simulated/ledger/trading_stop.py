"""position/trading-stop: the stop, target and trailing stop of an open position."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from market_analysis.venues.simulated.catalogue import InstrumentSpec
from market_analysis.venues.simulated.ledger import refusals
from market_analysis.venues.simulated.ledger.checks import (
    check_position_idx,
    check_price,
    check_protection_side,
    check_qty,
    find_spec,
)
from market_analysis.venues.simulated.ledger.journal import close_order
from market_analysis.venues.simulated.ledger.model import ZERO, StopOrderType, TriggerBy
from market_analysis.venues.simulated.ledger.port import MarketData
from market_analysis.venues.simulated.ledger.prices import PricesAt
from market_analysis.venues.simulated.ledger.protection import (
    CLEARED,
    PARTIAL_TYPES,
    Protection,
    add_protection,
    bound_orders,
    full_order,
    replace_full,
)
from market_analysis.venues.simulated.ledger.refusals import ApiError, parameter_error
from market_analysis.venues.simulated.ledger.requests import TradingStopRequest
from market_analysis.venues.simulated.ledger.state import AccountState, PositionState
from market_analysis.venues.simulated.ledger.trailing import trailed

MAX_PARTIAL_ORDERS = 20
NOT_MODIFIED = "not modified"


@dataclass(frozen=True, slots=True)
class FullChange:
    """A wanted full stop or target: `price` 0 removes it."""

    kind: StopOrderType
    price: Decimal
    trigger_by: TriggerBy


def set_trading_stop(
    account: AccountState, market: MarketData, request: TradingStopRequest, prices: PricesAt, time_ms: int
) -> None:
    """Full: set, change or cancel the one stop, target and trailing stop.

    Partial: add a stop and/or target for part of the size.
    """
    spec = find_spec(market, request.category, request.symbol)
    check_position_idx(account, spec.symbol, request.position_idx)
    position = account.positions.get((spec.category, spec.symbol, request.position_idx))
    if position is None or position.size == 0:
        raise parameter_error("can not set tp/sl/ts for zero position")
    _check(spec, position, request, prices)
    if request.tpsl_mode == "Partial":
        _add_partial(account, position, request, prices, time_ms)
    else:
        _change_full(account, position, request, prices, time_ms)


def _check(spec: InstrumentSpec, position: PositionState, request: TradingStopRequest, prices: PricesAt) -> None:
    """Prices on tick and on the right side of their own trigger source."""
    tp_by: TriggerBy = request.tp_trigger_by or "LastPrice"
    sl_by: TriggerBy = request.sl_trigger_by or "LastPrice"
    for name, price in (
        ("takeProfit", request.take_profit),
        ("stopLoss", request.stop_loss),
        ("trailingStop", request.trailing_stop),
        ("activePrice", request.active_price),
        ("tpLimitPrice", request.tp_limit_price),
        ("slLimitPrice", request.sl_limit_price),
    ):
        if price is not None and price < 0:
            raise parameter_error(f"params error: {name} {price} cannot be less than 0")
        if name != "trailingStop":
            check_price(spec, name, price or None)
        elif price and price % spec.tick_size != 0:
            raise parameter_error(f"params error: {name} {price} is not a multiple of tick size {spec.tick_size}")
    check_protection_side(position.side, request.take_profit, None, prices.of(spec, tp_by), tp_by)
    check_protection_side(position.side, None, request.stop_loss, prices.of(spec, sl_by), sl_by)
    check_protection_side(position.side, request.active_price, None, prices.last(spec), "LastPrice")
    if request.trailing_stop and request.trailing_stop >= prices.last(spec):
        raise parameter_error(f"params error: trailingStop {request.trailing_stop} must be below the price {prices.last(spec)}")
    if request.tpsl_mode == "Full" and "Limit" in (request.tp_order_type, request.sl_order_type):
        raise parameter_error("params error: a Limit order type needs tpslMode Partial")


def _change_full(
    account: AccountState, position: PositionState, request: TradingStopRequest, prices: PricesAt, time_ms: int
) -> None:
    """Apply what differs; nothing differs: 34040."""
    changed = False
    for kind, price, by in (
        ("TakeProfit", request.take_profit, request.tp_trigger_by),
        ("StopLoss", request.stop_loss, request.sl_trigger_by),
    ):
        if price is not None:
            wanted_kind: StopOrderType = "TakeProfit" if kind == "TakeProfit" else "StopLoss"
            change = FullChange(wanted_kind, price, by or "LastPrice")
            changed |= _apply_full(account, position, change, prices, time_ms)
    if request.trailing_stop is not None:
        changed |= _apply_trailing(account, position, request.trailing_stop, request.active_price or None, prices, time_ms)
    if not changed:
        raise ApiError(refusals.TRADING_STOP_NOT_MODIFIED, NOT_MODIFIED)


def _apply_full(account: AccountState, position: PositionState, change: FullChange, prices: PricesAt, time_ms: int) -> bool:
    """Set, amend or cancel one full stop or target; False if it already is as wanted."""
    existing = full_order(account, position, change.kind)
    if change.price == 0:
        if existing is None:
            return False
        close_order(account, existing, time_ms, "CancelByUser")
        account.touch(position.key)
        return True
    if existing is not None and (existing.trigger_price, existing.trigger_by) == (change.price, change.trigger_by):
        return False
    replace_full(account, position, Protection(change.kind, change.price, change.trigger_by, position.size), prices, time_ms)
    return True


def _apply_trailing(
    account: AccountState, position: PositionState, distance: Decimal, active: Decimal | None, prices: PricesAt, time_ms: int
) -> bool:
    """Set, amend or cancel the trailing stop. Without an activation price it starts from the last price."""
    existing = full_order(account, position, "TrailingStop")
    if distance == 0:
        if existing is None:
            return False
        close_order(account, existing, time_ms, CLEARED)
        account.touch(position.key)
        return True
    if existing is not None and (existing.trail_distance, existing.active_price) == (distance, active):
        return False
    if existing is not None:
        close_order(account, existing, time_ms, "CancelByUser")
    wanted = Protection("TrailingStop", None, "LastPrice", position.size, trail_distance=distance, active_price=active)
    order = add_protection(account, position, wanted, prices, time_ms)
    account.orders[order.order_id] = trailed(order, prices.last(position.spec))
    return True


def _add_partial(
    account: AccountState, position: PositionState, request: TradingStopRequest, prices: PricesAt, time_ms: int
) -> None:
    """Add a stop and/or target for a size. It only ever adds: changing one goes through order/amend."""
    wanted = _partial_protections(account, position, request)
    if not wanted:
        raise ApiError(refusals.TRADING_STOP_NOT_MODIFIED, NOT_MODIFIED)
    resting = sum(order.stop_order_type in PARTIAL_TYPES for order in bound_orders(account, position))
    if resting + len(wanted) > MAX_PARTIAL_ORDERS:
        raise ApiError(
            refusals.TOO_MANY_PARTIAL_TPSL, f"Not allowed to have more than {MAX_PARTIAL_ORDERS} TP/SLs under Partial tpSlMode"
        )
    for protection in wanted:
        add_protection(account, position, protection, prices, time_ms)


def _partial_protections(account: AccountState, position: PositionState, request: TradingStopRequest) -> list[Protection]:
    """The stop and target asked for, checked for size; both together form a pair."""
    if request.take_profit and request.stop_loss and request.tp_size != request.sl_size:
        raise parameter_error("params error: tpSize and slSize must be equal")
    pair = account.next_id("pair") if request.take_profit and request.stop_loss else ""
    wanted: list[Protection] = []
    if request.take_profit:
        size = _partial_size(position, "tpSize", request.tp_size)
        limit = request.tp_limit_price if request.tp_order_type == "Limit" else None
        by: TriggerBy = request.tp_trigger_by or "LastPrice"
        wanted.append(Protection("PartialTakeProfit", request.take_profit, by, size, limit, pair_id=pair))
    if request.stop_loss:
        size = _partial_size(position, "slSize", request.sl_size)
        limit = request.sl_limit_price if request.sl_order_type == "Limit" else None
        by = request.sl_trigger_by or "LastPrice"
        wanted.append(Protection("PartialStopLoss", request.stop_loss, by, size, limit, pair_id=pair))
    return wanted


def _partial_size(position: PositionState, name: str, size: Decimal | None) -> Decimal:
    """A partial size: given, positive, on the step, not above the position."""
    if not size or size <= ZERO:
        raise parameter_error(f"params error: {name} is required with tpslMode Partial")
    if size > position.size:
        raise ApiError(
            refusals.TPSL_SIZE_INSUFFICIENT,
            f"You can't set take profit and stop loss: {name} {size} exceeds position size {position.size}",
        )
    check_qty(position.spec, size, market_order=False)
    return size
