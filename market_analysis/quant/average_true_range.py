"""True range and Wilder's average true range, in price units."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, as_positive_1d, at_least, same_length
from market_analysis.quant.recursion import first_order_filter

__all__ = ["ATR_TO_SIGMA_FACTOR", "average_true_range", "true_range"]

ATR_TO_SIGMA_FACTOR: Final = math.sqrt(math.pi / 8.0)
"""Average range to standard deviation, 0.6267: the expected range of a driftless Brownian motion is sigma sqrt(8/pi).

Source: Feller (1951), Parkinson (1980). A range seen at discrete trades is smaller: discretised simulation gives 0.658.
"""


def true_range(high: Float1D, low: Float1D, close: Float1D) -> Float1D:
    """max(high, previous close) - min(low, previous close), shape (bars,), price units; the first is high - low.

    Raises QuantError on prices not above zero, unequal lengths, or a high below its low.
    """
    highs, lows = as_positive_1d("high", high), as_positive_1d("low", low)
    closes = as_positive_1d("close", close)
    same_length(high=highs, low=lows, close=closes)
    if (highs < lows).any():
        place = int(np.argmax(highs < lows))
        raise QuantError(f"high[{place}] is {highs[place]}, below low[{place}] {lows[place]}", parameter="high")
    previous = np.concatenate([closes[:1].clip(lows[:1], highs[:1]), closes[:-1]])
    result: Float1D = np.maximum(highs, previous) - np.minimum(lows, previous)
    return result


def average_true_range(high: Float1D, low: Float1D, close: Float1D, period: int) -> Float1D:
    """Wilder's ATR, shape (bars,), price units: atr_t = atr_{t-1} + (tr_t - atr_{t-1}) / period, atr_0 = tr_0.

    The recursion is seeded by the first true range (high - low), not by a simple mean. Source: Wilder (1978); seed as in
    document 003. Raises QuantError as `true_range`, and when period < 1.
    """
    weight = 1.0 / at_least("period", period, 1)
    ranges = true_range(high, low, close)
    inputs = ranges * weight
    inputs[0] = ranges[0]
    result: Float1D = first_order_filter(inputs[None, :], np.array([1.0 - weight]))[0]
    return result
