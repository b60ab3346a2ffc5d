"""Equal risk contributions: the long-only book in which every line adds the same to the book's variance.

    w_i (S w)_i = w_j (S w)_j for all i, j, with w > 0

It is the minimum of w'Sw / 2 - mean ln w up to scale, which is convex, so there is one such book for every positive definite S.
Solved line by line: w_i = (-a_i + sqrt(a_i^2 + 4 S_ii / n)) / (2 S_ii), a_i = sum over j != i of S_ij w_j. Shorts: flip the signs
of their rows and columns first. Sources: Maillard, Roncalli, Teiletche (2010); Spinu (2013); Griveau-Billion, Richard, Roncalli
(2013).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, as_float_2d

__all__ = ["equal_risk_weights"]

MOST_SWEEPS = 10_000
TOLERANCE = 1e-12


def equal_risk_weights(covariance: ArrayLike) -> Float1D:
    """Weights (n,) > 0 with equal risk contributions and w'Sw = 1; covariance (n, n), symmetric, positive definite.

    Raises QuantError on another shape, a variance that is not positive, or a matrix for which there is no such book.
    """
    matrix = as_float_2d("covariance", np.asarray(covariance, dtype=np.float64), 1)
    count = len(matrix)
    if matrix.shape != (count, count) or not np.allclose(matrix, matrix.T, rtol=1e-9, atol=0.0):
        raise QuantError(f"covariance has shape {matrix.shape}; it must be square and symmetric", parameter="covariance")
    variance = np.diag(matrix)
    if not (variance > 0.0).all():
        raise QuantError(f"covariance has a variance of {variance.min()}; all must be above 0", parameter="covariance")
    sigma = np.sqrt(variance)
    correlation = matrix / np.outer(sigma, sigma)
    weights = np.full(count, 1.0 / np.sqrt(max(correlation.sum(), 1.0)))
    for _ in range(MOST_SWEEPS):
        before = weights.copy()
        for line in range(count):
            others = float(correlation[line] @ weights) - weights[line]
            weights[line] = 0.5 * (-others + np.sqrt(others * others + 4.0 / count))
        if np.abs(weights - before).max() <= TOLERANCE * weights.max():
            break
    contributions = weights * (correlation @ weights)
    if not np.allclose(contributions, 1.0 / count, rtol=1e-8, atol=0.0):
        raise QuantError(
            "no book has equal risk contributions: two lines cancel each other",
            parameter="covariance",
            remedy="shrink the correlations, or leave one of the two out",
        )
    result: Float1D = weights / sigma
    return result
