"""The recent ratio of what came to what was said: one factor per symbol, half of it shared by all symbols."""

from __future__ import annotations

from typing import Final

import numpy as np

from market_analysis.quant.arrays import Float1D, Int1D

__all__ = ["RECALIBRATION_HOURS", "half_pooled", "recent_ratio"]

RECALIBRATION_HOURS: Final = 1000
HALF_LIFE_HOURS: Final = 1000.0
PRIOR_HOURS: Final = 500.0
"""The ratio starts at one with the weight of this many hours."""
LARGEST_RATIO: Final = 20.0
"""One crash is not a bias: a single ratio counts at most this."""


def recent_ratio(realised: Float1D, forecast: Float1D, ages_hours: Int1D, spacing_hours: int) -> float:
    """(prior + sum w_i min(realised_i / forecast_i, 20)) / (prior + sum w_i), w_i halving every HALF_LIFE_HOURS of age.

    Cases (n,) are `spacing_hours` apart; none gives 1. Forecasts above zero.
    """
    weights = spacing_hours * 0.5 ** (ages_hours / HALF_LIFE_HOURS)
    ratios = np.minimum(realised / forecast, LARGEST_RATIO)
    return float((PRIOR_HOURS + weights @ ratios) / (PRIOR_HOURS + weights.sum()))


def half_pooled(ratios: Float1D) -> Float1D:
    """Geometric mean of each symbol's ratio and that of all symbols (symbols,)."""
    logs = np.log(ratios)
    result: Float1D = np.exp(0.5 * (logs + logs.mean()))
    return result
