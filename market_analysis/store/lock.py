"""One writer per state directory, on every system: an exclusive lock that the kernel drops when the process dies."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import IO

from market_analysis.errors import StateError, StateLockedError


class StateLock:
    """Context manager that owns a state directory.

    Raises:
        StateLockedError: another process owns it; names that process.
        StateError: the lock file cannot be made.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / "owner.lock"
        self._file: IO[str] | None = None

    def __enter__(self) -> StateLock:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = self._path.open("a+", encoding="utf-8")
        except OSError as error:
            raise StateError(
                f"state directory {self._path.parent} cannot be written: {error.strerror}",
                remedy="give --state-dir a directory that this user can write",
            ) from error
        if not _try_lock(file):
            file.seek(0)
            owner = file.read().strip() or "another process"
            file.close()
            raise StateLockedError(
                f"state directory {self._path.parent} is in use by {owner}",
                remedy="stop that one, or give --state-dir another directory",
            )
        file.seek(0)
        file.truncate()
        file.write(f"process {os.getpid()}")
        file.flush()
        self._file = file
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _try_lock(file: IO[str]) -> bool:
    """Take the lock without waiting. On Windows the byte far behind the text is locked, so that others can read the owner."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(4096)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
