"""ccxt (sync) reads every endpoint; each value is the market's or the ledger's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import ccxt
import pytest
from embedded_exchange import NOW, UID, World, ccxt_config

from market_analysis.venues.simulated.market.market import to_ms

pytestmark = pytest.mark.judge
NOW_MS = to_ms(NOW)
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def client(lived_world: World) -> Iterator[Any]:
    exchange = ccxt.bybit(ccxt_config(lived_world.server))
    exchange.load_markets()
    yield exchange
    exchange.session.close()


def exact(value: float | str | None) -> Decimal:
    assert value is not None
    return Decimal(str(value))


def test_load_markets_asks_every_category_and_knows_every_instrument(client: Any, lived_world: World) -> None:
    asked = [record.query for record in lived_world.server.requests if record.path == "/v5/market/instruments-info"]
    assert len(asked) == 11
    for category in ("spot", "linear", "inverse", "option"):
        assert any(f"category={category}" in query for query in asked)
    assert lived_world.server.requests.count("/v5/asset/coin/query-info") == 1
    by_native = {(market["type"], market["linear"], market["id"]): market for market in client.markets.values()}
    assert len(by_native) == len(lived_world.market.specs)
    for spec in lived_world.market.specs.values():
        is_spot = spec.category == "spot"
        market = by_native["spot" if is_spot else "swap", None if is_spot else spec.category == "linear", spec.symbol]
        assert exact(market["precision"]["price"]) == spec.tick_size
        assert exact(market["precision"]["amount"]) == spec.qty_step
        assert exact(market["limits"]["amount"]["min"]) == spec.min_order_qty
        assert market["settle"] == (None if is_spot else spec.settle)
        assert market["active"]
        if not is_spot:
            assert exact(market["limits"]["leverage"]["max"]) == spec.max_leverage


def test_currencies(client: Any, lived_world: World) -> None:
    assert {spec.base for spec in lived_world.market.specs.values()} <= set(client.fetch_currencies())


def test_time_is_wire_time(client: Any) -> None:
    assert abs(client.fetch_time() - client.milliseconds()) < 2_000


@pytest.mark.parametrize(
    ("symbol", "category", "native"),
    [("BTC/USDT", "spot", "BTCUSDT"), ("BTC/USDT:USDT", "linear", "BTCUSDT"), ("BTC/USD:BTC", "inverse", "BTCUSD")],
)
def test_ticker_and_order_book(client: Any, lived_world: World, symbol: str, category: Any, native: str) -> None:
    ticker, market = client.fetch_ticker(symbol), lived_world.market
    day = market.day_statistics(category, native, NOW)
    bid, ask = market.best_bid_ask(category, native, NOW)
    assert exact(ticker["last"]) == day.last_price == market.last_price(category, native, NOW)
    assert (exact(ticker["bid"]), exact(ticker["ask"])) == (bid, ask)
    assert (exact(ticker["high"]), exact(ticker["low"])) == (day.high_24h, day.low_24h)
    assert exact(ticker["baseVolume"]) == day.volume_24h
    assert exact(ticker["percentage"]) == pytest.approx(day.change_frac * 100)
    if category != "spot":
        assert exact(ticker["markPrice"]) == market.mark_price(category, native, NOW)
        assert exact(ticker["indexPrice"]) == market.index_price(category, native, NOW)
    book = client.fetch_order_book(symbol, 20)
    assert (exact(book["bids"][0][0]), exact(book["asks"][0][0])) == (bid, ask)
    assert len(book["bids"]) == len(book["asks"]) == 20


def test_all_tickers(client: Any, lived_world: World) -> None:
    tickers = client.fetch_tickers(params={"category": "linear"})
    assert len(tickers) == sum(category == "linear" for category, _ in lived_world.market.specs)


def test_funding_rate_and_history(client: Any, lived_world: World) -> None:
    market = lived_world.market
    rate = client.fetch_funding_rate("ETH/USDT:USDT")
    next_ms = market.next_funding_ms("linear", "ETHUSDT", NOW_MS)
    assert rate["fundingTimestamp"] == next_ms
    assert exact(rate["fundingRate"]) == market.funding_rate("linear", "ETHUSDT", next_ms)
    since = NOW_MS - 40 * HOUR_MS
    history = client.fetch_funding_rate_history("ETH/USDT:USDT", since, 10)
    assert [row["timestamp"] for row in history] == [
        time for time in range(next_ms - 80 * HOUR_MS, NOW_MS, 8 * HOUR_MS) if time >= since
    ]
    for row in history:
        assert exact(row["fundingRate"]) == market.funding_rate("linear", "ETHUSDT", row["timestamp"])


@pytest.mark.parametrize("timeframe", ["1m", "5m", "1h", "4h", "1d", "1w", "1M"])
@pytest.mark.parametrize(
    ("symbol", "category", "native"), [("BTC/USDT:USDT", "linear", "BTCUSDT"), ("BTC/USDT", "spot", "BTCUSDT")]
)
def test_bars(client: Any, lived_world: World, timeframe: str, symbol: str, category: Any, native: str) -> None:
    interval = {"1m": 1, "5m": 5, "1h": 60, "4h": 240, "1d": "D", "1w": "W", "1M": "M"}[timeframe]
    bars = client.fetch_ohlcv(symbol, timeframe, limit=6)
    first = bars[0][0]
    own = lived_world.market.bars(category, native, interval, first, NOW_MS, NOW_MS).texts()  # type: ignore[arg-type]
    assert bars == [[int(row[0]), *(float(cell) for cell in row[1:6])] for row in own]
    assert bars[-1][0] <= NOW_MS


@pytest.mark.parametrize(("price", "kind"), [("mark", "mark"), ("index", "index")])
def test_mark_and_index_bars(client: Any, lived_world: World, price: str, kind: Any) -> None:
    bars = client.fetch_ohlcv("ETH/USDT:USDT", "1h", limit=5, params={"price": price})
    own = lived_world.market.bars("linear", "ETHUSDT", 60, bars[0][0], NOW_MS, NOW_MS, kind).texts()
    assert [bar[:5] for bar in bars] == [[int(row[0]), *(float(cell) for cell in row[1:5])] for row in own]
    assert client.fetch_premium_index_ohlcv("ETH/USDT:USDT", "1h", limit=3)


def test_bars_are_paged_from_since(client: Any, lived_world: World) -> None:
    since = NOW_MS // HOUR_MS * HOUR_MS - 2_500 * HOUR_MS
    bars = client.fetch_ohlcv("BTC/USDT:USDT", "1h", since, None, {"paginate": True, "until": NOW_MS})
    assert [bar[0] for bar in bars] == list(range(since, NOW_MS, HOUR_MS))
    lone = client.fetch_ohlcv("BTC/USDT:USDT", "1h", since, 1_000)
    assert [bar[0] for bar in lone] == list(range(since, since + 1_000 * HOUR_MS, HOUR_MS))


def test_open_interest_trades_and_tiers(client: Any, lived_world: World) -> None:
    market = lived_world.market
    history = client.fetch_open_interest_history("BTC/USDT:USDT", "1h", limit=5)
    for row in history:
        assert row["timestamp"] % HOUR_MS == 0
        at = NOW - timedelta(milliseconds=NOW_MS - row["timestamp"])
        assert exact(row["openInterestAmount"]) == market.open_interest("linear", "BTCUSDT", at)
    trades = client.fetch_trades("BTC/USDT:USDT", limit=40)
    assert len({trade["id"] for trade in trades}) == 40
    assert [trade["timestamp"] for trade in trades] == sorted(trade["timestamp"] for trade in trades)
    minute = market.bars("linear", "BTCUSDT", 1, NOW_MS - NOW_MS % 60_000 - 60_000, NOW_MS - NOW_MS % 60_000 - 1, NOW_MS)
    last_minute = [trade for trade in trades if trade["timestamp"] >= minute.open_ms[0]]
    assert sum(exact(trade["amount"]) for trade in last_minute) == exact(minute.texts()[0][5])
    tiers = client.fetch_market_leverage_tiers("BTC/USDT:USDT")
    own = market.specs["linear", "BTCUSDT"].risk_tiers
    assert [exact(tier["maxNotional"]) for tier in tiers] == [tier.limit_value for tier in own]
    assert [exact(tier["maintenanceMarginRate"]) for tier in tiers] == [tier.maintenance_margin_rate for tier in own]


def test_balance_is_the_ledgers(client: Any, lived_world: World) -> None:
    balance = client.fetch_balance()
    wallet = lived_world.exchange.wallet_balance(UID)
    info = balance["info"]["result"]["list"][0]
    assert exact(info["totalEquity"]) == wallet.total_equity
    assert exact(info["totalAvailableBalance"]) == wallet.total_available_balance
    assert exact(info["totalMaintenanceMargin"]) == wallet.total_maintenance_margin
    assert exact(info["accountMMRate"]) == wallet.account_mm_rate
    for coin in wallet.coins:
        assert exact(balance[coin.coin]["total"]) == coin.wallet_balance
    assert lived_world.server.requests.count("/v5/user/query-api") >= 1
    assert lived_world.server.requests.count("/v5/account/info") >= 1


def test_positions_are_the_ledgers(client: Any, lived_world: World) -> None:
    rows = client.fetch_positions()
    own = {(row.symbol, row.position_idx): row for row in lived_world.exchange.positions(UID, "linear") if row.size}
    assert {(row["info"]["symbol"], int(row["info"]["positionIdx"])) for row in rows} == set(own)
    assert ("ETHUSDT", 1) in own
    assert ("ETHUSDT", 2) in own
    for row in rows:
        position = own[row["info"]["symbol"], int(row["info"]["positionIdx"])]
        assert exact(row["contracts"]) == position.size
        assert row["side"] == {"Buy": "long", "Sell": "short"}[position.side]
        assert row["hedged"] == (position.position_idx != 0)
        assert exact(row["entryPrice"]) == position.avg_price
        assert exact(row["markPrice"]) == position.mark_price
        assert exact(row["unrealizedPnl"]) == position.unrealised_pnl
        assert exact(row["notional"]) == position.position_value
        assert exact(row["initialMargin"]) == pytest.approx(position.position_im)
        for given, held in (("liquidationPrice", position.liq_price), ("stopLossPrice", position.stop_loss)):
            assert (None if row[given] is None else exact(row[given])) == held


def test_inverse_and_flat_positions(client: Any, lived_world: World) -> None:
    inverse = client.fetch_positions(["BTC/USD:BTC"])
    (position,) = lived_world.exchange.positions(UID, "inverse", symbol="BTCUSD")
    assert exact(inverse[0]["contracts"]) == position.size
    assert inverse[0]["side"] == "short"
    flat = client.fetch_position("XRP/USDT:USDT")
    assert (flat["contracts"], flat["side"]) == (0, None)


def test_paged_positions(client: Any, lived_world: World) -> None:
    before = lived_world.server.requests.count("/v5/position/list", containing="cursor=")
    rows = client.fetch_positions(params={"paginate": True, "limit": 2, "maxEntriesPerRequest": 2})
    assert len(rows) == len([row for row in lived_world.exchange.positions(UID, "linear") if row.size])
    assert lived_world.server.requests.count("/v5/position/list", containing="cursor=") > before


def test_orders_open_and_closed(client: Any, lived_world: World) -> None:
    own = {order.order_id: order for order in lived_world.exchange.orders(UID, "linear")}
    opened = client.fetch_open_orders()
    assert {order["id"] for order in opened} == {key for key, order in own.items() if order.is_open}
    for order in opened:
        held = own[order["id"]]
        assert exact(order["amount"]) == held.qty
        assert order["side"] == held.side.lower()
        assert order["reduceOnly"] == held.reduce_only
        if held.trigger_price is not None:
            assert exact(order["triggerPrice"]) == held.trigger_price
    closed = client.fetch_closed_orders("BTC/USDT:USDT")
    assert {order["id"] for order in closed} == {
        key for key, order in own.items() if order.symbol == "BTCUSDT" and order.order_status == "Filled"
    }
    one = client.fetch_open_order(opened[0]["id"], client.safe_symbol(opened[0]["info"]["symbol"], None, None, "swap"))
    assert one["id"] == opened[0]["id"]


def test_trades_closed_profits_and_ledger(client: Any, lived_world: World) -> None:
    executions = {row.exec_id: row for row in lived_world.exchange.executions(UID, "linear")}
    trades = client.fetch_my_trades(None, limit=100)
    assert {trade["id"] for trade in trades} == {key for key, row in executions.items() if row.exec_type == "Trade"}
    for trade in trades:
        held = executions[trade["id"]]
        assert (exact(trade["price"]), exact(trade["amount"])) == (held.exec_price, held.exec_qty)
        assert exact(trade["fee"]["cost"]) == held.exec_fee
        assert trade["timestamp"] == held.exec_time_ms
    closed = client.fetch_positions_history(["XRP/USDT:USDT"], NOW_MS - 3 * 24 * HOUR_MS, params={"until": NOW_MS})
    (own,) = (row for row in lived_world.exchange.closed_pnls(UID, "linear") if row.symbol == "XRPUSDT")
    assert [exact(row["realizedPnl"]) for row in closed] == [own.closed_pnl]
    assert closed[0]["side"] == "long"
    entries = client.fetch_ledger(None, NOW_MS - 3 * 24 * HOUR_MS, 50, {"endTime": NOW_MS})
    log = [row for row in lived_world.exchange.transaction_log(UID) if row.transaction_time_ms >= NOW_MS - 3 * 24 * HOUR_MS]
    assert {entry["id"] for entry in entries} <= {row.id for row in log}
    assert len(entries) == min(50, len(log))
    assert exact(entries[-1]["after"]) == log[0].cash_balance


def test_fees_key_and_mode(client: Any, lived_world: World) -> None:
    fee = client.fetch_trading_fee("BTC/USDT:USDT")
    spec = lived_world.market.specs["linear", "BTCUSDT"]
    assert (exact(fee["taker"]), exact(fee["maker"])) == (spec.taker_fee_rate, spec.maker_fee_rate)
    assert len(client.fetch_trading_fees({"category": "linear"})) > 1
    key = client.private_get_v5_user_query_api()["result"]
    assert (key["readOnly"], key["uta"], key["apiKey"], key["ips"]) == (0, 1, "trader-key", ["*"])
    mode = client.private_get_v5_account_info()["result"]["marginMode"]
    assert mode == lived_world.exchange.account_info(UID).margin_mode
    collateral = client.private_get_v5_account_collateral_info()["result"]["list"]
    assert {row["currency"]: Decimal(row["collateralRatio"]) for row in collateral} == {
        coin.coin: coin.collateral_ratio for coin in lived_world.exchange.wallet_balance(UID).coins
    }
    limits = client.public_get_v5_market_price_limit({"category": "linear", "symbol": "BTCUSDT"})["result"]
    mark = lived_world.market.mark_price("linear", "BTCUSDT", NOW)
    assert Decimal(limits["sellLmt"]) < mark < Decimal(limits["buyLmt"])


def test_unknown_path_is_404(client: Any) -> None:
    with pytest.raises(ccxt.ExchangeNotAvailable, match="404"):
        client.public_get_v5_market_insurance()
