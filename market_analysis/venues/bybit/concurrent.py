"""Several reads at once, with plain errors instead of exception groups."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from market_analysis.errors import EXIT_AUTHENTICATION, EXIT_VENUE, VenueError

T = TypeVar("T")
K = TypeVar("K")

_SEVERITY = {EXIT_AUTHENTICATION: 2, EXIT_VENUE: 1}


@asynccontextmanager
async def read_group() -> AsyncIterator[asyncio.TaskGroup]:
    """A task group for reads; the first failure cancels the others.

    Raises:
        VenueError: the gravest failure (authentication before venue before malformed answers).
    """
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as failures:
        raise _gravest(failures) from None


async def together(reads: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """All results, in order, as `read_group` reads them."""
    async with read_group() as group:
        tasks = [group.create_task(read) for read in reads]
    return [task.result() for task in tasks]


async def each(keys: Sequence[K], read: Callable[[K], Awaitable[T]]) -> dict[K, T | VenueError]:
    """One result or failure per key; one that fails does not hold up the others."""

    async def guarded(key: K) -> T | VenueError:
        try:
            return await read(key)
        except VenueError as error:
            return error

    return dict(zip(keys, await together(guarded(key) for key in keys), strict=True))


def _gravest(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    venue_errors = [error for error in failures.exceptions if isinstance(error, VenueError)]
    if len(venue_errors) < len(failures.exceptions):
        return failures
    return max(venue_errors, key=lambda error: _SEVERITY.get(error.exit_status, 0))
