"""When the guard looks between two lines. A real one looks every few seconds; here rarely where nothing is likely to come of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from market_analysis.domain import trading_day

PACES = (
    (timedelta(minutes=2), timedelta(seconds=10)),
    (timedelta(hours=3), timedelta(minutes=1)),
    (timedelta.max, timedelta(minutes=10)),
)
"""So long after a line, so far apart."""
BEFORE_RESET, AFTER_RESET = timedelta(seconds=30), timedelta(seconds=5)


def looks_between(last: datetime, following: datetime, zone: ZoneInfo, reset: time) -> Iterator[datetime]:
    """Moments after `last` and before `following`, in order.

    Around each reset of the account there are two more, for the guard knows a day's start by what it read just before it.
    """
    at = last
    day = trading_day(last, zone, reset)
    while True:
        pace = next(apart for length, apart in PACES if at - last < length)
        sharp = (day.end - BEFORE_RESET, day.end + AFTER_RESET)
        at = min(moment for moment in (at + pace, *sharp) if moment > at)
        if at >= following:
            return
        if at >= day.end:
            day = trading_day(at, zone, reset)
        yield at
