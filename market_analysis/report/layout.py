"""Plain-text building blocks: titles, aligned pairs, wrapped notes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

WIDTH = 110
_LABEL = 24


def titled(title: str, body: str, *, underline: str = "-") -> str:
    """A heading, underlined, and what stands under it."""
    return f"{title}\n{underline * len(title)}\n{body}"


def pairs(rows: Iterable[tuple[str, str]], *, indent: int = 2) -> str:
    """Label and value per line; a long value goes on in its own column."""
    return "\n".join(_pair(label, value, indent) for label, value in rows)


def note(text: str, *, bullet: str = "*", indent: int = 2) -> str:
    """A bulleted paragraph."""
    first = " " * indent + bullet + " "
    return textwrap.fill(text, WIDTH, initial_indent=first, subsequent_indent=" " * len(first), break_on_hyphens=False)


def _pair(label: str, value: str, indent: int) -> str:
    first = f"{' ' * indent}{label:<{_LABEL - indent}}"
    return textwrap.fill(value, WIDTH, initial_indent=first, subsequent_indent=" " * len(first), break_on_hyphens=False)
