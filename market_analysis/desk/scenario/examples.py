"""Scenarios that ship with the product, and those of the user."""

from __future__ import annotations

from importlib.resources import files

from market_analysis.desk.text_file import text_of
from market_analysis.errors import UsageError

_PLACE = files(__package__) / "library"


def examples() -> list[str]:
    """Their names."""
    return sorted(entry.name.removesuffix(".txt") for entry in _PLACE.iterdir() if entry.name.endswith(".txt"))


def read_scenario(file: str | None, example: str | None) -> tuple[str, str]:
    """(name, text) of a file, of standard input (`-`), or of an example.

    Raises:
        UsageError: neither or both are given, there is no such example, or the file cannot be read.
    """
    if (file is None) == (example is None):
        raise UsageError("give a file, or --example with one of: " + ", ".join(examples()), remedy="risk-manager rules test my.txt")
    if example is not None:
        if example not in examples():
            raise UsageError(f"there is no example {example!r}", remedy=f"one of: {', '.join(examples())}")
        return example, (_PLACE / f"{example}.txt").read_text(encoding="utf-8")
    return "standard input" if file == "-" else str(file), text_of(str(file), "a text file")
