"""`/v5/position/list`."""

from __future__ import annotations

from market_analysis.venues.simulated.ledger.model import Position
from market_analysis.venues.simulated.ledger.refusals import parameter_error
from market_analysis.venues.simulated.server import serialise
from market_analysis.venues.simulated.server.paging import POSITIONS, cut_page
from market_analysis.venues.simulated.server.replies import Json
from market_analysis.venues.simulated.server.request import DERIVATIVES, Call
from market_analysis.venues.simulated.server.rights import Right
from market_analysis.venues.simulated.server.routes.instruments import checked_category, find_spec
from market_analysis.venues.simulated.server.state import Route, ServerState


def position_list(state: ServerState, call: Call) -> Json:
    """Positions of a category.

    By symbol: its rows, flat ones included. By settle coin: those with size only. Inverse without a symbol: every row
    ever touched, flat ones included. Linear without symbol or settle coin is 10001. There are no options.
    """
    if call.text("category") == "option":
        return {"category": "option", "list": [], "nextPageCursor": ""}
    category = checked_category(call, DERIVATIVES)
    symbol, settle = call.text("symbol"), call.text("settleCoin")
    if symbol:
        find_spec(state, category, symbol)
    elif category == "linear" and not settle:
        raise parameter_error("Missing some parameters that must be filled in, symbol or settleCoin is required")
    rows = state.exchange.positions(call.uid, category, symbol=symbol or None, settle_coin=settle or None)
    if settle and not symbol:
        rows = tuple(row for row in rows if row.size)
    page = cut_page(rows, call, POSITIONS, _place)
    return {
        "category": category,
        "list": [serialise.position_row(row) for row in page.rows],
        "nextPageCursor": page.cursor,
    }


def _place(position: Position) -> tuple[str | int, ...]:
    return position.symbol, position.position_idx


ROUTES = {("GET", "/v5/position/list"): Route(position_list, Right.READ_POSITIONS)}
