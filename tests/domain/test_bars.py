"""Bars are closed, ascending, read-only, and honest about what is missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from market_analysis.domain import Bars, ManualClock, SystemClock, from_milliseconds, to_milliseconds

HOUR = 3_600_000


def bars(opens: list[int]) -> Bars:
    price = [np.full(len(opens), 100.0) for _ in range(5)]
    return Bars(60, np.array(opens, dtype=np.int64), *price)


def test_arrays_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="read-only"):
        bars([0, HOUR]).close[0] = 1.0


def test_a_missing_bar_is_counted_not_filled() -> None:
    assert bars([0, HOUR, 4 * HOUR]).gaps == 2
    assert len(bars([0, HOUR, 4 * HOUR])) == 3
    assert bars([0]).gaps == 0


def test_only_bars_that_had_closed_are_served() -> None:
    served = bars([0, HOUR, 2 * HOUR])
    assert len(served.closed_before(2 * HOUR)) == 2
    assert len(served.closed_before(2 * HOUR - 1)) == 1
    assert len(served.closed_before(0)) == 0
    assert served.last_close_time == datetime(1970, 1, 1, 3, tzinfo=UTC)


@pytest.mark.parametrize("opens", [[HOUR, 0], [0, 0]])
def test_bars_out_of_order_are_refused(opens: list[int]) -> None:
    with pytest.raises(ValueError, match="ascend"):
        bars(opens)


def test_columns_of_unlike_length_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        Bars(60, np.array([0], dtype=np.int64), *(np.ones(2) for _ in range(5)))


def test_milliseconds_are_exact() -> None:
    moment = datetime(2026, 11, 21, 1, 2, 3, 999_000, tzinfo=UTC)
    assert from_milliseconds(to_milliseconds(moment)) == moment
    assert to_milliseconds(moment + timedelta(microseconds=999)) == to_milliseconds(moment)


def test_clocks() -> None:
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    clock.advance(timedelta(hours=1))
    assert clock.now() == datetime(2026, 1, 1, 1, tzinfo=UTC)
    clock.set(datetime(2025, 1, 1, tzinfo=UTC))
    assert clock.now().year == 2025
    assert SystemClock().now().tzinfo is UTC
    for call in (ManualClock, clock.set):
        with pytest.raises(ValueError, match="timezone-aware"):
            call(datetime(2026, 1, 1))  # noqa: DTZ001
