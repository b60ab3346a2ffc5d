"""Damaged state, full and failing disks, two daemons: a consistent prefix or a named refusal; the long form in `make soak`."""

from __future__ import annotations

import random
from pathlib import Path

import apsw
import pytest
from storage_faults import (
    KINDS,
    NAME,
    damaged_once,
    failing,
    fails_at,
    file_size_limit,
    reopened,
    the_events,
    the_policy,
    write,
)

from market_analysis.desk.guard import JournaledGuard
from market_analysis.desk.state import open_state
from market_analysis.errors import EXIT_INTERNAL, EXIT_USAGE, StateError, StateLockedError
from market_analysis.store import Journal, open_database

DAMAGES = 12


@pytest.mark.parametrize("merged", [False, True])
def test_damage_leaves_a_state_that_was_or_a_refusal(tmp_path: Path, merged: bool) -> None:
    written, rng = write(tmp_path, merged=merged), random.Random(7)
    ends = {kind: [damaged_once(written, tmp_path / "scratch", kind, rng) for _ in range(DAMAGES)] for kind in KINDS}
    found = [end for each in ends.values() for end in each]
    assert max(end for end in found if end is not None) == len(written.texts)
    if merged:
        assert None in found
        # What is in the database is not lost with the log: all of it, or a refusal.
        assert {end for kind in ("wal_gone", "wal_cut", "shm_noise") for end in ends[kind]} == {len(written.texts)}
        assert {end for kind in KINDS if kind.startswith("database") for end in ends[kind]} <= {None, len(written.texts)}
    else:
        assert any(end is not None and 0 < end < len(written.texts) for end in found)


def test_a_torn_tail_that_nobody_was_told_of_costs_nothing(tmp_path: Path) -> None:
    """The log after each step, with what the next step was writing cut anywhere: the step before stands whole."""
    events, live = the_events(), tmp_path / "live"
    live.mkdir()
    connection = open_database(live / NAME)
    connection.pragma("wal_autocheckpoint", 0)
    guard, log, rng = JournaledGuard(the_policy(), Journal(connection)), live / f"{NAME}-wal", random.Random(1)
    for number, event in enumerate(events):
        before, locks = log.stat().st_size, guard.state.locks
        guard.feed(event)
        torn = tmp_path / f"torn{number}"
        torn.mkdir()
        data = log.read_bytes()
        (torn / NAME).write_bytes((live / NAME).read_bytes())
        (torn / f"{NAME}-wal").write_bytes(data[: rng.randrange(before, len(data))])
        again = open_database(torn / NAME)
        saved = Journal(again).checkpoint("main")
        assert (0 if saved is None else saved.number) == number
        assert JournaledGuard(the_policy(), Journal(again)).state.locks == locks
        again.close()
    connection.close()


@pytest.mark.parametrize("error", [apsw.FullError, apsw.IOError])
def test_every_write_may_fail(tmp_path: Path, error: type[apsw.Error]) -> None:
    events = the_events()
    with failing(error) as system:
        met = [fails_at(tmp_path / f"run{place}", system, place, events) for place in (1, 2, 3, 5, 8, 21, 40, 55)]
    assert all(met)


def test_a_full_disk_refuses_the_step_by_name_and_loses_nothing(tmp_path: Path) -> None:
    connection = open_database(tmp_path / NAME)
    guard, refused = JournaledGuard(the_policy(), Journal(connection)), 0
    for event in the_events():
        size = (tmp_path / f"{NAME}-wal").stat().st_size
        before = guard.state
        with file_size_limit(size + 600), pytest.raises(StateError, match=r"cannot grow|cannot be used") as refusal:
            guard.feed(event)
        assert refusal.value.exit_status == EXIT_INTERNAL
        assert refusal.value.remedy
        assert guard.state is before
        refused += 1
        guard.feed(event)
    assert guard.state.locks
    connection.close()
    again = open_database(tmp_path / NAME)
    assert JournaledGuard(the_policy(), Journal(again)).state == guard.state
    assert refused == len(the_events())


def test_a_second_daemon_is_refused_and_one_that_came_round_the_lock_stops(tmp_path: Path) -> None:
    with open_state(tmp_path, "x", must_own=True) as state:
        with pytest.raises(StateLockedError) as refusal, open_state(tmp_path, "x", must_own=True):
            pass
        assert refusal.value.exit_status == EXIT_USAGE
        first, events = JournaledGuard(the_policy(), state.journal), the_events()
        other = open_database(tmp_path / "x.sqlite3")
        second = JournaledGuard(the_policy(), Journal(other))
        for event in events:
            first.feed(event)
        assert first.state.locks
        with pytest.raises(StateError, match="another process has written"):
            second.feed(events[0])
        other.close()
        assert JournaledGuard(the_policy(), state.journal).state == first.state


@pytest.mark.parametrize("table", ["guard_state", "journal"])
def test_a_state_that_is_gone_or_changed_is_no_fresh_start(tmp_path: Path, table: str) -> None:
    written = write(tmp_path, merged=True)
    connection = open_database(written.directory / NAME)
    connection.execute(f"DELETE FROM {table}")  # noqa: S608 (two names of our own)
    connection.close()
    assert reopened(written.directory, written) is None


def test_a_lock_edited_out_of_the_state_is_found(tmp_path: Path) -> None:
    written = write(tmp_path, merged=True)
    connection = open_database(written.directory / NAME)
    connection.execute("UPDATE guard_state SET state = replace(state, '\"firm\":false', '\"firm\":true ')")
    connection.execute("UPDATE guard_state SET state = replace(state, '\"firm\":true ', '\"firm\":true')")
    connection.close()
    assert reopened(written.directory, written) is None


def test_a_text_that_is_none_is_damage_by_name(tmp_path: Path) -> None:
    written = write(tmp_path, merged=True)
    connection = open_database(written.directory / NAME)
    connection.execute("UPDATE journal SET decisions = CAST(x'E130' AS TEXT) WHERE number = 3")
    with pytest.raises(StateError, match="is damaged"):
        Journal(connection).verified("main")
    connection.close()
