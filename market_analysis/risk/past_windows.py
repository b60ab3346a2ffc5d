"""Past windows of the modelled instruments, each in units of the sigma that the model says it would have forecast then."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from market_analysis.quant.arrays import Float1D, Int1D
from market_analysis.quant.forecast import VarianceForecast, past_variances
from market_analysis.quant.forecast.features import LEVEL_BARS
from market_analysis.quant.forecast.panel import PanelModel
from market_analysis.quant.past_windows import PastWindows, cut_windows, joined_windows
from market_analysis.risk.bar_series import HOUR_MS, BarSeries

LEAST_HORIZONS = 20
"""Windows must span at least this many horizons that do not overlap: fewer are a story, not a sample."""
WINDOWS_PER_HORIZON = 6
"""Starts are a sixth of the horizon apart; nearer ones add next to nothing."""


def pooled_windows(
    forecasts: Sequence[tuple[BarSeries, VarianceForecast]], hours: int, panel: PanelModel | None
) -> PastWindows | None:
    """Windows of `hours` after past closes of all instruments together, with their mirror images; None where there are too few.

    A start needs LEVEL_BARS of bars before it and an unbroken window after it. Nothing after the last bar enters.
    """
    starts = [(series, forecast, window_starts(series, hours)) for series, forecast in forecasts]
    longest = max((int(places[-1] - places[0]) for _, _, places in starts if places.size), default=0)
    if longest < LEAST_HORIZONS * hours:
        return None
    return joined_windows([_windows(series, forecast, places, hours, panel) for series, forecast, places in starts if places.size])


def window_starts(series: BarSeries, hours: int) -> Int1D:
    """Bar numbers whose `hours` following bars are there without a gap, oldest first, the last as late as can be."""
    count, step = len(series.bars), max(hours // WINDOWS_PER_HORIZON, 1)
    places: Int1D = np.arange(count - 1 - hours, LEVEL_BARS - 1, -step, dtype=np.int64)[::-1]
    times = series.bars.open_time_ms
    unbroken: Int1D = places[times[places + hours] - times[places] == hours * HOUR_MS]
    return unbroken


def _windows(series: BarSeries, forecast: VarianceForecast, places: Int1D, hours: int, panel: PanelModel | None) -> PastWindows:
    bars = series.bars
    sigma: Float1D = np.sqrt(past_variances(forecast, bars, places.tolist(), hours, panel=panel))
    return cut_windows(bars.close, bars.high, bars.low, places, sigma, hours)
