"""Public endpoints of the past: klines of last, mark, index price and premium, funding, open interest."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from market_analysis.venues.simulated.catalogue.instrument import InstrumentSpec
from market_analysis.venues.simulated.ledger.refusals import parameter_error
from market_analysis.venues.simulated.market import Interval, PriceKind, parse_interval
from market_analysis.venues.simulated.market.intervals import DAY_MS, MINUTE_MS, open_of
from market_analysis.venues.simulated.server import serialise
from market_analysis.venues.simulated.server.paging import OPEN_INTEREST, cut_page
from market_analysis.venues.simulated.server.replies import Json
from market_analysis.venues.simulated.server.request import DERIVATIVES, Call
from market_analysis.venues.simulated.server.rights import Right
from market_analysis.venues.simulated.server.routes.instruments import named_spec
from market_analysis.venues.simulated.server.state import Route, ServerState

KLINE_DEFAULT, KLINE_LARGEST = 200, 1000
FUNDING_LARGEST = 200
OPEN_INTEREST_MINUTES = {"5min": 5, "15min": 15, "30min": 30, "1h": 60, "4h": 240, "1d": 1440}
PREMIUM_STEP = Decimal("0.000001")
_LONGEST_BAR_MS = {"D": DAY_MS, "W": 7 * DAY_MS, "M": 31 * DAY_MS}


def kline(state: ServerState, call: Call) -> Json:
    """Bars of the last price, newest first, the forming one included: [start, open, high, low, close, volume, turnover]."""
    spec = named_spec(state, call, ("spot", *DERIVATIVES)) if call.text("category") else _linear(state, call)
    return _kline_result(spec, _rows(state, call, spec, "last"))


def mark_price_kline(state: ServerState, call: Call) -> Json:
    """Bars of the mark price: [start, open, high, low, close]."""
    spec = named_spec(state, call, DERIVATIVES) if call.text("category") else _linear(state, call)
    return _kline_result(spec, [row[:5] for row in _rows(state, call, spec, "mark")])


def index_price_kline(state: ServerState, call: Call) -> Json:
    """Bars of the index price: [start, open, high, low, close]."""
    spec = named_spec(state, call, DERIVATIVES) if call.text("category") else _linear(state, call)
    return _kline_result(spec, [row[:5] for row in _rows(state, call, spec, "index")])


def premium_index_kline(state: ServerState, call: Call) -> Json:
    """Mark over index, less one, at the four corners of each bar; high and low span them."""
    spec = named_spec(state, call, ("linear",)) if call.text("category") else _linear(state, call)
    marks, indices = (_rows(state, call, spec, kind) for kind in ("mark", "index"))
    rows = [_premium_row(mark, index) for mark, index in zip(marks, indices, strict=True)]
    return _kline_result(spec, rows)


def _premium_row(mark: list[str], index: list[str]) -> list[str]:
    opened, high, low, close = (
        (Decimal(mark[column]) / Decimal(index[column]) - 1).quantize(PREMIUM_STEP) for column in (1, 2, 3, 4)
    )
    corners = (opened, high, low, close)
    return [mark[0], *(serialise.number(value) for value in (opened, max(corners), min(corners), close))]


def _linear(state: ServerState, call: Call) -> InstrumentSpec:
    return named_spec(state, call.with_params({**call.params, "category": "linear"}), ("linear",))


def _rows(state: ServerState, call: Call, spec: InstrumentSpec, kind: PriceKind) -> list[list[str]]:
    """At most `limit` bars, newest first: the oldest ones opening in [start, end], or without `start` the newest up to `end`.

    That a start counts forwards, with an end too, is how recorded answers of the exchange read and what ccxt's paging relies on.
    """
    interval = parse_interval(call.required("interval"))
    limit = call.limit(KLINE_DEFAULT, KLINE_LARGEST)
    start, end = call.integer("start"), call.integer("end")
    now_ms, length_ms = call.now_ms, _length_ms(interval)
    last = now_ms if end is None else min(end, now_ms)
    if start is None:
        first = open_of(last, interval) - (limit - 1) * length_ms
        rows = state.market.bars(spec.category, spec.symbol, interval, first, last, now_ms, kind).texts()
        return rows[::-1][:limit]
    if end is not None and start > end:
        raise parameter_error(f"params error: start [{start}] must not be after end [{end}]")
    last = min(last, start + limit * length_ms)
    rows = state.market.bars(spec.category, spec.symbol, interval, start, last, now_ms, kind).texts()
    return rows[:limit][::-1]


def _length_ms(interval: Interval) -> int:
    """The length of a bar in milliseconds; of months, the longest."""
    return _LONGEST_BAR_MS[interval] if isinstance(interval, str) else interval * MINUTE_MS


def _kline_result(spec: InstrumentSpec, rows: list[list[str]]) -> Json:
    listed: list[Json] = [[*row] for row in rows]
    return {"symbol": spec.symbol, "category": spec.category, "list": listed}


def funding_history(state: ServerState, call: Call) -> Json:
    """Funding rates settled in the window, newest first."""
    spec = named_spec(state, call, DERIVATIVES)
    limit = call.limit(FUNDING_LARGEST, FUNDING_LARGEST)
    start, end = call.integer("startTime"), call.integer("endTime")
    if start is not None and end is None:
        raise parameter_error("params error: endTime is required with startTime")
    length_ms = spec.funding_interval_minutes * MINUTE_MS
    newest = min(call.now_ms if end is None else end, call.now_ms) // length_ms * length_ms
    oldest = max(_first_priced_ms(state, spec), start or 0)
    times = [newest - step * length_ms for step in range(limit)]
    rows: list[Json] = [
        {
            "symbol": spec.symbol,
            "fundingRate": serialise.number(state.market.funding_rate(spec.category, spec.symbol, time_ms)),
            "fundingRateTimestamp": str(time_ms),
        }
        for time_ms in times
        if time_ms >= oldest
    ]
    return {"category": spec.category, "list": rows}


def open_interest(state: ServerState, call: Call) -> Json:
    """Open interest at the marks of `intervalTime`, newest first."""
    spec = named_spec(state, call, DERIVATIVES)
    text = call.required("intervalTime")
    if text not in OPEN_INTEREST_MINUTES:
        raise parameter_error(f"params error: intervalTime invalid [{text}], one of {', '.join(OPEN_INTEREST_MINUTES)}")
    length_ms = OPEN_INTEREST_MINUTES[text] * MINUTE_MS
    end = min(call.integer("endTime", call.now_ms) or call.now_ms, call.now_ms) // length_ms * length_ms
    start = call.integer("startTime") or end - OPEN_INTEREST.largest_limit * 2 * length_ms
    first = max(start, _first_priced_ms(state, spec))
    times = range(end, first - 1, -length_ms)
    page = cut_page(times, call, OPEN_INTEREST, lambda time_ms: (time_ms,), newest_first=True)
    rows: list[Json] = []
    for time_ms in page.rows:
        total = state.market.open_interest(spec.category, spec.symbol, serialise.from_milliseconds(time_ms))
        half = (total / 2).quantize(spec.qty_step)
        rows.append(
            {
                "openInterest": serialise.number(total),
                "singleOpenInterest": serialise.number(half),
                "timestamp": str(time_ms),
            }
        )
    return {"symbol": spec.symbol, "category": spec.category, "list": rows, "nextPageCursor": page.cursor}


def _first_priced_ms(state: ServerState, spec: InstrumentSpec) -> int:
    return serialise.milliseconds(max(state.market.start, spec.launch_time) + timedelta(minutes=1))


ROUTES = {
    ("GET", "/v5/market/kline"): Route(kline, Right.PUBLIC),
    ("GET", "/v5/market/mark-price-kline"): Route(mark_price_kline, Right.PUBLIC),
    ("GET", "/v5/market/index-price-kline"): Route(index_price_kline, Right.PUBLIC),
    ("GET", "/v5/market/premium-index-price-kline"): Route(premium_index_kline, Right.PUBLIC),
    ("GET", "/v5/market/funding/history"): Route(funding_history, Right.PUBLIC),
    ("GET", "/v5/market/open-interest"): Route(open_interest, Right.PUBLIC),
}
