"""Variance of a bar from its open, high, low and close.

All estimates are per bar in squared log-return units. Parkinson, Garman-Klass and Rogers-Satchell see only the path from
open to close; on a market that trades around the clock the step from close to next open is a tick or nothing, yet bid-ask
bounce and discrete prices still bias them against squared returns (measured on crypto hours: 1.14, 1.20 and 1.30 times).
`rescale_to_squared_returns` removes that bias with past data only.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, as_float_1d, as_positive_1d, at_least, same_length

__all__ = ["garman_klass", "parkinson", "rescale_to_squared_returns", "rogers_satchell", "yang_zhang"]

MINIMUM_RATIO_BARS = 24
"""With fewer bars seen, a ratio of means is mostly noise and 1 is used."""


def parkinson(high: Float1D, low: Float1D) -> Float1D:
    """log(high/low)^2 / (4 log 2), shape (bars,). Source: Parkinson (1980)."""
    highs, lows = as_positive_1d("high", high), as_positive_1d("low", low)
    same_length(high=highs, low=lows)
    _refuse(highs < lows, "high", "below its low")
    result: Float1D = np.log(highs / lows) ** 2 / (4.0 * np.log(2.0))
    return result


def garman_klass(open_: Float1D, high: Float1D, low: Float1D, close: Float1D) -> Float1D:
    """log(high/low)^2 / 2 - (2 log 2 - 1) log(close/open)^2, shape (bars,). Source: Garman and Klass (1980)."""
    opens, highs, lows, closes = _bars(open_, high, low, close)
    result: Float1D = 0.5 * np.log(highs / lows) ** 2 - (2.0 * np.log(2.0) - 1.0) * np.log(closes / opens) ** 2
    return result


def rogers_satchell(open_: Float1D, high: Float1D, low: Float1D, close: Float1D) -> Float1D:
    """log(h/o) log(h/c) + log(l/o) log(l/c), shape (bars,); unbiased under drift. Source: Rogers and Satchell (1991)."""
    opens, highs, lows, closes = _bars(open_, high, low, close)
    above = np.log(highs / opens) * np.log(highs / closes)
    result: Float1D = above + np.log(lows / opens) * np.log(lows / closes)
    return result


def yang_zhang(open_: Float1D, high: Float1D, low: Float1D, close: Float1D, window: int) -> Float1D:
    """Rolling Yang-Zhang variance per bar, shape (bars - window,): element j ends at bar j + window.

    var(log open/previous close) + k var(log close/open) + (1 - k) mean(Rogers-Satchell) over `window` bars, sample
    variances, k = 0.34 / (1.34 + (window + 1) / (window - 1)). Independent of drift and of gaps between bars.
    Source: Yang and Zhang (2000). Raises QuantError when window < 2 or fewer than window + 1 bars are given.
    """
    at_least("window", window, 2)
    opens, highs, lows, closes = _bars(open_, high, low, close)
    as_float_1d("close", closes, window + 1)
    inside = rogers_satchell(opens, highs, lows, closes)[1:]
    gaps, bodies = np.log(opens[1:] / closes[:-1]), np.log(closes[1:] / opens[1:])
    k = 0.34 / (1.34 + (window + 1.0) / (window - 1.0))
    gap_variance = sliding_window_view(gaps, window).var(axis=1, ddof=1)
    body_variance = sliding_window_view(bodies, window).var(axis=1, ddof=1)
    result: Float1D = gap_variance + k * body_variance + (1.0 - k) * sliding_window_view(inside, window).mean(axis=1)
    return result


def rescale_to_squared_returns(range_variance: Float1D, squared_returns: Float1D, window: int) -> Float1D:
    """range_variance_t times mean(squared returns) / mean(range_variance) over the last `window` bars up to t, (bars,).

    No look-ahead: element t uses bars <= t. Before `window` bars the mean runs over all bars so far; with fewer than
    MINIMUM_RATIO_BARS bars, or where the range mean is zero, the ratio is 1. Both inputs are aligned, in squared units.
    Raises QuantError on negative values, unequal lengths, or window < MINIMUM_RATIO_BARS.
    """
    at_least("window", window, MINIMUM_RATIO_BARS)
    ranges, squares = as_float_1d("range_variance", range_variance), as_float_1d("squared_returns", squared_returns)
    bars = same_length(range_variance=ranges, squared_returns=squares)
    _refuse(ranges < 0.0, "range_variance", "below zero")
    _refuse(squares < 0.0, "squared_returns", "below zero")
    range_sums, square_sums = _trailing_sum(ranges, window), _trailing_sum(squares, window)
    usable = (range_sums > 0.0) & (np.arange(bars) >= MINIMUM_RATIO_BARS - 1)
    return ranges * np.divide(square_sums, range_sums, out=np.ones(bars), where=usable)


def _trailing_sum(values: Float1D, window: int) -> Float1D:
    """Sum of the last `window` values up to each place, fewer at the start. Non-negative input."""
    padded = np.concatenate([np.zeros(window - 1), values])
    result: Float1D = sliding_window_view(padded, window).sum(axis=1)
    return result


def _bars(open_: Float1D, high: Float1D, low: Float1D, close: Float1D) -> tuple[Float1D, Float1D, Float1D, Float1D]:
    opens, highs = as_positive_1d("open", open_), as_positive_1d("high", high)
    lows, closes = as_positive_1d("low", low), as_positive_1d("close", close)
    same_length(open=opens, high=highs, low=lows, close=closes)
    _refuse(highs < np.maximum(np.maximum(opens, closes), lows), "high", "below its open, low or close")
    _refuse(lows > np.minimum(opens, closes), "low", "above its open or close")
    return opens, highs, lows, closes


def _refuse(wrong: NDArray[np.bool_], name: str, why: str) -> None:
    if wrong.any():
        raise QuantError(f"{name}[{int(np.argmax(wrong))}] is {why}", parameter=name, remedy="repair or drop the bar")
