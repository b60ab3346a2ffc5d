"""The venue's clock as seen from here: signing and freshness are judged on it, never on market time."""

from __future__ import annotations

from market_analysis.domain import Clock, to_milliseconds


class WireTime:
    """Our wire clock plus the measured offset of the venue's.

    An answer stamped `server_ms` that was asked for at `sent_ms` and came at `received_ms` proves that the offset lies in
    [server_ms - received_ms, server_ms - sent_ms]; the estimate is moved into that interval and no further, so that it gets
    better with every quick answer and a slow one cannot spoil it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset_ms = 0
        self._measured = False

    @property
    def offset_ms(self) -> int:
        """Venue clock minus our clock, milliseconds; 0 before anything was measured."""
        return self._offset_ms

    @property
    def measured(self) -> bool:
        """Whether an answer has told the offset yet."""
        return self._measured

    def local_ms(self) -> int:
        """Our own clock, Unix milliseconds."""
        return to_milliseconds(self._clock.now())

    def now_ms(self) -> int:
        """The venue's clock now, Unix milliseconds."""
        return self.local_ms() + self._offset_ms

    def measure(self, sent_ms: int, received_ms: int, server_ms: int) -> None:
        """Set the offset anew from one answer, for example after the venue called our timestamp wrong."""
        self._offset_ms = server_ms - (sent_ms + received_ms) // 2
        self._measured = True

    def observe(self, sent_ms: int, received_ms: int, server_ms: int) -> None:
        """Correct the offset by what one answer proves."""
        if not self._measured:
            self.measure(sent_ms, received_ms, server_ms)
            return
        self._offset_ms = min(max(self._offset_ms, server_ms - received_ms), server_ms - sent_ms)
