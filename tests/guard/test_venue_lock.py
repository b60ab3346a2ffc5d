"""The venue's own lock follows the guard's: asked for once, again after a pause, ended with the last lock on the account."""

from __future__ import annotations

from datetime import timedelta

import pytest
from guard_world import Driver, held, intents, policy

from market_analysis.domain.decision import Intent, IntentKind
from market_analysis.domain.event import Command, CommandKind, Outcome
from market_analysis.guard.locks import set_lock
from market_analysis.rules.verdict import Ends, Lock


def lock(driver: Driver, minutes: int = 10) -> Intent:
    until = driver.at + timedelta(minutes=minutes)
    (intent,) = intents(driver.feed(Command(driver.at, driver.uptime, CommandKind.LOCK, "me", "enough", until=until)))
    return intent


def test_it_follows_the_first_lock_and_the_last_ones_end() -> None:
    driver = Driver(policy(venue_locks=True))
    driver.read(held("1"))
    asked = lock(driver)
    assert (asked.kind, asked.instrument) == (IntentKind.LOCK_ACCOUNT, None)
    assert not intents(driver.read(held("1")))
    driver.answer(asked)
    assert driver.state.venue_locked
    assert not intents(driver.wait(300))
    (ended,) = intents(driver.wait(301))
    assert ended.kind is IntentKind.UNLOCK_ACCOUNT
    driver.answer(ended)
    assert not driver.state.venue_locked


@pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.UNKNOWN])
def test_what_was_not_done_is_asked_for_again_after_a_pause(outcome: Outcome) -> None:
    driver = Driver(policy(venue_locks=True))
    driver.read(held("1"))
    first = lock(driver)
    assert not intents(driver.answer(first, outcome))
    assert not intents(driver.wait(5))
    (again,) = intents(driver.wait(5))
    assert (again.kind, again.client_id != first.client_id) == (IntentKind.LOCK_ACCOUNT, True)


def test_a_lock_on_one_root_or_a_venue_without_a_lock_asks_for_nothing() -> None:
    for locks in (True, False):
        driver = Driver(policy(venue_locks=locks))
        driver.read(held("1"))
        driver.state, _ = set_lock(driver.state, "x", Lock(Ends.ADMIN, None, "BTC" if locks else None), "why", flat=False)
        assert not intents(driver.wait(20))
