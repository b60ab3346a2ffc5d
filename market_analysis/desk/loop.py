"""The one loop of all that watches: look, hand over, wait for the interval or for a reason to look sooner, until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from market_analysis.desk.signals import stop_event

T = TypeVar("T")

LATE_SECONDS = 10.0
"""A look that takes longer is said to be late, again and again: what stands on the screen grows old meanwhile."""
LEAST_PAUSE_SECONDS = 1.0
"""Between the starts of two looks, however many reasons there are to look."""


async def repeat(
    look: Callable[[], Awaitable[T]],
    *,
    interval_seconds: float,
    iterations: int | None,
    on_look: Callable[[T], Awaitable[None] | None],
    on_late: Callable[[float], None],
    late_seconds: float = LATE_SECONDS,
    wake: asyncio.Event | None = None,
    stop: asyncio.Event | None = None,
) -> T | None:
    """Look every `interval_seconds`, from start to start, sooner when `wake` is set. The last look, or None.

    on_late: called every `late_seconds` while a look is under way, with the seconds it has taken so far.

    iterations None: until SIGINT or SIGTERM, which end the loop between two looks or in the middle of one, cleanly. A look that
    takes longer than the interval is followed at once by the next; none is made up for. What sets `wake` during a look, or by what
    a look has found, is a reason for the next one. What `on_look` returns is awaited to its end, stopped or not, for it may be
    sending orders. stop: of somebody who runs several loops, instead of the signals.
    """
    stop = stop or stop_event()
    loop = asyncio.get_running_loop()
    done, last = 0, None
    while not stop.is_set() and (iterations is None or done < iterations):
        started = loop.time()
        if wake is not None:
            wake.clear()
        found = await _unless_stopped(look, stop, on_late, late_seconds)
        if found is None:
            break
        (last,) = found
        following = on_look(last)
        if following is not None:
            await following
        done += 1
        if iterations is None or done < iterations:
            await _pause(stop, wake, started, interval_seconds)
    return last


async def _pause(stop: asyncio.Event, wake: asyncio.Event | None, started: float, interval_seconds: float) -> None:
    """Until stopped, woken (not sooner than the least pause after the start), or until the interval is over."""
    loop = asyncio.get_running_loop()
    least = min(LEAST_PAUSE_SECONDS, interval_seconds)
    with suppress(TimeoutError):
        async with asyncio.timeout(max(0.0, started + least - loop.time())):
            await stop.wait()
    reasons = [asyncio.ensure_future(event.wait()) for event in (stop, wake) if event is not None]
    try:
        await asyncio.wait(reasons, timeout=max(0.0, started + interval_seconds - loop.time()), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for reason in reasons:
            reason.cancel()
        await asyncio.gather(*reasons, return_exceptions=True)


async def _unless_stopped(
    look: Callable[[], Awaitable[T]], stop: asyncio.Event, on_late: Callable[[float], None], late_seconds: float
) -> tuple[T] | None:
    """What was found, or None when stopped before."""
    looking = asyncio.ensure_future(look())
    stopping = asyncio.ensure_future(stop.wait())
    try:
        waited = 0.0
        while not (await asyncio.wait({looking, stopping}, timeout=late_seconds, return_when=asyncio.FIRST_COMPLETED))[0]:
            waited += late_seconds
            on_late(waited)
        return (looking.result(),) if looking.done() else None
    finally:
        for task in (looking, stopping):
            task.cancel()
        await asyncio.gather(looking, stopping, return_exceptions=True)
