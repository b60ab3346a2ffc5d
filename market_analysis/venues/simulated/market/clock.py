"""Market time: set by hand, or running at a chosen speed. Wire time (signing, rate limits) is another clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from market_analysis.errors import UsageError


class MarketClock(Protocol):
    """Tells the time of the market."""

    def now(self) -> datetime:
        """The market's present, aware UTC; never goes backwards."""
        ...


class ManualMarketClock:
    """A clock that moves only when told to, and only forwards."""

    def __init__(self, now: datetime) -> None:
        self._now = _aware(now)

    def now(self) -> datetime:
        """The time last set."""
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move forwards by `by` and return the new time."""
        return self.set(self._now + by)

    def set(self, to: datetime) -> datetime:
        """Move to `to`, which must not lie before now."""
        if _aware(to) < self._now:
            raise UsageError(
                f"to={to.isoformat()} lies before market time {self._now.isoformat()}", remedy="time only goes forwards"
            )
        self._now = to
        return to


class RunningMarketClock:
    """Market time = start + elapsed * speed, elapsed being seconds of the monotonic source since construction."""

    def __init__(self, start: datetime, speed: float, monotonic: Callable[[], float]) -> None:
        if not speed > 0.0:
            raise UsageError(f"speed={speed} must be above 0", remedy="1 is real time, 60 an hour per minute")
        self._start = _aware(start)
        self._speed = speed
        self._monotonic = monotonic
        self._origin = monotonic()

    def now(self) -> datetime:
        """The present of the market."""
        return self._start + timedelta(seconds=(self._monotonic() - self._origin) * self._speed)


def _aware(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise UsageError(f"market time {moment.isoformat()} has no time zone", remedy="pass an aware UTC datetime")
    return moment
