"""Our own ceiling on requests: so many at once, so many a second, and none while the venue bans us."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from market_analysis.errors import RateLimitedError

Sleep = Callable[[float], Awaitable[None]]
Monotonic = Callable[[], float]

BURST_REQUESTS = 40
"""What may go at once after a pause: a second's worth at the usual pace, below the venue's 50 a second for one endpoint."""


class RequestGate:
    """Lets requests through evenly (a leaky bucket with a burst) and at most `concurrency` at once.

    While a ban lasts, requests fail here without touching the wire: knocking on would prolong it.
    """

    def __init__(self, concurrency: int, requests_per_second: float, *, monotonic: Monotonic, sleep: Sleep) -> None:
        self._slots = asyncio.Semaphore(concurrency)
        self._interval_s = 1.0 / requests_per_second
        self._monotonic = monotonic
        self._sleep = sleep
        self._full_at = monotonic()
        self._banned_until: float | None = None

    def ban(self, seconds: float) -> None:
        """Let nothing through for `seconds`."""
        self._banned_until = self._monotonic() + seconds

    @asynccontextmanager
    async def passage(self, endpoint: str) -> AsyncIterator[None]:
        """Hold one slot for one request.

        Raises:
            RateLimitedError: a ban lasts.
        """
        async with self._slots:
            self._refuse_while_banned(endpoint)
            await self._take_turn()
            yield

    async def _take_turn(self) -> None:
        now = self._monotonic()
        slack = (BURST_REQUESTS - 1) * self._interval_s
        turn = max(self._full_at, now - slack)
        self._full_at = turn + self._interval_s
        if turn > now:
            await self._sleep(turn - now)

    def _refuse_while_banned(self, endpoint: str) -> None:
        if self._banned_until is None:
            return
        left = self._banned_until - self._monotonic()
        if left <= 0:
            self._banned_until = None
            return
        raise RateLimitedError(
            f"{endpoint} was not asked: the venue banned this address for another {left:.0f} s",
            venue_code="address_ban",
            retry_after_s=left,
            remedy="wait; lower [bybit] requests_per_second if it comes again",
        )
