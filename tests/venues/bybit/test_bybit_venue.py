"""The venue's reads against the embedded exchange's own ledger, wire to type, through the real ccxt."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from bybit_book import BEGIN, KEYS, NOW, UID, D, book_of_seven, trade

from market_analysis.domain import (
    Category,
    FillKind,
    InstrumentId,
    ManualClock,
    MarginMode,
    OrderPurpose,
    OrderSide,
    Side,
    TriggerSource,
    from_milliseconds,
    to_milliseconds,
)
from market_analysis.errors import AuthenticationError, ClockSkewError, MalformedAnswerError, UsageError, VenueError
from market_analysis.settings import Credentials
from market_analysis.venues.simulated.ledger import Account, Exchange
from market_analysis.venues.simulated.ledger.requests import TradingStopRequest
from market_analysis.venues.simulated.market import ManualMarketClock, Market
from market_analysis.venues.simulated.server.faults import FaultKind, Stage
from market_analysis.venues.simulated.server.limits import LimitSettings
from market_analysis.venues.simulated.server.wire import SystemWireClock

RESET = datetime(2026, 3, 2, tzinfo=UTC)


def linear(symbol: str) -> InstrumentId:
    return InstrumentId("bybit", Category.LINEAR, symbol)


async def test_positions_are_the_ledgers(desk: Any) -> None:
    """Seven positions, two of them one symbol in hedge mode, of three settle coins."""
    positions = {position.key: position for position in await (await desk.venue()).positions()}
    with desk.server.exchange() as exchange:
        rows = [(category, row) for category in ("linear", "inverse") for row in exchange.positions(UID, category) if row.size]
    assert len(positions) == len(rows) == 7
    assert {key.instrument.symbol for key in positions} == {"BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "BTCPERP", "BTCUSD"}
    for key, position in positions.items():
        row = next(
            r
            for c, r in rows
            if (c, r.symbol, r.position_idx) == (key.instrument.category, key.instrument.symbol, key.position_index)
        )
        assert position.side is (Side.LONG if row.side == "Buy" else Side.SHORT)
        assert (position.quantity, position.entry_price, position.mark_price) == (row.size, row.avg_price, row.mark_price)
        assert (position.unrealized_pnl, position.realized_pnl) == (row.unrealised_pnl, row.cur_realised_pnl)
        assert (position.initial_margin, position.maintenance_margin) == (row.position_im, row.position_mm)
        assert position.liquidation_price == row.liq_price or position.liquidation_price is None
        assert position.margin_mode is MarginMode.CROSS
        assert 1 <= (position.adl_rank or 0) <= 5
    inverse = next(p for k, p in positions.items() if k.instrument.category is Category.INVERSE)
    assert inverse.notional == inverse.quantity == 5000
    btc = positions[next(k for k in positions if k.instrument.symbol == "BTCUSDT")]
    assert btc.notional == btc.quantity * btc.mark_price


async def test_account_is_the_ledgers(desk: Any) -> None:
    account = await (await desk.venue()).account()
    with desk.server.exchange() as exchange:
        wallet = exchange.wallet_balance(UID)
    assert (account.uid, account.name, account.venue, account.margin_mode) == (UID, "main", "bybit", MarginMode.CROSS)
    assert (account.equity, account.margin_balance) == (wallet.total_equity, wallet.total_margin_balance)
    assert (account.maintenance_margin, account.maintenance_margin_frac) == (
        wallet.total_maintenance_margin,
        wallet.account_mm_rate,
    )
    assert account.as_of == desk.clock.now()
    coins = {coin.coin: coin for coin in account.coins}
    for row in wallet.coins:
        assert (coins[row.coin].equity, coins[row.coin].usd_value) == (row.equity, row.usd_value)
        assert coins[row.coin].collateral_value_frac == row.collateral_ratio
        assert coins[row.coin].is_collateral == (row.margin_collateral and row.collateral_switch)


async def test_isolated_account_leaves_sums_unknown(open_desk: Callable[..., Any], market: Market) -> None:

    def build(on: Market, clock: ManualMarketClock) -> Exchange:
        exchange: Exchange = book_of_seven(on, clock)
        exchange.cancel_all(UID, "linear", symbol="ETHUSDT")
        exchange.set_margin_mode(UID, "ISOLATED_MARGIN")
        return exchange

    venue = await (await open_desk(build)).venue()
    account, positions = await venue.account(), await venue.positions()
    assert account.margin_mode is MarginMode.ISOLATED
    assert account.maintenance_margin_frac is None
    assert account.equity > 0
    assert {position.margin_mode for position in positions} == {MarginMode.ISOLATED}
    assert len(positions) == 7


async def test_orders_and_what_they_are_for(desk: Any) -> None:
    orders = await (await desk.venue()).orders()
    by_symbol = {(order.instrument.symbol, order.purpose): order for order in orders}
    assert len(orders) == 5
    btc_stop = by_symbol["BTCUSDT", OrderPurpose.STOP_LOSS]
    assert (btc_stop.quantity, btc_stop.trigger_source, btc_stop.reduce_only) == (None, TriggerSource.LAST, True)
    eth_stop = by_symbol["ETHUSDT", OrderPurpose.STOP_LOSS]
    assert (eth_stop.side, eth_stop.trigger_source, eth_stop.quantity) == (OrderSide.BUY, TriggerSource.MARK, None)
    assert by_symbol["SOLUSDT", OrderPurpose.STOP_LOSS].quantity == by_symbol["SOLUSDT", OrderPurpose.TAKE_PROFIT].quantity == 10
    entry = by_symbol["ETHUSDT", OrderPurpose.ENTRY]
    assert (entry.side, entry.quantity, entry.trigger_price, entry.trigger_source) == (OrderSide.BUY, 1, None, None)
    assert not entry.reduce_only


async def test_a_trailing_stop_sleeps_until_its_activation_price(desk: Any) -> None:
    venue = await desk.venue()
    price = next(p.mark_price for p in await venue.positions() if p.instrument.symbol == "BTCPERP")
    wanted = {"trailing_stop": D(500), "active_price": (price * D("1.3")).quantize(D("0.1"))}
    with desk.server.exchange() as exchange:
        exchange.set_trading_stop(UID, TradingStopRequest("linear", "BTCPERP", **wanted))
        exchange.set_trading_stop(UID, TradingStopRequest("linear", "SOLUSDT", trailing_stop=D(5)))
    trails = {o.instrument.symbol: o for o in await venue.orders() if o.purpose is OrderPurpose.TRAILING_STOP}
    assert (trails["BTCPERP"].is_active, trails["BTCPERP"].trigger_price, trails["BTCPERP"].trailing_distance) == (False, None, 500)
    assert (trails["SOLUSDT"].is_active, trails["SOLUSDT"].trailing_distance, trails["SOLUSDT"].quantity) == (True, 5, None)
    assert trails["SOLUSDT"].trigger_price is not None
    assert trails["BTCPERP"].trigger_source is TriggerSource.LAST


async def test_a_flat_account_is_proven_flat(open_desk: Callable[..., Any]) -> None:

    def build(market: Market, clock: ManualMarketClock) -> Exchange:
        return Exchange(market, [Account(UID, tuple(KEYS.values()), wallet=(("USDT", D(1000)),))], start=BEGIN)

    desk = await open_desk(build)
    venue = await desk.venue()
    assert await venue.positions() == ()
    assert await venue.orders() == ()
    desk.server.faults.set("/v5/account/wallet-balance", FaultKind.HTTP_500)
    with pytest.raises(VenueError):
        await venue.positions()


async def test_an_empty_list_beside_a_wallet_that_holds_margin_raises(desk: Any) -> None:
    """Every linear row hidden: the lists look like those of a flat account, the wallet does not."""
    venue = await desk.venue()
    for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"):
        desk.server.faults.set("/v5/position/list", FaultKind.ROWS_DROPPED, symbol=symbol)
    with pytest.raises(MalformedAnswerError):
        await venue.positions()


async def test_positions_and_orders_beyond_one_page(open_desk: Callable[..., Any]) -> None:
    """120 resting orders are three pages of 50."""

    def build(market: Market, clock: ManualMarketClock) -> Exchange:
        exchange: Exchange = book_of_seven(market, clock)
        for number in range(120):
            trade(exchange, "Buy", "0.1", "ETHUSDT", price=D(1000) + number)
        return exchange

    desk = await open_desk(build)
    orders = await (await desk.venue()).orders()
    assert len(orders) == 125
    assert desk.server.requests.count("/v5/order/realtime", containing="settleCoin=USDT") == 4


async def test_instruments_and_quotes(desk: Any, market: Market) -> None:
    venue = await desk.venue()
    ids = [linear(s) for s in ("BTCUSDT", "SUIUSDT", "BTCPERP")]
    ids += [InstrumentId("bybit", Category.INVERSE, "BTCUSD"), InstrumentId("bybit", Category.SPOT, "BTCUSDT"), linear("NOSUCH")]
    instruments, quotes = await venue.instruments(ids), await venue.quotes(ids)
    assert isinstance(instruments[linear("NOSUCH")], VenueError)
    assert isinstance(quotes[linear("NOSUCH")], VenueError)
    for one in ids[:5]:
        spec, found, quote = market.specs[(one.category.value, one.symbol)], instruments[one], quotes[one]
        assert not isinstance(found, VenueError)
        assert not isinstance(quote, VenueError)
        assert (found.base, found.quote, found.tick_size) == (spec.base, spec.quote, spec.tick_size)
        assert found.quantity_step == spec.qty_step
        assert (found.taker_fee_frac, found.maker_fee_frac) == (spec.taker_fee_rate, spec.maker_fee_rate)
        assert quote.last == market.last_price(one.category.value, one.symbol, desk.clock.now())
        assert abs(quote.time - desk.clock.now()) < timedelta(seconds=5)
        spot = one.category is Category.SPOT
        assert (quote.mark is None) is spot
        assert (found.tiers == ()) is spot
        assert [tier.limit_value for tier in found.tiers] == sorted(tier.limit_value for tier in found.tiers)
    sui = instruments[linear("SUIUSDT")]
    assert not isinstance(sui, VenueError)
    assert sui.funding_interval_hours == 1
    btc = instruments[ids[0]]
    assert not isinstance(btc, VenueError)
    first, second = btc.tiers[:2]
    at = first.limit_value
    assert at * first.maintenance_margin_frac - first.deduction == at * second.maintenance_margin_frac - second.deduction
    assert (instruments[ids[3]].settle, instruments[ids[2]].settle) == ("BTC", "USDC")  # type: ignore[union-attr]


async def test_many_quotes_are_one_request_a_category(desk: Any, market: Market) -> None:
    venue = await desk.venue()
    listed = [InstrumentId("bybit", Category(c), s) for c, s in market.specs if c == "linear"]
    padded = [*listed, *(linear(f"NO{n}USDT") for n in range(21))]
    quotes = await venue.quotes(padded)
    assert sum(not isinstance(quote, VenueError) for quote in quotes.values()) == len(listed)
    assert desk.server.requests.count("/v5/market/tickers") == 1


async def test_bars_are_closed_paged_and_incremental(open_desk: Callable[..., Any], market: Market) -> None:
    desk = await open_desk()
    venue, btc, now = await desk.venue(), linear("BTCUSDT"), desk.clock.now()
    five = await venue.bars(btc, 1, to_milliseconds(BEGIN), now)
    assert len(five) == int((now - BEGIN).total_seconds()) // 60
    assert five.last_close_time == now
    assert five.gaps == 0
    assert desk.server.requests.count("/v5/market/kline") == -(-(len(five) + 1) // 1000) == 3
    hourly = await venue.bars(btc, 60, to_milliseconds(BEGIN), now)
    assert hourly.last_close_time == datetime(2026, 3, 2, 10, tzinfo=UTC)
    for hour in (0, 7, len(hourly) - 1):
        minutes = slice(hour * 60, hour * 60 + 60)
        assert hourly.high[hour] == five.high[minutes].max()
        assert hourly.close[hour] == five.close[minutes][-1]
    served = desk.server.requests.count("/v5/market/kline")
    nothing = await venue.bars(btc, 60, to_milliseconds(hourly.last_close_time), now)
    assert len(nothing) == 0
    assert desk.server.requests.count("/v5/market/kline") == served, "nothing new can have closed: nothing is asked"
    desk.server.advance(timedelta(hours=1))
    fresh = await venue.bars(btc, 60, to_milliseconds(hourly.last_close_time), desk.clock.now())
    assert len(fresh) == 1
    with pytest.raises(UsageError, match="bar_minutes is 7"):
        await venue.bars(btc, 7, 0, now)


async def test_a_clock_ahead_of_the_venue_gets_no_forming_bar(desk: Any) -> None:
    """Our clock says 11:00:01, the venue's 10:59:59 market time: the bar of 10:00 is not taken for closed."""
    venue = await desk.venue()
    desk.server.advance(datetime(2026, 3, 2, 10, 59, 59, tzinfo=UTC) - desk.clock.now())
    ahead = datetime(2026, 3, 2, 11, 0, 1, tzinfo=UTC)
    bars = await venue.bars(linear("BTCUSDT"), 60, to_milliseconds(RESET), ahead)
    assert bars.last_close_time == datetime(2026, 3, 2, 10, tzinfo=UTC)


