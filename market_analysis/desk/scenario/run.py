"""A scenario lived: each line changes the account, the guard looks until it asks for nothing more, expectations are judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from market_analysis.desk.guard_policy import policy_of
from market_analysis.desk.scenario.expect import Moment, judge_line
from market_analysis.desk.scenario.grammar import HAPPENS, read_words
from market_analysis.desk.scenario.looks import looks_between
from market_analysis.desk.scenario.text import Line, Scenario
from market_analysis.desk.scenario.world import ACCOUNT, World, instrument
from market_analysis.domain import OrderSide, PositionKey, Unknown
from market_analysis.domain.decision import DayBegan, Decision, Intent, ReadNow
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
_QUIET = (ReadNow, DayBegan)
"""Decisions that are no news between two lines."""
Values = Mapping[str, Any]
Done = tuple[Decision, ...]


@dataclass(frozen=True, slots=True)
class Passed:
    """One line and what came of it. line None: a look between two lines that led to something. met: of an expectation; found: what
    was there instead. equity: the account's at the mark, whether it could be read or not. refused: client ids of orders that the
    venue did not take."""

    line: Line | None
    at: datetime
    equity: Decimal
    verdicts: tuple[Verdict, ...]
    decisions: tuple[Decision, ...]
    met: bool | None = None
    found: str = ""
    refused: frozenset[str] = frozenset()


def run_scenario(scenario: Scenario, name: str) -> tuple[Passed, ...]:
    """All lines in order, and between them the looks that led to something. Raises SettingsError naming the line that cannot be
    understood."""
    living = Living(scenario, name)
    return tuple(passed for line in scenario.lines for passed in living.pass_line(line))


class Living:
    """The guard, the account, and the time between them."""

    def __init__(self, scenario: Scenario, name: str) -> None:
        self.world = World(scenario)
        self._name = name
        self._policy = policy_of(ACCOUNT, scenario.account, enforces=scenario.account.enforce)
        self._state = begin(self._policy)
        first = next((line.at for line in scenario.lines if line.at is not None), None)
        if first is None:
            raise SettingsError(f"{name}: only expectations, and nothing happens", remedy="begin with 09:30 balance 50000")
        self._at = first - 3 * SECOND
        self._uptime_ms = 0
        self._begun = False
        self._reads = 0
        self._told = 0
        self._since: Done = ()
        self._feed(Started)
        self._feed(TradesRead, since=self._at - timedelta(days=2))

    def pass_line(self, line: Line) -> Iterator[Passed]:
        """Judge what it expects; or live until its moment, and do what it says."""
        if line.at is None:
            moment = Moment(self._state, self.world, self._verdicts(), self._since)
            met, found = judge_line(self._where(line), line.text, line.words[1:], moment)
            yield Passed(line, self._at, self._equity(), (), (), met, found)
            return
        self._since = ()
        for look in self._wait(line.at):
            self._since += look.decisions
            yield look
        done = self._do(line) + self._settle()
        self._since += done
        self._begun = True
        yield self._passed(line, line.at, done)

    def _wait(self, until: datetime) -> Iterator[Passed]:
        """To a line's moment, the looks in between in; never back, looks take a second each."""
        moments = looks_between(self._at, until, self._policy.zone, self._policy.reset) if self._begun else iter(())
        for at in moments:
            self._move(at - SECOND)
            decisions = self._settle(least=1)
            if any(not isinstance(item, _QUIET) for item in decisions):
                yield self._passed(None, at, decisions)
        self._move(until)

    def _passed(self, line: Line | None, at: datetime, done: Done) -> Passed:
        return Passed(line, at, self._equity(), self._verdicts(), done, refused=frozenset(self.world.refused))

    def _equity(self) -> Decimal:
        return self.world.money().equity

    def _verdicts(self) -> tuple[Verdict, ...]:
        return tuple(verdict for _, verdict in judge(self._state))

    def _where(self, line: Line) -> str:
        return f"{self._name}, line {line.number}"

    def _do(self, line: Line) -> Done:
        verb, where = line.words[0], self._where(line)
        if verb not in HAPPENS:
            raise SettingsError(
                f"{where}: {verb!r} is nothing that happens", remedy=f"known: {', '.join(HAPPENS)}; see docs/rules.md"
            )
        values = read_words(line.text, line.words, HAPPENS[verb], where)
        if verb in ("mark", "stop"):
            self.world.known(values["SYMBOL"], where)
        if verb == "stop" and "PRICE" in values and values["SYMBOL"] not in self.world.held():
            raise SettingsError(f"{where}: {line.text!r}: nothing is held of it", remedy="a stop rests for a position")
        doing: Mapping[str, Callable[[Values], Done]] = {
            "start": self._start,
            "balance": self._balance,
            "buy": lambda given: self._trade(given, 1),
            "sell": lambda given: self._trade(given, -1),
            "mark": self._mark,
            "stop": self._stop,
            "plan": self._plan,
            "entry": self._entry,
            "unread": lambda given: self._switch(readable=False),
            "read": lambda given: self._switch(readable=True),
            "refuse": lambda given: self._switch(accepts=False),
            "accept": lambda given: self._switch(accepts=True),
            "barred": lambda given: self._switch(may_trade=False),
            "allowed": lambda given: self._switch(may_trade=True),
            "restart": self._restart,
            "wait": lambda given: (),
            "lock": self._lock,
            "unlock": lambda given: self._command(CommandKind.UNLOCK, rule=given.get("LOCK")),
            "flatten": lambda given: self._command(CommandKind.FLATTEN),
        }
        return doing[verb](values)

    def _balance(self, given: Values) -> Done:
        self.world.balance = given["AMOUNT"]
        return ()

    def _start(self, given: Values) -> Done:
        """The venue's records tell how the day began; before anything was traded that is the balance now, too."""
        if not self.world.trades:
            self.world.balance = given["AMOUNT"]
        equity = given.get("EQUITY", given["AMOUNT"])
        return self._feed(PeriodStartKnown, period=Period.DAY.value, balance=given["AMOUNT"], equity=equity)

    def _trade(self, given: Values, sign: int) -> Done:
        costs = given.get("AMOUNT", Decimal(0))
        self.world.trade(given["SYMBOL"], sign * given["QUANTITY"], given["PRICE"], self._at, costs=costs)
        return self._tell_fills()

    def _mark(self, given: Values) -> Done:
        self.world.marks[given["SYMBOL"]] = given["PRICE"]
        return ()

    def _stop(self, given: Values) -> Done:
        self.world.stop(given["SYMBOL"], given.get("PRICE"), self._at)
        return ()

    def _plan(self, given: Values) -> Done:
        self.world.planned[given["SYMBOL"]] = given["PRICE"]
        stops = {PositionKey(ACCOUNT, instrument(symbol)): price for symbol, price in self.world.planned.items()}
        return self._feed(AnalysisMade, planned_stops=stops)

    def _entry(self, given: Values) -> Done:
        self.world.entry(given["SYMBOL"], OrderSide(given["SIDE"]), given["QUANTITY"], given["PRICE"], self._at)
        return ()

    def _switch(self, **flags: bool) -> Done:
        for name, value in flags.items():
            setattr(self.world, name, value)
        return ()

    def _restart(self, given: Values) -> Done:
        self._at += given.get("DURATION", SECOND)
        self._uptime_ms = 0
        return self._feed(Started) + self._feed(TradesRead, since=self._at - timedelta(days=2))

    def _lock(self, given: Values) -> Done:
        until = self._at + given["DURATION"] if "DURATION" in given else None
        return self._command(CommandKind.LOCK, until=until)

    def _command(self, kind: CommandKind, **terms: Any) -> Done:
        return self._feed(Command, kind=kind, by="scenario", reason="as written", **terms)

    def _settle(self, least: int = LOOKS) -> Done:
        """Look so often, and on until nothing more is asked for."""
        decisions: Done = ()
        for count in range(MOST_LOOKS):
            given = self._look()
            decisions += given
            asks = any(isinstance(item, Intent | ReadNow) for item in given) or self._state.flattening is not None
            if count + 1 >= least and not (asks and self.world.readable):
                break
        return decisions

    def _look(self) -> Done:
        self._at, self._uptime_ms = self._at + SECOND, self._uptime_ms + 1000
        self._reads += 1
        gone: Unknown[Any] = Unknown("venue_unavailable", "the scenario says so", self._at)
        world = self.world
        parts: dict[str, Any] = {"money": gone, "positions": gone, "orders": gone, "can_trade": None}
        if world.readable:
            orders = tuple(world.orders.values())
            parts = {"money": world.money(), "positions": world.positions(), "orders": orders, "can_trade": world.may_trade}
        return self._feed(AccountRead, number=self._reads, **parts)

    def _tell_fills(self) -> Done:
        decisions: Done = ()
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
                costs=trade.costs,
            )
        return decisions

    def _feed(self, make: Callable[..., Any], /, **parts: Any) -> Done:
        """One event, what it led to carried out, and the answers."""
        event = make(at=self._at, uptime_ms=self._uptime_ms, **parts)
        self._state, decisions = step(self._state, event)
        for intent in [item for item in decisions if isinstance(item, Intent)]:
            outcome = self.world.carry_out(intent, self._at)
            decisions += self._feed(ActionResult, client_id=intent.client_id, outcome=outcome)
            decisions += self._tell_fills()
        return decisions

    def _move(self, at: datetime) -> None:
        """To a moment, never back."""
        passed = max(at - self._at, timedelta(0))
        self._at += passed
        self._uptime_ms += passed // timedelta(milliseconds=1)

    @property
    def state(self) -> GuardState:
        """The guard's."""
        return self._state
