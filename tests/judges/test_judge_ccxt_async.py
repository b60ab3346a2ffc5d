"""ccxt (async) and ccxt.pro: the same server inside one loop, and its streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import ccxt.async_support
import ccxt.pro
import pytest
from embedded_exchange import TRADER, UID, World, ccxt_config, lived_exchange, market_order, standard_market

from market_analysis.venues.simulated.ledger.model import ApiKey
from market_analysis.venues.simulated.market import ManualMarketClock
from market_analysis.venues.simulated.server import FaultKind, LimitSettings, serve

pytestmark = pytest.mark.judge
BTC = "BTC/USDT:USDT"
WAIT = 5.0


@dataclass
class Pair:
    """A served world in this loop and a client of it."""

    world: World
    client: Any

    async def soon(self, action: Any, awaitable: Any) -> Any:
        """Start waiting, act, and return what the wait brings."""
        waiting = asyncio.ensure_future(awaitable)
        await asyncio.sleep(0.3)
        action()
        async with asyncio.timeout(WAIT):
            return await waiting


@asynccontextmanager
async def connected(kind: Any, key: ApiKey = TRADER) -> AsyncIterator[Pair]:
    exchange = lived_exchange()
    clock = ManualMarketClock(exchange.now)
    limits = LimitSettings(enabled=False)
    async with serve(exchange, market=standard_market(), clock=clock, limits=limits) as server:
        client = kind(ccxt_config(server, key, fetchMarkets={"types": ["linear", "inverse", "spot"]}))
        try:
            await client.load_markets()
            yield Pair(World(server, exchange, standard_market(), clock), client)
        finally:
            await client.close()


async def test_async_reads_and_writes() -> None:
    async with connected(ccxt.async_support.bybit) as pair:
        positions, orders, balance, bars = await asyncio.gather(
            pair.client.fetch_positions(),
            pair.client.fetch_open_orders(),
            pair.client.fetch_balance(),
            pair.client.fetch_ohlcv(BTC, "1h", limit=1000),
        )
        exchange = pair.world.exchange
        assert len(positions) == len([row for row in exchange.positions(UID, "linear") if row.size])
        assert {row["id"] for row in orders} == {row.order_id for row in exchange.open_orders(UID, "linear")}
        wallet = exchange.wallet_balance(UID)
        assert Decimal(balance["info"]["result"]["list"][0]["totalEquity"]) == wallet.total_equity
        assert len(bars) == 1000
        placed = await pair.client.create_order(BTC, "limit", "buy", 0.01, 40_000)
        assert placed["id"] in {row.order_id for row in exchange.open_orders(UID, "linear")}


async def test_watch_ticker_and_order_book() -> None:
    async with connected(ccxt.pro.bybit) as pair:
        market, clock = pair.world.market, pair.world.clock
        async with asyncio.timeout(WAIT):
            ticker = await pair.client.watch_ticker(BTC)
            book = await pair.client.watch_order_book(BTC, 50)
        assert Decimal(str(ticker["last"])) == market.last_price("linear", "BTCUSDT", clock.now())
        assert Decimal(str(book["bids"][0][0])) == market.best_bid_ask("linear", "BTCUSDT", clock.now())[0]
        for minutes in (1, 7, 60):
            ticker = await pair.soon(
                lambda step=minutes: pair.world.server.advance(timedelta(minutes=step)), pair.client.watch_ticker(BTC)
            )
            async with asyncio.timeout(WAIT):
                while Decimal(str(book["bids"][0][0])) != market.best_bid_ask("linear", "BTCUSDT", clock.now())[0]:
                    book = await pair.client.watch_order_book(BTC, 50)
            bid, ask = market.best_bid_ask("linear", "BTCUSDT", clock.now())
            assert Decimal(str(ticker["last"])) == market.last_price("linear", "BTCUSDT", clock.now())
            assert (Decimal(str(book["bids"][0][0])), Decimal(str(book["asks"][0][0]))) == (bid, ask)
            assert len(book["bids"]) == len(book["asks"]) == 50


async def test_watch_bars_and_trades() -> None:
    async with connected(ccxt.pro.bybit) as pair:
        async with asyncio.timeout(WAIT):
            first = await pair.client.watch_ohlcv(BTC, "5m")
        awaited = asyncio.gather(pair.client.watch_trades(BTC), pair.client.watch_ohlcv(BTC, "5m"))
        trades, bars = await pair.soon(lambda: pair.world.server.advance(timedelta(minutes=12)), awaited)
        now_ms = int(pair.world.clock.now().timestamp() * 1000)
        own = pair.world.market.bars("linear", "BTCUSDT", 5, first[-1][0], now_ms, now_ms).texts()
        assert bars == [[int(row[0]), *(float(cell) for cell in row[1:6])] for row in own][-len(bars) :]
        assert len(own) == 3
        assert trades
        assert all(row["timestamp"] <= now_ms for row in trades)


async def test_watch_spot_and_inverse() -> None:
    async with connected(ccxt.pro.bybit) as pair:
        for symbol, category, native in (("BTC/USDT", "spot", "BTCUSDT"), ("BTC/USD:BTC", "inverse", "BTCUSD")):
            async with asyncio.timeout(WAIT):
                ticker = await pair.client.watch_ticker(symbol)
            now = pair.world.clock.now()
            assert Decimal(str(ticker["last"])) == pair.world.market.last_price(category, native, now)


async def test_watch_orders_and_fills() -> None:
    async with connected(ccxt.pro.bybit) as pair:

        def trade() -> None:
            with pair.world.server.exchange() as exchange:
                market_order(exchange, "BTCUSDT", "Buy", "0.03")

        fills = asyncio.ensure_future(pair.client.watch_my_trades())
        orders = await pair.soon(trade, pair.client.watch_orders())
        async with asyncio.timeout(WAIT):
            traded = await fills
        held = pair.world.exchange.orders(UID, "linear")[0]
        while (held.order_id, "closed") not in {(row["id"], row["status"]) for row in orders}:
            async with asyncio.timeout(WAIT):  # the stop that grew with the position is told too
                orders = await pair.client.watch_orders()
        execution = pair.world.exchange.executions(UID, "linear")[0]
        assert [(row["id"], Decimal(str(row["price"]))) for row in traded] == [(execution.exec_id, execution.exec_price)]


async def test_watch_positions_and_balance() -> None:
    async with connected(ccxt.pro.bybit) as pair:
        async with asyncio.timeout(WAIT):
            snapshot = await pair.client.watch_positions()
        assert len(snapshot) >= 4
        balance_waits = asyncio.ensure_future(pair.client.watch_balance())

        def trade() -> None:
            with pair.world.server.exchange() as exchange:
                market_order(exchange, "SOLUSDT", "Sell", "3")

        rows = await pair.soon(trade, pair.client.watch_positions())
        (held,) = pair.world.exchange.positions(UID, "linear", symbol="SOLUSDT")
        assert [(row["info"]["symbol"], Decimal(str(row["contracts"]))) for row in rows] == [("SOLUSDT", held.size)]
        async with asyncio.timeout(WAIT):
            balance = await balance_waits
        wallet = {coin.coin: coin for coin in pair.world.exchange.wallet_balance(UID).coins}
        assert Decimal(str(balance["USDT"]["total"])) == wallet["USDT"].equity


async def test_stops_that_trigger_are_pushed() -> None:
    async with connected(ccxt.pro.bybit) as pair:
        now = pair.world.clock.now()
        mark = pair.world.market.mark_price("linear", "BTCUSDT", now)
        stop = str((mark * Decimal("0.9997")).quantize(Decimal("0.1")))
        body = {"category": "linear", "symbol": "BTCUSDT", "tpslMode": "Full", "stopLoss": stop, "positionIdx": 0}
        await pair.client.private_post_v5_position_trading_stop(body)
        async with asyncio.timeout(WAIT):
            await pair.client.watch_positions()
        waiting = asyncio.ensure_future(pair.client.watch_positions())
        await asyncio.sleep(0.3)
        for _ in range(40):
            pair.world.server.advance(timedelta(hours=1))
            if not pair.world.exchange.positions(UID, "linear", symbol="BTCUSDT")[0].size:
                break
        async with asyncio.timeout(WAIT):
            await waiting
            while not any(row["info"]["symbol"] == "BTCUSDT" and row["info"]["size"] == "0" for row in pair.client.positions):
                await asyncio.sleep(0.05)


async def test_wrong_key_on_the_stream() -> None:
    async with connected(ccxt.pro.bybit) as pair:
        pair.client.secret = "wrong"
        pair.client.options["enableUnifiedAccount"] = True
        pair.client.options["enableUnifiedMargin"] = False
        with pytest.raises(ccxt.AuthenticationError):
            async with asyncio.timeout(WAIT):
                await pair.client.watch_balance()


async def test_half_open_and_cut_streams() -> None:
    async with connected(ccxt.pro.bybit) as pair:
        async with asyncio.timeout(WAIT):
            await pair.client.watch_ticker(BTC)
        rule = pair.world.server.faults.set("/v5/public/linear", FaultKind.HALF_OPEN)
        waiting = asyncio.ensure_future(pair.client.watch_ticker(BTC))
        await asyncio.sleep(0)
        pair.world.server.advance(timedelta(minutes=5))
        await asyncio.sleep(0.5)
        assert not waiting.done()
        assert pair.world.server.hub.connection_count == 1
        pair.world.server.faults.remove(rule)
        pair.world.server.advance(timedelta(minutes=5))
        async with asyncio.timeout(WAIT):
            assert (await waiting)["last"]
        waiting = asyncio.ensure_future(pair.client.watch_ticker(BTC))
        await asyncio.sleep(0)
        pair.world.server.hub.cut("/v5/public/linear")
        with pytest.raises(ccxt.NetworkError):
            async with asyncio.timeout(WAIT):
                await waiting
        async with asyncio.timeout(WAIT):
            assert (await pair.client.watch_ticker(BTC))["last"]