async def test_entries_of_all_seven(desk: Any) -> None:
    venue = await desk.venue()
    for position in await venue.positions():
        entry = await venue.entry(position)
        assert entry.complete
        assert sum(fill.quantity for fill in entry.fills) == position.quantity
        assert {fill.kind for fill in entry.fills} == {FillKind.TRADE}
        symbol = position.instrument.symbol
        stop = {"BTCUSDT": D("0.95"), "ETHUSDT": D("1.05"), "SOLUSDT": D("0.9")}.get(symbol)
        if stop is None:
            assert entry.first_protective_stop is None
        else:
            assert entry.first_protective_stop is not None
            assert float(entry.first_protective_stop) == pytest.approx(float(position.entry_price * stop), rel=1e-3)


async def test_entry_after_scaling_turning_and_reducing(desk: Any) -> None:
    """Long 40 turned to short 20, 10 more, 5 back: from flat the short is 20 + 10 - 5."""
    with desk.server.exchange() as exchange:
        trade(exchange, "Sell", "60", "SOLUSDT")
    desk.server.advance(timedelta(minutes=3))
    with desk.server.exchange() as exchange:
        trade(exchange, "Sell", "10", "SOLUSDT")
    desk.server.advance(timedelta(minutes=3))
    with desk.server.exchange() as exchange:
        trade(exchange, "Buy", "5", "SOLUSDT", reduce_only=True)
    venue = await desk.venue()
    sol = next(p for p in await venue.positions() if p.instrument.symbol == "SOLUSDT")
    entry = await venue.entry(sol)
    assert (sol.side, sol.quantity, entry.complete) == (Side.SHORT, 25, True)
    assert [(fill.quantity, fill.closed_quantity) for fill in entry.fills] == [(20, 0), (10, 0), (5, 5)]


