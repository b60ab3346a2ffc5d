"""Months of random trading, faults and restarts in seconds: what must hold after every step, whatever the seed."""

from __future__ import annotations

import os
import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from guard_world import Driver, Venue, active, intents, policy

from market_analysis.domain.decision import FlattenEnded, Intent, IntentKind, LockCleared, LockSet
from market_analysis.domain.event import ActionResult, Outcome, TradesRead
from market_analysis.guard.locks import is_locked
from market_analysis.guard.state import GuardPolicy, GuardState
from market_analysis.guard.step import begin, step
from market_analysis.rules.verdict import Ends

SEEDS = int(os.environ.get("GUARD_SEEDS", "150"))
STEPS = 400


class World:
    """The driver, the venue and the faults between them."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.venue = Venue(self.rng)
        self.driver = Driver(rules())
        self.told = 0
        self.flying: list[Intent] = []
        self.driver.trades_known()

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self.one()

    def one(self) -> None:
        dice = self.rng.random()
        driver = self.driver
        self.venue.move()
        if dice < 0.30:
            self.venue.bot()
        if dice < 0.04:
            decided = driver.restart(self.rng.choice([1, 30, 600, 40_000]))
            driver.feed(TradesRead(driver.at, driver.uptime, driver.at - timedelta(days=2)))
        elif dice < 0.06:
            driver.at += timedelta(seconds=self.rng.choice([-7200, 7200]))
            decided = driver.wait(1)
        elif dice < 0.20:
            decided = driver.wait(self.rng.choice([1, 20, 900]))
        elif dice < 0.30:
            decided = driver.blind()
        else:
            decided = driver.read(
                *self.venue.positions(), balance=str(self.venue.balance), orders=tuple(self.venue.entries.values())
            )
        self.send(intents(decided))
        self.deliver()

    def send(self, given: list[Intent]) -> None:
        """Each is carried out now, later, or never; the answer says so, says nothing, or is lost."""
        for intent in given:
            fate = self.rng.random()
            if fate < 0.6:
                self.venue.do(intent)
                self.send(intents(self.answer(intent, Outcome.DONE)))
            elif fate < 0.7:
                self.send(intents(self.answer(intent, Outcome.REJECTED)))
            elif fate < 0.8:
                self.venue.do(intent)
                self.send(intents(self.answer(intent, Outcome.UNKNOWN)))
            elif fate < 0.9:
                self.flying.append(intent)
            else:
                self.send(intents(self.answer(intent, Outcome.UNKNOWN)))
        if self.flying and self.rng.random() < 0.5:
            late = self.flying.pop(0)
            self.venue.do(late)
            self.send(intents(self.answer(late, Outcome.DONE)))

    def answer(self, intent: Intent, outcome: Outcome) -> Any:
        decided = self.driver.answer(intent, outcome)
        if self.rng.random() < 0.1:
            decided += self.driver.feed(ActionResult(self.driver.at, self.driver.uptime, intent.client_id, outcome))
        return decided

    def deliver(self) -> None:
        """Fills, some twice, some out of order."""
        fresh = self.venue.fills[self.told :]
        self.told = len(self.venue.fills)
        if self.rng.random() < 0.3:
            self.rng.shuffle(fresh)
        for name, realized, client in fresh:
            gain = None if realized is None else str(realized)
            for _ in range(2 if self.rng.random() < 0.2 else 1):
                self.send(intents(self.driver.fill(gain, name, client_order_id=client)))

    def calm(self, reads: int) -> None:
        """No faults, no bot: what was lost arrives, and the guard can do its work."""
        for _ in range(reads):
            decided = self.driver.read(
                *self.venue.positions(), balance=str(self.venue.balance), orders=tuple(self.venue.entries.values())
            )
            for intent in intents(decided) + self.flying:
                self.venue.do(intent)
                self.driver.answer(intent)
            self.flying = []
            self.deliver_calmly()

    def deliver_calmly(self) -> None:
        for name, realized, client in self.venue.fills[self.told :]:
            for intent in intents(self.driver.fill(None if realized is None else str(realized), name, client_order_id=client)):
                self.venue.do(intent)
                self.driver.answer(intent)
        self.told = len(self.venue.fills)


def rules() -> GuardPolicy:
    return policy(active("daily_realized_loss", loss=Decimal(15)), most_reflattens=10_000)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_happens(seed: int) -> None:
    world = World(seed)
    world.run(STEPS)
    driver = world.driver
    given = intents(driver.decisions)
    names = [intent.client_id for intent in given]
    assert len(names) == len(set(names)), "an action was given out twice"
    assert all(len(name) <= 36 for name in names)
    every_step_holds(driver)
    world.calm(12)
    locked_means_flat(world)


def every_step_holds(driver: Driver) -> None:
    """The events alone give the same decisions and state; on the way no lock is lost and nothing is closed without cause."""
    state, decisions, standing = begin(driver.policy), [], set[str]()
    for event in driver.events:
        before = state.day
        state, decided = step(state, event)
        decisions += decided
        for item in decided:
            if isinstance(item, LockSet):
                standing.add(item.rule)
            elif isinstance(item, LockCleared):
                assert item.by == "reset"
                assert before is not None
                assert state.day is not None
                assert state.day.day > before.day
                standing.discard(item.rule)
            elif isinstance(item, Intent) and item.kind is IntentKind.CLOSE:
                closes_with_cause(state, item)
        assert standing == {lock.rule for lock in state.locks}
        assert all(lock.ends is Ends.RESET for lock in state.locks)
    assert decisions == driver.decisions
    assert state == driver.state


def closes_with_cause(state: GuardState, intent: Intent) -> None:
    """Only while the account is locked or being flattened, and only what the last read showed, or what has grown of it."""
    assert is_locked(state, "BTC") or state.flattening is not None
    assert isinstance(state.positions, tuple)
    (item,) = state.positions
    assert intent.side is item.side
    assert intent.quantity is not None
    assert Decimal(0) < intent.quantity <= item.quantity
    assert state.flattening is None or intent.cause != state.flattening.cause or intent.quantity == item.quantity


def locked_means_flat(world: World) -> None:
    """With nothing in the way, a locked account is flat within a dozen reads, and was verified to be."""
    if not world.driver.state.locks:
        return
    assert world.venue.size == 0
    assert not world.venue.entries
    assert world.driver.state.flattening is None


def test_the_simulation_reaches_what_it_is_for() -> None:
    worlds = [World(seed) for seed in range(20)]
    for world in worlds:
        world.run(STEPS)
    decisions = [item for world in worlds for item in world.driver.decisions]
    assert sum(isinstance(item, LockSet) for item in decisions) >= 10
    assert sum(isinstance(item, LockCleared) for item in decisions) >= 10
    assert sum(isinstance(item, FlattenEnded) for item in decisions) >= 10
    assert len([item for item in intents(decisions) if item.kind is IntentKind.CANCEL]) >= 10


def test_the_same_seed_gives_the_same_bytes() -> None:
    one, other = World(5), World(5)
    one.run(STEPS)
    other.run(STEPS)
    assert repr(one.driver.decisions) == repr(other.driver.decisions)
    assert one.driver.state == other.driver.state
