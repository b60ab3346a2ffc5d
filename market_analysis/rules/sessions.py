"""Trading sessions in local time: overnight ones, weeks that open on Sunday, clock changes, holidays, early closes. Pure.

A session of local date d starts at d's `start` and ends at the first `end` after it, on the next date where end <= start. It
belongs to the date of its last instant, its trade date: a Sunday 18:00 start that ends on Monday 17:00 is Monday's, and falls out
when Monday is a holiday.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from market_analysis.domain import day_boundary
from market_analysis.rules.rule import Parameters

_ONE_DAY = timedelta(days=1)
_LOOK_AHEAD_DAYS = 21
"""Longer than any market's holidays."""


class SessionHours(Parameters):
    """start == end: the whole day round."""

    start: time = Field(description="local time at which a session starts")
    end: time = Field(description="local time at which it ends; at or before start: on the next date")
    timezone: str = Field(description="IANA name of the zone, such as America/New_York")
    days: tuple[int, ...] = Field((0, 1, 2, 3, 4), min_length=1, description="weekdays on which a session starts, Monday is 0")

    @field_validator("timezone")
    @classmethod
    def _exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
            raise ValueError(f"{name!r} is no time zone; an IANA name such as America/Chicago is meant") from problem
        return name

    @field_validator("days")
    @classmethod
    def _weekdays(cls, days: tuple[int, ...]) -> tuple[int, ...]:
        if any(not 0 <= day <= 6 for day in days) or len(set(days)) < len(days):
            raise ValueError("days are 0 (Monday) to 6 (Sunday), each once")
        return days


@dataclass(frozen=True, slots=True)
class Session:
    """`[start, end)` in UTC, and the trade date."""

    start: datetime
    end: datetime
    trade_date: date


@dataclass(frozen=True, slots=True)
class SessionState:
    """current: the session that runs, None outside. following: the next that starts, None when none does within three weeks."""

    current: Session | None
    following: Session | None


def session_state(
    hours: SessionHours, moment: datetime, holidays: Set[date] = frozenset(), early_closes: Mapping[date, time] | None = None
) -> SessionState:
    """Where an aware moment lies. holidays and early_closes (local time in the session's zone) are by trade date."""
    current = following = None
    for session in _sessions(hours, moment, holidays, early_closes or {}):
        if session.start <= moment < session.end:
            current = session
        elif session.start > moment:
            following = session
            break
    return SessionState(current, following)


def _sessions(hours: SessionHours, moment: datetime, holidays: Set[date], early_closes: Mapping[date, time]) -> Iterator[Session]:
    """Sessions in order, from before the moment on; without those of holidays."""
    zone = ZoneInfo(hours.timezone)
    today = moment.astimezone(zone).date()
    for offset in range(-2, _LOOK_AHEAD_DAYS):
        day = today + _ONE_DAY * offset
        last = day if hours.end > hours.start else day + _ONE_DAY
        start, end = day_boundary(day, zone, hours.start), day_boundary(last, zone, hours.end)
        if day.weekday() not in hours.days or start is None or end is None:
            continue
        trade_date = day if hours.end == time(0) else last
        early = early_closes.get(trade_date)
        early_end = None if early is None else day_boundary(trade_date, zone, early)
        end = end if early_end is None else min(end, early_end)
        if trade_date not in holidays and end > start:
            yield Session(start, end, trade_date)
