"""The state directory of a run: who may write it, and what to do when nobody can."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from market_analysis.errors import StateError, StateLockedError
from market_analysis.settings import BybitSettings
from market_analysis.store import IN_MEMORY, BarCache, MemoryStore, StateLock, open_database


@dataclass(frozen=True, slots=True)
class State:
    """Open state. writable False: another instance owns the directory and this one only reads. notices: what the user
    should know (state kept in memory only, ...)."""

    bars: BarCache
    memory: MemoryStore
    writable: bool
    notices: tuple[str, ...] = ()


def default_state_directory() -> Path:
    """`RISK_MANAGER_STATE_DIR`, else the user's state directory of this system."""
    from platformdirs import user_state_path

    named = os.environ.get("RISK_MANAGER_STATE_DIR")
    return Path(named) if named else user_state_path("risk-manager")


def environment_label(settings: BybitSettings) -> str:
    """Which system's data this is: bars and memory of mainnet, testnet and any other address are kept apart."""
    if settings.base_url is not None:
        return "address-" + hashlib.sha256(settings.base_url.encode()).hexdigest()[:8]
    return "testnet" if settings.sandbox else "demo-trading" if settings.demo_trading else "mainnet"


@contextmanager
def transient_state() -> Iterator[State]:
    """State that ends with the process."""
    connection = open_database(IN_MEMORY)
    try:
        yield State(BarCache(connection), MemoryStore(connection), writable=True)
    finally:
        connection.close()


@contextmanager
def open_state(directory: Path, label: str, *, must_own: bool) -> Iterator[State]:
    """The state of one environment in a directory.

    must_own: a monitor needs the directory for itself; a one-shot run reads beside a monitor and writes nothing. A directory
    that cannot be written costs a one-shot run its cache, with a notice; nothing else, for all but equity peaks is rebuilt.

    Raises:
        StateLockedError: must_own, and another instance owns the directory.
        StateError: the state is damaged or of a newer version; must_own, and it cannot be written.
    """
    lock = StateLock(directory)
    try:
        lock.__enter__()
    except StateLockedError:
        if must_own:
            raise
        with _opened(directory / f"{label}.sqlite3", writable=False) as state:
            yield state
        return
    except StateError as error:
        if must_own:
            raise
        with transient_state() as state:
            yield State(state.bars, state.memory, writable=True, notices=(f"nothing is remembered: {error}",))
        return
    try:
        with _opened(directory / f"{label}.sqlite3", writable=True) as state:
            yield state
    finally:
        lock.__exit__(None, None, None)


@contextmanager
def _opened(path: Path, *, writable: bool) -> Iterator[State]:
    connection = open_database(path, writable=writable)
    try:
        yield State(BarCache(connection), MemoryStore(connection), writable=writable)
    finally:
        connection.close()
