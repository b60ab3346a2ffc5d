"""Bar lengths and where bars begin: minutes divide the UTC day, weeks begin on Monday, months are the calendar's."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from market_analysis.errors import VenueRejectedError

MinuteInterval = Literal[1, 3, 5, 15, 30, 60, 120, 240, 360, 720]
Interval = MinuteInterval | Literal["D", "W", "M"]

MINUTE_INTERVALS: tuple[MinuteInterval, ...] = get_args(MinuteInterval)
MINUTE_MS = 60_000
DAY_MS = 86_400_000
_MONDAY_MS = 4 * DAY_MS  # 1970-01-05 was the first Monday of the epoch


def parse_interval(text: str) -> Interval:
    """The interval named as Bybit names it: "1" to "720" minutes, "D", "W" or "M"."""
    if text in ("D", "W", "M"):
        return text  # type: ignore[return-value]
    for minutes in MINUTE_INTERVALS:
        if text == str(minutes):
            return minutes
    names = ", ".join((*map(str, MINUTE_INTERVALS), "D", "W", "M"))
    raise VenueRejectedError(f"interval {text!r} is not one of {names}", venue_code="10001")


def bar_open_ms(times_ms: NDArray[np.int64], interval: Interval) -> NDArray[np.int64]:
    """The opening time of the bar that holds each time."""
    if interval == "M":
        months = times_ms.astype("datetime64[ms]").astype("datetime64[M]")
        return months.astype("datetime64[ms]").astype(np.int64)
    if interval == "W":
        return (times_ms - _MONDAY_MS) // (7 * DAY_MS) * (7 * DAY_MS) + _MONDAY_MS
    length = DAY_MS if interval == "D" else interval * MINUTE_MS
    return times_ms // length * length


def open_of(time_ms: int, interval: Interval) -> int:
    """The opening time of the bar that holds `time_ms`."""
    return int(bar_open_ms(np.array([time_ms], dtype=np.int64), interval)[0])


def next_open(open_ms: int, interval: Interval) -> int:
    """The opening time of the bar after the one opening at `open_ms`."""
    if interval == "M":
        return open_of(open_ms + 31 * DAY_MS, interval)
    days = {"D": 1, "W": 7}
    return open_ms + (days[interval] * DAY_MS if isinstance(interval, str) else interval * MINUTE_MS)
