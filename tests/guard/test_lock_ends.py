"""A lock that ends with its condition: one wrong mark must not end it, for what is opened meanwhile would stand."""

from __future__ import annotations

from decimal import Decimal

from guard_world import KEY, Driver, active, held, intents, policy

from market_analysis.domain.decision import LockCleared, LockSet

D = Decimal
LIMIT = active("max_exposure", amount=D(500), amount_of="absolute", enforcement="block")


def test_one_read_that_is_fine_again_ends_no_lock() -> None:
    driver = Driver(policy(LIMIT))
    heavy, wrong = held("6", notional=D(600)), held("8", mark="50", notional=D(400))
    driver.read(heavy)
    assert [lock.rule for lock in driver.state.locks] == ["max_exposure"]
    driver.read(wrong)
    assert driver.state.locks
    assert {item.key: item.quantity for item in intents(driver.decisions)} == {KEY: D(2)}  # what was added under it
    driver.read(heavy)
    driver.read(wrong)
    assert driver.state.locks


def test_two_reads_that_are_fine_end_it_once_whatever_comes_between_them() -> None:
    driver = Driver(policy(LIMIT))
    driver.read(held("6", notional=D(600)))
    driver.read(held("4", notional=D(400)))
    driver.wait(20)
    decided = driver.read(held("4", notional=D(400)))
    assert [item.by for item in decided if isinstance(item, LockCleared)] == ["condition"]
    assert len([item for item in driver.decisions if isinstance(item, LockSet)]) == 1
    assert driver.state.fine_reads == {}


def test_the_same_answer_twice_and_an_answer_of_before_a_start_are_no_two_reads() -> None:
    driver = Driver(policy(LIMIT))
    driver.read(held("6", notional=D(600)))
    driver.read(held("4", notional=D(400)))
    driver.feed(driver.events[-1])
    assert driver.state.locks
    driver.restart(3)
    driver.read(held("4", notional=D(400)))
    assert driver.state.locks
    driver.read(held("4", notional=D(400)))
    assert not driver.state.locks


def test_a_read_that_cannot_tell_is_not_fine() -> None:
    driver = Driver(policy(LIMIT))
    driver.read(held("6", notional=D(600)))
    driver.read(held("4", notional=D(400)))
    driver.blind()
    assert not [item for item in driver.read(held("4", notional=D(400))) if isinstance(item, LockCleared)]
    assert [item for item in driver.read(held("4", notional=D(400))) if isinstance(item, LockCleared)]


def test_where_one_read_is_enough_to_act_it_is_enough_to_end() -> None:
    driver = Driver(policy(LIMIT, confirmations=1))
    driver.read(held("6", notional=D(600)))
    assert [item for item in driver.read(held("4", notional=D(400))) if isinstance(item, LockCleared)]
