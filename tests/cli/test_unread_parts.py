"""What could not be read is said when it begins and when it ends."""

from __future__ import annotations

from datetime import UTC, datetime

from market_analysis.cli.unread import UnreadParts
from market_analysis.risk.types import DataQuality


def quality(details: dict[str, str] | None = None, **parts: str) -> DataQuality:
    return DataQuality(datetime(2026, 1, 1, tzinfo=UTC), parts, details or {}, None, {}, {})


def test_a_reason_is_said_once_with_its_parts_and_what_to_do() -> None:
    unread = UnreadParts()
    down = quality({"account": "refused"}, account="venue_unavailable", orders="venue_unavailable", day="ok")
    (said,) = unread.changes(down)
    assert said.startswith("venue_unavailable: account, orders: refused\n  -> check network")
    assert list(unread.changes(down)) == []
    assert len(list(unread.changes(down, again=True))) == 1
    worse = quality({"day": "slow down"}, account="venue_unavailable", orders="venue_unavailable", day="rate_limited")
    (said,) = unread.changes(worse)
    assert said.startswith("rate_limited: day: slow down\n  -> wait")
    (said,) = unread.changes(quality(account="ok", orders="ok", day="ok"))
    assert said == "read again: account, orders, day"
    assert list(unread.changes(quality(account="ok"))) == []


def test_a_long_list_is_cut_and_an_unforeseen_reason_is_said_bare() -> None:
    (said,) = UnreadParts().changes(quality(**dict.fromkeys("abcdefg", "odd")))
    assert said == "odd: a, b, c, d and 3 more"
