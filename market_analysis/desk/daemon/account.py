"""One account's place in the daemon: opened, looked at, opened again after a failure; nothing of it reaches another account."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from market_analysis.desk.daemon.board import Board
from market_analysis.desk.guard import Watch
from market_analysis.desk.guard_opening import GuardOpening, OpenGuard
from market_analysis.desk.listening import Listener
from market_analysis.desk.loop import repeat
from market_analysis.desk.session import Look, Progress
from market_analysis.domain.clock import uptime_seconds
from market_analysis.domain.decision import Decision, Intent, ReadNow, told
from market_analysis.domain.event import CommandKind
from market_analysis.errors import EXIT_INTERNAL, DataUnknownError, RiskManagerError, UsageError
from market_analysis.guard.judging import judge
from market_analysis.report.guard_status import Seen
from market_analysis.report.text_guard import decision_line

STALE_AFTER_S = 30.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 60.0


@dataclass(frozen=True, slots=True)
class Pace:
    """interval_seconds: from the start of one look to the start of the next. iterations: looks until it ends, None: none."""

    interval_seconds: float
    iterations: int | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A look, or what it led to, that failed."""

    text: str
    exit_status: int


@dataclass(frozen=True, slots=True)
class Hooks:
    """Who is told. watched: after each look. decided: of decisions. failed: of each failure that is new. completed: after each
    turn of the loop, whatever came of it."""

    watched: Callable[[str, Watch], None]
    decided: Callable[[str, tuple[Decision, ...]], None]
    failed: Callable[[str, str], None]
    late: Callable[[float], None]
    completed: Callable[[str], None]
    progress: Progress


