"""Answers that the embedded exchange never gives: single reads on a scripted client, behind the real reader."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from ccxt import errors as ccxt_errors

from market_analysis.domain import Account, Category, InstrumentId, ManualClock, MarginMode, OrderPurpose, to_milliseconds
from market_analysis.errors import MalformedAnswerError, VenueError, VenueRejectedError, VenueUnavailableError
from market_analysis.settings.venue import BybitSettings
from market_analysis.venues.bybit.account import read_account, read_collateral_fracs, read_wallet
from market_analysis.venues.bybit.bars import read_bars
from market_analysis.venues.bybit.day import read_log
from market_analysis.venues.bybit.endpoints import ALL_ENDPOINTS
from market_analysis.venues.bybit.entries import read_entry
from market_analysis.venues.bybit.instruments import BASE_FEES, read_instruments
from market_analysis.venues.bybit.orders import read_orders
from market_analysis.venues.bybit.positions import read_positions
from market_analysis.venues.bybit.quotes import read_quotes
from market_analysis.venues.bybit.rates import read_usd_rates
from market_analysis.venues.bybit.reader import Reader
from market_analysis.venues.bybit.wire_time import WireTime

D = Decimal
AT = datetime(2026, 3, 2, 10, 10, tzinfo=UTC)
HOUR = 3_600_000
PATHS = {endpoint.method: endpoint.path for endpoint in ALL_ENDPOINTS}
Script = Mapping[str, Any]


class Scripted:
    """Stands where the ccxt client stands: a result, an error or a function of the parameters per path."""

    def __init__(self, script: Script) -> None:
        self.script, self.asked = script, []

    def __getattr__(self, method: str) -> Callable[[dict[str, Any]], Awaitable[Any]]:
        async def call(params: dict[str, Any]) -> Any:
            path = PATHS[method]
            self.asked.append((path, params))
            result = self.script[path]
            result = result(params) if callable(result) else result
            if isinstance(result, BaseException):
                raise result
            return result if isinstance(result, str) else {"retCode": 0, "result": result, "time": to_milliseconds(AT)}

        return call

    async def close(self) -> None:
        """Nothing is open."""


def reader_of(script: Script, **settings: Any) -> tuple[Reader, Any]:
    async def no_wait(_: float) -> None:
        return

    client = Scripted(script)
    options = BybitSettings(**({"max_attempts": 1} | settings))
    return Reader(client, WireTime(ManualClock(AT)), options, timeout_s=0.01, sleep=no_wait, monotonic=lambda: 0.0), client


def wallet(**changes: Any) -> dict[str, Any]:
    coin = {"coin": "USDT", "equity": "1000", "walletBalance": "1000", "usdValue": "1000", "totalPositionMM": "5"}
    return {"list": [{"accountType": "UNIFIED", "totalEquity": "1000", "coin": [coin]} | changes]}


def listed(*rows: dict[str, Any], category: str = "linear", cursor: str = "") -> dict[str, Any]:
    return {"list": list(rows), "category": category, "nextPageCursor": cursor}


POSITION = {
    "symbol": "BTCUSDT", "size": "1", "side": "Buy", "positionIdx": 0, "avgPrice": "50000", "markPrice": "51000",
    "unrealisedPnl": "1000", "updatedTime": "1700000000000", "positionMM": "5",
}  # fmt: skip
INFO = {"marginMode": "REGULAR_MARGIN"}


def usdt_book(*rows: dict[str, Any]) -> Callable[[dict[str, Any]], Any]:
    return lambda params: listed(*(rows if params.get("settleCoin") == "USDT" else ()), category=params["category"])


async def test_wallets_that_are_not_one_unified_account() -> None:
    for odd in (
        {"list": []},
        {"list": wallet()["list"] * 2},
        wallet(accountType="FUND"),
        wallet(coin=wallet()["list"][0]["coin"] * 2),
    ):
        with pytest.raises(MalformedAnswerError):
            await read_wallet(reader_of({"/v5/account/wallet-balance": odd})[0])


async def test_an_unknown_margin_mode_and_refused_collateral_are_unknown() -> None:
    script = {
        "/v5/account/wallet-balance": wallet(),
        "/v5/account/info": {"marginMode": "NEW_MODE"},
        "/v5/account/collateral-info": VenueRejectedError("no"),
    }
    reader, _ = reader_of(script)
    assert await read_collateral_fracs(reader) == {}
    account = await read_account(reader, name="main", venue="bybit", uid="1", as_of=AT)
    assert account.margin_mode is MarginMode.UNKNOWN
    assert account.coins[0].collateral_value_frac is None


async def test_positions_against_the_wallet() -> None:
    script = {"/v5/account/wallet-balance": wallet(), "/v5/account/info": INFO}
    reader, client = reader_of(script | {"/v5/position/list": usdt_book(POSITION)})
    assert len(await read_positions(reader, "main")) == 1
    reader, client = reader_of(script | {"/v5/position/list": usdt_book()})
    with pytest.raises(MalformedAnswerError, match="some are missing"):
        await read_positions(reader, "main")
    assert sum(path == "/v5/position/list" for path, _ in client.asked) == 6, "a race is ruled out by reading once more"
    reader, _ = reader_of(script | {"/v5/position/list": usdt_book(POSITION, POSITION)})
    with pytest.raises(MalformedAnswerError, match="twice"):
        await read_positions(reader, "main")
    unknown = POSITION | {"positionMM": ""}
    reader, _ = reader_of(script | {"/v5/position/list": usdt_book(unknown)})
    assert len(await read_positions(reader, "main")) == 1, "portfolio margin tells no margin by position"


async def test_orders_seen_twice_count_once_and_closed_ones_not() -> None:
    row = {"orderId": "1", "symbol": "BTCUSDT", "side": "Sell", "qty": "1", "orderType": "Limit", "price": "60000"}
    row |= {"createdTime": "1000", "updatedTime": "1000", "orderStatus": "New", "leavesQty": "1"}
    newer = row | {"updatedTime": "2000", "leavesQty": "0.5"}
    done = row | {"orderId": "2", "orderStatus": "Filled"}
    reader, _ = reader_of({"/v5/order/realtime": usdt_book(newer, row, done)})
    orders = await read_orders(reader)
    assert [(order.order_id, order.quantity) for order in orders] == [("1", D("0.5"))]
    spot = {"/v5/order/realtime": lambda p: listed(*([row] if p["category"] == "spot" else ()), category=p["category"])}
    (order,) = await read_orders(reader_of(spot)[0])
    assert (order.instrument.category, order.purpose) == (Category.SPOT, OrderPurpose.REDUCE)


BTC = InstrumentId("bybit", Category.LINEAR, "BTCUSDT")
TERMS = {
    "symbol": "BTCUSDT", "status": "Trading", "baseCoin": "BTC", "quoteCoin": "USDT", "settleCoin": "USDT",
    "priceFilter": {"tickSize": "0.1"}, "lotSizeFilter": {"minOrderQty": "0.001", "qtyStep": "0.001"},
}  # fmt: skip
FEES = {"symbol": "BTCUSDT", "takerFeeRate": "0.0006", "makerFeeRate": "0.0001"}


async def test_instruments_that_do_not_hold_together() -> None:
    good = {
        "/v5/market/instruments-info": listed(TERMS, cursor="first%3DBTCUSDT"),
        "/v5/market/risk-limit": VenueRejectedError("not traded"),
        "/v5/account/fee-rate": VenueRejectedError("not in demo trading"),
    }
    found = (await read_instruments(reader_of(good)[0], [BTC]))[BTC]
    assert not isinstance(found, VenueError)
    assert (found.tiers, found.taker_fee_frac) == ((), BASE_FEES[Category.LINEAR].taker_frac)
    tier = {"symbol": "ETHUSDT", "riskLimitValue": "1", "maintenanceMargin": "0.1", "initialMargin": "0.2", "maxLeverage": "5"}
    for path, odd in (
        ("/v5/market/instruments-info", listed()),
        ("/v5/market/instruments-info", listed(TERMS, TERMS)),
        ("/v5/market/instruments-info", listed(TERMS | {"priceFilter": {"tickSize": "0"}})),
        ("/v5/market/instruments-info", listed(TERMS | {"lotSizeFilter": {"minOrderQty": "1"}})),
        ("/v5/market/instruments-info", listed(TERMS, category="inverse")),
        ("/v5/market/risk-limit", listed(tier)),
        ("/v5/account/fee-rate", {"list": [FEES | {"symbol": "ETHUSDT"}]}),
        ("/v5/account/fee-rate", {"list": "none"}),
        ("/v5/account/fee-rate", {"list": [], "nextPageCursor": 7}),
    ):
        assert isinstance((await read_instruments(reader_of(good | {path: odd})[0], [BTC]))[BTC], MalformedAnswerError), (path, odd)


async def test_quotes_that_stood_still() -> None:
    row = {"symbol": "BTCUSDT", "lastPrice": "10", "markPrice": "10", "nextFundingTime": str(to_milliseconds(AT) - 200_000)}

    async def quote(*rows: dict[str, Any], category: str = "linear") -> Any:
        reader, _ = reader_of({"/v5/market/tickers": listed(*rows, category=category)})
        return (await read_quotes(reader, [BTC], lambda _: AT))[BTC]

    assert "stale" in str(await quote(row))
    assert isinstance(await quote(row | {"symbol": "ETHUSDT"}), MalformedAnswerError)
    assert isinstance(await quote(row, category="inverse"), MalformedAnswerError)
    assert isinstance(await quote(), MalformedAnswerError)
    crowd = [InstrumentId("bybit", Category.LINEAR, f"C{n}USDT") for n in range(21)]
    reader, client = reader_of({"/v5/market/tickers": VenueUnavailableError("down")})
    assert {type(answer) for answer in (await read_quotes(reader, crowd, lambda _: AT)).values()} == {VenueUnavailableError}
    assert len(client.asked) == 1


async def test_bars_with_a_hole_or_an_old_end() -> None:
    now = to_milliseconds(AT)

    async def bars(keep: Callable[[int], bool], hours: int = 2500) -> Any:
        def served(params: dict[str, Any]) -> Any:
            opens = range(params["end"], params["start"] - 1, -HOUR)
            rows = [[str(t), "10", "12", "9", "11", "1", "1"] for t in opens if keep((now - t) // HOUR)]
            return {"symbol": "BTCUSDT", "category": "linear", "list": rows}

        return await read_bars(reader_of({"/v5/market/kline": served})[0], BTC, 60, now - hours * HOUR, now)

    whole = await bars(lambda age: True)
    assert (len(whole), whole.gaps) == (2499, 0)
    assert len(await bars(lambda age: age < 300)) == 299, "a young listing"
    assert (await bars(lambda age: age not in (7, 8, 9))).gaps == 3
    with pytest.raises(MalformedAnswerError, match="without bars between"):
        await bars(lambda age: age < 490 or age > 1510)
    for late in (lambda age: age > 1, lambda age: False):
        with pytest.raises(MalformedAnswerError, match="stale"):
            await bars(late)
    assert len(await bars(lambda age: age > 0)) == 2498, "no later bar has begun: the newest may still be forming"


async def test_the_log_stays_in_its_window_and_goes_by_weeks() -> None:
    row = {"type": "TRANSFER_IN", "currency": "USDT", "change": "1", "transactionTime": str(to_milliseconds(AT) + 1)}
    with pytest.raises(MalformedAnswerError, match="window"):
        await read_log(reader_of({"/v5/account/transaction-log": listed(row)})[0], AT - timedelta(hours=1), AT)
    reader, client = reader_of({"/v5/account/transaction-log": {"list": []}})
    assert await read_log(reader, AT - timedelta(days=10), AT) == []
    windows = [(p["startTime"], p["endTime"]) for _, p in client.asked]
    assert windows[0][0] == to_milliseconds(AT - timedelta(days=10))
    assert windows[0][1] + 1 == windows[1][0]
    assert windows[1][1] == to_milliseconds(AT)


async def test_entries_end_after_half_a_year_and_refuse_foreign_rows() -> None:
    (position,) = await read_positions(
        reader_of({"/v5/account/wallet-balance": wallet(), "/v5/account/info": INFO, "/v5/position/list": usdt_book(POSITION)})[0],
        "main",
    )
    reader, client = reader_of({"/v5/execution/list": listed()})
    entry = await read_entry(reader, position, to_milliseconds(AT))
    assert (entry.fills, entry.complete, entry.first_protective_stop) == ((), False, None)
    assert len(client.asked) == 26
    fill = {
        "symbol": "ETHUSDT",
        "orderId": "1",
        "execId": "1",
        "side": "Buy",
        "execPrice": "1",
        "execQty": "1",
        "execType": "Trade",
    }
    with pytest.raises(MalformedAnswerError, match="no fill of BTCUSDT"):
        await read_entry(reader_of({"/v5/execution/list": listed(fill | {"execTime": "5"})})[0], position, to_milliseconds(AT))


async def test_rates_by_ticker() -> None:
    account = Account("main", "bybit", "1", MarginMode.CROSS, D(1), *(None,) * 8, coins=(), as_of=AT)

    def tickers(**index: str) -> Script:
        return {
            "/v5/market/tickers": lambda p: listed(
                {"symbol": p["symbol"], "lastPrice": "2000", "usdIndexPrice": index.get(p["symbol"], "")}, category="spot"
            )
        }

    async def rate(coin: str, **index: str) -> Any:
        return (await read_usd_rates(reader_of(tickers(**index))[0], account, [coin]))[coin]

    assert await rate("USD") == 1
    assert await rate("ETH", ETHUSDT="1990") == 1990
    assert await rate("USDT", BTCUSDT="1998") == D("0.999")
    assert await rate("ETH", BTCUSDT="1998") == 1998, "no index of its own: last price times USDT's rate"
    assert isinstance(await rate("USDT"), MalformedAnswerError)


async def test_what_ccxt_does_beside_answering() -> None:
    path = "/v5/account/wallet-balance"

    async def hang(_: Any) -> Any:
        await asyncio.sleep(30)

    reader, client = reader_of({path: ccxt_errors.ExchangeNotAvailable("refused")})
    with pytest.raises(VenueUnavailableError, match=path):
        await read_wallet(reader)
    with pytest.raises(MalformedAnswerError, match="no JSON object"):
        await read_wallet(reader_of({path: "text"})[0])
    reader, client = reader_of({path: {}})
    client.private_get_v5_account_wallet_balance = hang
    with pytest.raises(VenueUnavailableError, match="no answer within"):
        await read_wallet(reader)
