"""Where one trading day ends and the next begins, right at every clock change (law 4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TradingDay:
    """The trading day that holds a moment: `[start, end)` in UTC; `day` is the local date on which it started."""

    day: date
    start: datetime
    end: datetime


def day_boundary(day: date, zone: ZoneInfo, reset: time) -> datetime | None:
    """The UTC instant at which the trading day of local date `day` starts.

    In a fold (the local time occurs twice) the first occurrence; in a gap (it does not occur) the first instant after it,
    though that may be the next date's midnight (America/Godthab 2024-03-30 ended at 23:00); on a date that the zone skipped
    altogether (Pacific/Apia 2011-12-30) None.
    """
    wall = datetime.combine(day, reset)
    aware = wall.replace(tzinfo=zone, fold=0)
    instant = aware.astimezone(UTC)
    back = instant.astimezone(zone).replace(tzinfo=None)
    if back == wall:
        return instant
    instant = _first_instant_after_gap(wall, zone)
    last_before = (instant - timedelta(seconds=1)).astimezone(zone)
    return instant if day in (instant.astimezone(zone).date(), last_before.date()) else None


def _first_instant_after_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    """The transition instant of the gap that swallowed the local time `wall`, by bisection to the second."""
    low = wall.replace(tzinfo=UTC) - timedelta(hours=36)
    high = wall.replace(tzinfo=UTC) + timedelta(hours=36)
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).replace(tzinfo=None) < wall:
            low = middle
        else:
            high = middle
    return high


def trading_day(moment: datetime, zone: ZoneInfo, reset: time) -> TradingDay:
    """The trading day that `moment` (aware) lies in, for days that start at local `reset` in `zone`.

    Pure: exactly one boundary per local date that exists; a boundary belongs to the day it starts.
    """
    if moment.tzinfo is None:
        raise ValueError("moment must be timezone-aware; pass datetime(..., tzinfo=UTC)")
    instant = moment.astimezone(UTC)
    local = instant.astimezone(zone).date()
    starts = [
        (boundary, day)
        for day in (local + _ONE_DAY * offset for offset in range(-3, 4))
        if (boundary := day_boundary(day, zone, reset)) is not None
    ]
    start, day = max(pair for pair in starts if pair[0] <= instant)
    end = min(boundary for boundary, _ in starts if boundary > instant)
    return TradingDay(day, start, end)
