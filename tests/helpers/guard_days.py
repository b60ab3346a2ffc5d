"""Whole virtual days of an account under several rules, with everything that goes wrong around the guard; same seed, same bytes.

Faults: reads that fail, events that are lost, repeated, late and out of order; answers of every kind, given, lost and late; a
crash between any two of commit, send and answer; a commit that is refused (disk full), which ends the process; a second daemon with
an old state, whose commit is refused; wall clocks that jump; down time over resets; administrators who lock, unlock and flatten,
and a trader who locks himself.

What is held against it, after every step, comes from the world's own books and not from the guard.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from guard_world import KEY, START, Venue, active, held, intents, policy

from market_analysis.domain import Side, Unknown
from market_analysis.domain.decision import Decision, FlattenEnded, Intent, IntentKind, LockCleared, LockSet
from market_analysis.domain.event import (
    AccountRead,
    ActionResult,
    Command,
    CommandKind,
    Event,
    FillSeen,
    MoneyRead,
    Outcome,
    Started,
    Ticked,
    TradesRead,
)
from market_analysis.guard.state import GuardPolicy, GuardState
from market_analysis.guard.step import begin, step
from market_analysis.rules.verdict import Ends

LOSS = Decimal(15)
LEAST_EVENTS = 300
FLAT_LOCKS = frozenset({"daily_realized_loss", "daily_unrealized_loss"})


class CrashError(Exception):
    """The process is gone."""


def day_policy() -> GuardPolicy:
    """Realised and floating loss, rests after losses, a trade count."""
    return policy(
        active("daily_realized_loss", loss=LOSS),
        active("daily_unrealized_loss", loss=Decimal(40)),
        active("cooldown_after_loss", loss_thresholds=({"loss": 8, "cooldown_seconds": 900},)),
        active("trade_frequency_limit", per_hour=8, hour_cooldown_seconds=1800),
        most_reflattens=1_000_000,
    )


class Account:
    """One account's world. `events` of the present day are kept for the replay."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.venue = Venue(self.rng)
        self.state: GuardState = begin(day_policy())
        self.truth = START.replace(hour=0) + timedelta(seconds=self.rng.randrange(86_400))
        self.skew = timedelta(0)
        self.uptime = 1_000_000
        self.reads = 0
        self.names: set[str] = set()
        self.closed_at_read = -1
        self.fill_times: dict[str, datetime] = {}
        self.flying: list[Intent] = []
        self.stale: list[Event] = []
        self.standing: dict[str, tuple[Ends, datetime]] = {}
        self.counts: Counter[str] = Counter()
        self.day_began = self.state
        self.events: list[Event] = []
        self.decided: list[Decision] = []
        self.start()

    def run_day(self) -> None:
        """At least 300 events of one day, then their replay; the state must be the same."""
        self.day_began, self.events, self.decided = self.state, [], []
        while len(self.events) < LEAST_EVENTS:
            try:
                self.moment()
            except CrashError:
                self.counts["crashes"] += 1
                self.start()
        state, decided = self.day_began, list[Decision]()
        for event in self.events:
            state, made = step(state, event)
            decided += made
        assert state == self.state
        assert decided == self.decided
        self.counts["days"] += 1
        self.counts["events"] += len(self.events)

    def moment(self) -> None:
        """Some five minutes."""
        rng, dice = self.rng, self.rng.random()
        self.pass_time(rng.choice([20, 120, 300, 420]))
        self.venue.move()
        if rng.random() < 0.10:
            self.venue.bot()
        self.skew = timedelta(seconds=rng.choice([-7200, -90, 90, 86_400])) if dice < 0.02 else timedelta(0)
        if dice < 0.02:
            self.counts["clock_steps"] += 1
            self.feed(Ticked(self.truth + self.skew, self.uptime))
        elif dice < 0.03:
            self.counts["restarts"] += 1
            self.pass_time(rng.choice([5, 600, 40_000]))
            raise CrashError
        elif dice < 0.05:
            self.order()
        elif dice < 0.12:
            self.feed(Ticked(self.truth, self.uptime))
        elif dice < 0.16 and self.stale:
            self.feed(replace(rng.choice(self.stale), at=self.truth, uptime_ms=self.uptime))
        elif dice < 0.17:
            self.second_daemon()
        else:
            self.look()
        self.arrive()

    def look(self) -> None:
        """What the shell does at a look: fills that the state does not hold, then the read."""
        told = {trade.fill_id for trade in self.state.trades}
        fresh = [fill for fill in self.venue.fills[-40:] if fill[0] not in told]
        if self.rng.random() < 0.2:
            self.rng.shuffle(fresh)
        for name, realized, client in fresh:
            when = self.fill_times.setdefault(name, self.truth)
            fill = FillSeen(
                self.truth, self.uptime, name, f"order-{name}", client, KEY.instrument, "BTC", when, realized, Decimal(0)
            )
            for _ in range(2 if self.rng.random() < 0.1 else 1):
                self.feed(fill)
        self.feed(TradesRead(self.truth, self.uptime, self.truth - timedelta(days=2)))
        self.reads += 1
        gone: Unknown[Any] = Unknown("venue_unavailable", "no answer", self.truth)
        equity = self.venue.balance + self.venue.size * (self.venue.price - self.venue.entry)
        parts: dict[str, Any] = {
            "money": MoneyRead(self.venue.balance, equity),
            "positions": self.positions(),
            "orders": tuple(self.venue.entries.values()),
        }
        blind = {name for name in parts if self.rng.random() < 0.04}
        parts |= dict.fromkeys(blind, gone)
        read = AccountRead(self.truth, self.uptime, self.state.read_number + 1, can_trade=True, **parts)
        if self.rng.random() < 0.1:
            self.stale = [*self.stale[-3:], read]
        if self.rng.random() > 0.03:
            self.feed(read)

    def positions(self) -> tuple[Any, ...]:
        """As they would be read."""
        side = Side.LONG if self.venue.size > 0 else Side.SHORT
        size = abs(self.venue.size)
        return (held(str(size), str(self.venue.entry), str(self.venue.price), side),) if size else ()

    def order(self) -> None:
        """An administrator, or the trader on himself."""
        kind = self.rng.choice([CommandKind.LOCK, CommandKind.UNLOCK, CommandKind.FLATTEN])
        own = kind is CommandKind.LOCK and self.rng.random() < 0.3
        until = self.truth + timedelta(seconds=self.rng.choice([60, 3600])) if own or self.rng.random() < 0.5 else None
        rule = self.rng.choice([None, "manual", "self_lock"]) if kind is CommandKind.UNLOCK else None
        self.counts["orders"] += 1
        self.feed(Command(self.truth, self.uptime, kind, "admin", "test", until, rule, own))

    def second_daemon(self) -> None:
        """One with the state of this morning takes a step; its commit is refused, so nothing of it is sent and nothing stays."""
        self.counts["second_daemons"] += 1
        step(self.day_began, Ticked(self.truth, self.uptime))

    def start(self) -> None:
        """Up again."""
        self.uptime, self.skew = 5_000, timedelta(0)
        self.feed(Started(self.truth, self.uptime))

    def pass_time(self, seconds: float) -> None:
        self.truth += timedelta(seconds=seconds)
        self.uptime += round(seconds * 1000)

    def feed(self, event: Event) -> None:
        """Commit, then judge, then send; a refused commit ends the process with everything as it was."""
        before = self.state
        state, decided = step(before, event)
        if self.rng.random() < 0.002 and not isinstance(event, Started):
            self.counts["refused_commits"] += 1
            raise CrashError
        self.state = state
        self.events.append(event)
        self.decided += decided
        self.judge(before, event, decided)
        for intent in intents(decided):
            self.send(intent)

    def send(self, intent: Intent) -> None:
        fate = self.rng.random()
        if fate < 0.02:
            raise CrashError
        if fate < 0.62:
            self.venue.do(intent)
            self.answer(intent, Outcome.DONE)
        elif fate < 0.70:
            self.answer(intent, Outcome.REJECTED)
        elif fate < 0.78:
            self.venue.do(intent)
            self.answer(intent, Outcome.UNKNOWN)
        elif fate < 0.80:
            self.venue.do(intent)
            raise CrashError
        elif fate < 0.90:
            self.flying.append(intent)
        else:
            self.answer(intent, Outcome.UNKNOWN)

    def answer(self, intent: Intent, outcome: Outcome) -> None:
        for _ in range(2 if self.rng.random() < 0.1 else 1):
            self.feed(ActionResult(self.truth, self.uptime, intent.client_id, outcome))

    def arrive(self) -> None:
        """What was late."""
        if self.flying and self.rng.random() < 0.5:
            late = self.flying.pop(self.rng.randrange(len(self.flying)))
            self.venue.do(late)
            self.answer(late, self.rng.choice([Outcome.DONE, Outcome.UNKNOWN]))

    def judge(self, before: GuardState, event: Event, decided: tuple[Decision, ...]) -> None:
        """Nothing lost, nothing without cause, nothing twice, at once what must be."""
        for item in decided:
            if isinstance(item, Intent):
                self.counts[item.kind.value] += 1
                assert item.client_id not in self.names, "given out twice"
                self.names.add(item.client_id)
                if item.kind is IntentKind.CLOSE:
                    self.closes_with_cause(item)
            elif isinstance(item, LockSet):
                self.counts["locks"] += 1
                until = datetime.max.replace(tzinfo=UTC) if item.until is None else item.until
                self.standing[item.rule] = (Ends(item.ends), until)
            elif isinstance(item, LockCleared):
                self.ends_by_its_own_condition(before, event, item)
            self.counts["flattened"] += isinstance(item, FlattenEnded)
            if isinstance(item, FlattenEnded):
                assert isinstance(event, AccountRead)
                assert event.positions == (), "flat without having read it"
        assert self.standing.keys() == {lock.rule for lock in self.state.locks}, "a lock was lost"
        self.keeps_time_and_order(before, event)
        self.breach_is_locked()
        self.locked_is_being_closed(event)

    def keeps_time_and_order(self, before: GuardState, event: Event) -> None:
        """The guard's time runs forwards and with the world's, whatever the wall clock says; an old read changes nothing; a fill is
        one fill."""
        assert self.state.now is not None
        assert before.now is None or self.state.now >= before.now
        assert abs(self.state.now - self.truth) <= timedelta(seconds=31)
        if isinstance(event, AccountRead) and event.number <= before.read_number:
            assert (self.state.positions, self.state.read_number) == (before.positions, before.read_number)
        told = [trade.fill_id for trade in self.state.trades]
        assert len(set(told)) == len(told)
        assert set(told) <= self.fill_times.keys()

    def closes_with_cause(self, intent: Intent) -> None:
        assert self.state.flattening is not None or self.state.locks
        assert isinstance(self.state.positions, tuple)
        assert not isinstance(self.state.orders, Unknown)
        (item,) = self.state.positions
        assert intent.side is item.side
        assert intent.quantity is not None
        assert 0 < intent.quantity <= item.quantity
        assert self.state.read_number > self.closed_at_read, "closed again without having read"
        self.closed_at_read = self.state.read_number

    def ends_by_its_own_condition(self, before: GuardState, event: Event, item: LockCleared) -> None:
        ends, until = self.standing.pop(item.rule)
        now = self.state.now
        assert now is not None
        if item.by == "reset":
            assert ends is Ends.RESET
            assert before.day is not None
            assert self.state.day is not None
            assert self.state.day.day > before.day.day
        elif item.by == "time":
            assert ends is Ends.TIME
            assert now >= until - timedelta(seconds=1)
        else:
            assert isinstance(event, Command)
            assert event.kind is CommandKind.UNLOCK
            assert item.rule != "self_lock"

    def breach_is_locked(self) -> None:
        """The day's loss by the venue's books, of the fills that were told: at the limit it is locked."""
        day = self.state.day
        if day is None or self.state.trades_known_since is None:
            return
        known = {trade.fill_id for trade in self.state.trades}
        lost = sum(
            (
                gain or Decimal(0)
                for name, gain, _ in self.venue.fills[-400:]
                if name in known and self.fill_times[name] >= day.start
            ),
            Decimal(0),
        )
        if lost <= -LOSS and self.state.positions is not None:
            assert "daily_realized_loss" in self.standing, f"{lost} lost and not locked"

    def locked_is_being_closed(self, event: Event) -> None:
        """A read that shows a position under a lock that wants none finds an order on its way, or has just sent one."""
        if not isinstance(event, AccountRead) or not self.state.readable or event.number != self.state.read_number:
            return
        if FLAT_LOCKS & self.standing.keys() and self.state.positions:
            assert any(sent.intent.kind is IntentKind.CLOSE for sent in self.state.sent.values()), "locked, held, and nothing sent"
