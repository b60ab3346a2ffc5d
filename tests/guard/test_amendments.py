"""Stops and exits as the analysis moves them, from the events to the orders given out: rate, ids, refusals."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from books import instrument, order
from guard_world import KEY, Driver, active, held, intents, policy

from market_analysis.domain import ExecutionStyle, Order, OrderPurpose, OrderSide
from market_analysis.domain.decision import Intent, IntentKind
from market_analysis.domain.event import AnalysisMade, Outcome


def planned(driver: Driver, stop: str | None = None, exits: tuple[tuple[str, str], ...] = ()) -> None:
    prices = tuple((Decimal(price), Decimal(quantity)) for price, quantity in exits)
    stops = {} if stop is None else {KEY: Decimal(stop)}
    driver.feed(AnalysisMade(driver.at, driver.uptime, planned_stops=stops, planned_exits={KEY: prices}))


def only(decisions: object) -> Intent:
    (intent,) = intents(decisions)
    return intent


def exit_order(name: str, limit: str, quantity: str) -> Order:
    made = order(instrument("BTC"), OrderSide.SELL, OrderPurpose.REDUCE, quantity=float(quantity), limit=float(limit))
    return replace(
        made,
        order_id=f"venue-{name}",
        client_order_id=name,
        reduce_only=True,
        style=ExecutionStyle.LIMIT,
        quantity=Decimal(quantity),
    )


def test_a_dynamic_stop_follows_the_analysis_no_faster_than_its_pause() -> None:
    driver = Driver(policy(active("trade_management", dynamic_stop={"enabled": True})))
    planned(driver, stop="95")
    driver.read(held("2"))
    first = only(driver.read(held("2")))
    assert (first.kind, first.price) == (IntentKind.SET_STOP, Decimal(95))
    driver.answer(first)
    planned(driver, stop="96")
    moved = [(driver.at, item.price) for _ in range(16) for item in intents(driver.read(held("2")))]
    assert [price for _, price in moved] == [Decimal(96)]
    assert (moved[0][0] - driver.state.acted_at["trade_management", str(KEY)]).total_seconds() == 0
    assert len({item.client_id for item in intents(driver.decisions)}) == 2


def test_a_mark_that_grows_old_between_two_reads_takes_back_nothing_that_the_first_has_asked_for() -> None:
    driver = Driver(policy(active("trade_management", dynamic_stop={"enabled": True})))
    planned(driver, stop="95")
    driver.read(held("2"))
    driver.wait(30)
    planned(driver, stop="95")
    assert only(driver.read(held("2"))).kind is IntentKind.SET_STOP


def test_a_read_that_no_longer_asks_begins_the_count_anew() -> None:
    driver = Driver(policy(active("trade_management", dynamic_stop={"enabled": True})))
    planned(driver, stop="95")
    driver.read(held("2"))
    driver.read(held("2", mark=None))
    assert not intents(driver.read(held("2")))
    assert intents(driver.read(held("2")))


def test_partial_exits_are_placed_one_by_one_then_amended_by_their_id() -> None:
    driver = Driver(policy(active("scale_outs")))
    planned(driver, exits=(("110", "1"), ("120", "1")))
    driver.read(held("4"))
    first = only(driver.read(held("4")))
    assert (first.kind, first.price, first.quantity, first.order_id) == (IntentKind.PLACE_EXIT, Decimal(110), Decimal(1), None)
    driver.answer(first)
    one = exit_order(first.client_id, "110", "1")
    given = [item for _ in range(12) for item in intents(driver.read(held("4"), orders=(one,)))]
    (second,) = given
    assert (second.kind, second.price) == (IntentKind.PLACE_EXIT, Decimal(120))
    driver.answer(second)
    both = (one, exit_order(second.client_id, "120", "1"))
    planned(driver, exits=(("108", "1"), ("120", "1")))
    (third,) = [item for _ in range(12) for item in intents(driver.read(held("4"), orders=both))]
    assert (third.kind, third.price, third.order_id) == (IntentKind.AMEND_EXIT, Decimal(108), f"venue-{first.client_id}")


def test_a_planned_stop_that_the_venue_refused_is_remembered_while_the_position_is_held() -> None:
    driver = Driver(policy(active("no_stop_loss_grace", grace_period_seconds=0)))
    planned(driver, stop="95")
    driver.read(held("4"))
    given = only(driver.read(held("4")))
    close = only(driver.answer(given, Outcome.REJECTED))
    assert driver.state.stops_refused == {(KEY, "no_stop_loss_grace"): Decimal(95)}
    assert (given.kind, close.kind) == (IntentKind.SET_STOP, IntentKind.CLOSE)
    driver.read()
    assert not driver.state.stops_refused


def test_a_refused_exit_is_not_tried_for_ever() -> None:
    driver = Driver(policy(active("scale_outs")))
    planned(driver, exits=(("110", "1"),))
    driver.read(held("4"))
    driver.answer(only(driver.read(held("4"))), Outcome.REJECTED)
    assert not [item for _ in range(30) for item in intents(driver.read(held("4")))]
    assert driver.state.exit_refused == {KEY}
    driver.read()
    assert not driver.state.exit_refused


def test_an_unanswered_exit_is_not_placed_again_before_reads_have_shown_it_missing() -> None:
    driver = Driver(policy(active("scale_outs")))
    planned(driver, exits=(("110", "1"),))
    driver.read(held("4"))
    first = only(driver.read(held("4")))
    for _ in range(15):
        assert not intents(driver.read(held("4")))
    driver.answer(first, Outcome.UNKNOWN)
    driver.read(held("4"))
    (again,) = [item for _ in range(3) for item in intents(driver.read(held("4")))]
    assert again.client_id != first.client_id


def test_nothing_is_placed_while_a_flattening_is_under_way() -> None:
    driver = Driver(policy(active("daily_realized_loss", loss=Decimal(500)), active("scale_outs")))
    driver.trades_known()
    planned(driver, exits=(("110", "1"),))
    driver.fill("-500", "loss")
    kinds = {item.kind for _ in range(4) for item in intents(driver.read(held("4")))}
    assert kinds == {IntentKind.CLOSE}


def test_a_stop_that_another_rule_was_refused_leaves_the_planned_one_to_be_tried() -> None:
    first = active("trade_management", auto_stop_loss={"enabled": True, "stop_loss_ticks": 10})
    driver = Driver(policy(first, active("no_stop_loss_grace", grace_period_seconds=5)))
    planned(driver, stop="95")
    driver.read(held("4"))
    driver.answer(only(driver.read(held("4"))), Outcome.REJECTED)
    given = [item for _ in range(20) for item in intents(driver.read(held("4")))]
    assert [(item.kind, item.price, item.cause) for item in given[:1]] == [(IntentKind.SET_STOP, Decimal(95), "no_stop_loss_grace")]


def test_a_place_that_was_refused_is_not_tried_again_and_another_is() -> None:
    driver = Driver(policy(active("trade_management", dynamic_stop={"enabled": True})))
    planned(driver, stop="95")
    driver.read(held("4"))
    driver.answer(only(driver.read(held("4"))), Outcome.REJECTED)
    assert not [item for _ in range(40) for item in intents(driver.read(held("4")))]
    planned(driver, stop="96")
    assert [item.price for _ in range(12) for item in intents(driver.read(held("4")))] == [Decimal(96)]