async def test_day_matches_the_ledger(desk: Any) -> None:
    with desk.server.exchange() as exchange:
        trade(exchange, "Buy", "3", "ETHUSDT")
        exchange.deposit(UID, "USDT", D(1234))
        exchange.withdraw(UID, "USDT", D(34))
        log = exchange.transaction_log(UID)
    venue = await desk.venue()
    day = await venue.day(RESET, desk.clock.now(), {"USDT": D(1), "USDC": D(1), "BTC": D(67000)})
    rate = {"USDT": D(1), "USDC": D(1), "BTC": D(67000)}
    today = [row for row in log if row.transaction_time_ms >= to_milliseconds(RESET)]
    assert day.entries == len(today)
    assert day.flows_usd == 1200
    assert day.fees_usd == -sum(((row.fee or 0) * rate[row.currency] for row in today), D(0))
    assert day.funding_usd == sum(((row.funding or 0) * rate[row.currency] for row in today), D(0))
    trades = [row for row in today if row.type == "TRADE"]
    assert day.realized_pnl_usd == sum(((row.cash_flow or 0) * rate[row.currency] for row in trades), D(0)) != 0
    total = day.realized_pnl_usd + day.fees_usd + day.funding_usd + day.flows_usd + day.neutral_usd
    assert abs(total - sum((row.change * rate[row.currency] for row in today), D(0))) < D("0.00001")
    assert day.unknown_types == ()


