"""From a push to the guard: a mark through a limit wakes the reader, a read that agrees closes; a change wakes it too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from decimal import Decimal

from desk_sessions import Desk, open_desk, quick_settings
from guard_world import active, policy

from market_analysis.desk.guard import GuardSession, JournaledGuard
from market_analysis.desk.listening import Listener
from market_analysis.domain import Category, InstrumentId
from market_analysis.domain.decision import Alert, Decision
from market_analysis.store import IN_MEMORY, Journal, open_database
from market_analysis.venues.stream import Changed, Lost, MarkSeen, Pushed


class Pushing:
    """A stream that pushes what a test says."""

    def __init__(self) -> None:
        self.take: Callable[[Pushed], None] = lambda pushed: None
        self.open = asyncio.Event()
        self.wanted: Callable[[], frozenset[InstrumentId]] = frozenset

    async def run(self, wanted: Callable[[], frozenset[InstrumentId]], take: Callable[[Pushed], None]) -> None:
        self.take, self.wanted = take, wanted
        self.open.set()
        await asyncio.Event().wait()


class Bench:
    def __init__(self, desk: Desk, loss: str) -> None:
        self.journal = Journal(open_database(IN_MEMORY))
        self.guard = JournaledGuard(policy(active("daily_unrealized_loss", loss=Decimal(loss))), self.journal)
        self.session = GuardSession(desk.session, self.guard)
        self.stream = Pushing()
        self.told: list[Decision] = []
        self.listener = Listener(self.session, self.stream, self.told.extend)

    def mark(self, symbol: str) -> tuple[InstrumentId, Decimal]:
        assert isinstance(self.guard.state.positions, tuple)
        item = next(item for item in self.guard.state.positions if item.key.instrument.symbol == symbol)
        assert item.mark is not None
        return item.key.instrument, item.mark


@asynccontextmanager
async def bench(loss: str = "100000") -> AsyncIterator[Bench]:
    async with open_desk(quick_settings()) as desk:
        made = Bench(desk, loss)
        task = asyncio.create_task(made.listener.run())
        await made.stream.open.wait()
        try:
            yield made
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def woken(listener: Listener) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(1.0):
            await listener.wake.wait()
    return listener.wake.is_set()


async def test_marks_changes_and_losses() -> None:
    async with bench("3000") as made:
        push = made.stream.take
        push(MarkSeen(InstrumentId("bybit", Category.LINEAR, "BTCUSDT"), Decimal(1), None))
        assert not await woken(made.listener)  # nothing is fed before the first look
        assert made.session.triggers() == {}
        assert made.listener.lost is None
        push(Changed("position"))
        assert await woken(made.listener)

        made.listener.wake.clear()
        await made.session.watch()
        assert made.stream.wanted() == made.session.instruments()
        assert len(made.stream.wanted()) >= 5
        instrument, mark = made.mark("BTCUSDT")
        push(MarkSeen(instrument, mark * Decimal("0.999"), mark))
        assert not await woken(made.listener)
        low, _ = made.session.triggers()[instrument]
        assert low < mark
        push(MarkSeen(instrument, low - 1, low))
        assert await woken(made.listener)
        assert [item.code for item in made.told if isinstance(item, Alert) and item.raised][-1:] == ["daily_unrealized_loss"]
        push(Lost("NetworkError"))
        assert made.listener.lost == "NetworkError"
        assert made.journal.verified("main").last is not None
