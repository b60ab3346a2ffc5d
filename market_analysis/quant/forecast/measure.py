"""The realised variance of each hour, from its open, high, low and close, brought to the level of squared returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, Int1D, as_float_1d
from market_analysis.quant.forecast.bar_arrays import BarArrays
from market_analysis.quant.range_variance import garman_klass, rogers_satchell
from market_analysis.quant.returns import log_returns

__all__ = ["HOUR_MS", "HourlyMeasure", "Trailing", "hourly_measure"]

HOUR_MS: Final = 3_600_000
MINUTES_PER_HOUR: Final = 60
RATIO_BARS: Final = 2000
"""Trailing window of the ratio of squared returns to ranges: 83 days, for a ratio of fat-tailed means needs many bars."""
TYPICAL_RATIO: Final = 1.0 / 1.2
"""The ratio at the first bars: squared return over range variance on crypto hours, between Garman-Klass (1.20) and
Rogers-Satchell (1.30) as measured and no rescaling."""
RATIO_TRUST_BARS: Final = 500


class Trailing:
    """Trailing means of one series as of any bar; the running sum is made once. Shorter at the start, never looks ahead."""

    __slots__ = ("_sums",)

    def __init__(self, values: Float1D) -> None:
        self._sums = np.concatenate([[0.0], np.cumsum(values)])

    def mean(self, window: int, rows: Int1D) -> Float1D:
        """Mean of the last `window` values up to each row (rows,)."""
        first = np.maximum(rows + 1 - window, 0)
        result: Float1D = (self._sums[rows + 1] - self._sums[first]) / (rows + 1 - first)
        return result


@dataclass(frozen=True, slots=True, eq=False)
class HourlyMeasure:
    """Series over the same hours (bars,), element t from bars up to t.

    returns: log return, the first from the bar's own open. squared: its square. range_variance: mean of Garman-Klass and
    Rogers-Satchell plus the squared step from the close before to the open, not rescaled. ratio: the trailing mean of
    squared returns over that of range_variance. variance: their product.
    """

    open_time_ms: Int1D
    returns: Float1D
    squared: Float1D
    range_variance: Float1D
    ratio: Float1D
    volume: Float1D

    @property
    def variance(self) -> Float1D:
        """Realised variance per hour at the level of squared returns."""
        return self.range_variance * self.ratio


def hourly_measure(bars: BarArrays) -> HourlyMeasure:
    """Check the bars and measure each hour.

    Raises QuantError on bars of another length than an hour, prices that are not above zero or contradict each other, NaN, or a
    negative volume.
    """
    if bars.bar_minutes != MINUTES_PER_HOUR:
        raise QuantError(
            f"bar_minutes is {bars.bar_minutes}; the forecasts use hourly bars",
            parameter="bars",
            remedy="aggregate finer bars with quant.resample.aggregate_bars",
        )
    opens, closes = np.asarray(bars.open), np.asarray(bars.close)
    ranges = 0.5 * (garman_klass(opens, bars.high, bars.low, closes) + rogers_satchell(opens, bars.high, bars.low, closes))
    gaps = np.log(opens[1:] / closes[:-1])
    returns = np.concatenate([[np.log(closes[0] / opens[0])], log_returns(closes)])
    measured = np.maximum(ranges, 0.0) + np.concatenate([[0.0], gaps**2])
    volume = as_float_1d("volume", bars.volume)
    if volume.min() < 0.0:
        raise QuantError(f"volume has {volume.min()}; none may be below 0", parameter="bars")
    squared = returns**2
    return HourlyMeasure(np.asarray(bars.open_time_ms), returns, squared, measured, _ratio(squared, measured), volume)


def _ratio(squared: Float1D, measured: Float1D) -> Float1D:
    """Trailing ratio of means; over the first bars it grows out of TYPICAL_RATIO."""
    rows = np.arange(squared.size)
    below = Trailing(measured).mean(RATIO_BARS, rows)
    above = Trailing(squared).mean(RATIO_BARS, rows)
    ratio = np.divide(above, below, out=np.full(squared.size, TYPICAL_RATIO), where=below > 0.0)
    trust = np.minimum((rows + 1.0) / RATIO_TRUST_BARS, 1.0)
    result: Float1D = trust * ratio + (1.0 - trust) * TYPICAL_RATIO
    return result
