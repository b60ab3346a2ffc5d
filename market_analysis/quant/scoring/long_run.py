"""Covariance of a mean when neighbours in time, or cases of one day, are not independent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float2D, as_float_2d, at_least

__all__ = ["block_covariance", "hac_covariance"]


def hac_covariance(scores: Float2D, lags: int, *, bartlett: bool = True) -> Float2D:
    """Long-run covariance S (k, k) of `scores` (k, cases): G_0 + sum_{j<=lags} w_j (G_j + G_j'), G_j = sum_t s_t s_{t-j}' / cases.

    w_j = 1 - j / (lags + 1) (Newey and West 1987, never negative definite) or 1 for a plain truncated sum. The scores are
    taken as they are: centre them first where their mean is not zero. S / cases is the covariance of their mean.
    Raises QuantError on NaN, lags < 0 or not below the number of cases.
    """
    values = as_float_2d("scores", scores)
    cases = values.shape[1]
    if at_least("lags", lags, 0) >= cases:
        raise QuantError(f"lags is {lags}; it must be below the {cases} cases", parameter="lags")
    result: Float2D = values @ values.T / cases
    for lag in range(1, lags + 1):
        shifted = values[:, lag:] @ values[:, :-lag].T / cases
        result = result + (1.0 - lag / (lags + 1.0) if bartlett else 1.0) * (shifted + shifted.T)
    return result


def block_covariance(scores: Float2D, blocks: NDArray[np.int64]) -> Float2D:
    """Covariance S (k, k) of `scores` (k, cases) with any dependence inside a block and none between blocks.

    S = g / (g - 1) sum_b (sum_{t in b} s_t)(sum_{t in b} s_t)' / cases over g blocks (Liang and Zeger 1986); `blocks` (cases,)
    holds each case's block, such as its day. S / cases is the covariance of the mean. Raises QuantError on fewer than two blocks.
    """
    values = as_float_2d("scores", scores)
    names, place = np.unique(np.asarray(blocks), return_inverse=True)
    if place.size != values.shape[1]:
        raise QuantError(f"blocks has {place.size} entries for {values.shape[1]} cases; one per case", parameter="blocks")
    if names.size < 2:
        raise QuantError(
            f"blocks holds {names.size} block; at least 2 are needed", parameter="blocks", remedy="score a longer span"
        )
    sums = np.stack([np.bincount(place, weights=row, minlength=names.size) for row in values])
    result: Float2D = sums @ sums.T * (names.size / (names.size - 1.0)) / values.shape[1]
    return result