async def test_rates(desk: Any) -> None:
    venue = await desk.venue()
    rates = await venue.usd_rates(await venue.account(), ["USD", "USDT", "BTC", "ETH", "NOSUCH"])
    btc, eth = rates["BTC"], rates["ETH"]
    assert rates["USD"] == 1
    assert isinstance(btc, Decimal)
    assert isinstance(eth, Decimal)
    assert 50_000 < btc < 90_000
    assert 2_000 < eth < 3_500
    assert isinstance(rates["NOSUCH"], VenueError)
    assert str(venue.pricing_instrument("ETH")) == "bybit:spot:ETHUSDT"


async def test_keys(desk: Any) -> None:
    reading = await (await desk.venue()).key_info()
    assert (reading.is_read_only, reading.can_trade, reading.can_withdraw, reading.is_unified) == (True, False, False, True)
    refused = await desk.venue("withdraw-key")
    with pytest.raises(AuthenticationError, match="can withdraw"):
        await refused.positions()
    assert (await refused.key_info()).can_withdraw
    assert len(await (await desk.venue("withdraw-key", allow_withdraw_key=True)).positions()) == 7
    stranger = await desk.venue(credentials=Credentials("nobody", "x"))
    with pytest.raises(AuthenticationError):
        await stranger.account()
    forger = await desk.venue(credentials=Credentials("watch-key", "wrong"))
    with pytest.raises(AuthenticationError):
        await forger.account()


