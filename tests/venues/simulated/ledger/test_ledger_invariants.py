"""Random trading on a wild market: what must hold whatever happens, the search against its slow twin, and replay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from market_analysis.venues.simulated.catalogue import make_catalogue
from market_analysis.venues.simulated.ledger import Account, ApiError, Exchange, OrderRequest, TradingStopRequest, walk
from market_analysis.venues.simulated.ledger.state import InstrumentKey
from market_analysis.venues.simulated.market import Market, PriceMove

D = Decimal
UID = "7"
START = datetime(2026, 3, 2, tzinfo=UTC)
SHOCKS = [(2, -0.10), (5, 0.12), (9, -0.25), (14, 0.2), (20, -0.15), (30, 0.3), (45, -0.3), (70, 0.25)]
MARKET = Market(
    make_catalogue(),
    11,
    START - timedelta(days=1),
    [
        PriceMove(base, START + timedelta(hours=hour), move, timedelta(minutes=7))
        for base in ("BTC", "SOL")
        for hour, move in SHOCKS
    ],
)
KEYS: tuple[tuple[Any, str], ...] = (("linear", "BTCUSDT"), ("linear", "SOLUSDT"), ("linear", "BTCPERP"), ("inverse", "BTCUSD"))
WALLET = (("USDT", D(20000)), ("USDC", D(5000)), ("BTC", D("0.3")))


@dataclass(frozen=True)
class Step:
    """One thing a client does; `offset_bps` places prices around the last one."""

    kind: str
    key: tuple[Any, str] = KEYS[0]
    side: Any = "Buy"
    notional: int = 1000
    offset_bps: int = 100
    target_bps: int = 100
    flag: bool = False
    source: Any = "LastPrice"
    minutes: int = 60


steps = st.builds(
    Step,
    kind=st.sampled_from(
        [
            "market",
            "market",
            "limit",
            "trigger",
            "stop",
            "partial",
            "trail",
            "advance",
            "advance",
            "advance",
            "cancel",
            "lever",
            "flow",
        ]
    ),
    key=st.sampled_from(KEYS),
    side=st.sampled_from(["Buy", "Sell"]),
    notional=st.one_of(st.integers(100, 20000), st.integers(20000, 300000)),
    offset_bps=st.integers(-900, 900),
    target_bps=st.integers(1, 900),
    flag=st.booleans(),
    source=st.sampled_from(["LastPrice", "MarkPrice", "IndexPrice"]),
    minutes=st.integers(1, 900),
)
plans = st.lists(steps, min_size=3, max_size=25)
WILD = settings(deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))


def open_exchange(isolated: bool, hedged: bool) -> Exchange:
    account = Account(
        UID,
        wallet=WALLET,
        margin_mode="ISOLATED_MARGIN" if isolated else "REGULAR_MARGIN",
        hedge_symbols=frozenset({"BTCUSDT", "SOLUSDT"}) if hedged else frozenset(),
        default_leverage=D(20),
    )
    return Exchange(MARKET, [account], start=START, seed=1)


def on_tick(key: InstrumentKey, price: Decimal, bps: int) -> Decimal:
    tick = MARKET.specs[key].tick_size
    return (price * (1 + D(bps) / 10000) / tick).to_integral_value() * tick


def take(exchange: Exchange, step: Step) -> None:
    """Do one step; a refusal is an answer like any other."""
    category, symbol = step.key
    spec = MARKET.specs[step.key]
    last = MARKET.last_price(category, symbol, exchange.now)
    hedged = symbol in exchange._account(UID).hedge_symbols
    index = 0 if not hedged else (1 if (step.side == "Buy") != step.flag else 2)
    size = D(step.notional) if category == "inverse" else D(step.notional) / last
    qty = (size / spec.qty_step).to_integral_value() * spec.qty_step
    price = on_tick(step.key, last, step.offset_bps)
    sign = 1 if step.side == "Buy" else -1
    stop, target = on_tick(step.key, last, -sign * step.target_bps), on_tick(step.key, last, sign * step.target_bps)
    try:
        match step.kind:
            case "market":
                more: dict[str, Any] = {"stop_loss": stop, "sl_trigger_by": step.source} if step.target_bps % 2 else {}
                exchange.place_order(UID, OrderRequest(category, symbol, step.side, "Market", qty, position_idx=index, **more))
            case "limit":
                exchange.place_order(
                    UID,
                    OrderRequest(
                        category, symbol, step.side, "Limit", qty, price, position_idx=index, reduce_only=step.flag and not hedged
                    ),
                )
            case "trigger":
                exchange.place_order(
                    UID,
                    OrderRequest(
                        category, symbol, step.side, "Market", qty, position_idx=index, reduce_only=step.flag, trigger_price=price,
                        trigger_direction=1 if price > last else 2, trigger_by=step.source,
                    ),
                )  # fmt: skip
            case "stop" | "partial" | "trail":
                parts: dict[str, Any] = {"stop_loss": stop, "take_profit": target, "sl_trigger_by": step.source}
                if step.kind == "partial":
                    parts |= {"tpsl_mode": "Partial", "sl_size": qty, "tp_size": qty}
                elif step.kind == "trail":
                    parts = {"trailing_stop": abs(target - last), "active_price": target if step.flag else None}
                exchange.set_trading_stop(UID, TradingStopRequest(category, symbol, index, **parts))
            case "advance":
                exchange.advance(exchange.now + timedelta(minutes=step.minutes))
            case "cancel":
                exchange.cancel_all(UID, category, symbol=symbol)
            case "lever":
                leverage = D(1 + step.notional % 100)
                exchange.set_leverage(UID, category, symbol, leverage, leverage)
            case _:
                flow = exchange.deposit if step.flag else exchange.withdraw
                flow(UID, spec.settle, D(step.notional) / (100000 if spec.settle == "BTC" else 10))
    except ApiError:
        pass


def check(exchange: Exchange) -> None:
    """Everything that must hold between any two steps."""
    money_adds_up(exchange)
    sizes_add_up(exchange)
    profits_add_up(exchange)
    protection_fits(exchange)


def money_adds_up(exchange: Exchange) -> None:
    running: dict[str, Decimal] = defaultdict(Decimal)
    for entry in reversed(exchange.transaction_log(UID)):
        assert entry.change == entry.cash_flow + (entry.funding or 0) - entry.fee
        running[entry.currency] += entry.change
        assert entry.cash_balance == running[entry.currency]
    wallet = exchange.wallet_balance(UID)
    assert {coin.coin: coin.wallet_balance for coin in wallet.coins} == running
    rows = [row for category in ("linear", "inverse") for row in exchange.positions(UID, category)]
    equity = D(0)
    for coin in wallet.coins:
        profit = sum((row.unrealised_pnl for row in rows if MARKET.specs[row.category, row.symbol].settle == coin.coin), D(0))
        assert abs(coin.equity - coin.wallet_balance - profit) <= D("1e-7")
        assert min(coin.total_position_im, coin.total_position_mm, coin.total_order_im) >= 0
        equity += coin.usd_value
    assert abs(wallet.total_equity - equity) <= D("1e-6")


def sizes_add_up(exchange: Exchange) -> None:
    net: dict[Any, Decimal] = defaultdict(Decimal)
    for category in ("linear", "inverse"):
        for execution in exchange.executions(UID, category):
            if execution.exec_type != "Funding":
                net[execution.symbol, execution.position_idx] += execution.exec_qty * (1 if execution.side == "Buy" else -1)
        for row in exchange.positions(UID, category):
            assert row.size >= 0
            assert (row.side == "") == (row.size == 0)
            assert net[row.symbol, row.position_idx] == row.size * {"Buy": 1, "Sell": -1, "": 0}[row.side]
            assert not (row.position_idx == 1 and row.side == "Sell")
            assert not (row.position_idx == 2 and row.side == "Buy")
        for order in exchange.orders(UID, category):
            assert order.order_status != "Triggered"
            if order.order_status in ("New", "Untriggered", "Filled"):
                assert order.cum_exec_qty + order.leaves_qty == order.qty


def profits_add_up(exchange: Exchange) -> None:
    for category in ("linear", "inverse"):
        booked: dict[str, Decimal] = defaultdict(Decimal)
        closed: dict[str, Decimal] = defaultdict(Decimal)
        for item in exchange.closed_pnls(UID, category):
            difference = item.cum_exit_value - item.cum_entry_value
            gross = difference * (1 if item.side == "Sell" else -1) * (-1 if category == "inverse" else 1)
            assert item.closed_pnl == gross - item.open_fee - item.close_fee
            closed[item.symbol] += item.closed_pnl
            if item.exec_type == "BustTrade" and exchange.account_info(UID).margin_mode == "ISOLATED_MARGIN":
                # Margin is value / leverage plus a closing fee below 2.5 * value * fee (leverage 1 on the far side, plus rounding).
                cap = item.cum_entry_value / item.leverage + item.cum_entry_value * D("2.5") * D("0.00055")
                assert item.closed_pnl + item.open_fee >= -cap
        for entry in exchange.transaction_log(UID):
            if entry.category == category and entry.type in ("TRADE", "LIQUIDATION"):
                booked[entry.symbol] += entry.change
        held = {row.symbol for row in exchange.positions(UID, category) if row.size > 0}
        assert {name: total for name, total in booked.items() if name not in held} == {
            name: total for name, total in closed.items() if name not in held
        }


def protection_fits(exchange: Exchange) -> None:
    for category in ("linear", "inverse"):
        sizes = {(row.symbol, row.position_idx): row for row in exchange.positions(UID, category)}
        for order in exchange.open_orders(UID, category):
            if order.stop_order_type in ("", "Stop") or order.order_status != "Untriggered":
                continue
            row = sizes[order.symbol, order.position_idx]
            assert order.side == {"Buy": "Sell", "Sell": "Buy"}[row.side]
            assert order.leaves_qty == row.size if order.tpsl_mode == "Full" else order.leaves_qty <= row.size


def run(plan: list[Step], isolated: bool, hedged: bool, *, checked: bool) -> Exchange:
    exchange = open_exchange(isolated, hedged)
    for step in plan:
        take(exchange, step)
        if checked:
            check(exchange)
    return exchange


def records(exchange: Exchange) -> list[Any]:
    return [
        exchange.wallet_balance(UID),
        exchange.transaction_log(UID),
        *(
            read(UID, category)
            for category in ("linear", "inverse")
            for read in (exchange.positions, exchange.orders, exchange.executions, exchange.closed_pnls)
        ),
    ]


@WILD
@given(plans, st.booleans(), st.booleans())
def test_invariants_hold_between_any_steps(plan: list[Step], isolated: bool, hedged: bool) -> None:
    run(plan, isolated, hedged, checked=True)


def every_minute(account: Any, stretches: Mapping[InstrumentKey, Any], start: int, prices: Any) -> int:
    return start


@settings(WILD, max_examples=30)
@given(plans, st.booleans(), st.booleans())
def test_the_search_misses_nothing(plan: list[Step], isolated: bool, hedged: bool) -> None:
    """The slow twin walks every minute exactly; the search must leave the very same records."""
    both_ways(plan, isolated, hedged)


def both_ways(plan: list[Step], isolated: bool, hedged: bool) -> Exchange:
    """Run with the search and with the slow twin; the records must be the same."""
    fast = run(plan, isolated, hedged, checked=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walk, "first_minute", every_minute)
        slow = run(plan, isolated, hedged, checked=False)
    assert records(fast) == records(slow)
    return fast


def test_the_search_finds_cross_liquidations() -> None:
    """Accounts stretched until they break: on each the search and its twin agree, and several do break."""
    broken = 0
    for notional in range(180_000, 420_000, 60_000):
        for side in ("Buy", "Sell"):
            plan = [Step("market", key, side, notional // (2 if key[1] == "SOLUSDT" else 3), target_bps=2) for key in KEYS[:3]]
            plan += [Step("market", KEYS[3], side, 8000, target_bps=2)] + [Step("advance", minutes=700)] * 5
            exchange = both_ways(plan, isolated=False, hedged=False)
            check(exchange)
            broken += any(item.create_type == "CreateByLiq" for item in exchange.executions(UID, "linear"))
    assert broken >= 3


def test_the_search_follows_trailing_stops() -> None:
    """Trailing stops of many distances, awake and asleep: the search and its twin agree, and most of them trigger."""
    triggered = 0
    for target_bps in range(20, 900, 110):
        for side, asleep in (("Buy", False), ("Buy", True), ("Sell", False), ("Sell", True)):
            plan = [Step("market", KEYS[1], side, 2000, target_bps=2)]
            plan += [Step("trail", KEYS[1], side, target_bps=target_bps, flag=asleep), *([Step("advance", minutes=800)] * 6)]
            exchange = both_ways(plan, isolated=False, hedged=False)
            triggered += any(item.create_type == "CreateByTrailingStop" for item in exchange.executions(UID, "linear"))
    assert triggered >= 20


def test_the_search_values_coins_as_they_move() -> None:
    """A short in an inverse contract loses coins that grow dearer: its loss in USD outruns the coin loss at the old price."""
    for notional in range(100_000, 300_000, 100_000):
        plan = [Step("advance", minutes=800), Step("market", KEYS[3], "Sell", notional, target_bps=2)]
        both_ways([*plan, *([Step("advance", minutes=700)] * 3)], isolated=False, hedged=False)


@settings(WILD, max_examples=40)
@given(plans, st.booleans())
def test_advancing_in_pieces_is_advancing_at_once(plan: list[Step], isolated: bool) -> None:
    """Same input, same records and ids; and time may pass in any pieces."""
    whole = run(plan, isolated, False, checked=False)
    again = run(plan, isolated, False, checked=False)
    assert records(whole) == records(again)
    assert whole.events_since(UID, 0) == again.events_since(UID, 0)
    pieces: list[Step] = []
    for step in plan:
        if step.kind == "advance" and step.minutes > 3:
            pieces += [Step("advance", minutes=step.minutes // 3), Step("advance", minutes=step.minutes - step.minutes // 3)]
        else:
            pieces.append(step)
    assert records(run(pieces, isolated, False, checked=False)) == records(whole)
