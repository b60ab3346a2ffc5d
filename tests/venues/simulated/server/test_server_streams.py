"""The streams at wire level: replies, pushes and their shapes, subscriptions, silence, closing."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from embedded_exchange import OTHER_UID, TRADER, UID, lived_exchange, market_order, standard_market
from payload_shapes import FIXTURES, load_example, shape_differences

from market_analysis.venues.simulated.ledger.requests import OrderRequest
from market_analysis.venues.simulated.market import ManualMarketClock
from market_analysis.venues.simulated.server import FaultKind, SimulatedServer, Stage, serve

recorded = pytest.mark.skipif(not FIXTURES.is_dir(), reason="the recorded Bybit payloads are not beside this checkout")
WAIT = 3.0


class Socket:
    """A raw client."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def ask(self, **message: Any) -> dict[str, Any]:
        await self.socket.send_json(message)
        return await self.next(lambda reply: "topic" not in reply)

    async def next(self, wanted: Any = lambda _: True) -> dict[str, Any]:
        async with asyncio.timeout(WAIT):
            while True:
                message: dict[str, Any] = await self.socket.receive_json()
                if wanted(message):
                    return message

    async def topic(self, name: str) -> dict[str, Any]:
        return await self.next(lambda message: message.get("topic") == name)

    async def authenticate(self) -> dict[str, Any]:
        expires = time.time_ns() // 1_000_000 + 5_000
        sign = hmac.new(TRADER.secret.encode(), f"GET/realtime{expires}".encode(), hashlib.sha256).hexdigest()
        return await self.ask(op="auth", args=[TRADER.api_key, expires, sign])


@asynccontextmanager
async def opened(path: str) -> AsyncIterator[tuple[SimulatedServer, Socket]]:
    exchange = lived_exchange()
    clock = ManualMarketClock(exchange.now)
    async with (
        serve(exchange, market=standard_market(), clock=clock) as server,
        aiohttp.ClientSession() as session,
        session.ws_connect(server.ws_url + path) as socket,
    ):
        yield server, Socket(socket)


async def test_ping_and_refusals() -> None:
    async with opened("/v5/public/linear") as (_, socket):
        pong = await socket.ask(op="ping", req_id="9")
        assert (pong["success"], pong["ret_msg"], pong["req_id"], pong["op"]) == (True, "pong", "9", "ping")
        for message in ({"op": "dance"}, {"op": "subscribe", "args": ["tickers.NOPE"]}, {"op": "subscribe", "args": []}):
            assert (await socket.ask(**message))["success"] is False
        for topic in ("kline.7.BTCUSDT", "orderbook.2.BTCUSDT", "tickers.1.BTCUSDT", "wallet", "BTCUSDT"):
            assert (await socket.ask(op="subscribe", args=[topic]))["success"] is False
        await socket.socket.send_str("not json")
        assert (await socket.next())["success"] is False
    async with opened("/v5/private") as (_, socket):
        pong = await socket.ask(op="ping", req_id="3")
        assert (pong["op"], pong["req_id"], len(pong["args"])) == ("pong", "3", 1)
        assert (await socket.ask(op="subscribe", args=["order"]))["ret_msg"] == "Request not authorized"


async def test_unknown_stream_is_404() -> None:
    async with opened("/v5/public/linear") as (server, _), aiohttp.ClientSession() as session:
        for path in ("/v5/public/option", "/v5/trade"):
            with pytest.raises(aiohttp.WSServerHandshakeError, match="404"):
                await session.ws_connect(server.ws_url + path)


@recorded
@pytest.mark.parametrize(
    ("category", "topic", "example", "allowed"),
    [
        ("linear", "tickers.BTCUSDT", "websocket__public__ticker.response-example.json", set()),
        ("spot", "tickers.BTCUSDT", "websocket__public__ticker.response-example.3.json", set()),
        ("linear", "kline.5.BTCUSDT", "websocket__public__kline.response-example.json", set()),
        ("linear", "orderbook.50.BTCUSDT", "websocket__public__orderbook.response-example.2.json", set()),
        ("inverse", "orderbook.1.BTCUSD", "websocket__public__orderbook.response-example.2.json", set()),
    ],
)
async def test_public_shapes(category: str, topic: str, example: str, allowed: set[str]) -> None:
    async with opened(f"/v5/public/{category}") as (server, socket):
        reply = await socket.ask(op="subscribe", args=[topic], req_id="5")
        assert reply["success"] is True
        snapshot = await socket.topic(topic)
        assert shape_differences(snapshot, load_example(f"bybit_docs_v5/{example}")) - allowed == set()
        server.advance(timedelta(minutes=10))
        push = await socket.topic(topic)
        assert push["ts"] > snapshot["ts"]
        assert (await socket.ask(op="unsubscribe", args=[topic]))["success"] is True
        server.advance(timedelta(minutes=10))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await socket.topic(topic)


