"""Looks again and again, until told to stop."""

from __future__ import annotations

from collections.abc import Callable

from market_analysis.desk.loop import LATE_SECONDS, repeat
from market_analysis.desk.session import Look, Session


async def monitor(
    session: Session,
    *,
    interval_seconds: float,
    iterations: int | None,
    on_look: Callable[[Look], None],
    on_late: Callable[[float], None],
    late_seconds: float = LATE_SECONDS,
) -> Look | None:
    """`loop.repeat` over a session's looks, with the compiled engine loaded while the first bars are read."""
    session.warm_up()
    return await repeat(
        session.look,
        interval_seconds=interval_seconds,
        iterations=iterations,
        on_look=on_look,
        on_late=on_late,
        late_seconds=late_seconds,
    )
