"""The guard's status: its schema, its figures by hand, its screen."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import jsonschema
import msgspec
from daemon_bench import START, board_of, driver, seen_by

from market_analysis.domain.event import Command, CommandKind
from market_analysis.report.document import encode_value
from market_analysis.report.guard_status import GuardStatus, account_status, guard_status, unopened_status
from market_analysis.report.schema import STATUS_FILE_NAME, schema_bytes, shipped_schema, status_schema
from market_analysis.report.text_status import countdown, status_text

NOW = datetime(2026, 3, 2, 10, 0, 30, tzinfo=UTC)


def status_of(*seen: Any) -> GuardStatus:
    return guard_status("0.1.0", NOW, NOW - timedelta(hours=3), [account_status(item) for item in seen])


def test_the_shipped_schema_is_current_and_printed() -> None:
    assert shipped_schema(STATUS_FILE_NAME) == schema_bytes(status_schema())
    command = [sys.executable, "-m", "market_analysis.report.schema", "guard_status"]
    assert subprocess.run(command, capture_output=True, check=True).stdout == shipped_schema(STATUS_FILE_NAME)


def test_documents_obey_the_schema_and_come_back_as_they_were() -> None:
    locked = driver("locked")
    locked.feed(Command(locked.at, locked.uptime, CommandKind.LOCK, "me", "enough"))
    blind = driver("blind")
    blind.blind()
    board = board_of(driver(), locked, blind)
    status = board.status()
    line = encode_value(status, pretty=False)
    schema = status_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(line))
    assert msgspec.json.decode(line, type=GuardStatus) == status
    unopened = guard_status("0.1.0", NOW, NOW, [unopened_status("new", "no key")])
    jsonschema.Draft202012Validator(schema).validate(json.loads(encode_value(unopened)))
    assert unopened.exit_status == 3


def test_what_is_left_in_money_percent_and_r() -> None:
    world = driver()
    world.fill("-350", "a")  # of 500: 150 left; equity 10,001, one R 50.005
    (item,) = status_of(seen_by(world)).accounts
    (limit,) = item.limits
    assert (limit.measure, limit.threshold, limit.room) == (Decimal("-350"), Decimal("-500"), Decimal("150"))
    assert limit.used == Decimal("0.7")
    assert item.risk_unit == Decimal("50.00")  # 10,001 * .005, to the cent, half to even
    assert limit.room_frac == Decimal("0.0150")
    assert limit.room_r == Decimal("3.0000")
    assert item.exit_status == 1
    assert item.reset_in_seconds == Decimal(str((datetime(2026, 3, 3, tzinfo=UTC) - world.at).total_seconds()))


def test_lockouts_count_down_by_the_clock_that_cannot_be_set() -> None:
    world = driver()
    until = world.at + timedelta(hours=1)
    world.feed(Command(world.at, world.uptime, CommandKind.LOCK, "me", "enough", until=until, self_lock=True))
    world.feed(Command(world.at, world.uptime, CommandKind.LOCK, "me", "also"))
    later = world.uptime + 90_500
    seen = replace(seen_by(world), now=START + timedelta(days=9), uptime_ms=later)
    (item,) = status_of(seen).accounts
    own, manual = item.locks
    assert (own.left_seconds, own.firm, own.root) == (Decimal(3509), True, None)
    assert (manual.left_seconds, manual.firm, manual.ends.value) == (None, False, "admin")
    assert item.exit_status == 2
    text = status_text(status_of(seen))
    assert "LOCKED account by self_lock for 00:58:29, cannot be undone: me: enough" in text
    assert "LOCKED account by manual until an administrator unlocks it: me: also" in text


def test_what_is_not_known_is_said() -> None:
    world = driver()
    world.blind()
    (item,) = status_of(seen_by(world)).accounts
    assert item.equity is None
    assert item.exit_status == 3
    text = status_text(status_of(seen_by(world, heard="lost: TimeoutError")))
    assert "MONEY UNKNOWN: no answer" in text
    assert "no pushes: lost: TimeoutError" in text
    assert "eq --" in text


def test_the_screen_is_ascii_aligned_and_cannot_be_driven_by_what_others_said() -> None:
    world = driver()
    world.feed(Command(world.at, world.uptime, CommandKind.LOCK, "me", "\x1b[2Jbad\nline \u202e"))
    text = status_text(status_of(seen_by(world), seen_by(driver("second"))))
    assert text.isascii()
    assert "\x1b" not in text
    assert "main: LOCKED, watching, only tells; data 0s" in text
    head, row = next((one, two) for one, two in zip(text.splitlines(), text.splitlines()[1:], strict=False) if "subject" in one)
    for title, cell in (("limit", "-500"), ("left", " 500"), ("now", " 0 ")):
        assert head.index(title) + len(title) == row.index(cell) + len(cell.rstrip())
    assert row.index("[....") == head.index("used")


def test_countdowns() -> None:
    assert countdown(None) == "--"
    assert [countdown(Decimal(s)) for s in ("0", "59.9", "35763", "90061")] == ["00:00:00", "00:00:59", "09:56:03", "1d 01:01:01"]
