"""`/v5/order/realtime` and `/v5/order/history`."""

from __future__ import annotations

from collections.abc import Callable

from market_analysis.venues.simulated.catalogue.instrument import Category
from market_analysis.venues.simulated.ledger.model import Order
from market_analysis.venues.simulated.server import serialise
from market_analysis.venues.simulated.server.paging import OPEN_ORDERS, ORDER_HISTORY, Page, cut_history, time_window
from market_analysis.venues.simulated.server.replies import Json
from market_analysis.venues.simulated.server.request import DERIVATIVES, Call
from market_analysis.venues.simulated.server.rights import Right
from market_analysis.venues.simulated.server.routes.filters import record_filter, require_scope
from market_analysis.venues.simulated.server.routes.instruments import checked_category
from market_analysis.venues.simulated.server.state import Route, ServerState

RECENT_CLOSED = 500


def realtime(state: ServerState, call: Call) -> Json:
    """Open orders; with `openOnly=1`, or asked by id, the 500 newest closed ones too."""
    if call.text("category") == "option":
        return {"list": [], "nextPageCursor": "", "category": "option"}
    category = checked_category(call, ("spot", *DERIVATIVES))
    require_scope(call, category)
    orders = state.exchange.orders(call.uid, category)
    by_id = bool(call.text("orderId") or call.text("orderLinkId"))
    closed = [order.order_id for order in orders if not order.is_open][:RECENT_CLOSED]
    recent = frozenset(closed) if by_id or call.text("openOnly") == "1" else frozenset()
    fits = _order_filter(state, call, category)
    page = cut_history(orders, call, OPEN_ORDERS, lambda order: (order.is_open or order.order_id in recent) and fits(order))
    return _result(page, category)


def history(state: ServerState, call: Call) -> Json:
    """Finished orders, newest first; the last seven days unless a window or an id is given."""
    if call.text("category") == "option":
        return {"list": [], "nextPageCursor": "", "category": "option"}
    category = checked_category(call, ("spot", *DERIVATIVES))
    by_id = bool(call.text("orderId") or call.text("orderLinkId"))
    start_ms, end_ms = (0, call.now_ms) if by_id else time_window(call, default_days=7)
    fits, status = _order_filter(state, call, category), call.text("orderStatus")

    def wanted(order: Order) -> bool:
        inside = start_ms <= order.created_time_ms <= end_ms
        return not order.is_open and inside and fits(order) and status in ("", order.order_status)

    return _result(cut_history(state.exchange.orders(call.uid, category), call, ORDER_HISTORY, wanted), category)


def _order_filter(state: ServerState, call: Call, category: Category) -> Callable[[Order], bool]:
    fits, link_id, kind = record_filter(state, call, category), call.text("orderLinkId"), call.text("orderFilter")

    def wanted(order: Order) -> bool:
        return fits(order) and link_id in ("", order.order_link_id) and _of_kind(order, kind)

    return wanted


def _of_kind(order: Order, kind: str) -> bool:
    """`orderFilter`: Order is plain, StopOrder conditional, tpslOrder a spot take-profit or stop-loss order."""
    if kind == "Order":
        return not order.stop_order_type
    if kind == "StopOrder":
        return bool(order.stop_order_type)
    return not kind or order.stop_order_type == kind


def _result(page: Page[Order], category: Category) -> Json:
    return {
        "list": [serialise.order_row(order) for order in page.rows],
        "nextPageCursor": page.cursor,
        "category": category,
    }


ROUTES = {
    ("GET", "/v5/order/realtime"): Route(realtime, Right.READ_ORDERS),
    ("GET", "/v5/order/history"): Route(history, Right.READ_ORDERS),
}
