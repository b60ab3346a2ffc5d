"""One wrong mark, read once: nothing that outlives it may rest on it (ruling 25)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from books import instrument, instrument_id, order
from guard_world import BTC, KEY, Driver, active, held, intents, policy

from market_analysis.domain import OrderPurpose, OrderSide, PositionKey, Side
from market_analysis.domain.decision import IntentKind
from market_analysis.domain.event import AnalysisMade, MarksSeen, Started
from market_analysis.rules.registry import rule_named
from market_analysis.rules.verdict import CloseAll, ClosePosition, ReducePosition, Response, SetStop, Status, Verdict
from market_analysis.rules.view import Level

D = Decimal
ETH = PositionKey("main", instrument_id("ETHUSDT"), 0)
PERP = PositionKey("main", instrument_id("BTCPERP"), 0)
LINEAR = {"tick_size": D("0.1"), "tick_value": D("0.1")}


def peak(driver: Driver) -> Level | None:
    return driver.state.anchors.real_time_peak


def test_a_peak_is_what_two_reads_have_seen() -> None:
    driver = Driver(policy(active("max_drawdown", amount=D("0.05"))))
    driver.read(held("10", mark="100"))
    driver.read(held("10", mark="101"))
    assert peak(driver) == Level(D(10_000), D(10_000))
    driver.read(held("10", mark="160"))  # wrong
    driver.feed(MarksSeen(driver.at, driver.uptime, {BTC: D(170)}))
    for _ in range(4):
        assert not intents(driver.read(held("10", mark="101")))
    assert peak(driver) == Level(D(10_000), D(10_010))
    assert not driver.state.locks
    driver.read(held("10", mark="120"))
    driver.read(held("10", mark="119"))
    assert peak(driver) == Level(D(10_000), D(10_190))


def test_reads_that_fail_in_between_do_not_keep_a_peak_from_rising() -> None:
    driver = Driver(policy())
    for mark in ("100", "110", "111"):
        driver.read(held("10", mark=mark))
        driver.blind()
    assert peak(driver) == Level(D(10_000), D(10_100))


def test_the_peak_at_the_end_of_a_day_is_what_two_reads_have_seen() -> None:
    driver = Driver(policy())
    driver.read(held("10", mark="100"))
    driver.at += timedelta(hours=13, minutes=59, seconds=30)
    driver.feed(Started(driver.at, driver.uptime))
    driver.read(held("10", mark="100"))
    driver.read(held("10", mark="160"))  # wrong
    driver.wait(60)
    assert driver.state.anchors.end_of_day_peak == Level(D(10_000), D(10_000))


def test_the_best_price_is_one_that_two_reads_have_seen() -> None:
    for side, marks, pushed, best in (
        (Side.LONG, ("100", "140", "104", "103"), "150", D(104)),
        (Side.SHORT, ("100", "60", "96", "97"), "50", D(96)),
    ):
        driver = Driver(policy())
        for mark in marks:
            driver.read(held("1", mark=mark, side=side, **LINEAR))
        driver.feed(MarksSeen(driver.at, driver.uptime, {BTC: D(pushed)}))
        assert driver.state.best[KEY] == best


def test_a_trailing_stop_is_not_moved_by_one_wrong_mark() -> None:
    trail = {"enabled": True, "activation_ticks": 20, "trail_distance_ticks": 100}
    driver = Driver(policy(active("trade_management", trailing_stop=trail)))
    for mark in ("101", "109", "101", "101", "101"):
        assert not intents(driver.read(held("1", mark=mark)))


def test_a_breach_that_stands_gives_one_wrong_mark_no_more_to_cut() -> None:
    """A hair over the limit for several reads; the next mark is wrong and would have nearly everything cut."""
    rule = active("max_position_size", amount=D(1000), amount_of="absolute", enforcement="reduce")
    driver = Driver(policy(rule, reduce_cooldown_seconds=0))
    lot = {"quantity_step": D(1)}
    driver.read(held("10", notional=D(1000), **lot))
    (cut,) = intents(driver.read(held("10", mark="400", notional=D(4000), **lot)))
    # to .85 of 1,000 at a hundred a contract: 8 stay; at four hundred only 2 would
    assert cut.quantity == 2


def test_the_smaller_of_two_reductions_is_what_two_reads_agree_on_either_way() -> None:
    for first, second in (("1000", "4000"), ("4000", "1000")):
        rule = active("max_position_size", amount=D(1000), amount_of="absolute", enforcement="reduce")
        driver = Driver(policy(rule))
        driver.read(held("10", notional=D(first), quantity_step=D(1)))
        (cut,) = intents(driver.read(held("10", notional=D(second), quantity_step=D(1))))
        assert cut.quantity == 2


def test_what_only_the_last_read_wants_closed_waits_for_the_next() -> None:
    rule = active("max_contracts", limit=3, enforcement="reduce", count_type="gross", release_frac=1)
    driver = Driver(policy(rule, reduce_cooldown_seconds=0))
    eth = held("5", key=ETH, root="ETH")
    driver.read(held("5"))
    # BTC was asked about before, ETH was not
    assert [item.key for item in intents(driver.read(held("5"), eth))] == [KEY]
    assert [item.key for item in intents(driver.read(held("5"), eth))] == [ETH]


def test_a_hedged_pair_is_not_cut_on_one_side_because_only_that_was_asked_before() -> None:
    rule = active("max_contracts", limit=3, enforcement="reduce", count_type="gross", release_frac=1)
    driver = Driver(policy(rule))
    driver.read(held("5"))
    pair = (held("5"), held("5", side=Side.SHORT, key=PERP))
    assert not intents(driver.read(*pair))
    assert {item.key for item in intents(driver.read(*pair))} == {KEY, PERP}


def test_a_stop_that_one_wrong_mark_would_turn_into_a_closing_is_not_closed() -> None:
    driver = Driver(policy(active("no_stop_loss_grace", grace_period_seconds=0)))
    driver.feed(AnalysisMade(driver.at, driver.uptime, planned_stops={KEY: D(95)}))
    driver.read(held("2"))
    assert not intents(driver.read(held("2", mark="94")))  # wrong: it seems to have passed
    assert not intents(driver.read(held("2")))
    (stop,) = intents(driver.read(held("2")))
    assert stop.kind is IntentKind.SET_STOP


def test_a_stop_goes_to_the_looser_of_two_places_but_never_looser_than_one_that_rests() -> None:
    cases = (("95", "97", None, "95"), ("97", "95", None, "95"), ("95", "97", 96, None), ("97", "98", 96, "97"))
    for before, now, rests, price in cases:
        driver = Driver(policy(active("trade_management", dynamic_stop={"enabled": True})))
        resting = order(instrument("BTC"), OrderSide.SELL, OrderPurpose.STOP_LOSS, trigger=rests) if rests else None
        driver.feed(AnalysisMade(driver.at, driver.uptime, planned_stops={KEY: D(before)}))
        driver.read(held("2"))
        driver.feed(AnalysisMade(driver.at, driver.uptime, planned_stops={KEY: D(now)}))
        given = intents(driver.read(held("2"), orders=(resting,) if resting else ()))
        assert [item.price for item in given] == ([] if price is None else [D(price)])


def test_a_stop_looser_than_one_that_rests_for_a_part_is_put_at_that_one() -> None:
    driver = Driver(policy(active("trade_management", dynamic_stop={"enabled": True})))
    part = order(instrument("BTC"), OrderSide.SELL, OrderPurpose.STOP_LOSS, trigger=96, quantity=1)
    driver.feed(AnalysisMade(driver.at, driver.uptime, planned_stops={KEY: D(95)}))
    driver.read(held("2"))
    assert [item.price for item in intents(driver.read(held("2"), orders=(part,)))] == [D(96)]


def test_closing_everything_waits_for_a_read_that_agrees_though_less_was_asked_before() -> None:
    answers: list[Response] = []
    rule = replace(rule_named("stale_data"), name="own", evaluate=lambda view, parameters: (wanted(tuple(answers)),))
    driver = Driver(policy(replace(active("stale_data"), rule=rule)))
    answers[:] = [SetStop(ETH, D(1))]
    driver.read(held("2"))
    assert not intents(driver.read(held("2")))  # of what is not held nothing is asked
    answers[:] = [CloseAll()]
    driver.read(held("2"))
    assert driver.state.flattening is None
    driver.read(held("2"))
    assert driver.state.flattening is not None


def test_what_was_to_be_flattened_may_be_closed_alone() -> None:
    answers: list[Response] = []
    rule = replace(rule_named("stale_data"), name="own", evaluate=lambda view, parameters: (wanted(tuple(answers)),))
    driver = Driver(policy(replace(active("stale_data"), rule=rule)))
    answers[:] = [CloseAll()]
    driver.read(held("2"))
    answers[:] = [ClosePosition(KEY)]
    (close,) = intents(driver.read(held("2")))
    assert close.quantity == 2


def test_what_was_to_be_reduced_is_reduced_and_not_closed_before_a_read_agrees() -> None:
    answers: list[Response] = []
    rule = replace(rule_named("stale_data"), name="own", evaluate=lambda view, parameters: (wanted(tuple(answers)),))
    driver = Driver(policy(replace(active("stale_data"), rule=rule)))
    answers[:] = [ReducePosition(KEY, D(4))]
    driver.read(held("5"))
    answers[:] = [ClosePosition(KEY)]
    (cut,) = intents(driver.read(held("5")))
    assert cut.quantity == 1


def wanted(responses: tuple[Response, ...]) -> Verdict:
    return Verdict("own", "own", Status.BREACH, "account", "x", responses=responses)
