"""A scenario lived: each line changes the account, the guard looks until it asks for nothing more, expectations are judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from market_analysis.desk.guard_policy import policy_of
from market_analysis.desk.scenario.expect import judge_line
from market_analysis.desk.scenario.text import REMEDY, Line, Scenario, amount, duration
from market_analysis.desk.scenario.world import ACCOUNT, World, instrument
from market_analysis.domain import OrderSide, PositionKey, Unknown
from market_analysis.domain.decision import Decision, Intent
from market_analysis.domain.event import (
    AccountRead,
    ActionResult,
    AnalysisMade,
    Command,
    CommandKind,
    FillSeen,
    PeriodStartKnown,
    Started,
    TradesRead,
)
from market_analysis.errors import SettingsError
from market_analysis.guard.judging import judge
from market_analysis.guard.state import GuardState
from market_analysis.guard.step import begin, step
from market_analysis.rules.roots import root_of_symbol
from market_analysis.rules.verdict import Verdict
from market_analysis.rules.view import Period

LOOKS = 2
"""After each line: what rests on marks is acted on when two looks agree."""
MOST_LOOKS = 12
SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Passed:
    """One line and what came of it. met: of an expectation; found: what was there instead."""

    line: Line
    at: datetime
    verdicts: tuple[Verdict, ...]
    decisions: tuple[Decision, ...]
    met: bool | None = None
    found: str = ""


def run_scenario(scenario: Scenario, name: str) -> tuple[Passed, ...]:
    """All lines in order. Raises SettingsError naming the line that cannot be understood."""
    living = Living(scenario, name)
    return tuple(living.pass_line(line) for line in scenario.lines)


class Living:
    """The guard, the account, and the time between them."""

    def __init__(self, scenario: Scenario, name: str) -> None:
        self.world = World(scenario)
        self._scenario = scenario
        self._name = name
        self._policy = policy_of(ACCOUNT, scenario.account, enforces=scenario.account.enforce)
        self._state = begin(self._policy)
        first = next((line.at for line in scenario.lines if line.at is not None), None)
        if first is None:
            raise SettingsError(f"{name}: only expectations, and nothing happens", remedy=REMEDY)
        self._at = first - 3 * SECOND
        self._uptime_ms = 0
        self._reads = 0
        self._told = 0
        self._since: tuple[Decision, ...] = ()
        self._feed(Started)
        self._feed(TradesRead, since=self._at - timedelta(days=2))

    def pass_line(self, line: Line) -> Passed:
        """Do what it says, or judge what it expects."""
        if line.at is None:
            met, found = judge_line(self._where(line), line.words[1:], self._state, self.world, self._verdicts(), self._since)
            return Passed(line, self._at, (), (), met, found)
        self._move(line.at)
        self._since = self._do(line) + self._settle()
        return Passed(line, line.at, self._verdicts(), self._since)

    def _verdicts(self) -> tuple[Verdict, ...]:
        return tuple(verdict for _, verdict in judge(self._state))

    def _where(self, line: Line) -> str:
        return f"{self._name}, line {line.number}"

    def _do(self, line: Line) -> tuple[Decision, ...]:
        verb, *rest = line.words
        doing: Mapping[str, Callable[[list[str], str], tuple[Decision, ...]]] = {
            "start": self._start,
            "balance": self._balance,
            "buy": self._buy,
            "sell": self._sell,
            "mark": self._mark,
            "stop": self._stop,
            "plan": self._plan,
            "entry": self._entry,
            "unread": lambda words, where: self._switch(readable=False),
            "read": lambda words, where: self._switch(readable=True),
            "refuse": lambda words, where: self._switch(accepts=False),
            "accept": lambda words, where: self._switch(accepts=True),
            "restart": self._restart,
            "wait": lambda words, where: (),
            "lock": self._lock,
            "unlock": lambda words, where: self._command(CommandKind.UNLOCK, rule=words[0] if words else None),
            "flatten": lambda words, where: self._command(CommandKind.FLATTEN),
        }
        if verb not in doing:
            raise SettingsError(f"{self._where(line)}: {verb!r} is nothing that happens; known: {', '.join(doing)}", remedy=REMEDY)
        try:
            return doing[verb](rest, self._where(line))
        except (IndexError, KeyError, ValueError) as error:
            raise SettingsError(f"{self._where(line)}: {line.text!r} is not complete", remedy=REMEDY) from error

    def _balance(self, words: list[str], where: str) -> tuple[Decision, ...]:
        self.world.balance = amount(words[0], where)
        return ()

    def _start(self, words: list[str], where: str) -> tuple[Decision, ...]:
        self._balance(words, where)
        level = self.world.balance
        return self._feed(PeriodStartKnown, period=Period.DAY.value, balance=level, equity=level)

    def _buy(self, words: list[str], where: str, sign: int = 1) -> tuple[Decision, ...]:
        quantity, symbol, _, price = words
        self.world.trade(symbol, sign * amount(quantity, where), amount(price, where), self._at)
        return self._tell_fills()

    def _sell(self, words: list[str], where: str) -> tuple[Decision, ...]:
        return self._buy(words, where, -1)

    def _mark(self, words: list[str], where: str) -> tuple[Decision, ...]:
        symbol, price = words
        self.world.marks[symbol] = amount(price, where)
        return ()

    def _stop(self, words: list[str], where: str) -> tuple[Decision, ...]:
        symbol, price = words
        self.world.stop(symbol, None if price == "none" else amount(price, where), self._at)
        return ()

    def _plan(self, words: list[str], where: str) -> tuple[Decision, ...]:
        symbol, _, price = words
        key = PositionKey(ACCOUNT, instrument(symbol))
        return self._feed(AnalysisMade, planned_stops={key: amount(price, where)})

    def _entry(self, words: list[str], where: str) -> tuple[Decision, ...]:
        side, quantity, symbol, _, price = words
        self.world.entry(symbol, OrderSide(side), amount(quantity, where), amount(price, where), self._at)
        return ()

    def _switch(self, **flags: bool) -> tuple[Decision, ...]:
        for name, value in flags.items():
            setattr(self.world, name, value)
        return ()

    def _restart(self, words: list[str], where: str) -> tuple[Decision, ...]:
        self._at += duration(words[0], where) if words else SECOND
        self._uptime_ms = 0
        return self._feed(Started) + self._feed(TradesRead, since=self._at - timedelta(days=2))

    def _lock(self, words: list[str], where: str) -> tuple[Decision, ...]:
        until = self._at + duration(words[1], where) if words[:1] == ["for"] else None
        return self._command(CommandKind.LOCK, until=until)

    def _command(self, kind: CommandKind, **terms: Any) -> tuple[Decision, ...]:
        return self._feed(Command, kind=kind, by="scenario", reason="as written", **terms)

    def _settle(self) -> tuple[Decision, ...]:
        """Look at least twice, and on until nothing more is asked for."""
        decisions: tuple[Decision, ...] = ()
        for count in range(MOST_LOOKS):
            given = self._look()
            decisions += given
            if count + 1 >= LOOKS and not any(isinstance(item, Intent) for item in given) and self._state.flattening is None:
                break
        return decisions

    def _look(self) -> tuple[Decision, ...]:
        self._at, self._uptime_ms = self._at + SECOND, self._uptime_ms + 1000
        self._reads += 1
        gone: Unknown[Any] = Unknown("venue_unavailable", "the scenario says so", self._at)
        world = self.world
        parts: dict[str, Any] = {"money": gone, "positions": gone, "orders": gone, "can_trade": None}
        if world.readable:
            orders = tuple(world.orders.values())
            parts = {"money": world.money(), "positions": world.positions(), "orders": orders, "can_trade": True}
        return self._feed(AccountRead, number=self._reads, **parts)

    def _tell_fills(self) -> tuple[Decision, ...]:
        decisions: tuple[Decision, ...] = ()
        for trade in self.world.trades[self._told :]:
            self._told = trade.number
            decisions += self._feed(
                FillSeen,
                fill_id=f"fill-{trade.number}",
                order_id=f"order-{trade.number}",
                client_order_id=trade.client_id,
                instrument=instrument(trade.symbol),
                root=self.world.contract(trade.symbol).root or root_of_symbol(trade.symbol),
                time=self._at,
                realized=trade.realized,
                costs=Decimal(0),
            )
        return decisions

    def _feed(self, make: Callable[..., Any], /, **parts: Any) -> tuple[Decision, ...]:
        """One event, what it led to carried out, and the answers."""
        event = make(at=self._at, uptime_ms=self._uptime_ms, **parts)
        self._state, decisions = step(self._state, event)
        for intent in [item for item in decisions if isinstance(item, Intent)]:
            outcome = self.world.carry_out(intent, self._at)
            decisions += self._feed(ActionResult, client_id=intent.client_id, outcome=outcome)
            decisions += self._tell_fills()
        return decisions

    def _move(self, at: datetime) -> None:
        """To a line's moment; never back, looks take a second each."""
        passed = max(at - self._at, timedelta(0))
        self._at += passed
        self._uptime_ms += passed // timedelta(milliseconds=1)

    @property
    def state(self) -> GuardState:
        """The guard's."""
        return replace(self._state)
