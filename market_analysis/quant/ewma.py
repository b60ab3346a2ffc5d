"""Exponentially weighted variance: the open fallback when GARCH cannot be used."""

from __future__ import annotations

from typing import Final

import numpy as np

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, as_float_1d
from market_analysis.quant.recursion import first_order_filter

__all__ = ["RISKMETRICS_DECAY", "ewma_variance"]

RISKMETRICS_DECAY: Final = 0.94
"""Source: RiskMetrics Technical Document (1996), daily data; measured equal to GARCH at one hour on crypto hours."""
START_BARS: Final = 75


def ewma_variance(returns: Float1D, decay: float = RISKMETRICS_DECAY) -> Float1D:
    """h_t = decay h_{t-1} + (1 - decay) r_{t-1}^2, shape (bars + 1,): the last element is the next bar's variance.

    Element t uses returns before t, save the start h_0: the mean of the first 75 squared returns weighted by decay^i.
    Zero mean, squared log-return fractions per bar. The forecast for every later bar is the next one's (flat path:
    `horizon_sigma.flat_variance_path`). Raises QuantError on NaN, infinity, no data, or decay outside (0, 1).
    """
    if not 0.0 < decay < 1.0:
        raise QuantError(f"decay is {decay}; it must lie between 0 and 1, both excluded", parameter="decay")
    squared = as_float_1d("returns", returns) ** 2
    weights = decay ** np.arange(min(START_BARS, squared.size))
    start = squared[: weights.size] @ weights / weights.sum()
    inputs = np.concatenate([[start], (1.0 - decay) * squared])
    result: Float1D = first_order_filter(inputs[None, :], np.array([decay]))[0]
    return result
