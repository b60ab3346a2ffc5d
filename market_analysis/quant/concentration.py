"""How concentrated a book is: in how many pieces, and in how many independent bets.

    HHI = sum of squared shares of the absolute amounts, 1/n .. 1; 1/HHI is the number of equal pieces that would be as concentrated
    effective assets = n / (1 + (n - 1) rho), rho the mean pairwise correlation, rho > -1/(n-1)
    effective number of bets = exp(-sum p_i ln p_i), p_i the share of variance on the i-th minimum-torsion factor

The minimum-torsion factors are the uncorrelated variables that lie nearest to the assets themselves. Source: Meucci, Santangelo,
Deguest (2015), Risk Budgeting and Diversification Based on Optimized Uncorrelated Factors. The torsion here is the closed form of
equal relevance: for covariance S = D R D and the symmetric root R^(1/2), factors are z = R^(-1/2) D^(-1) x, exposures R^(1/2) D w.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, as_float_1d, as_float_2d

__all__ = ["effective_assets", "effective_bets", "herfindahl"]

_SMALLEST_EIGENVALUE = 1e-12


def herfindahl(amounts: ArrayLike) -> float | None:
    """HHI of the absolute amounts (n,); None when all are zero or there are none."""
    sizes = np.abs(as_float_1d("amounts", np.asarray(amounts, dtype=np.float64), 0))
    total = float(sizes.sum())
    return float(((sizes / total) ** 2).sum()) if total > 0.0 else None


def effective_assets(assets: int, mean_correlation: float) -> float:
    """How many uncorrelated assets of equal size would diversify as well. QuantError outside (-1/(n-1), 1]."""
    lowest = -1.0 / (assets - 1) if assets > 1 else -1.0
    if assets < 1 or not lowest < mean_correlation <= 1.0:
        raise QuantError(
            f"mean_correlation is {mean_correlation} for {assets} assets; it must be above {lowest:g} and at most 1",
            parameter="mean_correlation",
        )
    return assets / (1.0 + (assets - 1) * mean_correlation)


def effective_bets(exposures: ArrayLike, covariance: ArrayLike) -> float | None:
    """Effective number of bets of exposures (n,) under a covariance (n, n), between 1 and n; None for a book without variance."""
    weights = as_float_1d("exposures", np.asarray(exposures, dtype=np.float64))
    matrix = as_float_2d("covariance", np.asarray(covariance, dtype=np.float64))
    if matrix.shape != (weights.size, weights.size):
        raise QuantError(f"covariance is {matrix.shape} for {weights.size} exposures", parameter="covariance")
    deviations = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    moving = (deviations > 0.0) & (weights != 0.0)
    if not moving.any():
        return None
    scale = deviations[moving]
    correlation = matrix[np.ix_(moving, moving)] / np.outer(scale, scale)
    loads = _root(correlation) @ (weights[moving] * scale)
    shares = loads**2
    total = float(shares.sum())
    if total <= 0.0:
        return None
    shares = shares[shares > 0.0] / total
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _root(correlation: Float1D) -> Float1D:
    """Symmetric square root; eigenvalues below zero by rounding count as zero."""
    values, vectors = np.linalg.eigh(correlation)
    result: Float1D = (vectors * np.sqrt(np.maximum(values, _SMALLEST_EIGENVALUE))) @ vectors.T
    return result
