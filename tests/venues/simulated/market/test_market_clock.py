"""Market time goes forwards, by hand or at a speed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from market_analysis.errors import UsageError
from market_analysis.venues.simulated.market import ManualMarketClock, MarketClock, RunningMarketClock

START = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_manual_clock_moves_only_when_told() -> None:
    clock = ManualMarketClock(START)
    assert clock.now() == clock.now() == START
    assert clock.advance(timedelta(minutes=5)) == START + timedelta(minutes=5)
    assert clock.set(START + timedelta(hours=1)) == clock.now() == START + timedelta(hours=1)


def test_manual_clock_never_goes_back() -> None:
    clock = ManualMarketClock(START)
    with pytest.raises(UsageError, match="lies before market time"):
        clock.set(START - timedelta(microseconds=1))
    with pytest.raises(UsageError, match="only goes forwards"):
        clock.advance(timedelta(seconds=-1))
    assert clock.now() == START


def test_running_clock_multiplies_elapsed_time() -> None:
    seconds = iter([100.0, 100.0, 101.5, 160.0])
    clock: MarketClock = RunningMarketClock(START, 60.0, lambda: next(seconds))
    assert clock.now() == START
    assert clock.now() == START + timedelta(seconds=90)
    assert clock.now() == START + timedelta(hours=1)


def test_clocks_want_a_zone_and_a_speed() -> None:
    naive = datetime(2026, 3, 2)  # noqa: DTZ001
    with pytest.raises(UsageError, match="no time zone"):
        ManualMarketClock(naive)
    with pytest.raises(UsageError, match="no time zone"):
        RunningMarketClock(naive, 1.0, lambda: 0.0)
    for speed in (0.0, -1.0, float("nan")):
        with pytest.raises(UsageError, match="must be above 0"):
            RunningMarketClock(START, speed, lambda: 0.0)
