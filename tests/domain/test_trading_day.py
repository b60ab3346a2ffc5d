"""Exactly one boundary per local date that exists, in every zone, across every clock change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.domain import day_boundary, trading_day

FIRST, LAST = datetime(2005, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
RESETS = (time(0, 0), time(0, 30), time(1, 30), time(2, 30), time(17, 0), time(23, 59))
SCAN = timedelta(hours=6)


@cache
def transitions() -> tuple[tuple[str, tuple[datetime, ...]], ...]:
    """Distinct zones with the (6-hourly bracketed) instants at which their offset changes; links to one table count once."""
    tables: dict[tuple[object, ...], str] = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        changes = []
        moment, offset = FIRST, FIRST.astimezone(zone).utcoffset()
        while moment < LAST:
            moment += timedelta(days=4)
            now = moment.astimezone(zone).utcoffset()
            if now != offset:
                changes.append(_bracket(zone, moment - timedelta(days=4), moment))
                offset = now
        signature = (*changes, *(change.astimezone(zone).utcoffset() for change in changes), FIRST.astimezone(zone).utcoffset())
        tables.setdefault(signature, name)
    return tuple((name, tuple(key for key in signature if isinstance(key, datetime))) for signature, name in tables.items())


def _bracket(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(minutes=1):
        middle = low + (high - low) / 2
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == before else (low, middle)
    return high


def local_dates_around(zone: ZoneInfo, change: datetime) -> list[date]:
    """Local dates that exist within two days of a change: those on which some instant's wall clock falls."""
    instants = (change + timedelta(minutes=30 * step) for step in range(-96, 97))
    return sorted({instant.astimezone(zone).date() for instant in instants})


def test_every_zone_has_exactly_one_boundary_for_each_local_date_that_exists() -> None:
    checked = 0
    for name, changes in transitions():
        zone = ZoneInfo(name)
        for change in changes:
            dates = local_dates_around(zone, change)[1:-1]
            for reset in RESETS:
                boundaries = [day_boundary(day, zone, reset) for day in dates]
                assert None not in boundaries, (name, change, reset)
                found = [boundary for boundary in boundaries if boundary is not None]
                assert found == sorted(set(found)), (name, change, reset)
                for day, boundary in zip(dates, found, strict=True):
                    due = datetime.combine(day, reset)
                    wall, just_before = (
                        instant.astimezone(zone).replace(tzinfo=None) for instant in (boundary, boundary - timedelta(seconds=1))
                    )
                    assert just_before < due <= wall, (name, change, reset, wall)
                    assert wall == due or just_before.date() == day or wall.date() == day
                    checked += 1
    assert checked > 10_000


@settings(deadline=None, max_examples=400)
@given(st.data())
def test_a_day_holds_its_moment_and_meets_its_neighbours(data: st.DataObject) -> None:
    name, changes = data.draw(st.sampled_from(transitions()))
    around = data.draw(st.sampled_from(changes)) if changes else datetime(2026, 3, 1, tzinfo=UTC)
    moment = around + timedelta(seconds=data.draw(st.integers(-2 * 86_400, 2 * 86_400)))
    zone, reset = ZoneInfo(name), data.draw(st.sampled_from(RESETS))
    today = trading_day(moment, zone, reset)
    assert today.start <= moment < today.end
    assert trading_day(today.start, zone, reset) == today
    assert trading_day(today.end, zone, reset).start == today.end
    assert trading_day(today.end - timedelta(microseconds=1), zone, reset) == today


@pytest.mark.parametrize(
    ("zone", "reset", "day", "expected"),
    [
        ("UTC", time(0, 0), date(2026, 11, 21), datetime(2026, 11, 21, tzinfo=UTC)),
        ("America/Chicago", time(17, 0), date(2026, 7, 1), datetime(2026, 7, 1, 22, tzinfo=UTC)),
        ("America/New_York", time(1, 30), date(2026, 11, 1), datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),  # fold: the first
        ("America/Santiago", time(0, 0), date(2026, 9, 6), datetime(2026, 9, 6, 4, 0, tzinfo=UTC)),  # gap: its end
        ("Africa/Cairo", time(0, 0), date(2026, 4, 24), datetime(2026, 4, 23, 22, 0, tzinfo=UTC)),
        ("America/New_York", time(2, 30), date(2026, 3, 8), datetime(2026, 3, 8, 7, 0, tzinfo=UTC)),
    ],
)
def test_boundaries_worked_by_hand(zone: str, reset: time, day: date, expected: datetime) -> None:
    assert day_boundary(day, ZoneInfo(zone), reset) == expected


def test_a_date_that_a_zone_skipped_has_no_boundary() -> None:
    apia = ZoneInfo("Pacific/Apia")
    assert day_boundary(date(2011, 12, 30), apia, time(17, 0)) is None
    noon_before = datetime(2011, 12, 29, 22, 0, tzinfo=UTC)
    assert trading_day(noon_before, apia, time(0, 0)).end == day_boundary(date(2011, 12, 31), apia, time(0, 0))


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="timezone-aware"):
        trading_day(datetime(2026, 1, 1), ZoneInfo("UTC"), time(0, 0))  # noqa: DTZ001
