"""Wire time: the clock of signatures, rate limits and envelopes. It is real unless a test skews or steps it.

Market time (prices, bars, the times inside records) is another clock; see `market.clock`.
"""

from __future__ import annotations

import time
from typing import Protocol


class WireClock(Protocol):
    """Anything that tells the server's own time in Unix milliseconds."""

    def now_ms(self) -> int:
        """Unix time in milliseconds."""
        ...


class SystemWireClock:
    """Real time plus `offset_ms`, which a test sets to skew the server against its clients."""

    __slots__ = ("offset_ms",)

    def __init__(self, offset_ms: int = 0) -> None:
        self.offset_ms = offset_ms

    def now_ms(self) -> int:
        """Real Unix time in milliseconds plus the offset."""
        return time.time_ns() // 1_000_000 + self.offset_ms


class SteppedWireClock:
    """A wire clock that stands still until it is stepped; for tests of windows and limits."""

    __slots__ = ("_now_ms",)

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """The instant last stepped to."""
        return self._now_ms

    def step(self, milliseconds: int) -> None:
        """Move forward (or, with a negative number, back)."""
        self._now_ms += milliseconds
