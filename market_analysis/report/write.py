"""Writes a file whole or not at all."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from market_analysis.errors import OutputError

_IS_WINDOWS = os.name == "nt"
_REPLACE_TRIES = 5
"""Windows refuses to replace a file that another program has open at that moment."""


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path` by `content`: a reader sees the old file or the new one, also after a crash at any instant.

    Raises:
        OutputError: the directory is missing or cannot be written, or the disk is full.
    """
    temporary: str | None = None
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644 & ~_umask())
        _replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            with suppress(OSError):
                os.unlink(temporary)
        raise OutputError(
            f"cannot write {path}: {error.strerror or error}",
            remedy="name a writable file with --output, or mount a writable directory",
        ) from error


def _replace(source: str, target: Path) -> None:
    for attempt in range(1, _REPLACE_TRIES + 1):
        try:
            os.replace(source, target)
            return
        except PermissionError:
            if not _IS_WINDOWS or attempt == _REPLACE_TRIES:
                raise
            time.sleep(0.02 * attempt)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
