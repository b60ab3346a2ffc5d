"""Numbers and times as Bybit writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def number(value: Decimal | None, none: str = "") -> str:
    """Plain decimal text without exponent; `none` where there is no value; zero is "0" at its own precision."""
    if value is None:
        return none
    return format(value + 0 if value.is_signed() and not value else value, "f")


def stamp(milliseconds_utc: int) -> str:
    """A record's time: epoch milliseconds as text."""
    return str(milliseconds_utc)


def milliseconds(moment: datetime) -> int:
    """Epoch milliseconds of an aware time, exactly."""
    return (moment - _EPOCH) // _MILLISECOND


def from_milliseconds(value: int) -> datetime:
    """The aware UTC time of epoch milliseconds, exactly."""
    return _EPOCH + value * _MILLISECOND
