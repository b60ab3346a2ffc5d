"""The guard around one account: looks become events, every step is journaled before anything is told or sent (law 9).

Without an enforcer rules in enforce mode say what they would do. With one, what was decided is sent once it is on disk, all of it
at the same time (the legs of a hedge leave together), and what came of it is an event like any other. A guard that starts again is
where its journal says it was, and then looks: what was under way when it went down is settled by reads, never sent again blindly.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from market_analysis.desk.guard_events import events_of
from market_analysis.desk.session import Look, Session
from market_analysis.domain import InstrumentId, Unknown
from market_analysis.domain.clock import uptime_seconds
from market_analysis.domain.decision import Decision, Intent
from market_analysis.domain.event import AccountRead, ActionResult, Command, CommandKind, Event, MarksSeen, Outcome, Started, Ticked
from market_analysis.guard.judging import judge
from market_analysis.guard.marks import trigger_prices
from market_analysis.guard.state import GuardPolicy, GuardState
from market_analysis.guard.step import begin, step
from market_analysis.guard.stored import STORED_TYPES, StoredState, restored, stored
from market_analysis.rules.verdict import Verdict
from market_analysis.store import Codec, Journal
from market_analysis.venues.enforcer import Carried, Enforcer

CODEC = Codec((*STORED_TYPES, StoredState))


@dataclass(frozen=True, slots=True)
class Watch:
    """One look of the guard: what was read, what the rules say now, and what was decided on the way."""

    look: Look
    verdicts: tuple[Verdict, ...]
    decisions: tuple[Decision, ...]
    state: GuardState


class JournaledGuard:
    """`step` with its journal. The state is on disk before `feed` returns what was decided."""

    def __init__(self, policy: GuardPolicy, journal: Journal) -> None:
        self._journal = journal
        saved = journal.checkpoint(policy.account)
        self.state = begin(policy) if saved is None else restored(CODEC.loads(saved.state), policy)

    def feed(self, event: Event) -> tuple[Decision, ...]:
        """One event.

        Raises:
            StateError: the step could not be written; the state is then as before.
        """
        state, decisions = step(self.state, event)
        account = state.policy.account
        self._journal.append(account, event.at.isoformat(), CODEC.dumps(event), CODEC.dumps(decisions), CODEC.dumps(stored(state)))
        self.state = state
        return decisions


class GuardSession:
    """Looks at an account through a session, and feeds what it sees to the guard."""

    def __init__(
        self,
        session: Session,
        guard: JournaledGuard,
        enforcer: Enforcer | None = None,
        monotonic: Callable[[], float] = uptime_seconds,
    ) -> None:
        self._session = session
        self._guard = guard
        self._enforcer = enforcer
        self._monotonic = monotonic
        self._begun = False

    @property
    def state(self) -> GuardState:
        """As it stands on disk."""
        return self._guard.state

    def uptime_ms(self) -> int:
        """The account's clock that cannot be set."""
        return round(self._monotonic() * 1000)

    def now(self) -> datetime:
        """The account's time."""
        return self._session.clock.now()

    async def watch(self) -> Watch:
        """One look, all its events, and the verdicts after them."""
        return await self.digest(await self.look())

    async def look(self) -> Look:
        """What the account looks like; nothing is decided yet, so that it may be broken off."""
        return await self._session.look()

    async def digest(self, look: Look) -> Watch:
        """All events of a look, and the verdicts after them."""
        decisions = self._begin(look.snapshot.as_of)
        state = self._guard.state
        told = frozenset(trade.fill_id for trade in state.trades)
        for event in events_of(look, self._uptime_of(look.snapshot.as_of), state.read_number + 1, told):
            decisions += await self._feed(event)
        state = self._guard.state
        return Watch(look, tuple(verdict for _, verdict in judge(state)), decisions, state)

    async def marks(self, marks: Mapping[InstrumentId, Decimal]) -> tuple[Decision, ...]:
        """Prices that were pushed since the last look; nothing before the first one."""
        if not self._begun or not marks:
            return ()
        return await self._feed(MarksSeen(self._session.clock.now(), self.uptime_ms(), marks))

    def triggers(self) -> Mapping[InstrumentId, tuple[Decimal, Decimal]]:
        """Prices at which the nearest limit would be reached; of what is held now, and empty where that is not known."""
        state = self._guard.state
        return trigger_prices(state, (verdict for _, verdict in judge(state))) if self._begun else {}

    def instruments(self) -> frozenset[InstrumentId]:
        """What is held, as last read."""
        positions = self._guard.state.positions
        return frozenset(item.key.instrument for item in positions) if isinstance(positions, tuple) else frozenset()

    async def unread(self, reason: str) -> tuple[Decision, ...]:
        """A look that failed is a read of nothing: the last one's book is not kept as if (law 1)."""
        decisions = self._begin(self.now())
        gone: Unknown[Any] = Unknown("look_failed", reason, self.now())
        number = self._guard.state.read_number + 1
        return decisions + await self._feed(AccountRead(self.now(), self.uptime_ms(), number, gone, gone, gone))

    async def tick(self) -> tuple[Decision, ...]:
        """Time has passed, and nothing was looked at."""
        return self._begin(self.now()) + await self._feed(Ticked(self.now(), self.uptime_ms()))

    async def order(self, kind: CommandKind, by: str, reason: str, **terms: Any) -> tuple[Decision, ...]:
        """A command: lock, unlock, flatten. terms: further fields of `Command`."""
        return self._begin(self.now()) + await self._feed(Command(self.now(), self.uptime_ms(), kind, by, reason, **terms))

    def _begin(self, at: datetime) -> tuple[Decision, ...]:
        """The first thing that a guard is told since its process began."""
        if self._begun:
            return ()
        decisions = self._guard.feed(Started(at, self._uptime_of(at)))
        self._begun = True
        return decisions

    async def _feed(self, event: Event) -> tuple[Decision, ...]:
        """One event, and whatever follows from carrying out what it led to."""
        decisions = self._guard.feed(event)
        intents = [item for item in decisions if isinstance(item, Intent)]
        if not intents or self._enforcer is None:
            return decisions
        ends = await asyncio.gather(*(_end_of(self._enforcer, intent) for intent in intents))
        for intent, end in zip(intents, ends, strict=True):
            result = ActionResult(self._session.clock.now(), self.uptime_ms(), intent.client_id, end.outcome, end.message)
            decisions += await self._feed(result)
        return decisions

    def _uptime_of(self, moment: datetime) -> int:
        """Where that clock stood then: a look's time is that of its beginning, and it is told at its end."""
        return self.uptime_ms() - max(self.now() - moment, timedelta(0)) // timedelta(milliseconds=1)


async def _end_of(enforcer: Enforcer, intent: Intent) -> Carried:
    """The end of one request. Whatever fails in sending it, the others' ends are told, and of this one a read tells (law 8)."""
    try:
        return await enforcer.carry_out(intent)
    except Exception as error:  # noqa: BLE001
        return Carried(Outcome.UNKNOWN, f"internal error: {type(error).__name__}")
