"""Closed bars, prices and terms through the unmodified ccxt against the embedded exchange, and through every way it can fail."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import ccxt
import ccxt.async_support
import numpy as np
import pytest
from embedded_exchange import NOW, World, ccxt_config, served_world

from market_analysis.errors import (
    MalformedAnswerError,
    RateLimitedError,
    VenueError,
    VenueRejectedError,
    VenueUnavailableError,
)
from market_analysis.garch_vol_triggers import (
    ArgumentError,
    fetch_ohlcv_df,
    get_bybit_market_info,
    get_klines_bybit,
    get_live_price_bybit,
    get_multiple_timeframes_bybit,
    load_exchange,
)
from market_analysis.venues.simulated.server import FaultKind, FaultPlan, LimitSettings

HOUR = timedelta(hours=1)
BTC = "BTC/USDT:USDT"
KLINES, TICKERS = "/v5/market/kline", "/v5/market/tickers"


@pytest.fixture(scope="module")
def faults() -> FaultPlan:
    return FaultPlan(hang_seconds=3.0)


@pytest.fixture(scope="module")
def served(faults: FaultPlan) -> Iterator[World]:
    with served_world(faults=faults, limits=LimitSettings(enabled=False)) as world:
        yield world


@pytest.fixture(scope="module")
def exchange(served: World) -> Iterator[Any]:
    """ccxt without keys."""
    config = ccxt_config(served.server)
    client = ccxt.bybit({"urls": config["urls"], "enableRateLimit": False, "timeout": 1_000, "options": {"maxRetriesOnFailure": 0}})
    client.load_markets()
    yield client
    client.session.close()


@pytest.mark.parametrize("limit", [1, 5, 200, 999, 1000, 1001, 2500])
def test_as_many_closed_bars_as_were_asked_for(exchange: Any, served: World, limit: int) -> None:
    frame = get_klines_bybit(exchange, BTC, "1h", limit=limit)
    assert len(frame) == limit
    assert list(frame.columns) == ["open", "high", "low", "close", "volume"]
    assert (frame.dtypes == np.float64).all()
    assert str(frame.index.tz) == "UTC"  # type: ignore[attr-defined]
    # 15:30 now: the bar of 14:00 is the last that closed.
    assert frame.index[-1].to_pydatetime() == NOW.replace(minute=0, second=0) - HOUR
    assert (np.diff(frame.index.asi8) == frame.index.asi8[1] - frame.index.asi8[0] if limit > 1 else np.True_).all()  # type: ignore[attr-defined]


def test_the_values_are_the_markets(exchange: Any, served: World) -> None:
    frame = get_klines_bybit(exchange, "BTC/USDT", "4h", limit=3)
    direct = exchange.fetch_ohlcv("BTC/USDT", "4h", None, 4)
    assert frame.to_numpy().tolist() == [row[1:] for row in direct[:-1]]
    ticker = served.market.last_price("linear", "BTCUSDT", NOW)
    assert get_live_price_bybit(exchange, BTC) == float(ticker)


def test_since_gives_the_first_bars_from_there(exchange: Any) -> None:
    since = datetime(2025, 3, 1, 12, 30, tzinfo=UTC)
    by_time = get_klines_bybit(exchange, BTC, "1h", since=since, limit=3)
    assert [moment.hour for moment in by_time.index] == [13, 14, 15]
    by_ms = get_klines_bybit(exchange, BTC, "1h", since=int(since.timestamp() * 1000), limit=3)
    assert by_ms.equals(by_time)
    to_the_end = get_klines_bybit(exchange, BTC, "1h", since=NOW - timedelta(hours=6), limit=50)
    assert [moment.hour for moment in to_the_end.index] == [10, 11, 12, 13, 14]
    long = get_klines_bybit(exchange, BTC, "1h", since=NOW - timedelta(hours=1700), limit=1500)
    assert len(long) == 1500
    assert set(np.diff(long.index.asi8)) == {3_600_000 * 10**6}  # type: ignore[attr-defined]
    with pytest.raises(MalformedAnswerError, match="no closed 1h bar"):
        get_klines_bybit(exchange, BTC, "1h", since=NOW - timedelta(minutes=29))


def test_several_timeframes(exchange: Any) -> None:
    frames = get_multiple_timeframes_bybit(exchange, BTC, ["4h", "1d"], days_back=10)
    assert {name: len(frame) for name, frame in frames.items()} == {"4h": 60, "1d": 10}
    assert fetch_ohlcv_df(exchange, BTC, "1d", 10).equals(frames["1d"])


def test_terms(exchange: Any, served: World) -> None:
    spec = served.market.specs["linear", "BTCUSDT"]
    info = get_bybit_market_info(exchange, BTC)
    assert (info["symbol"], info["base"], info["quote"], info["type"]) == (BTC, "BTC", "USDT", "swap")
    assert info["tick_size"] == float(spec.tick_size)
    assert info["min_quantity"] == float(spec.min_order_qty)
    assert info["contract_size"] == 1.0
    assert info["taker_fee"] is not None


def test_arguments_are_refused_by_name(exchange: Any) -> None:
    for changes, name in (
        ({"limit": 0}, "limit"),
        ({"timeframe": "7h"}, "interval"),
        ({"since": datetime(2025, 3, 1)}, "since"),  # noqa: DTZ001
    ):
        with pytest.raises(ArgumentError, match=name):
            get_klines_bybit(exchange, BTC, **changes)
    with pytest.raises(ArgumentError, match="days_back"):
        get_multiple_timeframes_bybit(exchange, BTC, ["1h"], 0)


def test_unknown_symbols_raise(exchange: Any) -> None:
    for ask in (get_live_price_bybit, get_klines_bybit, get_bybit_market_info):
        with pytest.raises(VenueRejectedError):
            ask(exchange, "NOPE/USDT")


EXPECTED = {
    FaultKind.TIME_OUT: VenueUnavailableError,
    FaultKind.CONNECTION_RESET: VenueUnavailableError,
    FaultKind.HTTP_500: VenueUnavailableError,
    FaultKind.HTTP_503: VenueUnavailableError,
    FaultKind.HTTP_429: RateLimitedError,
    FaultKind.CODE_10006: RateLimitedError,
    FaultKind.HTTP_403_BAN: VenueError,
    FaultKind.CODE_10016: VenueUnavailableError,
    FaultKind.EMPTY_BODY: VenueError,
    FaultKind.HTML_WITH_200: VenueError,
    FaultKind.JSON_NULL: VenueError,
    FaultKind.JSON_EMPTY_OBJECT: VenueError,
    FaultKind.RESULT_MISSING: MalformedAnswerError,
    FaultKind.RESULT_NULL: MalformedAnswerError,
    FaultKind.RESULT_EMPTY: MalformedAnswerError,
    FaultKind.TRUNCATED_JSON: VenueError,
    FaultKind.NOT_A_NUMBER: MalformedAnswerError,
}


@pytest.mark.parametrize("kind", EXPECTED, ids=lambda kind: kind.value)
@pytest.mark.parametrize("endpoint", [KLINES, TICKERS])
def test_every_failure_raises_and_none_is_an_empty_frame(exchange: Any, faults: FaultPlan, kind: FaultKind, endpoint: str) -> None:
    rule = faults.set(endpoint, kind)
    try:
        with pytest.raises(EXPECTED[kind]):
            get_klines_bybit(exchange, BTC, "1h", limit=10) if endpoint == KLINES else get_live_price_bybit(exchange, BTC)
    finally:
        faults.remove(rule)


def test_an_asynchronous_exchange_is_refused(served: World) -> None:
    async def ask() -> None:
        client = ccxt.async_support.bybit(ccxt_config(served.server))
        try:
            with pytest.raises(ArgumentError, match="synchronous"):
                get_klines_bybit(client, BTC, "1h")
        finally:
            await client.close()

    asyncio.run(ask())


class Scripted:
    """An exchange that answers what it is told."""

    def __init__(self, rows: Any) -> None:
        self.rows = rows

    def load_markets(self) -> None:
        return None

    def market(self, symbol: str) -> Any:
        return {"symbol": symbol}

    def fetch_ticker(self, symbol: str) -> Any:
        return {"symbol": symbol, "last": self.rows}

    def fetch_ohlcv(self, symbol: str, timeframe: str, since: int | None, limit: int | None, params: dict[str, Any]) -> Any:
        return self.rows


GOOD = [3_600_000, 10.0, 11.0, 9.0, 10.0, 1.0]


@pytest.mark.parametrize(
    "rows",
    [
        None,
        [],
        [GOOD],
        [[*GOOD[:4], None, 1.0]] * 2,
        [GOOD, [7_200_000, 10.0, 9.0, 9.0, 10.0, 1.0]],
        [GOOD, [7_200_000, 10.0, 11.0, 0.0, 10.0, 1.0]],
        [GOOD, [7_200_000, 10.0, 11.0, 9.0, 10.0, -1.0]],
        [GOOD, [7_200_001, 10.0, 11.0, 9.0, 10.0, 1.0]],
        [GOOD, GOOD],
        [GOOD, GOOD[:3]],
    ],
)
def test_rows_that_prove_nothing(rows: Any) -> None:
    with pytest.raises(MalformedAnswerError):
        get_klines_bybit(Scripted(rows), BTC, "1h", limit=1)


@pytest.mark.parametrize("last", [None, 0.0, float("nan"), "x", -1.0])
def test_a_last_price_that_is_none(last: Any) -> None:
    with pytest.raises(MalformedAnswerError, match="last price"):
        get_live_price_bybit(Scripted(last), BTC)


def test_terms_without_their_fields() -> None:
    with pytest.raises(MalformedAnswerError, match="limits"):
        get_bybit_market_info(Scripted(None), BTC)


def test_a_young_listing_gives_what_there_is() -> None:
    class Young(Scripted):
        def fetch_ohlcv(self, symbol: str, timeframe: str, since: int | None, limit: int | None, params: dict[str, Any]) -> Any:
            return self.rows if since is None else []

    rows = [GOOD, [7_200_000, *GOOD[1:]], [10_800_000, *GOOD[1:]]]
    frame = get_klines_bybit(Young(rows), BTC, "1h", limit=50)
    assert len(frame) == 2


def test_load_exchange() -> None:
    live, test = load_exchange(), load_exchange("bybit", sandbox=True)
    assert live.id == "bybit"
    assert live.apiKey in (None, "")
    assert "testnet" in test.urls["api"]["public"]
    with pytest.raises(ArgumentError, match="exchange_id"):
        load_exchange("nobody")
