"""Opens the SQLite state, one writer, durable (apsw brings a SQLite without the WAL-reset fault of older libraries)."""

from __future__ import annotations

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
    try:
        connection = apsw.Connection(str(path), flags=flags)
        connection.set_busy_timeout(5_000)
        if writable:
            connection.pragma("journal_mode", "WAL")
            connection.pragma("synchronous", "FULL")
        _migrate(connection, writable=writable)
    except (apsw.NotADBError, apsw.CorruptError) as error:
        raise StateError(
            f"state database {path} is damaged: {error}",
            remedy="move it away; stops, targets and bars are rebuilt from the venue, equity peaks are not",
        ) from error
    except (apsw.CantOpenError, apsw.ReadOnlyError, apsw.PermissionsError, apsw.IOError, apsw.FullError) as error:
        raise StateError(
            f"state database {path} cannot be used: {error}", remedy="give --state-dir a directory that this user can write"
        ) from error
    return connection


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
