"""What the public streams push: tickers, klines, order books and public trades, from the market at its own time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from market_analysis.errors import VenueRejectedError
from market_analysis.venues.simulated.catalogue.instrument import Category, InstrumentSpec
from market_analysis.venues.simulated.market import Market, parse_interval
from market_analysis.venues.simulated.market.intervals import open_of
from market_analysis.venues.simulated.server.market_views import (
    TRADES_PER_MINUTE,
    level_rows,
    order_book,
    recent_trades,
    stream_bars,
    ticker_row,
)
from market_analysis.venues.simulated.server.replies import Json, JsonObject
from market_analysis.venues.simulated.server.serialise.text import number
from market_analysis.venues.simulated.server.state import ServerState
from market_analysis.venues.simulated.server.websocket.connection import Connection

BOOK_DEPTHS = (1, 50, 200, 1000)
MOST_BARS_PER_PUSH = 200
_NOT_STREAMED = ("predictedDeliveryPrice", "basisRate", "deliveryFeeRate", "deliveryTime", "basis", "basisRateYear")
_NOT_STREAMED_SPOT = ("bid1Price", "bid1Size", "ask1Price", "ask1Size")


@dataclass(frozen=True, slots=True)
class Topic:
    """A parsed topic: `tickers.S`, `publicTrade.S`, `kline.I.S` or `orderbook.D.S`; `detail` is I or D."""

    name: str
    detail: str
    spec: InstrumentSpec


def is_public_topic(market: Market, category: str, topic: str) -> bool:
    """Whether the category's stream knows the topic."""
    return parse_topic(market, category, topic) is not None


def parse_topic(market: Market, category: str, topic: str) -> Topic | None:
    """The topic's parts, or None if the stream does not know it."""
    name, _, rest = topic.partition(".")
    *details, symbol = rest.split(".")
    spec = market.specs.get((cast("Category", category), symbol))
    if spec is None:
        return None
    if name in {"tickers", "publicTrade"} and not details:
        return Topic(name, "", spec)
    if name == "orderbook" and details in [[str(depth)] for depth in BOOK_DEPTHS]:
        return Topic(name, details[0], spec)
    if name == "kline" and len(details) == 1:
        try:
            parse_interval(details[0])
        except VenueRejectedError:
            return None
        return Topic(name, details[0], spec)
    return None


def public_message(state: ServerState, connection: Connection, text: str) -> JsonObject | None:
    """The next push of a topic on a connection, or None if nothing has changed since the last one."""
    topic = parse_topic(state.market, connection.category, text)
    if topic is None:
        return None
    now_ms = state.market_now_ms()
    match topic.name:
        case "tickers":
            message = _ticker(state, connection, topic, text, now_ms)
        case "orderbook":
            message = _book(state, connection, topic, text, now_ms)
        case "kline":
            message = _kline(state, connection, topic, text, now_ms)
        case _:
            message = _trades(state, connection, topic, text, now_ms)
    return message


def _ticker(state: ServerState, connection: Connection, topic: Topic, text: str, now_ms: int) -> JsonObject | None:
    row = ticker_row(state.market, topic.spec, now_ms)
    dropped = _NOT_STREAMED_SPOT if topic.spec.category == "spot" else _NOT_STREAMED
    data: JsonObject = {name: value for name, value in row.items() if name not in dropped}
    before = connection.sent.get(text)
    if topic.spec.category != "spot":
        data["tickDirection"] = _direction(before, data)
    kind, body = "snapshot", data
    if before is not None:
        changed: JsonObject = {name: value for name, value in data.items() if before.get(name) != value}
        if not changed:
            return None
        if topic.spec.category != "spot":
            kind, body = "delta", {"symbol": topic.spec.symbol, **changed}
    connection.sent[text] = data
    return {"topic": text, "type": kind, "data": body, "cs": now_ms, "ts": now_ms}


def _direction(before: JsonObject | None, data: JsonObject) -> str:
    old = str((before or data)["lastPrice"])
    new = str(data["lastPrice"])
    if float(new) == float(old):
        return "ZeroPlusTick"
    return "PlusTick" if float(new) > float(old) else "MinusTick"


def _book(state: ServerState, connection: Connection, topic: Topic, text: str, now_ms: int) -> JsonObject | None:
    bids, asks = order_book(state.market, topic.spec, now_ms, depth=int(topic.detail))
    full: JsonObject = {"b": level_rows(bids), "a": level_rows(asks)}
    before = connection.sent.get(text)
    if before is not None and (before["b"], before["a"]) == (full["b"], full["a"]):
        return None
    update = 1 if before is None else int(str(before["u"])) + 1
    connection.sent[text] = {**full, "u": update}
    snapshot = before is None or topic.detail == "1"
    sides = full if snapshot or before is None else {side: _changes(before[side], full[side]) for side in ("b", "a")}
    data: JsonObject = {"s": topic.spec.symbol, **sides, "u": update, "seq": now_ms + update}
    return {"topic": text, "type": "snapshot" if snapshot else "delta", "ts": now_ms, "data": data, "cts": now_ms}


def _changes(before: Json, after: Json) -> list[Json]:
    old = {str(row[0]): str(row[1]) for row in cast("list[list[str]]", before)}
    new = {str(row[0]): str(row[1]) for row in cast("list[list[str]]", after)}
    gone: list[Json] = [[price, "0"] for price in old if price not in new]
    return gone + [[price, size] for price, size in new.items() if old.get(price) != size]


def _kline(state: ServerState, connection: Connection, topic: Topic, text: str, now_ms: int) -> JsonObject | None:
    interval = parse_interval(topic.detail)
    before = connection.sent.get(text)
    from_ms = open_of(now_ms, interval) if before is None else int(str(before["start"]))
    bars = stream_bars(state.market, topic.spec, interval, from_ms, now_ms)
    if not bars or (before is not None and {**before, "timestamp": 0} == {**bars[-1], "timestamp": 0}):
        return None
    connection.sent[text] = bars[-1]
    data: list[Json] = [*bars[-MOST_BARS_PER_PUSH:]]
    return {"topic": text, "data": data, "ts": now_ms, "type": "snapshot"}


def _trades(state: ServerState, connection: Connection, topic: Topic, text: str, now_ms: int) -> JsonObject | None:
    newest = recent_trades(state.market, topic.spec, now_ms, count=10 * TRADES_PER_MINUTE)
    seen = connection.sent.get(text)
    connection.sent[text] = {"seq": newest[0].sequence if newest else -1}
    if seen is None:
        return None
    data: list[Json] = [
        {
            "T": trade.time_ms,
            "s": topic.spec.symbol,
            "S": trade.side,
            "v": number(trade.quantity),
            "p": number(trade.price),
            "L": "PlusTick" if trade.side == "Buy" else "MinusTick",
            "i": trade.id,
            "BT": False,
            "seq": trade.sequence,
        }
        for trade in reversed(newest)
        if trade.sequence > int(str(seen["seq"]))
    ]
    return {"topic": text, "type": "snapshot", "ts": now_ms, "data": data} if data else None
