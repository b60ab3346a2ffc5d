"""Request bodies of order endpoints, read into the ledger's requests."""

from __future__ import annotations

from typing import cast, get_args

from market_analysis.venues.simulated.ledger.model import OrderType, Side, TimeInForce, TpslMode, TriggerBy
from market_analysis.venues.simulated.ledger.refusals import parameter_error
from market_analysis.venues.simulated.ledger.requests import AmendRequest, OrderRequest, TradingStopRequest
from market_analysis.venues.simulated.server.request import DERIVATIVES, Call
from market_analysis.venues.simulated.server.routes.instruments import checked_category, find_spec
from market_analysis.venues.simulated.server.state import ServerState

_SIDES = get_args(Side)
_ORDER_TYPES = get_args(OrderType)
_TIMES_IN_FORCE = get_args(TimeInForce)
_TRIGGERS = get_args(TriggerBy)
_TPSL_MODES = get_args(TpslMode)


def order_request(state: ServerState, call: Call) -> OrderRequest:
    """The body of order/create; a missing or impossible field is 10001 before the ledger sees anything."""
    category = checked_category(call, ("spot", *DERIVATIVES))
    symbol = find_spec(state, category, call.required("symbol")).symbol
    side, order_type = _word(call, "side", _SIDES), _word(call, "orderType", _ORDER_TYPES)
    if side is None or order_type is None:
        raise parameter_error("params error: side and orderType are required")
    return OrderRequest(
        category=category,
        symbol=symbol,
        side=cast("Side", side),
        order_type=cast("OrderType", order_type),
        qty=call.required_decimal("qty"),
        price=call.decimal("price"),
        time_in_force=cast("TimeInForce | None", _word(call, "timeInForce", _TIMES_IN_FORCE)),
        position_idx=call.integer("positionIdx", 0) or 0,
        order_link_id=call.text("orderLinkId"),
        reduce_only=call.flag("reduceOnly"),
        close_on_trigger=call.flag("closeOnTrigger"),
        trigger_price=call.decimal("triggerPrice"),
        trigger_direction=call.integer("triggerDirection"),
        trigger_by=_trigger(call, "triggerBy"),
        take_profit=call.decimal("takeProfit"),
        stop_loss=call.decimal("stopLoss"),
        tp_trigger_by=_trigger(call, "tpTriggerBy"),
        sl_trigger_by=_trigger(call, "slTriggerBy"),
        tpsl_mode=_tpsl_mode(call),
        tp_limit_price=call.decimal("tpLimitPrice"),
        sl_limit_price=call.decimal("slLimitPrice"),
        market_unit=call.text("marketUnit"),
    )


def amend_request(state: ServerState, call: Call) -> AmendRequest:
    """The body of order/amend."""
    category = checked_category(call, ("spot", *DERIVATIVES))
    symbol = find_spec(state, category, call.required("symbol")).symbol
    order_id, link_id = order_ids(call)
    return AmendRequest(
        category=category,
        symbol=symbol,
        order_id=order_id,
        order_link_id=link_id,
        qty=call.decimal("qty"),
        price=call.decimal("price"),
        trigger_price=call.decimal("triggerPrice"),
        trigger_by=_trigger(call, "triggerBy"),
        take_profit=call.decimal("takeProfit"),
        stop_loss=call.decimal("stopLoss"),
        tp_trigger_by=_trigger(call, "tpTriggerBy"),
        sl_trigger_by=_trigger(call, "slTriggerBy"),
        tp_limit_price=call.decimal("tpLimitPrice"),
        sl_limit_price=call.decimal("slLimitPrice"),
    )


def trading_stop_request(state: ServerState, call: Call) -> TradingStopRequest:
    """The body of position/trading-stop."""
    category = checked_category(call, DERIVATIVES)
    symbol = find_spec(state, category, call.required("symbol")).symbol
    return TradingStopRequest(
        category=category,
        symbol=symbol,
        position_idx=call.integer("positionIdx", 0) or 0,
        tpsl_mode=_tpsl_mode(call) or "Full",
        take_profit=call.decimal("takeProfit"),
        stop_loss=call.decimal("stopLoss"),
        trailing_stop=call.decimal("trailingStop"),
        active_price=call.decimal("activePrice"),
        tp_trigger_by=_trigger(call, "tpTriggerBy"),
        sl_trigger_by=_trigger(call, "slTriggerBy"),
        tp_size=call.decimal("tpSize"),
        sl_size=call.decimal("slSize"),
        tp_limit_price=call.decimal("tpLimitPrice"),
        sl_limit_price=call.decimal("slLimitPrice"),
        tp_order_type=cast("OrderType", _word(call, "tpOrderType", _ORDER_TYPES) or "Market"),
        sl_order_type=cast("OrderType", _word(call, "slOrderType", _ORDER_TYPES) or "Market"),
    )


def order_ids(call: Call) -> tuple[str, str]:
    """(orderId, orderLinkId), one of which must be there."""
    order_id, link_id = call.text("orderId"), call.text("orderLinkId")
    if not order_id and not link_id:
        raise parameter_error("params error: orderId or orderLinkId is required")
    return order_id, link_id


def _word(call: Call, name: str, allowed: tuple[str, ...]) -> str | None:
    value = call.text(name)
    if value and value not in allowed:
        raise parameter_error(f"params error: {name} invalid [{value}], expected one of {', '.join(allowed)}")
    return value or None


def _trigger(call: Call, name: str) -> TriggerBy | None:
    return cast("TriggerBy | None", _word(call, name, _TRIGGERS))


def _tpsl_mode(call: Call) -> TpslMode | None:
    return cast("TpslMode | None", _word(call, "tpslMode", _TPSL_MODES))
