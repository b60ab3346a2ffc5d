"""What rests at the venue, and what can still be lost (rulings 14, 15)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import books
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market_analysis.domain import (
    Category,
    ExecutionStyle,
    MarginMode,
    Order,
    OrderPurpose,
    OrderSide,
    Position,
    Side,
    TriggerSource,
)
from market_analysis.risk.protection import assess_protection, coverage, resting_stops
from market_analysis.risk.types import ProtectionState
from market_analysis.risk.valuation import Valuer

ITEM = books.instrument()
FREE = Valuer(False, 1.0, 0.0, 0.0, 1.0)
LONG = books.position(ITEM, Side.LONG, 2, 100, 100)
SHORT = books.position(ITEM, Side.SHORT, 2, 100, 100)
ISOLATED = books.position(ITEM, Side.LONG, 2, 100, 100, margin_mode=MarginMode.ISOLATED, liquidation=92)
GAP = 0.15


def assess(position: Position, *orders: Order, valuer: Valuer = FREE, r0: float | None = 4.0):  # type: ignore[no-untyped-def]
    return assess_protection(position, orders, position.mark_price, valuer, GAP, r0)


def test_full_stop_protects_and_bounds_the_loss() -> None:
    report, covered, loss = assess(LONG, books.stop_for(LONG, ITEM, 96))
    assert report.state is ProtectionState.PROTECTED
    assert (report.nearest_stop, report.nearest_trigger_source, report.covered_frac) == (Decimal(96), "mark", 1.0)
    assert covered.full_stop == Decimal(96)
    assert loss.from_mark_usd == pytest.approx(8.0)
    assert report.can_lose_usd == Decimal(8)
    assert report.can_lose_from_entry_r == pytest.approx(1.0)
    assert report.assumed_usd == 0


def test_costs_are_in_the_loss() -> None:
    report, _, _ = assess(LONG, books.stop_for(LONG, ITEM, 96), valuer=Valuer(False, 1.0, 0.00055, 0.0005, 1.0))
    assert report.can_lose_usd == Decimal("8.2016")  # 8 + 2 * 96 * .00105


def test_naked_size_loses_the_stress_gap_and_is_marked_as_assumed() -> None:
    report, covered, loss = assess(LONG)
    assert report.state is ProtectionState.NAKED
    assert covered.full_stop is None
    assert loss.from_mark_usd == pytest.approx(30.0)
    assert report.assumed_usd == Decimal(30)


def test_isolated_naked_size_loses_no_more_than_at_liquidation() -> None:
    report, _, loss = assess(ISOLATED)
    assert loss.from_mark_usd == pytest.approx(16.0)
    assert report.assumed_usd == Decimal(16)
    short = replace(SHORT, margin_mode=MarginMode.ISOLATED, liquidation_price=Decimal(107))
    assert assess(short)[2].from_mark_usd == pytest.approx(14.0)
    passed = replace(ISOLATED, liquidation_price=Decimal(101))
    assert assess(passed)[2].from_mark_usd == pytest.approx(30.0)


def test_partial_cover_splits_the_loss_nearest_stop_first() -> None:
    orders = (books.stop_for(LONG, ITEM, 90, "0.5", "far"), books.stop_for(LONG, ITEM, 97, 1, "near"))
    report, covered, loss = assess(LONG, *orders)
    assert report.state is ProtectionState.PARTIAL
    assert covered.legs == ((Decimal(97), Decimal(1)), (Decimal(90), Decimal("0.5")))
    assert report.covered_frac == 0.75
    assert loss.from_mark_usd == pytest.approx(1 * 3 + 0.5 * 10 + 0.5 * 15)
    assert loss.assumed_usd == pytest.approx(7.5)


def test_stops_together_cover_and_the_farthest_used_is_the_full_stop() -> None:
    orders = [books.stop_for(LONG, ITEM, price, 1, str(price)) for price in (94, 97, 90)]
    report, covered, _ = assess(LONG, *orders)
    assert report.state is ProtectionState.PROTECTED
    assert covered.full_stop == Decimal(94)


@pytest.mark.parametrize(
    ("position", "trigger", "change", "state", "why"),
    [
        (LONG, 101, {}, ProtectionState.WRONG_SIDE, "wrong_side"),
        (LONG, 100, {}, ProtectionState.WRONG_SIDE, "wrong_side"),
        (SHORT, 99, {}, ProtectionState.WRONG_SIDE, "wrong_side"),
        (LONG, 96, {"is_active": False}, ProtectionState.ASLEEP, "asleep"),
        (LONG, 96, {"style": ExecutionStyle.LIMIT}, ProtectionState.NAKED, "limit_order"),
        (LONG, 96, {"reduce_only": False}, ProtectionState.NAKED, "not_reduce_only"),
        (ISOLATED, 91, {}, ProtectionState.BEYOND_LIQUIDATION, "beyond_liquidation"),
        (ISOLATED, 92, {}, ProtectionState.BEYOND_LIQUIDATION, "beyond_liquidation"),
    ],
)
def test_a_stop_that_is_no_protection_does_not_count(
    position: Position, trigger: int, change: dict[str, object], state: ProtectionState, why: str
) -> None:
    report, covered, _ = assess(position, replace(books.stop_for(position, ITEM, trigger), **change))  # type: ignore[arg-type]
    assert report.state is state
    assert [(stop.counts, stop.why_not) for stop in report.stops] == [(False, why)]
    assert covered.legs == ()
    assert report.nearest_stop is None


def test_cross_margin_never_tests_the_liquidation_price() -> None:
    cross = replace(ISOLATED, margin_mode=MarginMode.CROSS)
    assert assess(cross, books.stop_for(cross, ITEM, 91))[0].state is ProtectionState.PROTECTED


def test_orders_of_others_are_not_ours() -> None:
    other = books.instrument("ETH")
    wrong_way = books.order(ITEM, OrderSide.BUY, OrderPurpose.STOP_LOSS, trigger=96)
    hedge_leg = books.order(ITEM, OrderSide.SELL, OrderPurpose.STOP_LOSS, trigger=96, position_index=1)
    foreign = books.order(other, OrderSide.SELL, OrderPurpose.STOP_LOSS, trigger=96)
    entry = books.order(ITEM, OrderSide.SELL, OrderPurpose.ENTRY, trigger=96)
    no_trigger = books.order(ITEM, OrderSide.SELL, OrderPurpose.STOP_LOSS)
    assert assess(LONG, wrong_way, hedge_leg, foreign, entry, no_trigger)[0].stops == ()


def test_a_plain_conditional_reduce_order_on_the_loss_side_is_a_stop() -> None:
    below = books.order(ITEM, OrderSide.SELL, OrderPurpose.REDUCE, trigger=95)
    above = books.order(ITEM, OrderSide.SELL, OrderPurpose.REDUCE, trigger=105, order_id="tp")
    report, _, _ = assess(LONG, below, above)
    assert report.nearest_stop == Decimal(95)
    assert report.resting_take_profits == (Decimal(105),)


def test_take_profits_nearest_first_for_each_side() -> None:
    def rest(side: OrderSide, *prices: int) -> list[Order]:
        return [books.order(ITEM, side, OrderPurpose.TAKE_PROFIT, limit=price, order_id=str(price)) for price in prices]

    assert assess(LONG, *rest(OrderSide.SELL, 110, 105, 99))[0].resting_take_profits == (Decimal(105), Decimal(110))
    assert assess(SHORT, *rest(OrderSide.BUY, 90, 95))[0].resting_take_profits == (Decimal(95), Decimal(90))


def trailing(active: bool, trigger: int | None = None, activation: int | None = None, distance: int | None = 3) -> Order:
    plain = books.order(ITEM, OrderSide.SELL, OrderPurpose.TRAILING_STOP, trigger=trigger, is_active=active)
    return replace(
        plain,
        trailing_distance=None if distance is None else Decimal(distance),
        activation_price=None if activation is None else Decimal(activation),
        trigger_source=TriggerSource.LAST,
    )


def test_a_waking_trail_counts_at_the_loosest_it_can_be() -> None:
    assert assess(LONG, trailing(True))[0].nearest_stop == Decimal(97)
    assert assess(LONG, trailing(True, trigger=98))[0].nearest_stop == Decimal(98)
    assert assess(LONG, trailing(True, distance=None))[0].stops == ()


def test_a_sleeping_trail_shows_where_it_would_wake() -> None:
    report, _, _ = assess(LONG, trailing(False, activation=110))
    assert report.state is ProtectionState.ASLEEP
    assert report.stops[0].trigger_price == Decimal(107)


def test_unreadable_orders_are_unknown_and_counted_at_worst() -> None:
    report, covered, loss = assess_protection(LONG, books.unknown(), Decimal(100), FREE, GAP, None)
    assert report.state is ProtectionState.UNKNOWN
    assert covered.uncovered == 2
    assert loss.from_mark_usd == pytest.approx(30.0)
    assert report.can_lose_from_entry_r is None


def test_no_dollar_rate_no_dollars() -> None:
    report, _, _ = assess(LONG, valuer=Valuer(False, 1.0, 0.0, 0.0, None))
    assert report.can_lose_usd is None


def test_r_of_a_locked_profit_is_negative_and_an_impossible_unit_is_none() -> None:
    winner = books.position(ITEM, Side.LONG, 2, 100, 112)
    stop = books.stop_for(winner, ITEM, 108)
    assert assess(winner, stop)[0].can_lose_from_entry_r == pytest.approx(-2.0)
    assert assess(winner, stop, r0=100.0)[0].can_lose_from_entry_r is None


@given(
    st.lists(st.tuples(st.integers(85, 99), st.integers(1, 20)), max_size=5),
    st.integers(1, 20),
)
def test_never_more_than_the_size_is_covered_and_more_stops_never_lose_more(stops: list[tuple[int, int]], size: int) -> None:
    held = books.position(ITEM, Side.LONG, size, 100, 100)
    orders = [books.stop_for(held, ITEM, price, quantity, str(n)) for n, (price, quantity) in enumerate(stops)]
    covered = coverage(resting_stops(held, orders, held.mark_price), held)
    assert sum(quantity for _, quantity in covered.legs) + covered.uncovered == size
    with_all = assess(held, *orders)[2].from_mark_usd
    assert with_all <= assess(held, *orders[1:])[2].from_mark_usd + 1e-9
    assert 0 <= with_all <= size * 15.0 + 1e-9


@pytest.mark.parametrize("side", list(Side))
def test_an_inverse_position_and_its_coins_lose_what_the_wallet_does(side: Side) -> None:
    """By hand on a wallet of coins: what the account is worth at the stop, less what its coins alone would be worth there."""
    item, coins, mark, size = books.instrument("BTC", Category.INVERSE), 3.0, 100.0, 200.0
    stop = 100.0 - side.sign * 8.0
    position = books.position(item, side, size, mark, mark)
    loss = assess(position, books.stop_for(position, item, stop), valuer=Valuer(True, 1.0, 0.0, 0.0, mark))[2]
    profit_coins = side.sign * size * (1 / mark - 1 / stop)
    assert loss.from_mark_usd == pytest.approx(coins * stop - (coins + profit_coins) * stop)
    assert loss.from_mark_usd == pytest.approx(16.0)  # 200 USD of contracts, 8 %
