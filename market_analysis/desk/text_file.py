"""Text that a user hands over by name."""

from __future__ import annotations

import sys
from pathlib import Path

from market_analysis.errors import UsageError


def text_of(file: str | Path, what: str) -> str:
    """The text of a file, or of standard input where it is `-`; UTF-8, with or without a byte order mark. what: what was to be
    named, as in "a YAML file".

    Raises:
        UsageError: it cannot be read, or is no text.
    """
    try:
        return sys.stdin.read().removeprefix("\ufeff") if str(file) == "-" else Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(f"{file} cannot be read: {reason}", remedy=f"name {what}") from error
