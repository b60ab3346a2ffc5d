"""What must neither grow, drift nor come twice, however long the guard runs."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from books import instrument_id
from guard_world import START, Driver, active, held, intents, policy

from market_analysis.domain import PositionKey
from market_analysis.domain.event import Command, CommandKind, Started, Ticked

D = Decimal


def lost(driver: Driver) -> set[str]:
    """Ids of all that is done about a lost day."""
    driver.trades_known()
    driver.fill("-600", "loss")
    for _ in range(12):
        for item in intents(driver.read(held("2"))):
            driver.answer(item)
    return {item.client_id for item in intents(driver.decisions)}


def test_a_guard_whose_state_was_lost_gives_out_no_id_again() -> None:
    rules = policy(active("daily_realized_loss", loss=D(500)))
    first, second = Driver(rules), Driver(rules, at=START + timedelta(seconds=90))
    assert len(lost(first)) > 3
    assert not lost(first) & lost(second)


def test_what_was_done_about_positions_of_long_ago_is_forgotten() -> None:
    driver = Driver(policy(active("max_position_size", amount=D(100), amount_of="absolute", enforcement="close")))
    for number in range(30):
        item = held("2", key=PositionKey("main", instrument_id(f"OPT{number}"), 0), root=f"OPT{number}", notional=D(200))
        for _ in range(3):
            for intent in intents(driver.read(item)):
                driver.answer(intent)
        driver.read()
        driver.wait(60)
    assert len(driver.state.acted_at) <= 2
    assert not driver.state.exits
    assert len(driver.state.standing) <= 1
    driver.read()
    driver.read()
    assert not driver.state.sent


def test_a_lock_does_not_last_longer_for_every_event_on_its_way() -> None:
    driver = Driver(policy())
    driver.read()
    until = driver.at + timedelta(seconds=10)
    driver.feed(Command(driver.at, driver.uptime, CommandKind.LOCK, "me", "enough", until=until))
    moment, uptime = driver.at, driver.uptime
    while driver.state.locks:
        moment += timedelta(microseconds=1999)
        uptime += 2
        driver.feed(Ticked(moment, uptime))
    assert moment - until < timedelta(milliseconds=3)


def test_a_start_does_not_shorten_a_lock_by_what_has_passed_already() -> None:
    driver = Driver(policy())
    driver.read()
    driver.feed(Command(driver.at, driver.uptime, CommandKind.LOCK, "me", "enough", until=driver.at + timedelta(seconds=10)))
    driver.wait(5)
    driver.feed(Started(driver.at, 3))
    driver.feed(Started(driver.at - timedelta(hours=1), 3))
    assert driver.state.locks
    driver.wait(5)
    assert not driver.state.locks
