"""Standardised day returns: what one asset did over a day, divided by the volatility that was forecast for that day.

    z_t = ln(close_{t + 24 h} / close_t) / sigma_t,     sigma_t: forecast at t of the standard deviation over the next 24 hours

Days overlap: one begins every STRIDE_HOURS, at hours of UTC that all assets share, so that one row is one moment of the market.
Source: Barone-Adesi, Giannopoulos and Vosper (1999); Gurrola-Perez and Murphy (2015) on rescaling.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, Float2D, Int1D

__all__ = ["DAY_HOURS", "STRIDE_HOURS", "DayResiduals", "day_residuals", "day_starts", "joint_residuals", "to_draw_from"]

DAY_HOURS: Final = 24
STRIDE_HOURS: Final = 4
HOUR_MS: Final = 3_600_000
LARGEST_RESIDUAL: Final = 5.0
"""A day of more forecast standard deviations counts as this many. Such days come out of a lull (DOGE, January 2021: 35); multiplied
by a storm's volatility they would be no move that a market makes. Measured by benchmarks/value_at_risk.py."""
WARM_UP_BARS: Final = 500
"""Bars before the first day: the forecasts need a level to start from."""


@dataclass(frozen=True, slots=True, eq=False)
class DayResiduals:
    """start_ms (days,): close time of the bar at which a day begins, ascending; values (days,): z; sigma (days,): the forecast."""

    start_ms: Int1D
    values: Float1D
    sigma: Float1D


def day_starts(open_time_ms: Int1D, warm_up_bars: int = WARM_UP_BARS) -> Int1D:
    """Numbers of the hourly bars at whose close a day begins that has ended, without a gap, within the bars (days,)."""
    rows = np.arange(warm_up_bars, max(open_time_ms.size - DAY_HOURS, warm_up_bars))
    closes = open_time_ms[rows] + HOUR_MS
    whole = open_time_ms[rows + DAY_HOURS] - open_time_ms[rows] == DAY_HOURS * HOUR_MS
    result: Int1D = rows[whole & ((closes // HOUR_MS) % STRIDE_HOURS == 0)]
    return result


def day_residuals(open_time_ms: Int1D, close: Float1D, starts: Int1D, variance: Float1D) -> DayResiduals:
    """z of each day that begins at `starts` (days,); `variance` (days,): forecast there over the next 24 hours.

    Raises QuantError unless every variance is above zero.
    """
    if variance.shape != starts.shape or not (variance > 0.0).all():
        raise QuantError("variance must hold one value above 0 for each start", parameter="variance")
    sigma = np.sqrt(variance)
    moves = np.log(close[starts + DAY_HOURS] / close[starts])
    return DayResiduals(open_time_ms[starts] + HOUR_MS, moves / sigma, sigma)


def joint_residuals(assets: list[DayResiduals], longest: int) -> tuple[Int1D, Float2D, Float2D]:
    """Start times (days,), z (days, assets) and sigma (days, assets) of the last `longest` days that all assets have."""
    common = assets[0].start_ms
    for other in assets[1:]:
        common = np.intersect1d(common, other.start_ms, assume_unique=True)
    common = common[-longest:]
    places = [np.searchsorted(asset.start_ms, common) for asset in assets]
    z = np.stack([asset.values[place] for asset, place in zip(assets, places, strict=True)], axis=1)
    sigma = np.stack([asset.sigma[place] for asset, place in zip(assets, places, strict=True)], axis=1)
    return common, z, sigma


def to_draw_from(residuals: Float2D) -> Float2D:
    """Residuals (days, assets) without their mean, which is a trend that nobody can promise, and within LARGEST_RESIDUAL."""
    result: Float2D = np.clip(residuals - residuals.mean(axis=0), -LARGEST_RESIDUAL, LARGEST_RESIDUAL)
    return result
