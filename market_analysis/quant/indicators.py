"""Indicators of document 003's confidence score, on plain arrays.

Outputs have the input's length; places where the window is not yet full are NaN, so that index t always means bar t.
Inputs must be finite (QuantError).
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from market_analysis.quant.arrays import Float1D, as_float_1d, at_least, same_length
from market_analysis.quant.recursion import first_order_filter

__all__ = ["donchian", "exponential_mean", "rolling_std", "rsi"]


def exponential_mean(values: Float1D, span: int) -> Float1D:
    """m_t = m_{t-1} + a (x_t - m_{t-1}), a = 2 / (span + 1), m_0 = x_0; what pandas calls ewm(span, adjust=False)."""
    series = as_float_1d("values", values)
    weight = 2.0 / (at_least("span", span, 1) + 1.0)
    inputs = weight * series
    inputs[0] = series[0]
    result: Float1D = first_order_filter(inputs[None, :], np.array([1.0 - weight]))[0]
    return result


def donchian(high: Float1D, low: Float1D, bars: int) -> tuple[Float1D, Float1D]:
    """Highest high and lowest low of the `bars` bars before each bar, the bar itself excluded."""
    highs, lows = as_float_1d("high", high), as_float_1d("low", low)
    length = same_length(high=highs, low=lows)
    upper, lower = np.full(length, np.nan), np.full(length, np.nan)
    if length > at_least("bars", bars, 1):
        upper[bars:] = sliding_window_view(highs[:-1], bars).max(axis=1)
        lower[bars:] = sliding_window_view(lows[:-1], bars).min(axis=1)
    return upper, lower


def rsi(close: Float1D, period: int = 14) -> Float1D:
    """100 gains / (gains + losses) over the last `period` changes, simple means; 50 where nothing moved.

    Source: Wilder (1978), with the simple mean of document 003 instead of Wilder's smoothing.
    """
    changes = np.diff(as_float_1d("close", close))
    result = np.full(changes.size + 1, np.nan)
    if changes.size >= at_least("period", period, 1):
        gains = sliding_window_view(np.maximum(changes, 0.0), period).sum(axis=1)
        moves = sliding_window_view(np.abs(changes), period).sum(axis=1)
        result[period:] = 100.0 * np.divide(gains, moves, out=np.full(moves.size, 0.5), where=moves > 0.0)
    return result


def rolling_std(values: Float1D, window: int) -> Float1D:
    """Sample standard deviation (divisor window - 1) of the last `window` values up to and including each bar."""
    series = as_float_1d("values", values)
    result = np.full(series.size, np.nan)
    if series.size >= at_least("window", window, 2):
        result[window - 1 :] = sliding_window_view(series, window).std(axis=1, ddof=1)
    return result