class WatchedAccount:
    """`run` watches until told to stop. alone: what keeps the only account from being opened ends the run; among several it is
    tried again. last: how the last turn ended."""

    def __init__(self, name: str, opening: GuardOpening, board: Board, hooks: Hooks, pace: Pace, *, alone: bool) -> None:
        self.name = name
        self.last: Watch | Failure | None = None
        self.opened: OpenGuard | None = None
        self.wake = asyncio.Event()
        self._opening = opening
        self._board = board
        self._hooks = hooks
        self._pace = pace
        self._alone = alone
        self._listener: Listener | None = None
        self._told_failure = ""
        self._read_at: float | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`, or the pace's looks are done.

        Raises:
            RiskManagerError: it is alone and cannot be opened.
        """
        pause = FIRST_PAUSE_S
        while not stop.is_set():
            try:
                async with self._opening.open(self.name, self._hooks.progress) as opened:
                    self.opened = opened
                    await self._watch(opened, stop)
                return
            except Exception as error:
                if self._alone:
                    raise
                self._fail(_failure(error))
                if self._pace.iterations is not None:
                    return
            finally:
                self.opened = None
            self._hooks.completed(self.name)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await stop.wait()
            pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _watch(self, opened: OpenGuard, stop: asyncio.Event) -> None:
        async def look() -> Look | Failure | None:
            if opened.guard.state.paused:
                return None
            try:
                return await opened.guard.look()
            except Exception as error:  # noqa: BLE001  # whatever it is, it must not end the guarding
                return _failure(error)

        async def use(seen: Look | Failure | None) -> None:
            try:
                await self._used(opened, seen)
            except Exception as error:  # noqa: BLE001  # nor what was done with it
                self._fail(_failure(error))
            finally:
                self._hooks.completed(self.name)

        listening = self._listen(opened)
        try:
            await repeat(
                look,
                interval_seconds=self._pace.interval_seconds,
                iterations=self._pace.iterations,
                on_look=use,
                on_late=self._hooks.late,
                wake=self.wake,
                stop=stop,
            )
        finally:
            if listening is not None:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    async def _used(self, opened: OpenGuard, seen: Look | Failure | None) -> None:
        """What a look found is decided upon. Of a paused account time passes, and nothing is looked at."""
        if seen is None:
            decisions = await opened.guard.tick()
            self._hooks.decided(self.name, decisions)
            self.publish(decisions)
            return
        if isinstance(seen, Failure):
            self.tell(await opened.guard.unread(seen.text))
            self._fail(seen)
            return
        self._read_at = uptime_seconds()
        watch = await opened.guard.digest(seen)
        self.last, self._told_failure = watch, ""
        self._hooks.watched(self.name, watch)
        self.publish(watch.decisions)
        if any(isinstance(item, Intent | ReadNow) for item in watch.decisions):
            self.wake.set()

    async def order(self, kind: CommandKind, by: str, reason: str, **terms: Any) -> tuple[Decision, ...]:
        """A command, carried out and told; the next look comes at once.

        Raises:
            DataUnknownError: the account is not open.
            StateError: it could not be written to the journal, and is not done.
        """
        decisions = await self._open().guard.order(kind, by, reason, **terms)
        self._hooks.decided(self.name, decisions)
        self.publish(decisions)
        self.wake.set()
        return decisions

    def now(self) -> datetime:
        """The account's time."""
        return self._open().guard.now()

    def must_have_lock(self, rule: str | None) -> None:
        """Raises UsageError where there is no lock by that rule, naming those that are."""
        known = sorted({lock.rule for lock in self._open().guard.state.locks})
        if rule is not None and rule not in known:
            there = f"locks: {', '.join(known)}" if known else "there is none"
            raise UsageError(f"account {self.name} has no lock by {rule!r}; {there}", remedy="see `risk-manager status`")

    def _open(self) -> OpenGuard:
        if self.opened is None:
            raise DataUnknownError(f"account {self.name} is not open", remedy="see `risk-manager status`")
        return self.opened

    def tell(self, decisions: tuple[Decision, ...]) -> None:
        """What was decided outside a look: by pushes, by commands, by time."""
        if decisions and self.opened is not None:
            self._hooks.decided(self.name, decisions)
            self.publish(decisions)

    def publish(self, decisions: tuple[Decision, ...], problem: str | None = None) -> None:
        """What is known now, for the sockets to read."""
        if self.opened is None:
            return
        guard = self.opened.guard
        heard = None if self._listener is None else self._listener.lost or ""
        seen = Seen(
            state=guard.state,
            verdicts=tuple(verdict for _, verdict in judge(guard.state)) if guard.state.now is not None else (),
            decisions=(),
            now=guard.now(),
            uptime_ms=guard.uptime_ms(),
            risk_frac=self.opened.risk_frac,
            stale_after_seconds=max(STALE_AFTER_S, 3 * self._pace.interval_seconds),
            heard=heard,
            problem=problem,
            paused=guard.state.paused,
        )
        lines = [decision_line(item) for item in told(decisions)]
        self._board.publish(self.name, seen, (guard.now, guard.uptime_ms), lines, read_at=self._read_at)

    def _listen(self, opened: OpenGuard) -> asyncio.Task[None] | None:
        if opened.stream is None:
            return None
        self._listener = Listener(opened.guard, opened.stream, self.tell, wake=self.wake)
        task = asyncio.create_task(self._listener.run())
        task.add_done_callback(self._deaf)
        return task

    def _deaf(self, listening: asyncio.Task[None]) -> None:
        """Should what hears pushes fail, that is told, and the loop reads on."""
        if not listening.cancelled() and (error := listening.exception()) is not None:
            reason = f"pushes are no longer heard ({type(error).__name__}); reads go on"
            self._hooks.failed(self.name, reason)
            if self._listener is not None:
                self._listener.lost = reason

    def _fail(self, failure: Failure) -> None:
        self.last = failure
        if failure.text != self._told_failure:
            self._told_failure = failure.text
            self._hooks.failed(self.name, failure.text)
        if self.opened is None:
            self._board.fail(self.name, failure.text)
        else:
            self.publish((), failure.text)


def _failure(error: Exception) -> Failure:
    """An error of ours in its words; any other by its kind and place, never its data."""
    if isinstance(error, RiskManagerError):
        return Failure(str(error), error.exit_status)
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = "" if trace is None else f" at {trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
    return Failure(f"internal error: {type(error).__name__}{place}", EXIT_INTERNAL)
