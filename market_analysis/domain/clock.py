"""The only door to the present (law 4). Market time and wire time are two clocks of the same kind."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the present as an aware UTC datetime."""

    def now(self) -> datetime:
        """The present, aware, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The machine's present in UTC."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until told otherwise; for tests, replays and the embedded exchange."""

    def __init__(self, now: datetime) -> None:
        if now.tzinfo is None:
            raise ValueError("now must be timezone-aware; pass datetime(..., tzinfo=UTC)")
        self._now = now.astimezone(UTC)

    def now(self) -> datetime:
        """The time last set."""
        return self._now

    def set(self, now: datetime) -> None:
        """Set the present; stepping backwards is allowed, for machines do it."""
        if now.tzinfo is None:
            raise ValueError("now must be timezone-aware; pass datetime(..., tzinfo=UTC)")
        self._now = now.astimezone(UTC)

    def advance(self, step: timedelta) -> None:
        """Move the present by `step`."""
        self._now += step


def uptime_seconds() -> float:
    """Seconds on a clock that cannot be set, and that goes on while the machine sleeps, where the system has one (Linux). By one
    that stands still meanwhile the guard would take waking for a jump of the wall clock, and live in the past from then on."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


def from_milliseconds(milliseconds: int) -> datetime:
    """Aware UTC datetime of a Unix time in milliseconds, exact (no float rounding)."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


def to_milliseconds(moment: datetime) -> int:
    """Unix time in milliseconds of an aware datetime, floored, exact (no float rounding)."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
