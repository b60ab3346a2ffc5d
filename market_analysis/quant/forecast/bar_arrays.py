"""What the forecasts read of a series of bars; `domain.Bars` offers it, and so may anything else."""

from __future__ import annotations

from typing import Protocol

from market_analysis.quant.arrays import Float1D, Int1D

__all__ = ["BarArrays"]


class BarArrays(Protocol):
    """Closed bars of one length, ascending: open times in Unix milliseconds, prices above zero, volume in any unit (bars,)."""

    @property
    def bar_minutes(self) -> int: ...
    @property
    def open_time_ms(self) -> Int1D: ...
    @property
    def open(self) -> Float1D: ...
    @property
    def high(self) -> Float1D: ...
    @property
    def low(self) -> Float1D: ...
    @property
    def close(self) -> Float1D: ...
    @property
    def volume(self) -> Float1D: ...
