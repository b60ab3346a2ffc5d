"""pybit, the vendor's own client: HTTP over every endpoint it knows here, and both WebSockets."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pybit.unified_trading
import pytest
from embedded_exchange import NOW, TRADER, UID, World, market_order
from pybit.exceptions import InvalidRequestError

pytestmark = pytest.mark.judge
DAY_MS = 86_400_000
WAIT = 5.0


@contextmanager
def http(world: World, **keys: str) -> Iterator[Any]:
    session = pybit.unified_trading.HTTP(testnet=False, **keys)
    session.endpoint = world.server.base_url
    try:
        yield session
    finally:
        session.client.close()


@pytest.fixture(scope="module")
def reader(lived_world: World) -> Iterator[Any]:
    with http(lived_world, api_key=TRADER.api_key, api_secret=TRADER.secret) as session:
        yield session


@pytest.fixture
def trader(fresh_world: World) -> Iterator[Any]:
    with http(fresh_world, api_key=TRADER.api_key, api_secret=TRADER.secret) as session:
        yield session


def rows(answer: dict[str, Any]) -> list[Any]:
    assert answer["retCode"] == 0
    listed = answer["result"]["list"]
    assert isinstance(listed, list)
    return listed


def test_public_endpoints(lived_world: World) -> None:
    market, now_ms = lived_world.market, int(NOW.timestamp() * 1000)
    with http(lived_world) as session:
        assert int(session.get_server_time()["result"]["timeSecond"]) > 1_700_000_000
        for category in ("spot", "linear", "inverse"):
            listed = {row["symbol"] for row in rows(session.get_instruments_info(category=category))}
            assert listed == {symbol for group, symbol in market.specs if group == category}
        bars = rows(session.get_kline(category="linear", symbol="ETHUSDT", interval=60, limit=5))
        own = market.bars("linear", "ETHUSDT", 60, int(bars[-1][0]), now_ms, now_ms).texts()
        assert bars == own[::-1]
        mark = rows(session.get_mark_price_kline(category="linear", symbol="ETHUSDT", interval=60, limit=2))
        assert all(len(row) == 5 for row in mark)
        assert rows(session.get_index_price_kline(category="inverse", symbol="BTCUSD", interval="D", limit=2))
        assert rows(session.get_premium_index_price_kline(category="linear", symbol="ETHUSDT", interval=15, limit=2))
        ticker = rows(session.get_tickers(category="inverse", symbol="BTCUSD"))[0]
        assert Decimal(ticker["markPrice"]) == market.mark_price("inverse", "BTCUSD", NOW)
        book = session.get_orderbook(category="linear", symbol="ETHUSDT")["result"]
        assert Decimal(book["b"][0][0]) == market.best_bid_ask("linear", "ETHUSDT", NOW)[0]
        assert len(rows(session.get_public_trade_history(category="linear", symbol="ETHUSDT", limit=9))) == 9
        assert rows(session.get_open_interest(category="linear", symbol="ETHUSDT", intervalTime="1h", limit=3))
        assert rows(session.get_funding_rate_history(category="linear", symbol="ETHUSDT", limit=3))
        tiers = rows(session.get_risk_limit(category="linear", symbol="ETHUSDT"))
        assert len(tiers) == len(market.specs["linear", "ETHUSDT"].risk_tiers)


def test_account_endpoints(reader: Any, lived_world: World) -> None:
    wallet = lived_world.exchange.wallet_balance(UID)
    shown = rows(reader.get_wallet_balance(accountType="UNIFIED"))[0]
    assert Decimal(shown["totalEquity"]) == wallet.total_equity
    assert [row["coin"] for row in rows(reader.get_wallet_balance(accountType="UNIFIED", coin="USDT"))[0]["coin"]] == ["USDT"]
    assert reader.get_account_info()["result"]["marginMode"] == "REGULAR_MARGIN"
    assert reader.get_api_key_information()["result"]["permissions"]["ContractTrade"] == ["Order", "Position"]
    assert len(rows(reader.get_collateral_info())) == len(wallet.coins)
    assert rows(reader.get_fee_rates(category="linear", symbol="BTCUSDT"))[0]["takerFeeRate"] == "0.00055"
    assert reader.get_coin_info(coin="BTC")["result"]["rows"][0]["coin"] == "BTC"


def test_positions_and_histories_page_by_page(reader: Any, lived_world: World) -> None:
    exchange = lived_world.exchange

    def walk(call: Callable[..., dict[str, Any]], key: str, **params: Any) -> list[str]:
        found, cursor = [], ""
        while True:
            answer = call(category="linear", limit=2, cursor=cursor, **params)
            found += [row[key] for row in rows(answer)]
            cursor = answer["result"]["nextPageCursor"]
            if not cursor:
                return found

    window = {"startTime": int(NOW.timestamp() * 1000) - 5 * DAY_MS, "endTime": int(NOW.timestamp() * 1000)}
    assert sorted(walk(reader.get_positions, "symbol", settleCoin="USDT")) == sorted(
        row.symbol for row in exchange.positions(UID, "linear") if row.size
    )
    assert walk(reader.get_executions, "execId", **window) == [row.exec_id for row in exchange.executions(UID, "linear")]
    assert walk(reader.get_closed_pnl, "orderId", **window) == [row.order_id for row in exchange.closed_pnls(UID, "linear")]
    opened = walk(reader.get_open_orders, "orderId", settleCoin="USDT")
    assert opened == [row.order_id for row in exchange.orders(UID, "linear") if row.is_open]
    assert walk(reader.get_order_history, "orderId", **window) == [
        row.order_id for row in exchange.orders(UID, "linear") if not row.is_open
    ]
    logged = walk(reader.get_transaction_log, "id", accountType="UNIFIED", **window)
    assert logged == [row.id for row in exchange.transaction_log(UID) if row.category == "linear"]
    flat = rows(reader.get_positions(category="linear", symbol="XRPUSDT"))[0]
    assert (flat["size"], flat["side"]) == ("0", "")


def test_closed_pnl_window_is_seven_days(reader: Any) -> None:
    with pytest.raises(InvalidRequestError, match="7 days"):
        reader.get_closed_pnl(category="linear", startTime=1, endTime=8 * DAY_MS)
    with pytest.raises(InvalidRequestError, match="limit"):
        reader.get_transaction_log(accountType="UNIFIED", limit=51)


def test_trading(trader: Any, fresh_world: World) -> None:
    exchange = fresh_world.exchange
    placed = trader.place_order(
        category="linear", symbol="BTCUSDT", side="Buy", orderType="Limit", qty="0.01", price="40000", orderLinkId="py-1"
    )["result"]
    assert placed["orderLinkId"] == "py-1"
    trader.amend_order(category="linear", symbol="BTCUSDT", orderLinkId="py-1", qty="0.02")
    held = next(row for row in exchange.open_orders(UID, "linear") if row.order_link_id == "py-1")
    assert (held.order_id, held.qty) == (placed["orderId"], Decimal("0.02"))
    trader.cancel_order(category="linear", symbol="BTCUSDT", orderId=held.order_id)
    assert held.order_id not in {row.order_id for row in exchange.open_orders(UID, "linear")}
    batch = trader.place_batch_order(
        category="linear",
        request=[
            {"symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": "40000"},
            {"symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "-1", "price": "40000"},
        ],
    )
    assert [row["code"] == 0 for row in batch["retExtInfo"]["list"]] == [True, False]
    assert trader.cancel_all_orders(category="linear", settleCoin="USDT")["result"]["success"] == "1"
    assert not exchange.open_orders(UID, "linear")
    trader.set_leverage(category="linear", symbol="BTCUSDT", buyLeverage="13", sellLeverage="13")
    trader.set_trading_stop(category="linear", symbol="BTCUSDT", stopLoss="50000", tpslMode="Full", positionIdx=0)
    trader.switch_position_mode(category="linear", symbol="ADAUSDT", mode=3)
    trader.set_collateral_coin(coin="BTC", collateralSwitch="ON")
    (position,) = exchange.positions(UID, "linear", symbol="BTCUSDT")
    assert position.leverage == 13
    assert position.stop_loss == 50_000
    with pytest.raises(InvalidRequestError, match="110043"):
        trader.set_leverage(category="linear", symbol="BTCUSDT", buyLeverage="13", sellLeverage="13")


def test_batches_and_isolated_margin(trader: Any, fresh_world: World) -> None:
    exchange = fresh_world.exchange
    wanted = {"symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": "40000", "orderLinkId": "b"}
    trader.place_batch_order(category="linear", request=[wanted])
    trader.amend_batch_order(category="linear", request=[{"symbol": "BTCUSDT", "orderLinkId": "b", "qty": "0.03"}])
    assert {row.qty for row in exchange.open_orders(UID, "linear") if row.order_link_id == "b"} == {Decimal("0.03")}
    trader.cancel_batch_order(category="linear", request=[{"symbol": "BTCUSDT", "orderLinkId": "b"}])
    assert "b" not in {row.order_link_id for row in exchange.open_orders(UID, "linear")}
    trader.set_margin_mode(setMarginMode="ISOLATED_MARGIN")
    trader.set_auto_add_margin(category="linear", symbol="BTCUSDT", autoAddMargin=1)
    (before,) = exchange.positions(UID, "linear", symbol="BTCUSDT")
    trader.add_or_reduce_margin(category="linear", symbol="BTCUSDT", margin="40")
    (after,) = exchange.positions(UID, "linear", symbol="BTCUSDT")
    assert (after.position_balance - before.position_balance, after.auto_add_margin) == (Decimal(40), 1)


class Inbox:
    """Messages of a stream, waited for with a time limit."""

    def __init__(self) -> None:
        self._arrived = threading.Condition()
        self.messages: list[dict[str, Any]] = []

    def __call__(self, message: dict[str, Any]) -> None:
        with self._arrived:
            self.messages.append(message)
            self._arrived.notify_all()

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        with self._arrived:
            found = self._arrived.wait_for(lambda: next((m for m in self.messages if wanted(m)), None), timeout=WAIT)
        assert found, self.messages
        return found


@contextmanager
def stream(world: World, monkeypatch: pytest.MonkeyPatch, channel: str, **keys: str) -> Iterator[Any]:
    base = world.server.ws_url
    monkeypatch.setattr(pybit.unified_trading, "PRIVATE_WSS", f"{base}/v5/private")
    monkeypatch.setattr(pybit.unified_trading, "PUBLIC_WSS", f"{base}/v5/public/{{CHANNEL_TYPE}}")
    socket = pybit.unified_trading.WebSocket(channel_type=channel, testnet=False, ping_interval=2, ping_timeout=1, **keys)
    try:
        yield socket
    finally:
        socket.exit()
        socket.wst.join()


def test_public_stream(fresh_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with stream(fresh_world, monkeypatch, "linear") as socket:
        tickers, bars, book, trades = Inbox(), Inbox(), Inbox(), Inbox()
        socket.ticker_stream("BTCUSDT", tickers)
        socket.kline_stream(1, "BTCUSDT", bars)
        socket.orderbook_stream(50, "BTCUSDT", book)
        socket.trade_stream("BTCUSDT", trades)
        tickers.wait_for(lambda message: message["type"] == "snapshot")
        book.wait_for(lambda message: message["type"] == "snapshot")
        bars.wait_for(lambda message: not message["data"][0]["confirm"])
        _until(lambda: len(_topics(fresh_world)) == 4)
        fresh_world.server.advance(timedelta(minutes=3))
        now = fresh_world.clock.now()
        last = fresh_world.market.last_price("linear", "BTCUSDT", now)
        tickers.wait_for(lambda message: Decimal(message["data"]["lastPrice"]) == last)
        closed = bars.wait_for(lambda message: message["data"][0]["confirm"])
        assert [row["confirm"] for row in closed["data"]] == [True, True, True, False]
        bid, _ = fresh_world.market.best_bid_ask("linear", "BTCUSDT", now)
        book.wait_for(lambda message: Decimal(message["data"]["b"][0][0]) == bid)
        trades.wait_for(lambda message: message["data"][0]["s"] == "BTCUSDT")


def test_private_stream(fresh_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"api_key": TRADER.api_key, "api_secret": TRADER.secret}
    with stream(fresh_world, monkeypatch, "private", **keys) as socket:
        orders, fills, positions, wallets = Inbox(), Inbox(), Inbox(), Inbox()
        socket.order_stream(orders)
        socket.execution_stream(fills)
        socket.position_stream(positions)
        socket.wallet_stream(wallets)
        _until(lambda: len(_topics(fresh_world)) == 4)
        with fresh_world.server.exchange() as exchange:
            order = market_order(exchange, "BTCUSDT", "Buy", "0.01")
        orders.wait_for(lambda message: message["data"][0]["orderId"] == order.order_id)
        fill = fills.wait_for(lambda message: message["data"][0]["orderId"] == order.order_id)
        assert fill["data"][0]["execQty"] == "0.01"
        (held,) = fresh_world.exchange.positions(UID, "linear", symbol="BTCUSDT")
        positions.wait_for(lambda message: Decimal(message["data"][0]["size"]) == held.size)
        wallets.wait_for(lambda message: message["data"][0]["accountType"] == "UNIFIED")


def _topics(world: World) -> list[str]:
    return [topic for topics in world.server.hub.subscriptions() for topic in topics]


def _until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(WAIT / 0.02)):
        if condition():
            return
        pause.wait(0.02)
    raise AssertionError("the condition never came true")