@pytest.mark.parametrize("ahead_ms", [-90_000, 45_000])
async def test_a_skewed_server_clock_is_measured_and_signed_with(open_desk: Callable[..., Any], ahead_ms: int) -> None:
    desk = await open_desk(wire_clock=SystemWireClock(ahead_ms))
    venue = await desk.venue(max_attempts=3)
    assert len(await venue.positions()) == 7
    assert abs(venue.clock_offset / timedelta(milliseconds=1) - ahead_ms) < 2_000
    assert desk.server.requests.count("/v5/market/time") == 1
    stepped: Any = desk.server.state.wire
    stepped.offset_ms -= 30_000
    assert len(await venue.positions()) == 7, "a step of the clock is measured anew"


async def test_a_clock_that_stays_wrong_is_named(desk: Any) -> None:
    desk.server.faults.set("/v5/position/list", FaultKind.CODE_10002)
    with pytest.raises(ClockSkewError, match="NTP"):
        await (await desk.venue(max_attempts=3)).positions()


async def test_a_passing_fault_is_got_over_by_retries(desk: Any) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    for kind in (FaultKind.HTTP_502, FaultKind.HTML_WITH_200, FaultKind.TRUNCATED_JSON, FaultKind.CODE_10006):
        desk.server.faults.set("/v5/position/list", kind, Stage.first_call())
        venue = await desk.venue(max_attempts=3, sleep=sleep, requests_per_second=100)
        assert len(await venue.positions()) == 7
    assert len([wait for wait in waits if wait >= 0.25]) >= 4


async def test_server_time_is_the_venues(open_desk: Callable[..., Any]) -> None:
    clock = ManualClock(from_milliseconds(to_milliseconds(NOW)))
    desk = await open_desk(wire_clock=SystemWireClock(0))
    venue = await desk.venue(wire_clock=clock)
    told = await venue.server_time()
    assert venue.clock_offset == told - clock.now()


async def test_requests_of_a_full_first_read(open_desk: Callable[..., Any]) -> None:
    """What one report of seven positions costs; fast enough for the venue's limits (50 a second per list)."""
    desk = await open_desk()
    venue = await desk.venue(requests_per_second=100)
    account, positions, orders = await venue.account(), await venue.positions(), await venue.orders()
    ids = list({p.instrument for p in positions} | {o.instrument for o in orders})
    await venue.instruments(ids)
    await venue.quotes(ids)
    for one in ids:
        await venue.bars(one, 60, to_milliseconds(BEGIN), desk.clock.now())
    first = len(desk.server.requests)
    for position in positions:
        await venue.entry(position)
    entries = len(desk.server.requests) - first
    rates: Any = await venue.usd_rates(account, ["USDT", "USDC", "BTC"])
    await venue.day(RESET, desk.clock.now(), rates)
    assert first + entries + 2 == len(desk.server.requests)
    assert (first, entries) == (43, 36), desk.server.requests.paths()
    desk.server.requests.clear()
    await venue.account()
    await venue.positions()
    await venue.orders()
    await venue.quotes(ids)
    for one in ids:
        await venue.bars(one, 60, to_milliseconds(datetime(2026, 3, 2, 10, tzinfo=UTC)), desk.clock.now())
    await venue.day(RESET, desk.clock.now(), rates)
    assert len(desk.server.requests) == 24, desk.server.requests.paths()
    assert LimitSettings().enabled
