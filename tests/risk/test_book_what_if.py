"""The book after a trade: netting, averaging, margins, money, and the comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import books
import pytest

from market_analysis.domain import Category, EntryHistory, Memory, OrderPurpose, Position, Side, Snapshot, Unknown
from market_analysis.errors import DataUnknownError, UsageError
from market_analysis.risk.analyse import analyse
from market_analysis.risk.what_if import ProposedTrade, compare, with_trade
from market_analysis.settings import RiskSettings, Settings

D = Decimal
BTC, ETH = books.instrument("BTC"), books.instrument("ETH")
INVERSE = books.instrument("BTC", Category.INVERSE)
FEE = BTC.taker_fee_frac


def read(*held: Position) -> Snapshot:
    stops = [books.stop_for(p, BTC, 100 - 5 * p.side.sign, order_id=f"s{i}") for i, p in enumerate(held)]
    return books.snapshot(held, [BTC, ETH, INVERSE], orders=stops, prices={BTC.id: 100, ETH.id: 50, INVERSE.id: 100})


def buy(quantity: int = 10, **other: object) -> ProposedTrade:
    return ProposedTrade(BTC.id, Side.LONG, D(quantity), **other)  # type: ignore[arg-type]


def sell(quantity: int = 10, **other: object) -> ProposedTrade:
    return ProposedTrade(BTC.id, Side.SHORT, D(quantity), **other)  # type: ignore[arg-type]


def only(snapshot: Snapshot) -> Position:
    assert not isinstance(snapshot.positions, Unknown)
    (position,) = snapshot.positions
    return position


def money(snapshot: Snapshot) -> tuple[Decimal, Decimal | None, Decimal | None]:
    assert not isinstance(snapshot.account, Unknown)
    return snapshot.account.equity, snapshot.account.margin_balance, snapshot.account.maintenance_margin


def entry_of(snapshot: Snapshot) -> EntryHistory:
    found = snapshot.entries[only(snapshot).key]
    assert isinstance(found, EntryHistory)
    return found


def test_a_new_position_by_hand() -> None:
    after = with_trade(read(), buy(stop=D(95), target=D(110), leverage=D(5)))
    held = only(after)
    assert (held.side, held.quantity, held.entry_price, held.notional, held.initial_margin) == (Side.LONG, 10, 100, 1000, 200)
    cost = 1000 * FEE
    assert money(after) == (10_000 - cost, 10_000 - cost, 1000 * D("0.005") + cost)
    assert not isinstance(after.orders, Unknown)
    assert {(o.purpose, o.trigger_price, o.quantity) for o in after.orders} == {
        (OrderPurpose.STOP_LOSS, D(95), None),
        (OrderPurpose.TAKE_PROFIT, D(110), None),
    }
    assert not isinstance(after.day, Unknown)
    assert after.day.fees_usd == -cost
    assert entry_of(after).complete
    assert entry_of(after).fills[0].quantity == 10


def test_size_by_notional_slippage_and_lots() -> None:
    by_money = ProposedTrade(BTC.id, Side.LONG, notional_usd=D("1000.09"))
    assert only(with_trade(read(), by_money)).quantity == D("10.000")
    assert money(with_trade(read(), buy(), slippage_bps=10))[0] == 10_000 - 1000 * (FEE + D("0.001"))
    contracts = ProposedTrade(INVERSE.id, Side.LONG, notional_usd=D("500.7"))
    assert only(with_trade(read(), contracts)).quantity == 500


def test_adding_averages_the_entry_and_keeps_its_stop() -> None:
    old = books.position(BTC, Side.LONG, 10, 80, 100)
    after = with_trade(read(old), buy(30))
    held = only(after)
    assert (held.quantity, held.entry_price, held.unrealized_pnl) == (40, 95, 200)
    assert len(entry_of(after).fills) == 2
    assert not isinstance(after.orders, Unknown)
    assert len(after.orders) == 1
    # Equity moves by the fee only; open profit is untouched.
    assert money(after)[0] == 10_000 - 3000 * FEE


def test_inverse_averages_in_coins() -> None:
    old = books.position(INVERSE, Side.LONG, 1_000, 80, 100)
    snapshot = books.snapshot([old], [INVERSE], prices={INVERSE.id: 100})
    held = only(with_trade(snapshot, ProposedTrade(INVERSE.id, Side.LONG, D(1_000))))
    # 1,000/80 + 1,000/100 = 22.5 coins for 2,000 contracts
    assert float(held.entry_price) == pytest.approx(2_000 / 22.5)
    assert float(held.unrealized_pnl) == pytest.approx(22.5 - 20)
    assert held.notional == 2_000


def test_reducing_realises_in_proportion() -> None:
    old = books.position(BTC, Side.LONG, 10, 80, 100)
    after = with_trade(read(old), sell(4))
    held = only(after)
    assert (held.side, held.quantity, held.entry_price) == (Side.LONG, 6, 80)
    assert (held.unrealized_pnl, held.realized_pnl) == (120, 80)
    assert entry_of(after).fills[-1].closed_quantity == 4
    assert not isinstance(after.account, Unknown)
    assert after.account.unrealized_pnl == 120
    assert after.account.wallet_balance == 10_000 - 200 + 80 - 400 * FEE
    (coin,) = after.account.coins
    assert (coin.unrealized_pnl, coin.wallet_balance, coin.equity) == (120, 9_880 - 400 * FEE, 10_000 - 400 * FEE)


def test_closing_leaves_nothing_behind() -> None:
    old = books.position(BTC, Side.LONG, 10, 80, 100)
    after = with_trade(read(old), sell(10))
    assert (after.positions, after.orders, dict(after.entries)) == ((), (), {})
    assert money(after)[2] == 0


def test_turning_starts_anew_and_drops_the_old_stop() -> None:
    old = books.position(BTC, Side.LONG, 10, 80, 100)
    after = with_trade(read(old), sell(15, stop=D(105)))
    held = only(after)
    assert (held.side, held.quantity, held.entry_price, held.realized_pnl) == (Side.SHORT, 5, 100, 0)
    assert not isinstance(after.orders, Unknown)
    assert [o.trigger_price for o in after.orders] == [D(105)]
    assert (entry_of(after).complete, entry_of(after).fills[0].quantity) == (True, 5)


def test_hedge_mode_opens_the_other_slot() -> None:
    old = books.position(BTC, Side.LONG, 10, 100, position_index=1)
    after = with_trade(read(old), sell(10))
    assert not isinstance(after.positions, Unknown)
    assert {(p.key.position_index, p.side) for p in after.positions} == {(1, Side.LONG), (2, Side.SHORT)}
    added = only(with_trade(read(), buy(hedge_mode=True)))
    assert added.key.position_index == 1
    one_way = with_trade(read(books.position(BTC, Side.LONG, 10, 100)), sell(4, hedge_mode=False))
    assert only(one_way).quantity == 6


def test_unread_entries_stay_unread_and_missing_ones_incomplete() -> None:
    old = books.position(BTC, Side.LONG, 10, 100)
    gone: Mapping = {old.key: books.unknown()}  # type: ignore[type-arg]
    assert isinstance(with_trade(replace(read(old), entries=gone), buy()).entries[old.key], Unknown)
    assert not entry_of(with_trade(replace(read(old), entries={}), buy())).complete


def test_what_the_venue_left_out_stays_out() -> None:
    bare = replace(books.account(10_000), margin_balance=None, initial_margin=None, maintenance_margin=None)
    after = with_trade(replace(read(), account=bare), buy())
    assert money(after)[1:] == (None, None)
    untiered = replace(read(), instruments={BTC.id: replace(BTC, tiers=())})
    assert only(with_trade(untiered, buy())).maintenance_margin is None
    large = only(with_trade(read(), buy(10_000_000)))
    assert large.maintenance_margin == 10**9 * D("0.05") - 290_000 + 10**9 * FEE


@pytest.mark.parametrize(
    ("trade", "says"),
    [
        (ProposedTrade(BTC.id, Side.LONG), "exactly one"),
        (ProposedTrade(BTC.id, Side.LONG, D(1), D(1)), "exactly one"),
        (ProposedTrade(BTC.id, Side.LONG, D("0.0001")), "rounding to lots"),
        (buy(stop=D(100)), "loss side"),
        (sell(stop=D(99)), "loss side"),
        (buy(target=D(99)), "profit side"),
        (buy(leverage=D("0.5")), "leverage"),
    ],
)
def test_impossible_trades_are_refused_by_name(trade: ProposedTrade, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        with_trade(read(), trade)


@pytest.mark.parametrize("part", ["account", "positions", "orders"])
def test_an_unknown_book_cannot_be_added_to(part: str) -> None:
    with pytest.raises(DataUnknownError, match=part):
        with_trade(books.with_unknown(read(), part), buy())


def test_an_unknown_instrument_or_rate_is_refused() -> None:
    with pytest.raises(DataUnknownError, match="SOLUSDT"):
        with_trade(read(), ProposedTrade(books.instrument("SOL").id, Side.LONG, D(1)))
    with pytest.raises(DataUnknownError, match="USDT"):
        with_trade(replace(read(), usd_rates={}), buy())


def test_an_unread_day_stays_unread() -> None:
    assert isinstance(with_trade(books.with_unknown(read(), "day"), buy()).day, Unknown)


def test_the_comparison_shows_room_clusters_and_margin_after() -> None:
    history = books.history({BTC.id: books.walk(100, count=1_000), ETH.id: books.walk(50, count=1_000, seed=8)})
    options = Settings(risk=RiskSettings(daily_loss_limit_frac=0.05))
    snapshot = read(books.position(BTC, Side.LONG, 10, 100))
    before = analyse(snapshot, history, Memory(), options)[0]
    trade = ProposedTrade(ETH.id, Side.LONG, D(20), stop=D(48))
    after = analyse(with_trade(snapshot, trade), history, Memory(), options)[0]
    changed = {change.name: change for change in compare(before, after).changes}
    assert (changed["total_positions"].before, changed["total_positions"].after) == (1, 2)
    assert changed["total_notional"].after == 2_000
    cost = 1000 * FEE
    assert before.book.room_usd is not None
    lost = (after.book.loss_if_all_stops_fill_usd or 0) - (before.book.loss_if_all_stops_fill_usd or 0)
    assert after.book.room_usd == before.book.room_usd - cost - lost
    assert len(after.clusters) == 2
    assert "next_reset" not in changed
    assert "positions_at_risk" not in changed
    assert compare(before, before).changes == ()
