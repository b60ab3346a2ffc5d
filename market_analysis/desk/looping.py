"""The one loop of everything that looks again and again: the monitor's and the guard's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

LATE_SECONDS = 10.0
"""A look that takes longer is said to be late, again and again: what stands on the screen grows old meanwhile."""
SOON_SECONDS = 1.0
"""How long it waits where a look asked for the next one at once."""


@dataclass(frozen=True, slots=True)
class Pace:
    """interval_seconds: from the start of one look to the start of the next. iterations: looks until it ends, None: none."""

    interval_seconds: float
    iterations: int | None = None
    late_seconds: float = LATE_SECONDS


def _nobody_told(seconds: float) -> None:
    """Nobody waits."""


async def repeat(
    look: Callable[[], Awaitable[T]],
    use: Callable[[T], Awaitable[bool]],
    *,
    pace: Pace,
    stop: asyncio.Event,
    wake: asyncio.Event | None = None,
    on_late: Callable[[float], None] = _nobody_told,
) -> int:
    """Look, use what was seen, wait; how many looks were used.

    `stop` ends it between two looks or in the middle of one; what a look has led to is always used to its end, for it may be
    sending orders. use: whether the next look should come soon. wake: set by whoever wants the next look now, cleared as a look
    begins. on_late: called every `late_seconds` while a look is under way, with the seconds it has taken so far. A look that takes
    longer than the interval is followed at once by the next; none is made up for.
    """
    loop = asyncio.get_running_loop()
    done = 0
    while not stop.is_set() and (pace.iterations is None or done < pace.iterations):
        started = loop.time()
        if wake is not None:
            wake.clear()
        looking = asyncio.ensure_future(look())
        if not await _unless_stopped(looking, stop, on_late, pace.late_seconds):
            break
        soon = await use(looking.result())
        done += 1
        if pace.iterations is None or done < pace.iterations:
            until = started + (min(pace.interval_seconds, SOON_SECONDS) if soon else pace.interval_seconds)
            await _first_of(stop, wake, until - loop.time())
    return done


async def _unless_stopped(
    looking: asyncio.Future[T], stop: asyncio.Event, on_late: Callable[[float], None], late_seconds: float
) -> bool:
    """Whether the look has come to its end."""
    stopping = asyncio.ensure_future(stop.wait())
    try:
        waited = 0.0
        both: set[asyncio.Future[Any]] = {looking, stopping}
        while not (await asyncio.wait(both, timeout=late_seconds, return_when=asyncio.FIRST_COMPLETED))[0]:
            waited += late_seconds
            on_late(waited)
        return looking.done()
    finally:
        for task in (looking, stopping):
            task.cancel()
        await asyncio.gather(looking, stopping, return_exceptions=True)


async def _first_of(stop: asyncio.Event, wake: asyncio.Event | None, seconds: float) -> None:
    waiting = [asyncio.ensure_future(event.wait()) for event in (stop, wake) if event is not None]
    try:
        await asyncio.wait(waiting, timeout=max(0.0, seconds), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
