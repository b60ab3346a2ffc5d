"""Trying a read again, only where that can help."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from market_analysis.errors import ClockSkewError, RateLimitedError, VenueError
from market_analysis.venues.bybit.gate import Sleep

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently. The delay before attempt n + 1 is first_delay_s * 2^(n - 1), or what the venue asks for;
    a wait longer than `longest_wait_s` is left to the caller (a ban of ten minutes does not hold up a report)."""

    max_attempts: int
    first_delay_s: float = 0.25
    longest_wait_s: float = 5.0

    def delay_s(self, failed_attempts: int, error: VenueError) -> float | None:
        """Seconds to wait before the next attempt, None when there shall be none."""
        if not error.retryable or failed_attempts >= self.max_attempts:
            return None
        delay = self.first_delay_s * 2.0 ** (failed_attempts - 1)
        if isinstance(error, RateLimitedError) and error.retry_after_s is not None:
            delay = max(delay, error.retry_after_s)
        return delay if delay <= self.longest_wait_s else None


async def with_retries(
    attempt: Callable[[], Awaitable[T]], policy: RetryPolicy, *, sleep: Sleep, resynchronise: Callable[[], Awaitable[None]]
) -> T:
    """The first success of `attempt`, a read. A wrong clock is measured again at once and gets one more chance only.

    Raises:
        VenueError: the last failure, when no further attempt can help.
    """
    failed = 0
    measured_again = False
    while True:
        try:
            return await attempt()
        except VenueError as error:
            failed += 1
            delay = policy.delay_s(failed, error)
            if delay is None or (isinstance(error, ClockSkewError) and measured_again):
                raise
            if isinstance(error, ClockSkewError):
                measured_again = True
                await _or_raise(error, resynchronise)
                continue
        await sleep(delay)


async def _or_raise(error: VenueError, resynchronise: Callable[[], Awaitable[None]]) -> None:
    """Measure the clock again; if that fails too, the first error says more."""
    try:
        await resynchronise()
    except VenueError:
        raise error from None