@recorded
async def test_trade_shape_and_continuity() -> None:
    async with opened("/v5/public/linear") as (server, socket):
        await socket.ask(op="subscribe", args=["publicTrade.BTCUSDT"])
        seen: list[int] = []
        for _ in range(3):
            server.advance(timedelta(minutes=2))
            push = await socket.topic("publicTrade.BTCUSDT")
            assert shape_differences(push, load_example("bybit_docs_v5/websocket__public__trade.response-example.json")) == set()
            seen += [row["seq"] for row in push["data"]]
        assert seen == list(range(seen[0], seen[0] + 24))


# The vendor's example is of an option and predates fields that its reference table lists.
ORDER_EXTRAS = {"+.data[].createType", "+.data[].marketUnit", "+.data[].ocoTriggerBy", "+.data[].isLeverage"}
ORDER_FEES = {"-.data[].cumFeeDetail.MNT", "+.data[].cumFeeDetail.USDT"}
EXAMPLES = {
    "order": ("websocket__private__order.stream-example.json", ORDER_EXTRAS | ORDER_FEES),
    "execution": ("websocket__private__execution.stream-example.json", set()),
    "position": ("websocket__private__position.stream-example.json", {"+.data[].openTime"}),
    "wallet": ("websocket__private__wallet.stream-example.json", set()),
}


@recorded
async def test_private_shapes() -> None:
    async with opened("/v5/private") as (server, socket):
        assert (await socket.authenticate())["success"] is True
        assert (await socket.ask(op="subscribe", args=list(EXAMPLES)))["success"] is True
        with server.exchange() as exchange:
            market_order(exchange, "BTCUSDT", "Sell", "0.2", reduce_only=True)
        seen: set[str] = set()
        while seen != set(EXAMPLES):
            push = await socket.next(lambda message: "topic" in message)
            name, allowed = EXAMPLES[push["topic"]]
            seen.add(push["topic"])
            assert shape_differences(push, load_example(f"bybit_docs_v5/{name}")) - allowed == set(), push["topic"]


async def test_streams_carry_only_their_account_and_category() -> None:
    async with opened("/v5/private") as (server, socket):
        await socket.authenticate()
        await socket.ask(op="subscribe", args=["order.inverse", "position.linear"])
        with server.exchange() as exchange:
            market_order(exchange, "BTCUSDT", "Buy", "0.01")
            exchange.place_order(
                OTHER_UID,
                OrderRequest("linear", "XRPUSDT", "Buy", "Market", exchange.market.specs["linear", "XRPUSDT"].min_order_qty * 200),
            )
            market_order(exchange, "BTCUSD", "Buy", "10", category="inverse")
        first = await socket.next(lambda message: message.get("topic") == "order.inverse")
        assert {row["symbol"] for row in first["data"]} == {"BTCUSD"}
        assert all(row["category"] == "inverse" for row in first["data"])


async def test_silence_loses_events_for_good() -> None:
    async with opened("/v5/private") as (server, socket):
        await socket.authenticate()
        await socket.ask(op="subscribe", args=["execution"])
        rule = server.faults.set("/v5/private", FaultKind.HALF_OPEN)
        with server.exchange() as exchange:
            lost = market_order(exchange, "BTCUSDT", "Buy", "0.01")
        await socket.socket.send_json({"op": "ping"})
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.4):
                await socket.next()
        server.faults.remove(rule)
        with server.exchange() as exchange:
            told = market_order(exchange, "BTCUSDT", "Buy", "0.02")
            assert exchange.executions(UID, "linear")[1].order_id == lost.order_id
        push = await socket.topic("execution")
        assert push["data"][0]["orderId"] == told.order_id


async def test_faults_at_connection() -> None:
    async with opened("/v5/public/linear") as (server, _), aiohttp.ClientSession() as session:
        server.faults.set("/v5/private", FaultKind.HTTP_503, Stage.first_call())
        with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
            await session.ws_connect(server.ws_url + "/v5/private")
        server.faults.set("/v5/private", FaultKind.CONNECTION_RESET)
        with pytest.raises(aiohttp.ClientError):
            await session.ws_connect(server.ws_url + "/v5/private")
        server.faults.clear()
        server.faults.hang_seconds = 0.05
        server.faults.set("*", FaultKind.TIME_OUT)
        with pytest.raises(aiohttp.ClientError):
            await session.ws_connect(server.ws_url + "/v5/private")
        server.faults.clear()
        unfit = server.faults.set("*", FaultKind.RESULT_NULL)
        async with session.ws_connect(server.ws_url + "/v5/private"):
            assert unfit.hits == 0
        server.faults.clear()
        async with session.ws_connect(server.ws_url + "/v5/private") as socket:
            server.hub.cut("/v5/private")
            async with asyncio.timeout(WAIT):
                assert (await socket.receive()).type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}
