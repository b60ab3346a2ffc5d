"""Standardised whole-bar residuals: what a bar did, in units of the volatility that was forecast for it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, Float2D, as_float_1d

__all__ = ["CLOSE", "HIGH", "LOW", "MINIMUM_BARS", "mirror_residuals", "standardised_bar_residuals"]

CLOSE, HIGH, LOW = 0, 1, 2
"""Columns of a residual matrix (n, 3)."""

MINIMUM_BARS = 200
"""Fewest residuals worth resampling: with less, the tails that decide a stop are a handful of bars."""


def standardised_bar_residuals(
    close: ArrayLike, high: ArrayLike, low: ArrayLike, sigma: ArrayLike, minimum_bars: int = MINIMUM_BARS
) -> Float2D:
    """Residuals (n - 1, 3) of n closed bars, oldest first: columns close, high, low relative to the previous close.

    ln(x_t / close_(t-1)) / sigma_t, where sigma_t is the standard deviation forecast for bar t before it (sigma_0 is
    not used). The close column is then demeaned and scaled to unit variance (ruling 4) and the rows stay whole: the
    wicks (high above the body, low below it) keep their length in units of the scaled close, so every row has high >=
    max(0, close) and low <= min(0, close). A gap between the previous close and the open belongs to the bar.
    Raises QuantError on unequal lengths, NaN, prices that are not positive, low > high, a sigma that is not positive,
    fewer than `minimum_bars` residuals, or closes that do not vary.
    Source: Barone-Adesi, Giannopoulos and Vosper (1999), filtered historical simulation, taken from closes to bars.
    """
    c, h, lo, s = _checked(close, high, low, sigma)
    if c.size - 1 < minimum_bars:
        raise QuantError(
            f"close has {c.size} bars, at least {minimum_bars + 1} are needed for {minimum_bars} residuals",
            parameter="close",
            remedy="read a longer history, or use the closed form",
        )
    origin = np.log(c[:-1])
    step = (np.log(c[1:]) - origin) / s[1:]
    upper_wick = np.maximum((np.log(h[1:]) - origin) / s[1:] - np.maximum(step, 0.0), 0.0)
    lower_wick = np.maximum(np.minimum(step, 0.0) - (np.log(lo[1:]) - origin) / s[1:], 0.0)
    step = step - step.mean()
    deviation = float(np.sqrt(np.mean(step * step)))
    if not deviation > 1e-12:
        raise QuantError("close does not vary, its residuals cannot be scaled to unit variance", parameter="close")
    step = step / deviation
    return np.column_stack((step, np.maximum(step, 0.0) + upper_wick / deviation, np.minimum(step, 0.0) - lower_wick / deviation))


def mirror_residuals(residuals: Float2D) -> Float2D:
    """The same bars seen upside down in logs: close -> -close, high -> -low, low -> -high."""
    return np.column_stack((-residuals[:, CLOSE], -residuals[:, LOW], -residuals[:, HIGH]))


def _checked(close: ArrayLike, high: ArrayLike, low: ArrayLike, sigma: ArrayLike) -> tuple[Float1D, ...]:
    arrays: dict[str, Float1D] = {}
    for name, values in (("close", close), ("high", high), ("low", low), ("sigma", sigma)):
        array = as_float_1d(name, np.asarray(values, dtype=np.float64), minimum_length=2)
        if array.shape != arrays.get("close", array).shape:
            raise QuantError(f"{name} has {array.size} values, close has {arrays['close'].size}", parameter=name)
        used = array[1:] if name == "sigma" else array
        if not np.all(used > 0.0):
            raise QuantError(f"{name} must be positive, got {used[~(used > 0.0)][0]}", parameter=name)
        arrays[name] = array
    if not np.all(arrays["low"] <= arrays["high"]):
        raise QuantError("low exceeds high", parameter="low")
    return tuple(arrays.values())
