"""One wrong mark, read once: nothing that outlives it may rest on it (ruling 25)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from guard_world import BTC, KEY, Driver, active, held, intents, policy

from market_analysis.domain import Side
from market_analysis.domain.event import MarksSeen, Started
from market_analysis.rules.view import Level

D = Decimal
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
