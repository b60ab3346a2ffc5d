"""Trading hours: overnight sessions, Sunday opens, clock changes, holidays, early closes; the rule that blocks outside them.

The UTC instants are worked by hand: Chicago is UTC-6 until 2026-03-08 02:00 and UTC-5 after, until 2026-11-01 02:00.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest
from pydantic import ValidationError
from rule_views import asked, entry_order, instrument, judge, one, position, unread, view

from market_analysis.rules.sessions import SessionHours, session_state
from market_analysis.rules.verdict import Ends, Status

CME = SessionHours(start=time(18), end=time(17), timezone="America/Chicago", days=(6, 0, 1, 2, 3))
NEW_YORK = SessionHours(start=time(9, 30), end=time(16), timezone="America/New_York")
FOREX = SessionHours(start=time(0), end=time(0), timezone="UTC")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "moment", "inside", "following"),
    [
        # New York is UTC-5 in winter, UTC-4 in summer: 09:30 is 14:30 and 13:30
        (NEW_YORK, "2026-03-02 14:29:59", False, "2026-03-02 14:30"),
        (NEW_YORK, "2026-03-02 14:30:00", True, "2026-03-03 14:30"),
        (NEW_YORK, "2026-03-02 20:59:59", True, "2026-03-03 14:30"),
        (NEW_YORK, "2026-03-02 21:00:00", False, "2026-03-03 14:30"),
        (NEW_YORK, "2026-03-06 21:00:00", False, "2026-03-09 13:30"),  # Friday's close; Monday opens in summer time
        (NEW_YORK, "2026-03-09 13:30:00", True, "2026-03-10 13:30"),
        # overnight: Sunday 18:00 Chicago to Monday 17:00
        (CME, "2026-03-01 23:59:59", False, "2026-03-02 00:00"),
        (CME, "2026-03-02 00:00:00", True, "2026-03-03 00:00"),
        (CME, "2026-03-02 22:59:59", True, "2026-03-03 00:00"),
        (CME, "2026-03-02 23:00:00", False, "2026-03-03 00:00"),  # the pause from 17:00 to 18:00
        (CME, "2026-03-06 23:00:00", False, "2026-03-08 23:00"),  # Friday; Sunday 18:00 is already summer time
        (CME, "2026-03-08 23:00:00", True, "2026-03-09 23:00"),
        (CME, "2026-03-09 21:59:59", True, "2026-03-09 23:00"),
        (CME, "2026-10-30 22:00:00", False, "2026-11-02 00:00"),  # and back
        # all round the weekdays
        (FOREX, "2026-03-06 23:59:59", True, "2026-03-09 00:00"),
        (FOREX, "2026-03-07 00:00:00", False, "2026-03-09 00:00"),
    ],
)
def test_hours(hours: SessionHours, moment: str, inside: bool, following: str) -> None:
    state = session_state(hours, at(moment))
    assert (state.current is not None) is inside
    assert state.following is not None
    assert state.following.start == at(following)


@pytest.mark.parametrize(
    ("hours", "moment", "inside"),
    [
        (CME, "2026-03-02 00:30", False),  # Sunday evening belongs to Monday, a holiday
        (CME, "2026-03-03 00:30", True),  # Monday evening to Tuesday
        (NEW_YORK, "2026-03-02 15:00", False),
        (FOREX, "2026-03-02 15:00", False),  # a session that ends at midnight belongs to the day before it
        (FOREX, "2026-03-03 11:00", True),
        # Tuesday closes early, at 12:00 local
        (CME, "2026-03-03 17:59:59", True),
        (CME, "2026-03-03 18:00:00", False),
        (NEW_YORK, "2026-03-03 16:59:59", True),
        (NEW_YORK, "2026-03-03 17:00:00", False),
        # Wednesday would close before New York opens: no session at all
        (NEW_YORK, "2026-03-04 15:00:00", False),
    ],
)
def test_holidays_and_early_closes_are_by_trade_date(hours: SessionHours, moment: str, inside: bool) -> None:
    early = {date(2026, 3, 3): time(12), date(2026, 3, 4): time(9)}
    state = session_state(hours, at(moment), frozenset({date(2026, 3, 2)}), early)
    assert (state.current is not None) is inside


def test_a_date_that_its_zone_skipped_has_no_session() -> None:
    apia = SessionHours(start=time(9), end=time(16), timezone="Pacific/Apia")
    state = session_state(apia, datetime(2011, 12, 29, 20, 0, tzinfo=UTC))  # Thursday the 29th, 10:00 local (UTC-10)
    assert state.current is not None
    assert state.following is not None
    assert state.following.trade_date == date(2012, 1, 2)  # Friday the 30th did not exist; the next is Monday
    skipped = session_state(apia, datetime(2011, 12, 29, 20, 0, tzinfo=UTC), frozenset(), {date(2011, 12, 30): time(12)})
    assert skipped.following == state.following


def test_no_session_for_weeks() -> None:
    every_day = frozenset(date(2026, 3, day) for day in range(1, 32))
    assert session_state(NEW_YORK, at("2026-03-02 15:00"), every_day).following is None


@pytest.mark.parametrize(
    "changes",
    [{"timezone": "Mars/Olympus"}, {"timezone": "../etc"}, {"days": (7,)}, {"days": (0, 0)}, {"days": ()}],
)
def test_hours_that_do_not_exist_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SessionHours.model_validate({"start": "09:30", "end": "16:00", "timezone": "UTC"} | changes)


OUTSIDE = at("2026-03-02 22:00")
INSIDE = at("2026-03-02 15:00")


def test_outside_everything_is_closed_and_locked_until_the_next_start() -> None:
    verdict = one("session_block_outside", view(position("ES", "1"), now=OUTSIDE))
    assert (verdict.status, asked(verdict), verdict.measure) == (Status.BREACH, ["close all"], 0)
    assert verdict.lock is not None
    assert (verdict.lock.ends, verdict.lock.until, verdict.lock.root) == (Ends.TIME, at("2026-03-03 14:30"), None)
    entries = one("session_block_outside", view(orders=(entry_order("ES"),), now=OUTSIDE))
    assert (entries.status, asked(entries)) == (Status.BREACH, ["cancel all"])


def test_nothing_open_or_inside_or_switched_off() -> None:
    flat = one("session_block_outside", view(now=OUTSIDE))
    assert (flat.status, flat.lock) == (Status.OK, None)
    assert one("session_block_outside", view(position("BTC", "1", tags=["holding"]), now=OUTSIDE)).status is Status.OK
    assert one("session_block_outside", view(position("ES", "1"), now=INSIDE)).status is Status.OK
    kept = view(position("ES", "1"), now=OUTSIDE)
    assert one("session_block_outside", kept, close_positions_at_session_end=False).status is Status.OK
    assert one("session_block_outside", kept, global_session=None).status is Status.OK
    assert one("session_block_outside", kept, lockout_outside_session=False).lock is None


def test_it_warns_before_the_end() -> None:
    assert one("session_block_outside", view(position("ES", "1"), now=at("2026-03-02 20:44:59"))).status is Status.OK
    warned = one("session_block_outside", view(position("ES", "1"), now=at("2026-03-02 20:45:00")))
    assert (warned.status, warned.measure, warned.responses) == (Status.WARN, 900, ())


def test_what_is_not_known() -> None:
    for missing in ({"positions": unread()}, {"orders": unread()}):
        assert one("session_block_outside", view(now=OUTSIDE, **missing)).status is Status.UNKNOWN
        assert one("session_block_outside", view(now=INSIDE, **missing)).status is Status.OK  # inside, nothing is asked of the book
        own = one("session_block_outside", view(now=INSIDE, **missing), sessions={"ES": CME})
        assert (own.status, own.responses) == (Status.UNKNOWN, ())


def test_a_root_with_hours_of_its_own_is_closed_and_locked_alone() -> None:
    pause = at("2026-03-02 23:30")
    book = view(
        position("ESH6", "1", root="EP"),
        position("ESM6", "-1", root="ES"),
        position("BTC", "1"),
        orders=(entry_order("ESH6"), entry_order("NQM6", "e2"), entry_order("ESU6", "e3")),
        roots={instrument("ESH6"): "EP", instrument("ESU6"): "ES"},
        now=pause,
    )
    verdicts = judge("session_block_outside", book, sessions={"ES": CME, "NQ": CME}, global_session=None)
    assert {item.subject: (item.status, asked(item)) for item in verdicts} == {
        "ES": (Status.BREACH, ["close ESH6", "close ESM6", "cancel ESH6", "cancel ESM6", "cancel ESU6"]),
        "NQ": (Status.BREACH, ["cancel NQM6"]),
    }
    assert [item.lock.root for item in verdicts if item.lock] == ["ES", "NQ"]
    assert all(item.lock.until == at("2026-03-03 00:00") for item in verdicts if item.lock)
    both = judge("session_block_outside", book, sessions={"ES": CME})
    assert [(item.subject, item.status) for item in both] == [
        ("BTC", Status.BREACH),
        ("ES", Status.BREACH),
        ("NQ", Status.BREACH),
    ]
    none = view(now=pause)
    assert one("session_block_outside", none, sessions={"ES": CME}).subject == "account"


def test_holidays_of_the_venue_and_of_the_owner() -> None:
    held = position("ES", "1")
    monday = frozenset({date(2026, 3, 2)})
    assert one("session_block_outside", view(held, now=INSIDE, holidays=monday)).status is Status.BREACH
    assert one("session_block_outside", view(held, now=INSIDE), holidays=monday).status is Status.BREACH
    assert one("session_block_outside", view(held, now=INSIDE, holidays=monday), respect_holidays=False).status is Status.OK
    early = view(held, now=at("2026-03-02 18:30"), early_closes={date(2026, 3, 2): time(13)})
    assert one("session_block_outside", early).status is Status.BREACH
    month = frozenset(date(2026, 3, day) for day in range(1, 32))
    forever = one("session_block_outside", view(held, now=INSIDE), holidays=month)
    assert forever.lock is not None
    assert (forever.lock.ends, forever.lock.until) == (Ends.CONDITION, None)
