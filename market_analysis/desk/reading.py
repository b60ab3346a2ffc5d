"""The only place where a failed read becomes a value (law 1): `Unknown`, with the last good one and its time beside it."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from market_analysis.domain import Read, Unknown
from market_analysis.errors import VenueError

K = TypeVar("K")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads at one moment. now: market time; previous_at: the time of the snapshot whose parts are passed as `previous`."""

    now: datetime
    previous_at: datetime | None = None

    async def one(self, awaitable: Awaitable[T], previous: Read[T] | None = None) -> Read[T]:
        """The awaited value, or `Unknown` when the venue could not be read."""
        try:
            return await awaitable
        except VenueError as error:
            return self.unknown(error, previous)

    async def many(self, awaitable: Awaitable[Sequence[T]], previous: Read[tuple[T, ...]] | None = None) -> Read[tuple[T, ...]]:
        """The same for a list, as a tuple."""
        try:
            return tuple(await awaitable)
        except VenueError as error:
            return self.unknown(error, previous)

    async def each(
        self, keys: Sequence[K], awaitable: Awaitable[Mapping[K, T | VenueError]], previous: Mapping[K, Read[T]]
    ) -> dict[K, Read[T]]:
        """A keyed read, key by key: a fault of one key, or of the whole read, is the `Unknown` of each key that it left out."""
        try:
            answers = await awaitable
        except VenueError as error:
            answers = dict.fromkeys(keys, error)
        result: dict[K, Read[T]] = {}
        for key in keys:
            answer = answers.get(key, VenueError(f"{key} is missing from the venue's answer"))
            result[key] = self.unknown(answer, previous.get(key)) if isinstance(answer, VenueError) else answer
        return result

    def unknown(self, error: VenueError, previous: Read[T] | None) -> Unknown[T]:
        """The `Unknown` of an error; it keeps the first moment of an outage and the last good value."""
        if isinstance(previous, Unknown):
            return Unknown(error.code, str(error), previous.since, previous.last_good, previous.last_good_at)
        return Unknown(error.code, str(error), self.now, previous, None if previous is None else self.previous_at)
