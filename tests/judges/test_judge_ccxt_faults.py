"""Each fault as ccxt feels it, through the real client: the map that the Bybit venue is built on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import ccxt
import pytest
from embedded_exchange import NOW, UID, World, ccxt_config, lived_exchange, served_world

from market_analysis.venues.simulated.server import FaultKind, FaultPlan, LimitSettings, Stage, SystemWireClock

pytestmark = pytest.mark.judge
POSITIONS = "/v5/position/list"
RAISES: dict[FaultKind, type[Exception]] = {
    FaultKind.TIME_OUT: ccxt.RequestTimeout,
    FaultKind.CONNECTION_RESET: ccxt.NetworkError,
    FaultKind.HTTP_401: ccxt.AuthenticationError,
    FaultKind.HTTP_403_BAN: ccxt.RateLimitExceeded,
    FaultKind.HTTP_429: ccxt.ExchangeError,
    FaultKind.HTTP_429_JSON: ccxt.ExchangeError,
    FaultKind.HTTP_500: ccxt.ExchangeNotAvailable,
    FaultKind.HTTP_502: ccxt.ExchangeNotAvailable,
    FaultKind.HTTP_503: ccxt.ExchangeNotAvailable,
    FaultKind.HTTP_504: ccxt.RequestTimeout,
    FaultKind.CODE_10002: ccxt.InvalidNonce,
    FaultKind.CODE_10003: ccxt.AuthenticationError,
    FaultKind.CODE_10004: ccxt.AuthenticationError,
    FaultKind.CODE_10005: ccxt.PermissionDenied,
    FaultKind.CODE_10006: ccxt.RateLimitExceeded,
    FaultKind.CODE_10010: ccxt.PermissionDenied,
    FaultKind.CODE_10016: ccxt.ExchangeError,
    FaultKind.CODE_10018: ccxt.RateLimitExceeded,
    FaultKind.CODE_33004: ccxt.AuthenticationError,
    FaultKind.JSON_EMPTY_OBJECT: ccxt.ExchangeError,
    FaultKind.APPLIED_THEN_HTTP_500: ccxt.ExchangeNotAvailable,
    FaultKind.APPLIED_THEN_RESET: ccxt.NetworkError,
    FaultKind.APPLIED_THEN_TIME_OUT: ccxt.RequestTimeout,
}
LOOKS_FLAT = (
    FaultKind.EMPTY_BODY,
    FaultKind.HTML_WITH_200,
    FaultKind.JSON_NULL,
    FaultKind.TRUNCATED_JSON,
    FaultKind.RESULT_MISSING,
    FaultKind.RESULT_NULL,
    FaultKind.RESULT_EMPTY,
)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with served_world(lived_exchange(), faults=FaultPlan(hang_seconds=0.6), limits=LimitSettings(enabled=False)) as served:
        yield served


@pytest.fixture
def client(world: World) -> Iterator[Any]:
    config = ccxt_config(world.server, fetchMarkets={"types": ["linear"]})
    exchange = ccxt.bybit(config | {"timeout": 300})
    exchange.load_markets()
    world.server.faults.clear()
    yield exchange
    world.server.faults.clear()
    exchange.session.close()


@pytest.mark.parametrize("kind", RAISES)
def test_faults_that_raise(world: World, client: Any, kind: FaultKind) -> None:
    rule = world.server.faults.set(POSITIONS, kind, Stage.first_call())
    with pytest.raises(RAISES[kind]):
        client.fetch_positions()
    assert rule.hits == 1
    assert client.fetch_positions()


@pytest.mark.parametrize("kind", LOOKS_FLAT)
def test_faults_that_look_flat(world: World, client: Any, kind: FaultKind) -> None:
    world.server.faults.set(POSITIONS, kind, Stage.first_call())
    assert client.fetch_positions() == []
    assert client.fetch_positions()


def test_faults_of_rows(world: World, client: Any) -> None:
    faults = world.server.faults
    faults.set(POSITIONS, FaultKind.WRONG_SYMBOL, Stage.first_call())
    assert {row["info"]["symbol"] for row in client.fetch_positions()} == {"FOREIGNUSDT"}
    faults.clear()
    faults.set(POSITIONS, FaultKind.ROWS_DROPPED, Stage.first_call(), symbol="BTCUSDT")
    assert "BTCUSDT" not in {row["info"]["symbol"] for row in client.fetch_positions()}
    assert "BTCUSDT" in {row["info"]["symbol"] for row in client.fetch_positions()}
    faults.set(POSITIONS, FaultKind.NOT_A_NUMBER, Stage.first_call())
    with pytest.raises(ValueError, match="NaN"):  # not a ccxt error: its decimal arithmetic breaks
        client.fetch_positions()


def test_missing_pages(world: World, client: Any) -> None:
    params = {"paginate": True, "limit": 2, "maxEntriesPerRequest": 2}
    whole = len(client.fetch_positions(params=params))
    world.server.faults.set(POSITIONS, FaultKind.CURSOR_DROPPED)
    assert len(client.fetch_positions(params=params)) == 2 < whole
    world.server.faults.clear()
    rule = world.server.faults.set(POSITIONS, FaultKind.HTTP_502, Stage.page_two())
    with pytest.raises(ccxt.ExchangeNotAvailable):
        client.fetch_positions(params=params | {"maxRetries": 1})
    assert rule.hits


def test_partial_outage(world: World, client: Any) -> None:
    world.server.faults.set("/v5/market/tickers", FaultKind.HTTP_503, symbol="ETHUSDT")
    assert client.fetch_ticker("BTC/USDT:USDT")["last"]
    with pytest.raises(ccxt.ExchangeNotAvailable):
        client.fetch_ticker("ETH/USDT:USDT")


def test_stale_candles_and_frozen_answers(world: World, client: Any) -> None:
    fresh = client.fetch_ohlcv("BTC/USDT:USDT", "1h", limit=3)
    world.server.faults.set("/v5/market/kline", FaultKind.STALE_DATA, Stage.first_call())
    stale = client.fetch_ohlcv("BTC/USDT:USDT", "1h", limit=3)
    assert stale[-1][0] == fresh[-1][0] - 24 * 3_600_000
    rule = world.server.faults.set("/v5/account/wallet-balance", FaultKind.FROZEN_ANSWER)
    answers = [client.private_get_v5_account_wallet_balance({"accountType": "UNIFIED"})["time"] for _ in range(2)]
    assert answers[0] == answers[1]
    assert rule.hits == 2


def test_a_write_that_was_applied_and_not_answered(client: Any, world: World) -> None:
    for kind in (FaultKind.APPLIED_THEN_HTTP_500, FaultKind.APPLIED_THEN_RESET):
        before = len(world.exchange.orders(UID, "linear"))
        world.server.faults.set("/v5/order/create", kind, Stage.first_call())
        with pytest.raises(ccxt.NetworkError):
            client.create_order("LINK/USDT:USDT", "limit", "buy", 1, 5)
        assert len(world.exchange.orders(UID, "linear")) == before + 1
    world.server.faults.set("/v5/order/create", FaultKind.HTTP_500, Stage.first_call())
    before = len(world.exchange.orders(UID, "linear"))
    with pytest.raises(ccxt.NetworkError):
        client.create_order("LINK/USDT:USDT", "limit", "buy", 1, 5)
    assert len(world.exchange.orders(UID, "linear")) == before


def test_mid_loop_faults_wait_for_the_market(client: Any, world: World) -> None:
    world.server.faults.set(POSITIONS, FaultKind.HTTP_500, Stage.mid_loop())
    assert client.fetch_positions()
    world.server.advance(timedelta(minutes=1))
    with pytest.raises(ccxt.ExchangeNotAvailable):
        client.fetch_positions()


def test_a_skewed_server_clock_refuses_signatures_until_the_client_adjusts() -> None:
    for offset in (-3_600_000, 3_600_000):
        with served_world(wire_clock=SystemWireClock(offset)) as skewed:
            client = ccxt.bybit(ccxt_config(skewed.server))
            with pytest.raises(ccxt.InvalidNonce):
                client.private_get_v5_account_info()
            client.load_time_difference()
            assert client.private_get_v5_account_info()["result"]["marginMode"]
            client.session.close()


def test_rate_limits_reach_the_client() -> None:
    with served_world() as limited:
        client = ccxt.bybit(ccxt_config(limited.server))
        for _ in range(5):
            client.private_get_v5_account_fee_rate({"category": "linear"})
        assert client.last_response_headers["X-Bapi-Limit"] == "5"
        assert client.last_response_headers["X-Bapi-Limit-Status"] == "0"
        with pytest.raises(ccxt.RateLimitExceeded):
            client.private_get_v5_account_fee_rate({"category": "linear"})
        client.session.close()
    small = LimitSettings(ip_requests=10)
    with served_world(limits=small) as limited:
        client = ccxt.bybit(ccxt_config(limited.server))
        for _ in range(10):
            client.fetch_time()
        for _ in range(2):
            with pytest.raises(ccxt.RateLimitExceeded, match="403"):
                client.fetch_time()
        limited.server.limiter.lift_bans()
        assert client.fetch_time()
        client.session.close()


def test_market_time_and_wire_time_are_two(client: Any, world: World) -> None:
    assert client.fetch_ohlcv("BTC/USDT:USDT", "1h", limit=1)[0][0] < (NOW + timedelta(days=1)).timestamp() * 1000
    assert abs(client.fetch_time() - client.milliseconds()) < 2_000
