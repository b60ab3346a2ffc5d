"""Closed price bars as read-only float arrays (laws 3 and 5)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING

from market_analysis.domain.clock import from_milliseconds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Closed OHLCV bars of one length, ascending, float64, read-only, one row a bar.

    open_time_ms: int64 Unix milliseconds of each bar's OPEN. A missing bar is missing, never filled: `gaps` counts the
    bars that should lie between the first and the last and do not.
    """

    bar_minutes: int
    open_time_ms: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]

    def __post_init__(self) -> None:
        size = len(self.open_time_ms)
        for field in fields(self)[1:]:
            array = getattr(self, field.name)
            if array.ndim != 1 or len(array) != size:
                raise ValueError(f"Bars.{field.name} must have shape ({size},), has {array.shape}")
            array.flags.writeable = False
        if size > 1 and not bool((self.open_time_ms[1:] > self.open_time_ms[:-1]).all()):
            raise ValueError("Bars.open_time_ms must ascend strictly; sort and deduplicate first")

    def __len__(self) -> int:
        return len(self.open_time_ms)

    @property
    def gaps(self) -> int:
        """How many bars between the first and the last are missing."""
        if len(self) < 2:
            return 0
        span = int(self.open_time_ms[-1]) - int(self.open_time_ms[0])
        return span // (self.bar_minutes * 60_000) + 1 - len(self)

    @property
    def last_close_time(self) -> datetime:
        """When the last bar closed."""
        return from_milliseconds(int(self.open_time_ms[-1]) + self.bar_minutes * 60_000)

    def closed_before(self, moment_ms: int) -> Bars:
        """The bars that had closed at `moment_ms` (Unix milliseconds): all that a model at that moment may see."""
        step = self.bar_minutes * 60_000
        return self[: int((self.open_time_ms + step <= moment_ms).sum())]

    def __getitem__(self, rows: slice) -> Bars:
        return Bars(self.bar_minutes, *(getattr(self, field.name)[rows] for field in fields(self)[1:]))
