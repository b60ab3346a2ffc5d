"""Looks again and again, until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from market_analysis.desk.session import Look, Session
from market_analysis.desk.signals import stop_event

LATE_SECONDS = 10.0
"""A look that takes longer is said to be late, again and again: what stands on the screen grows old meanwhile."""


async def monitor(
    session: Session,
    *,
    interval_seconds: float,
    iterations: int | None,
    on_look: Callable[[Look], None],
    on_late: Callable[[float], None],
    late_seconds: float = LATE_SECONDS,
) -> Look | None:
    """Look every `interval_seconds`, from start to start, and hand each look to `on_look`. The last look, or None.

    on_late: called every `late_seconds` while a look is under way, with the seconds it has taken so far.

    iterations None: until SIGINT or SIGTERM, which end the loop between two looks or in the middle of one, cleanly. A look that
    takes longer than the interval is followed at once by the next; none is made up for.
    """
    stop = stop_event()
    loop = asyncio.get_running_loop()
    session.warm_up()
    done, last = 0, None
    while not stop.is_set() and (iterations is None or done < iterations):
        started = loop.time()
        look = await _unless_stopped(session, stop, on_late, late_seconds)
        if look is None:
            break
        on_look(look)
        done, last = done + 1, look
        if iterations is None or done < iterations:
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, started + interval_seconds - loop.time())):
                    await stop.wait()
    return last


async def _unless_stopped(
    session: Session, stop: asyncio.Event, on_late: Callable[[float], None], late_seconds: float
) -> Look | None:
    looking = asyncio.ensure_future(session.look())
    stopping = asyncio.ensure_future(stop.wait())
    try:
        waited = 0.0
        while not (await asyncio.wait({looking, stopping}, timeout=late_seconds, return_when=asyncio.FIRST_COMPLETED))[0]:
            waited += late_seconds
            on_late(waited)
        return looking.result() if looking.done() else None
    finally:
        for task in (looking, stopping):
            task.cancel()
        await asyncio.gather(looking, stopping, return_exceptions=True)
