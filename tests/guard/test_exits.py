"""The exit ladder, from the read to the order given out: bounds by hand arithmetic."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from guard_world import KEY, Driver, active, held, intents, policy

from market_analysis.domain import Side
from market_analysis.domain.decision import Intent, IntentKind
from market_analysis.domain.event import AnalysisMade, Outcome


def breached(**changes: object) -> Driver:
    """An account whose day is lost: everything is to be closed."""
    driver = Driver(policy(active("daily_realized_loss", loss=Decimal(500)), **changes))
    driver.trades_known()
    driver.fill("-500", "loss")
    return driver


def close(decisions: object) -> Intent:
    (intent,) = [item for item in intents(decisions) if item.kind is IntentKind.CLOSE]
    return intent


@pytest.mark.parametrize(
    ("side", "prices"),
    # 100 less or more .5 %, 1 %, 2 %, 4 %, then never beyond 5 %
    [(Side.LONG, ["99.5", "99", "98", "96", "95", "95"]), (Side.SHORT, ["100.5", "101", "102", "104", "105", "105"])],
)
def test_each_closing_order_goes_twice_as_far_from_the_mark_up_to_a_bound(side: Side, prices: list[str]) -> None:
    driver = breached()
    seen = []
    while len(seen) < len(prices):
        given = [item for item in intents(driver.read(held("2", side=side))) if item.kind is IntentKind.CLOSE]
        seen += [item.price for item in given]
        for item in given:
            driver.answer(item)
    assert seen == [Decimal(price) for price in prices]


def test_a_bound_is_on_the_tick_beyond_so_that_rounding_takes_none_of_the_way() -> None:
    assert close(breached().read(held("2", mark="100.7", tick_size=Decimal("0.1")))).price == Decimal("100.1")  # 100.1965
    assert close(breached().read(held("2", mark="100.7", side=Side.SHORT))).price == Decimal("101.3")  # 101.2035


def test_after_two_minutes_and_some_reads_without_a_closing_order_the_ladder_begins_anew() -> None:
    driver = breached()
    driver.answer(close(driver.read(held("2"))))
    for _ in range(2):
        decided = driver.read(held("2"))
    second = close(decided)
    assert second.price == Decimal(99)
    for _ in range(3):
        driver.wait(40)
        assert not intents(driver.read(held("2")))
    driver.answer(second)
    for _ in range(2):
        decided = driver.read(held("2"))
    assert close(decided).price == Decimal("99.5")


def test_a_market_order_where_the_liquidation_is_nearer_than_the_bound() -> None:
    for move, bounded in (("-0.006", True), ("-0.005", False), ("0.004", False)):
        driver = breached()
        driver.feed(AnalysisMade(driver.at, driver.uptime, joint_liquidation_move_frac=Decimal(move)))
        assert (close(driver.read(held("2"))).price is not None) is bounded


def test_a_liquidation_of_an_old_analysis_takes_no_order_s_bound() -> None:
    driver = breached()
    driver.feed(AnalysisMade(driver.at, driver.uptime, joint_liquidation_move_frac=Decimal("-0.001")))
    driver.wait(600)
    assert close(driver.read(held("2"))).price is not None


def test_a_market_order_without_a_mark_and_after_the_venue_refused_a_bound() -> None:
    assert close(breached().read(held("2", mark=None))).price is None
    driver = breached()
    driver.answer(close(driver.read(held("2"))), Outcome.REJECTED)
    for _ in range(2):
        decided = driver.read(held("2"))
    assert close(decided).price is None


def test_a_bound_that_would_be_nothing_is_none() -> None:
    driver = breached(exit_slippage_bps=Decimal(500))
    assert close(driver.read(held("2", mark="0.1", tick_size=Decimal("0.1")))).price is None


def test_no_order_is_larger_than_the_venue_takes_and_the_rest_leaves_with_it() -> None:
    driver = breached()
    given = intents(driver.read(held("10", most_per_order=Decimal(4))))
    assert [item.quantity for item in given] == [4, 4, 2]
    for item in given[1:]:
        driver.answer(item)
    driver.answer(given[0], Outcome.REJECTED)
    driver.read(held("4", most_per_order=Decimal(4)))
    assert close(driver.read(held("4", most_per_order=Decimal(4)))).quantity == 4


def test_a_market_order_has_a_largest_size_of_its_own() -> None:
    limits = {"most_per_order": Decimal(8), "most_per_market_order": Decimal(3)}
    assert [item.quantity for item in intents(breached().read(held("10", **limits)))] == [8, 2]
    assert [item.quantity for item in intents(breached().read(held("10", mark=None, **limits)))] == [3, 3, 3, 1]


def test_a_ladder_is_forgotten_with_its_position() -> None:
    driver = breached()
    driver.answer(close(driver.read(held("2"))))
    assert driver.state.exits[KEY].attempts == 1
    driver.read()
    assert driver.state.exits == {}


def test_a_refused_cancellation_is_no_rung() -> None:
    driver = breached()
    intent = close(driver.read(held("2")))
    driver.state = replace(driver.state, exits={})
    driver.answer(intent, Outcome.REJECTED)
    assert driver.state.exits == {}
