"""Where a report file may be written: a plain file, whole or not at all; nothing else is ever replaced."""

from __future__ import annotations

from pathlib import Path

from market_analysis.errors import OutputError
from market_analysis.report.write import write_atomically


def write_output(path: Path, content: bytes) -> None:
    """Write a report. A symbolic link is followed and stays; a character device (`/dev/null`) is written to, never replaced.

    Raises:
        OutputError: the path is a directory, a pipe or a socket, or it cannot be written.
    """
    try:
        target = path.resolve()
        if target.is_char_device():
            target.write_bytes(content)
            return
        usable = target.is_file() or not target.exists()
    except (OSError, RuntimeError) as error:
        raise OutputError(f"cannot write {path}: {error}", remedy="name a plain file with --output") from error
    if not usable:
        raise OutputError(f"cannot write {path}: it is not a plain file", remedy="name a plain file with --output or --html")
    write_atomically(target, content)
