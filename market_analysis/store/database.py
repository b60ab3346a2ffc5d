"""Opens the SQLite state, one writer, durable (apsw brings a SQLite without the WAL-reset fault of older libraries)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from market_analysis.errors import StateError
from market_analysis.store.migrations import MIGRATIONS

IN_MEMORY = ":memory:"


def open_database(path: Path | str, *, writable: bool = True) -> apsw.Connection:
    """A connection with WAL and synchronous=FULL, migrated to the newest shape.

    writable False opens the file for reading only and requires that it exists at the newest shape.

    Raises:
        StateError: the file cannot be opened, is no database, is damaged, or was written by a newer version.
    """
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE if writable else apsw.SQLITE_OPEN_READONLY
    with state_errors(path):
        connection = apsw.Connection(str(path), flags=flags)
        connection.set_busy_timeout(5_000)
        if writable:
            connection.pragma("journal_mode", "WAL")
            connection.pragma("synchronous", "FULL")
        _migrate(connection, writable=writable)
    return connection


@contextmanager
def state_errors(path: Path | str) -> Iterator[None]:
    """The one seam where SQLite's errors become ours.

    Raises:
        StateError: the database is damaged, or cannot be used (disk full, not writable, busy); says which.
    """
    try:
        yield
    except apsw.Error as error:
        raise _state_error(path, _first(error)) from error
    except (UnicodeDecodeError, OverflowError) as error:
        raise _state_error(path, error) from error  # a text that is none: SQLite hands over what the page holds


def _state_error(path: Path | str, error: BaseException) -> StateError:
    if isinstance(error, apsw.NotADBError | apsw.CorruptError | UnicodeDecodeError | OverflowError):
        problem = f"is damaged: {error}"
        remedy = "move it away; stops, targets and bars are rebuilt from the venue, equity peaks are not"
    elif isinstance(error, apsw.FullError):
        problem, remedy = f"cannot grow: {error}", "free some disk space"
    else:
        problem, remedy = f"cannot be used: {error}", "give --state-dir a directory that this user can write"
    return StateError(f"state database {path} {problem}", remedy=remedy)


def _first(error: BaseException) -> BaseException:
    """The error that came first: after some, SQLite has rolled back by itself and apsw's own rollback fails on top."""
    while isinstance(error.__context__, apsw.Error):
        error = error.__context__
    return error


def _migrate(connection: apsw.Connection, *, writable: bool) -> None:
    version = int(connection.pragma("user_version"))
    if version > len(MIGRATIONS):
        raise StateError(
            f"the state was written by a newer version (shape {version}, this one knows {len(MIGRATIONS)})",
            remedy="upgrade risk-manager, or give --state-dir another directory",
        )
    if not writable:
        if version < len(MIGRATIONS):
            raise StateError(
                f"the state has shape {version}, {len(MIGRATIONS)} is needed", remedy="run once without a monitor running"
            )
        return
    for number, statements in enumerate(MIGRATIONS[version:], version + 1):
        with connection:
            connection.execute(statements)
            connection.pragma("user_version", number)
