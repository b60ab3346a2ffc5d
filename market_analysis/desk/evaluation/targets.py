"""What came after each origin: the variance that the forecasts are scored on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from market_analysis.desk.evaluation.parquet_bars import HOUR_MS, MarketSeries
from market_analysis.quant.arrays import Float1D, Float2D, Int1D
from market_analysis.quant.scoring.losses import floored

__all__ = ["REALISED", "SQUARED", "realised_over"]

REALISED = "realised_variance"
"""Sum of squared returns of the finer bars."""
SQUARED = "squared_returns"
"""Sum of squared hourly returns: unbiased whatever the bounce between ticks, and noisier."""


def realised_over(series: MarketSeries, rows: Int1D, horizons: Sequence[int]) -> dict[str, Float2D]:
    """Per proxy (rows, horizons): the variance over the next hours after each bar number, NaN where they have not all come.

    At least the square of one tick over the price: below it a price cannot say more. Hours that are missing inside the horizon
    make it NaN too.
    """
    close = series.hourly.close
    hourly = {SQUARED: np.concatenate([[np.nan], np.diff(np.log(close)) ** 2])}
    if series.fine_variance is not None:
        hourly[REALISED] = series.fine_variance
    floor = (series.tick / close[rows]) ** 2
    return {
        name: np.stack([_sums(values, series.hourly.open_time_ms, rows, horizon, floor) for horizon in horizons], axis=1)
        for name, values in hourly.items()
    }


def _sums(values: Float1D, times: Int1D, rows: Int1D, horizon: int, floor: Float1D) -> Float1D:
    result = np.full(rows.size, np.nan)
    inside = rows + horizon < times.size
    last = np.minimum(rows + horizon, times.size - 1)
    whole = inside & (times[last] - times[rows] == horizon * HOUR_MS)
    running = np.concatenate([[0.0], np.cumsum(np.nan_to_num(values))])
    sums = running[last + 1] - running[rows + 1]
    if whole.any():
        result[whole] = floored(np.maximum(sums[whole], 0.0), floor[whole])
    return result
