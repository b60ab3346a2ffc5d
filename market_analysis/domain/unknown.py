"""What could not be read is a value of its own (law 1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeAlias, TypeVar, Union

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unknown(Generic[T]):
    """A value that could not be read: never zero, never empty, never flat.

    `reason` is a stable code (`malformed_answer`, `venue_unavailable`, `stale`, `not_enough_bars`, ...), `detail` names what
    failed and what to do, `since` is when it was first not readable, `last_good` the last value that was (with its own time in
    `last_good_at`), or None.
    """

    reason: str
    detail: str
    since: datetime
    last_good: T | None = None
    last_good_at: datetime | None = None


Read: TypeAlias = Union[T, Unknown[T]]  # noqa: UP007 - a generic alias needs Union on Python 3.11
"""What a read ends in: the value, or why there is none."""
