"""Orders as clients handle them: place, amend, cancel."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from market_analysis.venues.simulated.catalogue import Category, InstrumentSpec
from market_analysis.venues.simulated.ledger import refusals
from market_analysis.venues.simulated.ledger.checks import (
    check_price,
    check_protection_side,
    check_qty,
    check_request,
    check_trigger,
    closing_side,
    find_spec,
    held_size,
)
from market_analysis.venues.simulated.ledger.journal import close_order, write_order
from market_analysis.venues.simulated.ledger.margin import max_leverage_for, value_at
from market_analysis.venues.simulated.ledger.matching import has_margin, opening_qty, submit
from market_analysis.venues.simulated.ledger.model import ZERO, Order, TimeInForce
from market_analysis.venues.simulated.ledger.port import MarketData
from market_analysis.venues.simulated.ledger.prices import PricesAt
from market_analysis.venues.simulated.ledger.protection import BOUND_TYPES
from market_analysis.venues.simulated.ledger.refusals import ApiError, parameter_error
from market_analysis.venues.simulated.ledger.requests import AmendRequest, OrderRequest
from market_analysis.venues.simulated.ledger.state import AccountState

TRUNCATED = "orderQty will be truncated to zero"


def place_order(account: AccountState, market: MarketData, request: OrderRequest, prices: PricesAt, time_ms: int) -> Order:
    """Take an order: check it, then match, rest or arm it. Returns its state right after."""
    spec = find_spec(market, request.category, request.symbol)
    qty, reduce_only = _effective_qty(account, spec, request, prices)
    check_request(account, spec, request, qty, prices)
    order = _new_order(account, spec, request, qty, reduce_only, time_ms)
    _check_margin(account, spec, order, prices)
    order = replace(order, order_id=account.next_id("order"))
    if request.trigger_price is not None:
        return write_order(account, order, time_ms, last_price_on_created=prices.last(spec))
    return submit(account, order, prices, time_ms)


def _effective_qty(account: AccountState, spec: InstrumentSpec, request: OrderRequest, prices: PricesAt) -> tuple[Decimal, bool]:
    """(quantity, reduce only): a hedge leg's closing side reduces by nature; quantity 0 closes all.

    A reduce is cut to the position.
    """
    held_side, held = held_size(account, spec, request.position_idx)
    closes = request.side == closing_side(request.position_idx, held_side)
    reduce_only = request.reduce_only or request.close_on_trigger or (request.position_idx > 0 and closes)
    if request.trigger_price is not None and request.qty > 0:
        return request.qty, reduce_only
    if not reduce_only:
        return request.qty, False
    if not closes or held == 0:
        raise ApiError(refusals.REDUCE_ONLY_TRUNCATED, "current position is zero, cannot fix reduce-only order qty")
    if request.qty == 0:
        return held, True
    resting = sum(
        (
            order.leaves_qty
            for order in account.open_orders()
            if order.reduce_only
            and not order.is_conditional
            and (order.category, order.symbol, order.position_idx, order.side)
            == (spec.category, spec.symbol, request.position_idx, request.side)
        ),
        ZERO,
    )
    left = held if request.order_type == "Market" else held - resting
    if left <= 0:
        raise ApiError(refusals.REDUCE_ONLY_TRUNCATED, f"Reduce-only rule not satisfied: {TRUNCATED}")
    return min(request.qty, left), True


def _new_order(
    account: AccountState, spec: InstrumentSpec, request: OrderRequest, qty: Decimal, reduce_only: bool, time_ms: int
) -> Order:
    """The order as taken, without an id yet."""
    conditional = request.trigger_price is not None
    market_order = request.order_type == "Market"
    attached = bool(request.take_profit or request.stop_loss)
    in_force: TimeInForce = "IOC" if market_order else (request.time_in_force or "GTC")
    price = None if market_order else request.price
    value_price = price or request.trigger_price
    return Order(
        order_id="",
        order_link_id=request.order_link_id,
        category=spec.category,
        symbol=spec.symbol,
        side=request.side,
        order_type=request.order_type,
        price=price,
        qty=qty,
        time_in_force=in_force,
        position_idx=request.position_idx,
        order_status="Untriggered" if conditional else "New",
        created_time_ms=time_ms,
        updated_time_ms=time_ms,
        leaves_qty=qty,
        leaves_value=ZERO if value_price is None else value_at(spec, qty, value_price),
        reduce_only=reduce_only,
        close_on_trigger=request.close_on_trigger,
        create_type="CreateByStopOrder" if conditional else "CreateByUser",
        stop_order_type="Stop" if conditional else "",
        trigger_price=request.trigger_price,
        trigger_by=(request.trigger_by or "LastPrice") if conditional else "",
        trigger_direction=(request.trigger_direction or 0) if conditional else 0,
        tpsl_mode=(request.tpsl_mode or "Full") if attached else "",
        take_profit=request.take_profit or None,
        stop_loss=request.stop_loss or None,
        tp_trigger_by=(request.tp_trigger_by or "LastPrice") if request.take_profit else "",
        sl_trigger_by=(request.sl_trigger_by or "LastPrice") if request.stop_loss else "",
        tp_limit_price=request.tp_limit_price,
        sl_limit_price=request.sl_limit_price,
    )


def _check_margin(account: AccountState, spec: InstrumentSpec, order: Order, prices: PricesAt) -> None:
    """An opening order must be affordable and within the tier its leverage allows.

    Conditional orders hold no margin until they trigger.
    """
    if order.is_conditional or opening_qty(account, order) == 0:
        return
    _, held = held_size(account, spec, order.position_idx)
    price = order.price or prices.last(spec)
    leverage = account.leverage(spec, order.side)
    if leverage > max_leverage_for(spec.risk_tiers, value_at(spec, held + order.leaves_qty, price)):
        raise ApiError(
            refusals.RISK_LIMIT_EXCEEDED,
            f"Order placement failed as your position may exceed the max limit at leverage {leverage}",
        )
    if not has_margin(account, order, prices):
        raise ApiError(refusals.AVAILABLE_INSUFFICIENT, "ab not enough for new order")


def find_order(account: AccountState, category: Category, symbol: str, order_id: str, order_link_id: str) -> Order:
    """The open order named; `order_id` wins over `order_link_id`. None open: 110001."""
    if not (order_id or order_link_id):
        raise parameter_error("params error: orderId or orderLinkId is required")
    order = account.orders.get(order_id or account.link_ids.get(order_link_id, ""))
    if order is None or not order.is_open or (order.category, order.symbol) != (category, symbol):
        raise ApiError(refusals.ORDER_NOT_EXISTS, "order not exists or too late to cancel")
    return order


def cancel_order(account: AccountState, order: Order, time_ms: int) -> Order:
    """Cancel on the client's wish."""
    account.touch((order.category, order.symbol, order.position_idx))
    return close_order(account, order, time_ms, "CancelByUser")


