"""The server as a whole: starting, stopping, threads, bodies, every fault on every endpoint."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from embedded_exchange import NOW, UID, World, lived_exchange, market_order, new_exchange, served_world, standard_market
from signed_requests import ask_raw

from market_analysis.venues.simulated.market import ManualMarketClock, RunningMarketClock
from market_analysis.venues.simulated.server import ROUTES, FaultKind, FaultPlan, LimitSettings, Stage, running_server, serve
from market_analysis.venues.simulated.server.faults import REQUEST_FAULTS


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with served_world(lived_exchange(), faults=FaultPlan(hang_seconds=0.02), limits=LimitSettings(enabled=False)) as served:
        yield served


def test_starts_quickly_and_leaves_nothing() -> None:
    exchange, seconds = new_exchange(), []
    others = set(threading.enumerate())  # fixtures of other modules keep servers of their own
    for _ in range(5):
        began = time.perf_counter()
        with served_world(exchange) as served:
            seconds.append(time.perf_counter() - began)
            host, port = served.server.base_url.removeprefix("http://").split(":")
            socket.create_connection((host, int(port)), timeout=1).close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, int(port)), timeout=1)
    assert min(seconds) < 0.1
    assert "simulated-exchange" not in {thread.name for thread in set(threading.enumerate()) - others}


def test_a_taken_port_is_the_callers_error(world: World) -> None:
    port = int(world.server.base_url.rsplit(":", 1)[1])
    exchange = new_exchange()
    with (
        pytest.raises(OSError, match="in use"),
        running_server(exchange, market=standard_market(), clock=ManualMarketClock(NOW), port=port),
    ):
        raise AssertionError("must not start")


async def test_the_callers_exception_comes_out_unwrapped() -> None:
    with pytest.raises(KeyError, match="mine"):
        async with serve(new_exchange(), market=standard_market(), clock=ManualMarketClock(NOW)):
            raise KeyError("mine")


def test_only_manual_clocks_are_advanced() -> None:
    clock = RunningMarketClock(NOW, 60.0, time.monotonic)
    with (
        running_server(new_exchange(), market=standard_market(), clock=clock) as server,
        pytest.raises(TypeError, match="runs by itself"),
    ):
        server.advance(timedelta(minutes=1))


def test_a_running_market_moves_the_ledger() -> None:
    exchange = new_exchange()
    clock = RunningMarketClock(NOW, 3_600.0, time.monotonic)
    with running_server(exchange, market=standard_market(), clock=clock, limits=LimitSettings(enabled=False)) as server:
        with server.exchange() as held:
            market_order(held, "BTCUSDT", "Buy", "0.1")
        time.sleep(0.05)
        _, status, body = ask_raw(server, "/v5/position/list", "category=linear&symbol=BTCUSDT")
        row = json.loads(body)["result"]["list"][0]
        with server.exchange() as held:
            assert held.now > NOW + timedelta(minutes=2)
        assert (status, Decimal(row["size"])) == (200, Decimal("0.1"))


def test_control_and_log(world: World) -> None:
    world.server.requests.clear()
    ask_raw(world.server, "/v5/market/time")
    ask_raw(world.server, "/v5/market/kline", "category=linear&symbol=BTCUSDT&interval=60")
    log = world.server.requests
    assert (len(log), log.count("/v5/market/kline", containing="interval=60"), log.paths()["/v5/market/time"]) == (2, 1, 1)
    assert log.count("/v5/market/kline", method="POST") == 0
    with world.server.exchange() as exchange:
        order = market_order(exchange, "BTCUSDT", "Buy", "0.001")
        assert exchange.executions(UID, "linear")[0].order_id == order.order_id


@pytest.mark.parametrize(("body", "code"), [("nonsense", 10001), ("[1]", 10001), ('{"category":"linear"}', 10001)])
def test_bad_bodies(world: World, body: str, code: int) -> None:
    _, status, answer = ask_raw(world.server, "/v5/order/create", body=body)
    assert (status, json.loads(answer)["retCode"]) == (200, code)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v5/market/kline", "category=linear&symbol=BTCUSDT&interval=7"),
        ("/v5/market/kline", "category=linear&symbol=BTCUSDT&interval=60&limit=1001"),
        ("/v5/market/kline", "category=linear&symbol=BTCUSDT&interval=60&start=5&end=4"),
        ("/v5/market/kline", "category=linear&interval=60"),
        ("/v5/market/tickers", "category=futures"),
        ("/v5/market/open-interest", "category=linear&symbol=BTCUSDT&intervalTime=2h"),
        ("/v5/market/funding/history", "category=linear&symbol=BTCUSDT&startTime=1"),
        ("/v5/account/wallet-balance", "accountType=SPOT"),
        ("/v5/account/transaction-log", "accountType=CONTRACT"),
        ("/v5/position/list", "category=linear&settleCoin=USDT&limit=201"),
        ("/v5/order/realtime", "category=linear"),
        ("/v5/order/realtime", "category=linear&settleCoin=USDT&limit=51"),
        ("/v5/order/history", "category=linear&startTime=9&endTime=x"),
        ("/v5/position/closed-pnl", "category=linear&startTime=1&endTime=604800002"),
    ],
)
def test_bad_queries_are_10001(world: World, path: str, query: str) -> None:
    _, status, answer = ask_raw(world.server, path, query)
    assert (status, json.loads(answer)["retCode"]) == (200, 10001)


ORDER = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "0.01"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v5/order/create", ORDER | {"side": "Up"}),
        ("/v5/order/create", ORDER | {"side": ""}),
        ("/v5/order/create", ORDER | {"qty": "NaN"}),
        ("/v5/order/create", ORDER | {"qty": "much"}),
        ("/v5/order/create", ORDER | {"positionIdx": "x"}),
        ("/v5/order/create", ORDER | {"category": "option"}),
        ("/v5/order/create", ORDER | {"category": "spot"}),
        ("/v5/order/cancel", {"category": "linear", "symbol": "BTCUSDT"}),
        ("/v5/order/cancel-all", {"category": "linear"}),
        ("/v5/order/create-batch", {"category": "linear", "request": [ORDER] * 11}),
        ("/v5/order/create-batch", {"category": "linear"}),
        ("/v5/position/set-leverage", {"category": "linear", "symbol": "BTCUSDT", "buyLeverage": "3"}),
        ("/v5/position/trading-stop", {"category": "linear", "symbol": "BTCUSDT", "tpslMode": "Half"}),
        ("/v5/position/switch-mode", {"category": "linear", "symbol": "BTCUSDT", "mode": 1}),
        ("/v5/position/switch-mode", {"category": "linear", "mode": 3}),
        ("/v5/position/set-auto-add-margin", {"category": "linear", "symbol": "BTCUSDT", "autoAddMargin": 2}),
        ("/v5/account/set-margin-mode", {"setMarginMode": "LOOSE"}),
        ("/v5/account/set-collateral-switch", {"coin": "BTC", "collateralSwitch": "MAYBE"}),
    ],
)
def test_bad_writes_are_10001_and_change_nothing(world: World, path: str, body: dict[str, object]) -> None:
    def known() -> tuple[object, ...]:
        with world.server.exchange() as exchange:
            orders = tuple(exchange.orders(UID, "linear"))
            return orders, exchange.positions(UID, "linear"), exchange.account_info(UID)

    before = known()
    _, status, answer = ask_raw(world.server, path, body=json.dumps(body))
    assert (status, json.loads(answer)["retCode"]) == (200, 10001)
    assert known() == before


def test_order_filters(world: World) -> None:
    def found(path: str, query: str) -> set[str]:
        result = json.loads(ask_raw(world.server, path, f"category=linear&settleCoin=USDT&{query}")[2])["result"]
        return {row["orderId"] for row in result["list"]}

    orders = world.exchange.orders(UID, "linear")
    opened = {row.order_id for row in orders if row.is_open}
    stops = {row.order_id for row in orders if row.is_open and row.stop_order_type}
    assert found("/v5/order/realtime", "orderFilter=StopOrder") == stops
    assert found("/v5/order/realtime", "orderFilter=Order") == opened - stops
    assert found("/v5/order/realtime", "orderFilter=tpslOrder") == set()
    assert found("/v5/order/realtime", "openOnly=1&limit=50") == {row.order_id for row in orders}
    filled = next(row for row in orders if row.order_status == "Filled")
    assert found("/v5/order/realtime", f"orderId={filled.order_id}") == {filled.order_id}
    assert found("/v5/order/history", f"orderId={filled.order_id}") == {filled.order_id}
    assert found("/v5/order/history", "orderStatus=Rejected") == set()
    assert found("/v5/order/history", "baseCoin=XRP") == {row.order_id for row in orders if row.symbol == "XRPUSDT"}


def test_options_are_empty_everywhere(world: World) -> None:
    for path in ("/v5/market/instruments-info", "/v5/market/tickers", "/v5/position/list", "/v5/position/closed-pnl"):
        result = json.loads(ask_raw(world.server, path, "category=option")[2])["result"]
        assert (result["category"], result["list"]) == ("option", [])
    for path in ("/v5/execution/list", "/v5/order/realtime", "/v5/order/history"):
        assert json.loads(ask_raw(world.server, path, "category=option")[2])["result"]["list"] == []


def test_unlaunched_and_narrowed_instruments(world: World) -> None:
    def symbols(query: str) -> list[str]:
        listed = json.loads(ask_raw(world.server, "/v5/market/instruments-info", query)[2])["result"]["list"]
        return [row["symbol"] for row in listed]

    assert symbols("category=linear&status=PreLaunch") == []
    assert set(symbols("category=linear&baseCoin=BTC")) == {"BTCUSDT", "BTCPERP"}
    assert symbols("category=spot&symbol=ETHUSDT") == ["ETHUSDT"]
    pages, cursor = [], ""
    while True:
        result = json.loads(ask_raw(world.server, "/v5/market/instruments-info", f"category=linear&limit=4&cursor={cursor}")[2])[
            "result"
        ]
        pages += [row["symbol"] for row in result["list"]]
        cursor = result["nextPageCursor"]
        if not cursor:
            break
    assert sorted(pages) == sorted(symbols("category=linear"))


def test_risk_limit_pages(world: World) -> None:
    seen: list[str] = []
    cursor = ""
    while True:
        result = json.loads(ask_raw(world.server, "/v5/market/risk-limit", f"category=linear&cursor={cursor}")[2])["result"]
        seen += [row["symbol"] for row in result["list"]]
        cursor = result["nextPageCursor"]
        if not cursor:
            break
    tiers = {spec.symbol: len(spec.risk_tiers) for spec in world.market.specs.values() if spec.category == "linear"}
    assert {symbol: seen.count(symbol) for symbol in seen} == tiers


def test_get_and_post_are_told_apart_and_unknown_paths_are_404(world: World) -> None:
    assert ask_raw(world.server, "/v5/order/create", "a=1")[1] == 404
    assert ask_raw(world.server, "/v5/nothing")[1] == 404
    assert ask_raw(world.server, "/v5/market/time", body="{}")[1] == 404


def test_limit_headers(world: World) -> None:
    headers, _, _ = ask_raw(world.server, "/v5/position/list", "category=linear&settleCoin=USDT")
    assert headers["X-Bapi-Limit"] == "50"
    assert {"X-Bapi-Limit-Status", "X-Bapi-Limit-Reset-Timestamp", "Traceid"} <= set(headers)
    assert "X-Bapi-Limit" not in ask_raw(world.server, "/v5/market/time")[0]


QUERIES = {
    "/v5/market/tickers": "category=linear&symbol=BTCUSDT",
    "/v5/market/instruments-info": "category=linear",
    "/v5/market/risk-limit": "category=linear&symbol=BTCUSDT",
    "/v5/market/open-interest": "category=linear&symbol=BTCUSDT&intervalTime=1h",
    "/v5/account/wallet-balance": "accountType=UNIFIED",
    "/v5/account/fee-rate": "category=linear&symbol=BTCUSDT",
    "/v5/position/list": "category=linear&settleCoin=USDT",
    "/v5/order/realtime": "category=linear&settleCoin=USDT",
}
READS = sorted(path for method, path in ROUTES if method == "GET")


@pytest.mark.parametrize("kind", sorted(REQUEST_FAULTS, key=str), ids=str)
def test_every_fault_acts_on_every_read(world: World, kind: FaultKind) -> None:
    for path in READS:
        query = QUERIES.get(path, "category=linear&symbol=BTCUSDT&interval=60")
        rule = world.server.faults.set(path, kind, Stage.first_call())
        broken = False
        try:
            _, status, body = ask_raw(world.server, path, query)
        except (http.client.HTTPException, OSError):
            broken = True
        else:
            if status == 200 and body:
                with contextlib.suppress(json.JSONDecodeError):
                    broken = json.loads(body) is None
        assert rule.hits == 1, path
        if kind in (FaultKind.TIME_OUT, FaultKind.CONNECTION_RESET, FaultKind.APPLIED_THEN_RESET):
            assert broken, path
        sound = json.loads(ask_raw(world.server, path, query)[2])
        assert sound["retCode"] == 0, (path, sound)
        world.server.faults.clear()


def test_concurrent_clients_see_one_whole_ledger() -> None:
    """Threads trade back and forth while others read: every read balances and none fails."""
    with served_world(limits=LimitSettings(enabled=False)) as served:
        failures: list[str] = []
        stop = threading.Event()

        def read() -> None:
            while not stop.is_set():
                body = json.loads(ask_raw(served.server, "/v5/account/wallet-balance", "accountType=UNIFIED")[2])
                row = body["result"]["list"][0]
                coins = sum(Decimal(coin["usdValue"]) for coin in row["coin"])
                if abs(coins - Decimal(row["totalEquity"])) > Decimal("0.01"):
                    failures.append(f"{coins} {row['totalEquity']}")

        readers = [threading.Thread(target=read) for _ in range(3)]
        for thread in readers:
            thread.start()
        for _ in range(20):
            for side in ("Buy", "Sell"):
                order = {"category": "linear", "symbol": "BTCUSDT", "side": side, "orderType": "Market", "qty": "0.1"}
                assert json.loads(ask_raw(served.server, "/v5/order/create", body=json.dumps(order))[2])["retCode"] == 0
            served.server.advance(timedelta(minutes=1))
        stop.set()
        for thread in readers:
            thread.join()
        assert failures == []
