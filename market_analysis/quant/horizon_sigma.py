"""From per-bar variances to the standard deviation over a horizon. Sigmas are log-return fractions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, as_float_1d, at_least
from market_analysis.quant.average_true_range import ATR_TO_SIGMA_FACTOR

__all__ = ["annualised", "atr_sigma", "flat_variance_path", "term_structure"]


def atr_sigma(atr_frac: float, horizon_bars_of_atr: float, factor: float = ATR_TO_SIGMA_FACTOR) -> float:
    """atr_frac * factor * sqrt(horizon), the sigma over a horizon counted in bars of the ATR's own length.

    `atr_frac` is ATR / price (a fraction, never price units). Raises QuantError unless all three are finite and the
    horizon and factor above zero, the ATR at least zero.
    """
    _positive("horizon_bars_of_atr", horizon_bars_of_atr)
    _positive("factor", factor)
    if not (math.isfinite(atr_frac) and atr_frac >= 0.0):
        raise QuantError(f"atr_frac is {atr_frac}; it must be finite and at least 0", parameter="atr_frac")
    return atr_frac * factor * math.sqrt(horizon_bars_of_atr)


def annualised(sigma: float, bars: float, bars_per_year: float) -> float:
    """sigma over `bars` bars to one year: sigma * sqrt(bars_per_year / bars). The calendar is the caller's."""
    _positive("bars", bars)
    _positive("bars_per_year", bars_per_year)
    if not (math.isfinite(sigma) and sigma >= 0.0):
        raise QuantError(f"sigma is {sigma}; it must be finite and at least 0", parameter="sigma")
    return sigma * math.sqrt(bars_per_year / bars)


def term_structure(path: Float1D, horizons: Sequence[int]) -> Float1D:
    """sqrt of the first h per-bar variances' sum, for each horizon h in bars; shape (horizons,).

    Raises QuantError when a horizon is below 1 or beyond the path, or a variance is negative.
    """
    variances = as_float_1d("path", path)
    if variances.min() < 0.0:
        raise QuantError(f"path has the variance {variances.min()}; none may be below 0", parameter="path")
    for horizon in horizons:
        if not 1 <= horizon <= variances.size:
            message = f"horizon is {horizon}; it must lie in 1..{variances.size}, the length of the path"
            raise QuantError(message, parameter="horizons")
    result: Float1D = np.sqrt(np.cumsum(variances)[np.asarray(horizons, dtype=np.int64) - 1])
    return result


def flat_variance_path(variance: float, steps: int) -> Float1D:
    """The same per-bar variance for every one of `steps` bars: the forecast of EWMA and of ATR."""
    if not (math.isfinite(variance) and variance >= 0.0):
        raise QuantError(f"variance is {variance}; it must be finite and at least 0", parameter="variance")
    return np.full(at_least("steps", steps, 1), variance)


def _positive(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0.0):
        raise QuantError(f"{name} is {value}; it must be finite and above 0", parameter=name)
