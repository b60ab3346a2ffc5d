"""A guard's state on disk, damaged: what may come of it is exactly a state that was once acknowledged, or a named refusal.

Media damage (bits, sectors, ends of files) may cost the newest steps, never mix or change any. A tail that was not acknowledged, an
error on any write, a full disk, a second daemon cost nothing that was acknowledged.
"""

from __future__ import annotations

import random
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
from guard_world import Driver, active, held, policy

from market_analysis.desk.guard import CODEC, JournaledGuard
from market_analysis.domain.event import Event
from market_analysis.errors import StateError
from market_analysis.guard.state import GuardPolicy
from market_analysis.guard.stored import stored
from market_analysis.store import Journal, open_database

NAME = "guard.sqlite3"
KINDS = ("wal_bit", "wal_sector", "wal_cut", "wal_gone", "database_bit", "database_sector", "database_cut", "shm_noise")


def the_policy() -> GuardPolicy:
    """A loss of 500 locks."""
    return policy(active("daily_realized_loss", loss=500))


def the_events() -> list[Event]:
    """A day with a breach in its middle: reads, fills, a lock, a flattening, and reads after it."""
    world = Driver(the_policy())
    world.trades_known()
    for number in range(6):
        world.read(held("2", "100", str(100 - number)))
        world.fill("-80", f"f{number}")
    world.fill("-200", "breach")
    for _ in range(3):
        world.read(held("2"))
    for _ in range(4):
        world.read()
        world.wait(5)
    return world.events


@dataclass(frozen=True)
class Written:
    """A state directory as it stood, and every state that was acknowledged: texts[n] after record n."""

    directory: Path
    texts: dict[int, str]
    locked_at: int

    def copy(self, to: Path) -> Path:
        """A copy to be damaged."""
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(self.directory, to)
        return to


def write(directory: Path, *, merged: bool) -> Written:
    """Every event, journaled. merged: the write-ahead log has gone into the database; else all is still in the log."""
    made = directory / ("merged" if merged else "logged")
    live = directory / f"live-{made.name}"
    live.mkdir()
    connection = open_database(live / NAME)
    connection.pragma("wal_autocheckpoint", 0)
    guard, texts, locked_at = JournaledGuard(the_policy(), Journal(connection)), {}, 0
    for number, event in enumerate(the_events(), 1):
        guard.feed(event)
        texts[number] = CODEC.dumps(stored(guard.state))
        locked_at = locked_at or (number if guard.state.locks else 0)
    if merged:
        connection.pragma("wal_checkpoint", "TRUNCATE")
    shutil.copytree(live, made)
    connection.close()
    return Written(made, texts, locked_at)


def damage(directory: Path, kind: str, rng: random.Random) -> None:
    """One kind of damage at a random place."""
    target, how = kind.split("_")
    path = directory / (NAME + {"wal": "-wal", "database": "", "shm": "-shm"}[target])
    if not path.exists():
        return
    data = bytearray(path.read_bytes())
    if how == "gone":
        path.unlink()
        return
    if how == "cut":
        data = data[: rng.randrange(len(data))] if data else data
    elif data and how == "bit":
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif data:
        begin = rng.randrange(len(data)) // 512 * 512
        data[begin : begin + 512] = rng.randbytes(len(data[begin : begin + 512])) if how == "noise" else bytes(512)
    path.write_bytes(data)


def reopened(directory: Path, written: Written) -> int | None:
    """The record whose state a guard begins with, 0 for none at all; None: a named refusal. Anything else is an error."""
    try:
        connection = open_database(directory / NAME)
    except StateError as error:
        return _refused(error)
    try:
        journal = Journal(connection)
        guard = JournaledGuard(the_policy(), journal)
        text = CODEC.dumps(stored(guard.state))
        number = next((n for n, known in written.texts.items() if known == text), None)
        if number is None:
            assert text == CODEC.dumps(stored(JournaledGuard(the_policy(), Journal(open_database(":memory:"))).state))
            number = 0
        last = journal.verified("main").last
        assert number == (0 if last is None else last.number)
        return number
    except StateError as error:
        return _refused(error)
    finally:
        with suppress(apsw.Error):
            connection.close()


def _refused(error: StateError) -> None:
    """A refusal names what to do."""
    assert error.remedy


def damaged_once(written: Written, scratch: Path, kind: str, rng: random.Random) -> int | None:
    """One trial."""
    directory = written.copy(scratch)
    damage(directory, kind, rng)
    return reopened(directory, written)


class Failing(apsw.VFS):
    """A file system whose n-th write or sync fails, once."""

    def __init__(self, error: type[apsw.Error]) -> None:
        self.left: int | None = None
        self.error = error
        super().__init__("failing", "unix", makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 (apsw's name)
        return _FailingFile(self, name, flags)

    def passed(self) -> None:
        """One more write."""
        if self.left is None:
            return
        self.left -= 1
        if self.left == 0:
            self.left = None
            raise self.error("the disk says no")


class _FailingFile(apsw.VFSFile):
    def __init__(self, system: Failing, name: Any, flags: list[int]) -> None:
        self._system = system
        super().__init__("unix", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._system.passed()
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._system.passed()
        super().xSync(flags)


@contextmanager
def failing(error: type[apsw.Error]) -> Iterator[Failing]:
    """The default file system, replaced."""
    system = Failing(error)
    try:
        yield system
    finally:
        system.unregister()


def fails_at(directory: Path, system: Failing, place: int, events: list[Event]) -> bool:
    """The `place`-th write of a run fails: the step is refused, nothing acknowledged is lost, and the guard goes on after it.
    Whether there was one."""
    directory.mkdir()
    connection = open_database(directory / NAME)
    journal = Journal(connection)
    guard = JournaledGuard(the_policy(), journal)
    system.left = place
    refused = 0
    for event in events:
        before = guard.state
        try:
            guard.feed(event)
        except StateError:
            refused += 1
            assert guard.state is before
            guard.feed(event)
    met, system.left = system.left is None, None
    connection.close()
    again = open_database(directory / NAME)
    saved = JournaledGuard(the_policy(), Journal(again))
    assert saved.state == guard.state
    assert Journal(again).verified("main").last is not None
    again.close()
    shutil.rmtree(directory)
    return met


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """No file of this process may grow beyond it: a full disk, as far as SQLite can tell."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
