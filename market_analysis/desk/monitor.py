"""Looks again and again, until told to stop."""

from __future__ import annotations

from collections.abc import Callable

from market_analysis.desk.looping import LATE_SECONDS, Pace, repeat
from market_analysis.desk.session import Look, Session
from market_analysis.desk.signals import stop_event


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

    iterations None: until SIGINT or SIGTERM, which end the loop between two looks or in the middle of one, cleanly. on_late: see
    `looping.repeat`, whose loop this is.
    """
    last: Look | None = None

    async def use(look: Look) -> bool:
        nonlocal last
        on_look(look)
        last = look
        return False

    session.warm_up()
    pace = Pace(interval_seconds, iterations, late_seconds)
    await repeat(session.look, use, pace=pace, stop=stop_event(), on_late=on_late)
    return last
