"""What the guard remembers of a position ends with it, also where another one stands in its slot at the next read."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from guard_world import KEY, START, Driver, active, held, intents, policy

from market_analysis.domain import Side
from market_analysis.domain.decision import IntentKind
from market_analysis.domain.event import AnalysisMade, HeldPosition, Outcome

D = Decimal
LATER = START + timedelta(seconds=30)
ANOTHER: list[dict[str, Any]] = [{"side": Side.SHORT, "opened_at": LATER}, {"opened_at": LATER}]
"""Turned, or closed and opened again, between two reads."""


def next_one(**changes: Any) -> HeldPosition:
    return held("1", entry="110", mark="110", **changes)


@pytest.mark.parametrize("other", ANOTHER)
def test_the_best_price_is_the_new_one_s(other: dict[str, Any]) -> None:
    driver = Driver(policy())
    for mark in ("100", "120", "121", "90", "89"):
        driver.read(held("1", mark=mark))
    driver.read(next_one(**other))
    assert driver.state.best[KEY] == 110


@pytest.mark.parametrize("other", ANOTHER)
def test_the_grace_begins_with_the_new_one(other: dict[str, Any]) -> None:
    driver = Driver(policy(active("no_stop_loss_grace", grace_period_seconds=30)))
    for _ in range(28):
        driver.read(held("1"))
    for _ in range(10):
        assert not intents(driver.read(next_one(**other)))


@pytest.mark.parametrize("other", ANOTHER)
def test_a_refusal_is_forgotten_with_the_position_that_it_was_of(other: dict[str, Any]) -> None:
    driver = Driver(policy(active("no_stop_loss_grace", grace_period_seconds=0), active("scale_outs")))
    driver.feed(AnalysisMade(driver.at, driver.uptime, planned_stops={KEY: D(95)}, planned_exits={KEY: ((D(130), D(1)),)}))
    driver.read(held("1"))
    for item in intents(driver.read(held("1"))):
        if item.kind is not IntentKind.CLOSE:
            driver.answer(item, Outcome.REJECTED)
    assert driver.state.stops_refused.keys() == {(KEY, "no_stop_loss_grace")}
    assert driver.state.exit_refused == {KEY}
    driver.read(next_one(**other))
    assert not driver.state.stops_refused
    assert not driver.state.exit_refused


def test_a_ladder_is_not_gone_on_for_the_new_one() -> None:
    driver = Driver(policy(active("daily_realized_loss", loss=D(500))))
    driver.trades_known()
    driver.fill("-600", "loss")
    (first,) = intents(driver.read(held("1")))
    driver.answer(first)
    driver.read(held("1"))
    (second,) = intents(driver.read(next_one(**ANOTHER[0])))
    assert second.price == D("110.6")  # the first rung above 110


def test_a_position_that_is_added_to_or_whose_opening_is_told_anew_is_the_same() -> None:
    for changes in ({"entry": "105"}, {"opened_at": LATER}):
        driver = Driver(policy())
        for mark in ("120", "120"):
            driver.read(held("1", mark=mark))
        driver.read(held("2", **changes))
        assert driver.state.best[KEY] == 120


def test_it_is_known_again_after_a_start_and_after_reads_that_failed() -> None:
    driver = Driver(policy())
    for mark in ("120", "120"):
        driver.read(held("1", mark=mark))
    driver.blind()
    driver.restart(60)
    driver.blind()
    driver.read(held("1"))
    assert driver.state.best[KEY] == 120
    driver.blind()
    driver.read(next_one(**ANOTHER[1]))
    assert driver.state.best[KEY] == 110
