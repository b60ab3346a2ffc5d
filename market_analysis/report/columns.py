"""A table that always fits: columns move together, then the least important ones go, then the last one is cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from market_analysis.report.numbers import clipped

_LEAST_LAST = 14
"""The last column, free text, keeps at least this many characters."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: heading, alignment, and when it may go (None: never; else the smallest number goes first)."""

    name: str
    right: bool = True
    may_go: int | None = None


def fit_table(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Heading and rows, one line each, at most `width` wide. The last column is free text and takes what is left."""
    shown = list(range(len(columns)))
    gap = 2
    while _needed(columns, rows, shown, gap) > width:
        if gap > 1:
            gap = 1
            continue
        going = [index for index in shown if columns[index].may_go is not None]
        if not going:
            break
        shown.remove(min(going, key=lambda index: columns[index].may_go or 0))
    widths = [_width(columns, rows, index) for index in shown]
    lines = []
    for cells in ([column.name for column in columns], *rows):
        padded = [
            f"{cells[index]:>{wide}}" if columns[index].right else f"{cells[index]:<{wide}}"
            for index, wide in zip(shown, widths, strict=True)
        ]
        lines.append(clipped((" " * gap).join(padded).rstrip(), width))
    return lines


def _width(columns: Sequence[Column], rows: Sequence[Sequence[str]], index: int) -> int:
    return max(len(columns[index].name), *(len(row[index]) for row in rows)) if rows else len(columns[index].name)


def _needed(columns: Sequence[Column], rows: Sequence[Sequence[str]], shown: Sequence[int], gap: int) -> int:
    *fixed, last = shown
    return sum(_width(columns, rows, index) + gap for index in fixed) + min(_width(columns, rows, last), _LEAST_LAST)
