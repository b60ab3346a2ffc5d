"""Alerts tell what begins and what ends, once (law 11): what only grows old between two reads is no news."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from books import instrument_id
from guard_world import BTC, Driver, active, held, policy

from market_analysis.domain import PositionKey, Side
from market_analysis.domain.decision import Alert
from market_analysis.domain.event import AnalysisMade, MarksSeen, PeriodStartKnown
from market_analysis.domain.tail import TailModel
from market_analysis.rules.verdict import Status

D = Decimal
ETHUSDT = instrument_id("ETHUSDT")
MODEL = TailModel(
    assets=("BTC", "ETH"),
    covariance=((D("0.0004"), D("0.00048")), (D("0.00048"), D("0.0009"))),
    per_contract={BTC: ("BTC", D(100)), ETHUSDT: ("ETH", D(100))},
)
HEDGE = held("9", side=Side.SHORT, key=PositionKey("main", ETHUSDT, 0), root="ETH", tags=frozenset({"hedge"}))


def alerts(decisions: object) -> list[tuple[str, bool]]:
    return [(item.code, item.raised) for item in decisions if isinstance(item, Alert)]  # type: ignore[attr-defined]


def test_a_mark_that_is_older_than_the_rule_allows_between_looks_is_told_by_no_look() -> None:
    """The facts of the next look come before its read, when the last one's marks are as old as the interval."""
    driver = Driver(
        policy(active("daily_unrealized_loss", loss=D(500)), active("trade_management", auto_stop_loss={"enabled": True}))
    )
    for _ in range(4):
        driver.at += timedelta(seconds=11)
        driver.uptime += 11_000
        driver.feed(PeriodStartKnown(driver.at, driver.uptime, "day", D(10_000), D(10_000)))
        driver.feed(AnalysisMade(driver.at, driver.uptime))
        driver.read(held("1"))
    assert not [name for name in alerts(driver.decisions) if name[0].endswith("_unknown")]


def test_what_a_read_could_not_tell_is_told_and_ended_once() -> None:
    driver = Driver(policy(active("daily_unrealized_loss", loss=D(500))))
    driver.read(held("1"))
    for _ in range(3):
        driver.read(held("1", mark=None))
        driver.wait(11)
        driver.feed(MarksSeen(driver.at, driver.uptime, {}))
    driver.read(held("1"))
    assert alerts(driver.decisions) == [("daily_unrealized_loss_unknown", True), ("daily_unrealized_loss", False)]


def test_what_could_not_be_read_is_not_over() -> None:
    """A breach stays one while its rule cannot see the account; it ends by a read that shows the position gone."""
    driver = Driver(policy(active("no_stop_loss_grace", grace_period_seconds=0, attach_planned_stop=False)))
    driver.read(held("1"))
    for _ in range(3):
        driver.blind()
    key = str(held("1").key)
    assert [(item.code, item.subject, item.raised) for item in driver.decisions if isinstance(item, Alert)] == [
        ("no_stop_loss_grace", key, True),
        ("no_stop_loss_grace_unknown", "account", True),
    ]
    told = [(item.subject, item.raised, item.text) for item in driver.read() if isinstance(item, Alert)]
    assert (key, False, "no longer there") in told
    assert driver.state.standing == {("no_stop_loss_grace", "account"): Status.OK}


def test_the_end_of_what_was_not_known_is_told_as_such() -> None:
    driver = Driver(policy(active("no_stop_loss_grace")))
    driver.blind()
    told = [item for item in driver.read(held("1")) if isinstance(item, Alert) and not item.raised]
    assert [(item.subject, item.text) for item in told] == [("account", "can be told again")]


def test_a_hedge_that_is_left_wakes_once_however_old_the_marks_grow_between_looks() -> None:
    driver = Driver(policy(active("no_stop_loss_grace", grace_period_seconds=0, attach_planned_stop=False)))
    for _ in range(4):
        driver.at += timedelta(seconds=11)
        driver.uptime += 11_000
        driver.feed(AnalysisMade(driver.at, driver.uptime, tail=MODEL))
        driver.read(held("10"), HEDGE)
    assert [name for name in alerts(driver.decisions) if name[0] == "would_unhedge"] == [("would_unhedge", True)]


def test_what_is_over_is_told_in_the_same_order_by_a_state_that_was_stored() -> None:
    """A mapping's order is not kept by the store: a replay that began elsewhere would say the same in another order."""
    driver = Driver(policy(active("unprotected_position"), active("no_stop_loss_grace")))
    driver.read(held("1"))
    (first, *_), told = stored_and_not(driver)
    assert len(told[0]) == 2
    assert told[0] == told[1]
    assert first.subject == str(held("1").key)


def stored_and_not(driver: Driver) -> tuple[list[Alert], list[list[Alert]]]:
    """What the next read, of nothing, tells: by the state as it is, and by the one whose mappings are the other way round."""
    before = driver.state
    told = []
    for state in (before, replace(before, standing=dict(reversed(before.standing.items())))):
        driver.state = state
        told.append([item for item in driver.read() if isinstance(item, Alert) and item.text == "no longer there"])
    return told[0], told
