"""Pushes on their way to a guard: marks are fed to it, and whatever else has changed wakes its loop to read."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from market_analysis.desk.guard import GuardSession
from market_analysis.desk.mark_board import MarkBoard
from market_analysis.domain.decision import Decision, ReadNow
from market_analysis.venues.stream import Lost, MarkSeen, Pushed, Stream

FLUSH_S = 0.1


class Listener:
    """One account's. `wake` is set when a read should not wait for its turn; who reads clears it first.

    tell: decisions that marks have led to. lost: why the stream is gone, None while it is heard; the guard reads on without it.
    """

    def __init__(
        self,
        guard: GuardSession,
        stream: Stream,
        tell: Callable[[tuple[Decision, ...]], None],
        monotonic: Callable[[], float] = time.monotonic,
        wake: asyncio.Event | None = None,
    ) -> None:
        self.wake = wake or asyncio.Event()
        self.lost: str | None = "not connected yet"
        self._guard = guard
        self._stream = stream
        self._tell = tell
        self._board = MarkBoard(monotonic)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._stream.run(self._guard.instruments, self._take))
            tasks.create_task(self._flush())

    def _take(self, pushed: Pushed) -> None:
        if isinstance(pushed, Lost):
            self.lost = pushed.reason
            return
        self.lost = None
        if isinstance(pushed, MarkSeen):
            self._board.take(pushed)
        else:
            self.wake.set()

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            marks = self._board.due()
            if not marks:
                continue
            decisions = await self._guard.marks(marks)
            self._board.watch(self._guard.triggers())
            if any(isinstance(item, ReadNow) for item in decisions):
                self.wake.set()
            self._tell(decisions)
