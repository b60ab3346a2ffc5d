"""Rows of `/v5/order/realtime` and `/v5/order/history`."""

from __future__ import annotations

from market_analysis.venues.simulated.ledger.model import ZERO, Order
from market_analysis.venues.simulated.server.replies import JsonObject
from market_analysis.venues.simulated.server.serialise.text import number, stamp


def order_row(order: Order) -> JsonObject:
    """One order, open or historic."""
    return {
        "orderId": order.order_id,
        "orderLinkId": order.order_link_id,
        "blockTradeId": order.block_trade_id,
        "symbol": order.symbol,
        "price": number(order.price, "0"),
        "qty": number(order.qty),
        "side": order.side,
        "isLeverage": order.is_leverage,
        "positionIdx": order.position_idx,
        "orderStatus": order.order_status,
        "createType": order.create_type,
        "cancelType": order.cancel_type,
        "rejectReason": order.reject_reason,
        "avgPrice": number(order.avg_price),
        "leavesQty": number(order.leaves_qty),
        "leavesValue": number(order.leaves_value),
        "cumExecQty": number(order.cum_exec_qty),
        "cumExecValue": number(order.cum_exec_value),
        "cumExecFee": number(order.cum_exec_fee),
        "timeInForce": order.time_in_force,
        "orderType": order.order_type,
        "stopOrderType": order.stop_order_type,
        "orderIv": order.order_iv,
        "marketUnit": order.market_unit,
        "triggerPrice": number(order.trigger_price),
        "takeProfit": number(order.take_profit),
        "stopLoss": number(order.stop_loss),
        "tpslMode": order.tpsl_mode,
        "ocoTriggerBy": order.oco_trigger_by,
        "tpLimitPrice": number(order.tp_limit_price),
        "slLimitPrice": number(order.sl_limit_price),
        "tpTriggerBy": order.tp_trigger_by,
        "slTriggerBy": order.sl_trigger_by,
        "triggerDirection": order.trigger_direction,
        "triggerBy": order.trigger_by,
        "lastPriceOnCreated": number(order.last_price_on_created),
        "reduceOnly": order.reduce_only,
        "closeOnTrigger": order.close_on_trigger,
        "placeType": order.place_type,
        "smpType": order.smp_type,
        "smpGroup": order.smp_group,
        "smpOrderId": order.smp_order_id,
        "slippageToleranceType": "UNKNOWN",
        "slippageTolerance": "",
        "createdTime": stamp(order.created_time_ms),
        "updatedTime": stamp(order.updated_time_ms),
        "extraFees": "",
        "cumFeeDetail": fee_detail(order),
        "rpiTakerAccess": False,
        "rpiMatchedQty": "0",
    }


def fee_detail(order: Order) -> JsonObject:
    """Fees by coin; empty before the first fill."""
    if order.cum_exec_fee == ZERO or not order.fee_currency:
        return {}
    return {order.fee_currency: number(order.cum_exec_fee)}
