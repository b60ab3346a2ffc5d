"""Document 002's trading hours, holidays and clocks: `session_block_outside`, and what of `timers_config.yaml` touches it."""

from __future__ import annotations

import re
from datetime import date, time

from market_analysis.config_import_taken import Taken, Values
from market_analysis.config_import_yaml import Entry

_ALL_DAYS = [0, 1, 2, 3, 4, 5, 6]
_OVERNIGHT_DAYS = [6, 0, 1, 2, 3]
_ROUND_THE_CLOCK = {"start": "00:00", "end": "00:00", "timezone": "UTC", "days": _ALL_DAYS}
"""Of roots without hours of their own, where the document has no global session: TOML has no word for none."""


def session_block_outside(taken: Taken) -> Values:
    """Global hours, hours by root, and what is done outside them."""
    found: Values = {}
    whole = taken.table("global_session") or taken.table("allowed_hours") or taken.table("session_hours")
    on = whole is not None and whole.flag("enabled") is not False
    if whole is not None and on:
        found["global_session"] = hours(whole)
    own = taken.table("per_instrument_sessions")
    if own is not None and own.flag("enabled") is not False:
        tables = own.table("sessions") or own
        found["sessions"] = _by_root(tables)
        own.rest()
    if whole is not None and not on:
        if found.get("sessions"):
            found["global_session"] = dict(_ROUND_THE_CLOCK)
            taken.note("no global session: roots without their own hours may trade round the clock")
        else:
            found["mode"] = "off"
            taken.note("no session is enabled: off")
    for name in ("close_positions_at_session_end", "lockout_outside_session", "respect_holidays"):
        taken.put_flag(found, name)
    word = taken.word("enforcement", "action")
    if word == "cancel_order":
        found.setdefault("close_positions_at_session_end", False)
        taken.note("action CANCEL_ORDER: entries are cancelled, what is held stays (close_positions_at_session_end)")
    elif word not in ("", "close_immediately"):
        taken.lose(f"enforcement {word}: what is open outside the hours is closed here")
    return found


def _by_root(tables: Taken) -> dict[str, Values]:
    """Hours of each root that has some switched on."""
    found = {}
    for root in [*tables.given]:
        inner = Taken(tables.rule, tables.given.pop(root).table(), tables.words)
        if inner.flag("enabled") is not False:
            found[root] = hours(inner)
    return found


def hours(taken: Taken) -> Values:
    """One session. Overnight hours without days start on Sunday to Thursday, as the futures' week does."""
    found: Values = {}
    for ours, names in (("start", ("start",)), ("end", ("end",)), ("timezone", ("timezone", "tz"))):
        entry = taken.take(*names)
        if entry is not None:
            found[ours] = clock(entry) if ours != "timezone" else entry.text()
    days = taken.take("days", "allowed_days")
    if days is not None:
        found["days"] = [int(row.number()) for row in days.rows()]
    elif "start" in found and "end" in found and found["end"] <= found["start"]:
        found["days"] = list(_OVERNIGHT_DAYS)
        taken.note(f"{found['start']} to {found['end']} runs over midnight: sessions start on Sunday to Thursday (days)")
    taken.take("enabled")
    taken.rest()
    return found


def clock(entry: Entry) -> str:
    """A time of day, as it is written: 9:30 too."""
    match = re.fullmatch(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", entry.text())
    try:
        found = None if match is None else time(int(match[1]), int(match[2]), int(match[3] or 0))
    except ValueError:
        found = None
    if found is None:
        raise entry.wrong("a time of day like 17:00")
    return f"{found:%H:%M:%S}" if found.second else f"{found:%H:%M}"


def dates(entry: Entry) -> list[str]:
    """Dates of a list, or of lists by year."""
    if entry.is_table:
        return [found for inner in entry.table().values() for found in dates(inner)]
    return [_date(row) for row in entry.rows()]


def _date(entry: Entry) -> str:
    try:
        return date.fromisoformat(entry.text()).isoformat()
    except ValueError as error:
        raise entry.wrong("a date like 2026-12-25") from error


def early_closes(entry: Entry, taken: Taken) -> dict[str, str]:
    """Local ends by date, of rows like {date, time}, or of a table of times by date; a date without its time is lost."""
    found: dict[str, str] = {}
    if entry.is_table:
        return {day: clock(inner) for day, inner in entry.table().items()}
    for row in entry.rows():
        if not row.is_table:
            taken.lose(f"early close of {row.text()}: at what time is not said")
            continue
        inner = row.table()
        day, end = inner.get("date"), inner.get("time") or inner.get("close") or inner.get("end")
        if day is None or end is None:
            raise row.wrong("a table of date and time")
        found[_date(day)] = clock(end)
    return found
