"""Closed hourly bars, checked once, with the series that every model is built on. Element t of each uses bars up to t only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from market_analysis.domain import Bars
from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D
from market_analysis.quant.average_true_range import average_true_range
from market_analysis.quant.range_variance import garman_klass, rescale_to_squared_returns
from market_analysis.quant.resample import AggregatedBars, aggregate_bars
from market_analysis.quant.returns import log_returns
from market_analysis.settings import Settings

MINUTES_PER_HOUR = 60
HOUR_MS = 3_600_000
LEAST_BARS = 100
"""Fewer closed hours than this are not modelled at all: the 4h ATR(20) alone spans 80."""
RESCALE_BARS = 720
"""Trailing window of the range estimator's ratio to squared returns: 30 days."""
_HOURS = {"1h": 1, "2h": 2, "4h": 4, "6h": 6, "12h": 12, "1d": 24}


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why bars carry no model; `reason` is a stable code."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True, eq=False)
class BarSeries:
    """returns (bars - 1,): log returns. realised_variance (bars - 1,): Garman-Klass per hour, rescaled to squared returns.

    atr (bars,): the trailing ATR ([stops] atr_timeframe, atr_period) as of each hourly close, price units, from complete longer
    bars closed by then; NaN before the first. atr_hours: length of its bars; atr_bars: how many there are.
    """

    bars: Bars
    returns: Float1D
    realised_variance: Float1D
    atr: Float1D
    atr_hours: int
    atr_bars: int

    def atr_variance(self, factor: float) -> Float1D:
        """Per-hour variance implied by the ATR at each bar: (factor * ATR / close)^2 / atr_hours, shape (bars,)."""
        return np.asarray((factor * self.atr / self.bars.close) ** 2 / self.atr_hours)


def bar_series(bars: Bars, settings: Settings) -> BarSeries | Unusable:
    """Check `bars` and derive the series; `not_enough_bars`, `too_many_gaps` or `bars_unusable` otherwise."""
    if bars.bar_minutes != MINUTES_PER_HOUR:
        return Unusable("bars_unusable", f"bars of {bars.bar_minutes} minutes; hourly bars are needed")
    if len(bars) < LEAST_BARS:
        return Unusable("not_enough_bars", f"{len(bars)} closed hourly bars; at least {LEAST_BARS} are needed")
    gap_frac = bars.gaps / (len(bars) + bars.gaps)
    if gap_frac > settings.data.max_gap_frac:
        bound = settings.data.max_gap_frac
        return Unusable("too_many_gaps", f"{bars.gaps} hours are missing ({gap_frac:.3f} of the span, at most {bound})")
    try:
        returns = log_returns(bars.close)
        ranges = garman_klass(bars.open, bars.high, bars.low, bars.close)[1:]
        variance = rescale_to_squared_returns(np.maximum(ranges, 0.0), returns**2, RESCALE_BARS)
        hours = _HOURS[settings.stops.atr_timeframe]
        longer = aggregated(bars, hours)
        if longer.close.size == 0:
            return Unusable("not_enough_bars", f"no complete bar of {hours} h within {len(bars)} hourly bars")
        values = average_true_range(longer.high, longer.low, longer.close, settings.stops.atr_period)
    except QuantError as error:
        return Unusable("bars_unusable", error.message)
    return BarSeries(bars, returns, variance, _as_of_each(bars, longer.ts_ms + hours * HOUR_MS, values), hours, longer.close.size)


def aggregated(bars: Bars, hours: int) -> AggregatedBars:
    """Complete bars of `hours`, aligned to UTC."""
    return aggregate_bars(
        bars.open_time_ms,
        bars.open,
        bars.high,
        bars.low,
        bars.close,
        bars.volume,
        bar_minutes_in=bars.bar_minutes,
        bar_minutes_out=hours * MINUTES_PER_HOUR,
    )


def _as_of_each(bars: Bars, closed_ms: NDArray[np.int64], values: Float1D) -> Float1D:
    """The last of `values` closed by each hourly close, NaN where there is none yet."""
    place = np.searchsorted(closed_ms, bars.open_time_ms + HOUR_MS, side="right") - 1
    return np.where(place >= 0, values[np.maximum(place, 0)], np.nan)
