"""Public endpoints of the present: time, instruments, tickers, order book, public trades, risk limits, price limits."""

from __future__ import annotations

from market_analysis.venues.simulated.server import market_views as views
from market_analysis.venues.simulated.server import serialise
from market_analysis.venues.simulated.server.paging import INSTRUMENTS, Page, cut_page
from market_analysis.venues.simulated.server.replies import Json, JsonObject
from market_analysis.venues.simulated.server.request import DERIVATIVES, Call
from market_analysis.venues.simulated.server.rights import Right
from market_analysis.venues.simulated.server.routes.instruments import find_spec, listed_specs, named_spec
from market_analysis.venues.simulated.server.state import Route, ServerState

TRADABLE = ("spot", *DERIVATIVES)
RISK_LIMIT_SYMBOLS_PER_PAGE = 15
_BOOK_LIMITS = {"spot": (1, 200), "linear": (25, 500), "inverse": (25, 500)}
_TRADE_LIMITS = {"spot": (60, 60), "linear": (500, 1000), "inverse": (500, 1000)}


def server_time(state: ServerState, _: Call) -> Json:
    """Wire time: this is what clients synchronise their signatures with."""
    now_ms = state.wire.now_ms()
    return {"timeSecond": str(now_ms // 1000), "timeNano": str(now_ms * 1_000_000)}


def instruments_info(state: ServerState, call: Call) -> Json:
    """Instruments of a category; nothing is in pre-launch here, and no option is listed."""
    category = call.category()
    status = call.text("status", "Trading")
    specs = [] if category == "option" else [spec for spec in listed_specs(state, call, category) if spec.status == status]
    page = Page(specs, "") if category == "spot" else cut_page(specs, call, INSTRUMENTS, lambda spec: (spec.symbol,))
    result: JsonObject = {"category": category, "list": [serialise.instrument_row(spec) for spec in page.rows]}
    return result if category == "spot" else result | {"nextPageCursor": page.cursor}


def tickers(state: ServerState, call: Call) -> Json:
    """One ticker or all of the category, at market time."""
    category = call.category()
    rows: list[Json] = []
    if category != "option":
        now = serialise.from_milliseconds(call.now_ms)
        specs = (spec for spec in listed_specs(state, call, category) if spec.launch_time <= now)
        rows = [views.ticker_row(state.market, spec, call.now_ms) for spec in specs]
    return {"category": category, "list": rows}


def order_book(state: ServerState, call: Call) -> Json:
    """Bids and asks, best first."""
    spec = named_spec(state, call, TRADABLE)
    depth = call.limit(*_BOOK_LIMITS[spec.category])
    bids, asks = views.order_book(state.market, spec, call.now_ms, depth=depth)
    return {
        "s": spec.symbol,
        "b": views.level_rows(bids),
        "a": views.level_rows(asks),
        "ts": call.now_ms,
        "u": call.now_ms // views.MINUTE_MS,
        "seq": call.now_ms,
        "cts": call.now_ms,
    }


def recent_trades(state: ServerState, call: Call) -> Json:
    """The newest public trades, newest first."""
    spec = named_spec(state, call, TRADABLE)
    count = call.limit(*_TRADE_LIMITS[spec.category])
    rows: list[Json] = [
        {
            "execId": trade.id,
            "symbol": spec.symbol,
            "price": serialise.number(trade.price),
            "size": serialise.number(trade.quantity),
            "side": trade.side,
            "time": str(trade.time_ms),
            "isBlockTrade": False,
            "isRPITrade": False,
            "seq": str(trade.sequence),
        }
        for trade in views.recent_trades(state.market, spec, call.now_ms, count=count)
    ]
    return {"category": spec.category, "list": rows}


def risk_limit(state: ServerState, call: Call) -> Json:
    """Margin tiers: of one symbol, or of fifteen symbols per page."""
    category = call.category(DERIVATIVES)
    symbol = call.text("symbol")
    if symbol:
        return {"category": category, "list": serialise.risk_tier_rows(find_spec(state, category, symbol)), "nextPageCursor": ""}
    listed = sorted(listed_specs(state, call, category), key=lambda spec: spec.symbol)
    from_symbol = call.text("cursor")
    waiting = [spec for spec in listed if spec.symbol >= from_symbol]
    rows = [row for spec in waiting[:RISK_LIMIT_SYMBOLS_PER_PAGE] for row in serialise.risk_tier_rows(spec)]
    more = waiting[RISK_LIMIT_SYMBOLS_PER_PAGE:]
    return {"category": category, "list": rows, "nextPageCursor": more[0].symbol if more else ""}


def order_price_limit(state: ServerState, call: Call) -> Json:
    """Highest buying and lowest selling price: mark times (1 +- priceLimitRatioX), on the tick."""
    category = call.text("category", "linear")
    spec = find_spec(state, category, call.required("symbol"))
    mark = state.market.mark_price(spec.category, spec.symbol, serialise.from_milliseconds(call.now_ms))
    reach = (mark * spec.price_limit_ratio_x) // spec.tick_size * spec.tick_size
    return {
        "symbol": spec.symbol,
        "buyLmt": serialise.number(mark + reach),
        "sellLmt": serialise.number(mark - reach),
        "ts": str(call.now_ms),
    }


ROUTES = {
    ("GET", "/v5/market/time"): Route(server_time, Right.PUBLIC),
    ("GET", "/v5/market/instruments-info"): Route(instruments_info, Right.PUBLIC),
    ("GET", "/v5/market/tickers"): Route(tickers, Right.PUBLIC),
    ("GET", "/v5/market/orderbook"): Route(order_book, Right.PUBLIC),
    ("GET", "/v5/market/recent-trade"): Route(recent_trades, Right.PUBLIC),
    ("GET", "/v5/market/risk-limit"): Route(risk_limit, Right.PUBLIC),
    ("GET", "/v5/market/price-limit"): Route(order_price_limit, Right.PUBLIC),
}
