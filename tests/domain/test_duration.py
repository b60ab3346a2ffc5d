"""Lengths of time as people write them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from market_analysis.domain.duration import duration


@pytest.mark.parametrize(
    ("text", "length"),
    [("90s", timedelta(seconds=90)), (" 30m ", timedelta(minutes=30)), ("1.5h", timedelta(minutes=90)), ("3650d", timedelta(3650))],
)
def test_a_length_of_time(text: str, length: timedelta) -> None:
    assert duration(text) == length


@pytest.mark.parametrize("text", ["", "s", "90", "-1h", "1e3s", "1h30m", "\u0663s", "1.h", "9999999999s"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="is no length of time; 90s, 30m, 8h or 2d is one"):
        duration(text)


def test_what_is_longer_than_any_lock() -> None:
    with pytest.raises(ValueError, match="'3651d' is longer than ten years"):
        duration("3651d")
