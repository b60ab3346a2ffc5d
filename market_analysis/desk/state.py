"""The state directory of a run: who may write it, and what to do when nobody can."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from market_analysis.desk.directories import default_state_directory
from market_analysis.desk.tolerant import Notices, TolerantBarCache, TolerantMemoryStore
from market_analysis.errors import StateError, StateLockedError
from market_analysis.settings import BybitSettings
from market_analysis.store import IN_MEMORY, BarCache, Journal, MemoryStore, Seals, StateLock, open_database

__all__ = ["State", "default_state_directory", "environment_label", "open_state", "transient_state"]


@dataclass(frozen=True, slots=True)
class State:
    """Open state. writable False: another instance owns the directory and this one only reads. notices: what the user
    should know (state kept in memory only, disk full, ...); it may grow while the state is used. journal: the guard's; unlike the
    others it is no cache, and what fails there is an error."""

    bars: BarCache
    memory: MemoryStore
    writable: bool
    journal: Journal
    notices: Notices = field(default_factory=Notices)


def environment_label(settings: BybitSettings) -> str:
    """Which system's data this is: bars and memory of mainnet, testnet and any other address are kept apart."""
    if settings.base_url is not None:
        return "address-" + hashlib.sha256(settings.base_url.encode()).hexdigest()[:8]
    return "testnet" if settings.sandbox else "demo-trading" if settings.demo_trading else "mainnet"


@contextmanager
def transient_state(*texts: str) -> Iterator[State]:
    """State that ends with the process. texts: notices why."""
    connection = open_database(IN_MEMORY)
    try:
        yield State(BarCache(connection), MemoryStore(connection), True, Journal(connection), Notices(*texts))
    finally:
        connection.close()


@contextmanager
def open_state(directory: Path, label: str, *, must_own: bool) -> Iterator[State]:
    """The state of one environment in a directory.

    must_own: a monitor needs the directory for itself; a one-shot run reads beside a monitor and writes nothing. State that
    cannot be used (not writable, damaged, of a newer version) costs a one-shot run its cache, with a notice; nothing else, for
    all but equity peaks is rebuilt. What fails later costs a monitor no more than that either.

    Raises:
        StateLockedError: must_own, and another instance owns the directory.
        StateError: must_own, and the state is damaged, of a newer version, or cannot be written.
    """
    with ExitStack() as stack:
        try:
            state = _owned_or_read(stack, directory, f"{label}.sqlite3", must_own=must_own)
        except StateError as error:
            if must_own:
                raise
            state = stack.enter_context(transient_state(f"nothing is remembered: {error}"))
        yield state


def _owned_or_read(stack: ExitStack, directory: Path, name: str, *, must_own: bool) -> State:
    try:
        stack.enter_context(StateLock(directory))
        writable = True
    except StateLockedError:
        if must_own:
            raise
        writable = False
    connection = open_database(directory / name, writable=writable)
    stack.callback(connection.close)
    notices = Notices()
    journal = Journal(connection, Seals(directory, name.removesuffix(".sqlite3")))
    return State(TolerantBarCache(connection, notices), TolerantMemoryStore(connection, notices), writable, journal, notices)
