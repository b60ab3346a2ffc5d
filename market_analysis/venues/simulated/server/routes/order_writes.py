"""Orders: create, amend, cancel, cancel all, and the three in batches."""

from __future__ import annotations

from collections.abc import Callable

from market_analysis.errors import VenueRejectedError
from market_analysis.venues.simulated.ledger.model import Order
from market_analysis.venues.simulated.ledger.refusals import parameter_error
from market_analysis.venues.simulated.server.limits import BATCH_ORDER_LIMIT
from market_analysis.venues.simulated.server.replies import Json, JsonObject
from market_analysis.venues.simulated.server.request import DERIVATIVES, Call
from market_analysis.venues.simulated.server.rights import Right
from market_analysis.venues.simulated.server.routes.filters import require_scope
from market_analysis.venues.simulated.server.routes.instruments import checked_category
from market_analysis.venues.simulated.server.routes.order_bodies import amend_request, order_ids, order_request
from market_analysis.venues.simulated.server.state import Answer, Route, ServerState

TRADABLE = ("spot", *DERIVATIVES)


def create(state: ServerState, call: Call) -> Json:
    """Place an order; its ids come back, its fate does not."""
    return _ids(state.exchange.place_order(call.uid, order_request(state, call)))


def amend(state: ServerState, call: Call) -> Json:
    """Change price, quantity, trigger or attached stops of an open order."""
    return _ids(state.exchange.amend_order(call.uid, amend_request(state, call)))


def cancel(state: ServerState, call: Call) -> Json:
    """Cancel one open order."""
    return _ids(_cancelled(state, call))


def cancel_all(state: ServerState, call: Call) -> Json:
    """Cancel every open order of a symbol, base coin or settle coin."""
    category = checked_category(call, TRADABLE)
    require_scope(call, category)
    orders = state.exchange.cancel_all(
        call.uid,
        category,
        symbol=call.text("symbol") or None,
        base_coin=call.text("baseCoin") or None,
        settle_coin=call.text("settleCoin") or None,
        conditional_only=call.text("orderFilter") == "StopOrder",
    )
    return {"list": [_ids(order) for order in orders], "success": "1"}


def create_batch(state: ServerState, call: Call) -> Answer:
    """Up to ten orders, each accepted or refused by itself."""

    def place(item: Call) -> JsonObject:
        order = state.exchange.place_order(item.uid, order_request(state, item))
        return _ids(order) | {"createAt": str(order.created_time_ms)}

    return _batch(call, place, {"createAt": ""})


def amend_batch(state: ServerState, call: Call) -> Answer:
    """Up to ten amendments."""
    return _batch(call, lambda item: _ids(state.exchange.amend_order(item.uid, amend_request(state, item))), {})


def cancel_batch(state: ServerState, call: Call) -> Answer:
    """Up to ten cancellations."""
    return _batch(call, lambda item: _ids(_cancelled(state, item)), {})


def _cancelled(state: ServerState, call: Call) -> Order:
    category, symbol = checked_category(call, TRADABLE), call.required("symbol")
    order_id, link_id = order_ids(call)
    return state.exchange.cancel_order(call.uid, category, symbol, order_id=order_id, order_link_id=link_id)


def _ids(order: Order) -> JsonObject:
    return {"orderId": order.order_id, "orderLinkId": order.order_link_id}


def _batch(call: Call, act: Callable[[Call], JsonObject], blank: JsonObject) -> Answer:
    category = checked_category(call, TRADABLE)
    items = call.params.get("request")
    if not isinstance(items, list) or not 1 <= len(items) <= BATCH_ORDER_LIMIT:
        raise parameter_error(f"params error: request must hold 1 to {BATCH_ORDER_LIMIT} orders")
    rows: list[Json] = []
    codes: list[Json] = []
    for item in items:
        params = {**item, "category": category} if isinstance(item, dict) else {"category": category}
        one = call.with_params(params)
        named: JsonObject = {"category": category, "symbol": one.text("symbol")}
        try:
            rows.append(named | act(one))
            codes.append({"code": 0, "msg": "OK"})
        except VenueRejectedError as error:
            rows.append(named | {"orderId": "", "orderLinkId": one.text("orderLinkId")} | blank)
            codes.append({"code": int(error.venue_code or 0), "msg": error.message})
    return Answer({"list": rows}, {"list": codes})


ROUTES = {
    ("POST", "/v5/order/create"): Route(create, Right.WRITE_ORDERS),
    ("POST", "/v5/order/amend"): Route(amend, Right.WRITE_ORDERS),
    ("POST", "/v5/order/cancel"): Route(cancel, Right.WRITE_ORDERS),
    ("POST", "/v5/order/cancel-all"): Route(cancel_all, Right.WRITE_ORDERS),
    ("POST", "/v5/order/create-batch"): Route(create_batch, Right.WRITE_ORDERS),
    ("POST", "/v5/order/amend-batch"): Route(amend_batch, Right.WRITE_ORDERS),
    ("POST", "/v5/order/cancel-batch"): Route(cancel_batch, Right.WRITE_ORDERS),
}