def amend_order(account: AccountState, market: MarketData, request: AmendRequest, prices: PricesAt, time_ms: int) -> Order:
    """Change an open order. A rested limit moved through the market fills.

    Amending to the same values is refused (10001).
    """
    order = find_order(account, request.category, request.symbol, request.order_id, request.order_link_id)
    spec = find_spec(market, request.category, request.symbol)
    changes = _amend_changes(order, request)
    _check_amended(account, spec, order, changes, prices)
    amended = replace(order, **changes)
    price = amended.price or amended.trigger_price or prices.last(spec)
    amended = replace(amended, leaves_value=value_at(spec, amended.leaves_qty, price))
    if not order.is_conditional and opening_qty(account, amended) > opening_qty(account, order):
        without = replace(order, leaves_qty=ZERO, order_status="Cancelled")
        _check_amended_margin(account, spec, without, amended, prices)
    account.touch((order.category, order.symbol, order.position_idx))
    if amended.is_conditional:
        return write_order(account, amended, time_ms)
    return submit(account, amended, prices, time_ms)


def _amend_changes(order: Order, request: AmendRequest) -> dict[str, Any]:
    """The fields that really change."""
    wanted: dict[str, Any] = {
        "price": request.price,
        "trigger_price": request.trigger_price,
        "trigger_by": request.trigger_by,
        "tp_trigger_by": request.tp_trigger_by,
        "sl_trigger_by": request.sl_trigger_by,
        "tp_limit_price": request.tp_limit_price,
        "sl_limit_price": request.sl_limit_price,
    }
    changes = {name: value for name, value in wanted.items() if value is not None and value != getattr(order, name)}
    for name, value in (("take_profit", request.take_profit), ("stop_loss", request.stop_loss)):
        if value is not None and (value or None) != getattr(order, name):
            changes[name] = value or None
    if request.qty is not None and request.qty != order.qty:
        if request.qty <= order.cum_exec_qty:
            raise ApiError(
                refusals.QTY_BELOW_FILLED, "The modified contract quantity cannot be less than or equal to the filled quantity."
            )
        changes["qty"] = request.qty
        changes["leaves_qty"] = request.qty - order.cum_exec_qty
    if not changes:
        raise parameter_error("order not modified")
    return changes


def _check_amended(account: AccountState, spec: InstrumentSpec, order: Order, changes: dict[str, Any], prices: PricesAt) -> None:
    """The amended fields obey the rules of new ones."""
    for name, field in (
        ("price", "price"),
        ("triggerPrice", "trigger_price"),
        ("takeProfit", "take_profit"),
        ("stopLoss", "stop_loss"),
    ):
        check_price(spec, name, changes.get(field))
    if "price" in changes and order.order_type == "Market":
        raise parameter_error("params error: a Market order has no price to amend")
    if "trigger_price" in changes and not order.is_conditional:
        raise parameter_error("params error: triggerPrice belongs to a conditional order")
    if "qty" in changes:
        check_qty(spec, changes["qty"], order.order_type == "Market")
        _, held = held_size(account, spec, order.position_idx)
        if order.stop_order_type in BOUND_TYPES and changes["qty"] > held:
            raise ApiError(refusals.TPSL_SIZE_INSUFFICIENT, f"tp/sl size {changes['qty']} exceeds the position size {held}")
    if "trigger_price" in changes:
        source = changes.get("trigger_by") or order.trigger_by or "LastPrice"
        check_trigger(order.trigger_direction, changes["trigger_price"], prices.of(spec, source), source)
    base = changes.get("price", order.price) or prices.last(spec)
    check_protection_side(order.side, changes.get("take_profit"), changes.get("stop_loss"), base, "LastPrice")


def _check_amended_margin(account: AccountState, spec: InstrumentSpec, without: Order, amended: Order, prices: PricesAt) -> None:
    """The account must afford the amended order in place of the old one."""
    kept = account.orders[amended.order_id]
    place = list(account.open_ids)
    account.orders[amended.order_id] = without
    account.open_ids.pop(amended.order_id)
    try:
        _check_margin(account, spec, amended, prices)
    finally:
        account.orders[amended.order_id] = kept
        account.open_ids = dict.fromkeys(place)
