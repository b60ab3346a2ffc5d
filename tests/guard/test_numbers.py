"""Numbers that cannot be: a part of a read that holds one was not read (law 1), and the step never fails on it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from guard_world import BTC, KEY, Driver, active, held, intents, policy

from market_analysis.domain import Unknown
from market_analysis.domain.event import Command, CommandKind, MarksSeen, MoneyRead

D = Decimal
RULES = policy(
    active("max_contracts", limit=1),
    active("daily_unrealized_loss", loss=D(5)),
    active("max_drawdown", amount=D("0.01")),
    active("trade_management", trailing_stop={"enabled": True}),
)
NAN, NO_TICK = D("NaN"), {"tick_size": D(0)}


def flattened(driver: Driver) -> None:
    driver.feed(Command(driver.at, driver.uptime, CommandKind.FLATTEN, "me", "because"))


@pytest.mark.parametrize(
    "changes",
    [{"quantity": D(-2)}, {"quantity": NAN}, {"mark": NAN}, {"unrealized": D("Infinity")}, {"entry_price": NAN}, NO_TICK],
)
def test_a_position_that_cannot_be_makes_positions_unknown_and_closes_nothing(changes: dict[str, Decimal]) -> None:
    driver = Driver(RULES)
    for _ in range(3):
        driver.read(replace(held("2"), **changes), money=MoneyRead(D(10_000), D(10_000)))
    flattened(driver)
    assert isinstance(driver.state.positions, Unknown)
    assert driver.state.blind_since is not None
    assert not intents(driver.decisions)


def test_a_position_of_nothing_is_none() -> None:
    driver = Driver(RULES)
    flattened(driver)
    driver.read(held("0"))
    assert driver.state.positions == ()
    assert driver.state.flattening is None


@pytest.mark.parametrize("money", [MoneyRead(NAN, D(1)), MoneyRead(D(1), D("-Infinity")), MoneyRead(D(1), D(1), NAN)])
def test_money_that_cannot_be_is_unknown(money: MoneyRead) -> None:
    driver = Driver(RULES)
    driver.read(held("1"), money=money)
    driver.read(held("1"), money=money)
    assert isinstance(driver.state.money, Unknown)
    assert driver.state.anchors.real_time_peak is None


def test_a_mark_that_is_no_number_changes_nothing() -> None:
    driver = Driver(RULES)
    driver.read(held("1", tick_value=D("0.1")))
    before = driver.state.positions
    driver.feed(MarksSeen(driver.at, driver.uptime, {BTC: NAN}))
    assert driver.state.positions == before
    assert driver.state.positions[0].key == KEY  # type: ignore[index, union-attr]
