"""Equal risk contribution: the exposures at which every asset of a book carries the same share of its variance.

With C the correlation of the assets and y their exposures in money times their sigma, asset i contributes y_i (C y)_i to the
variance y'Cy. The y > 0 with equal contributions minimises Spinu's convex function

    F(y) = n y'Cy / 2 - sum_i ln y_i,    whose gradient n C y - 1/y is zero where y_i (C y)_i = 1/n for every i,

so that y'Cy = 1. F is self-concordant: Newton's step, divided by one plus its decrement, converges from any start. Shorts are
handled by the caller: the sign of the asset's direction multiplies its row and column of C.

Sources: Maillard, Roncalli, Teiletche (2010), The properties of equally weighted risk contribution portfolios; Spinu (2013), An
algorithm for computing risk parity weights.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, Float2D, as_float_2d

__all__ = ["equal_risk_exposures", "risk_contributions"]

_TOLERANCE = 1e-12
"""Of the Newton decrement: the contributions are then equal to about its square root times machine precision."""
_STEPS = 200
_CLOSE = 0.25
"""Decrement from which on the whole step is taken: convergence is quadratic there."""
_WITHOUT_RISK = 1e5
"""A book of unit variance with an exposure of so many sigmas is a perfect hedge but for rounding."""
_EQUAL = 1e-8


def risk_contributions(exposures: ArrayLike, correlation: ArrayLike) -> Float1D:
    """Shares y_i (C y)_i / y'Cy of the variance, shape (n,), summing to one. QuantError for a book without variance."""
    matrix = as_float_2d("correlation", np.asarray(correlation, dtype=np.float64))
    y = np.asarray(exposures, dtype=np.float64)
    if y.shape != matrix.shape[:1] or matrix.shape[0] != matrix.shape[1]:
        raise QuantError(f"correlation is {matrix.shape} for exposures {y.shape}", parameter="correlation")
    parts = y * (matrix @ y)
    total = float(parts.sum())
    if not total > 0.0:
        raise QuantError(f"the variance of the book is {total:g}, must be above 0", parameter="exposures")
    return np.asarray(parts / total)


def equal_risk_exposures(correlation: ArrayLike) -> Float1D:
    """y > 0, shape (n,), in units of sigma times money, with y_i (C y)_i = 1/n for every i, so that y'Cy = 1.

    One asset: y = 1. Uncorrelated ones: 1/sqrt(n) each. All at correlation rho: 1/sqrt(n (1 + (n - 1) rho)) each.

    Raises:
        QuantError: the matrix is not square, symmetric, finite, with unit diagonal, or some long-only mix of the (signed) assets
            has no risk at all, so that no size is too large for it.
    """
    c = _checked(correlation)
    n = c.shape[0]
    y: Float1D = np.full(n, 1.0 / math.sqrt(n))
    for _ in range(_STEPS):
        # In units of y itself: the Hessian is then the identity plus what the correlations add, and well conditioned.
        gradient = n * y * (c @ y) - 1.0
        step = np.linalg.solve(n * c * np.outer(y, y) + np.eye(n), gradient)
        decrement = math.sqrt(max(float(gradient @ step), 0.0))
        y = np.asarray(y * (1.0 - step / (1.0 + decrement if decrement > _CLOSE else 1.0)))
        if decrement < _TOLERANCE or float(y.max()) > _WITHOUT_RISK:
            break
    if float(y.max()) > _WITHOUT_RISK or np.abs(n * y * (c @ y) - 1.0).max() > _EQUAL:
        raise QuantError(
            f"no equal risk contributions among {n} assets: a mix of them has next to no risk",
            parameter="correlation",
            remedy="shrink the correlation, or leave one side of the hedge out",
        )
    return y


def _checked(correlation: ArrayLike) -> Float2D:
    c = as_float_2d("correlation", np.asarray(correlation, dtype=np.float64))
    if c.shape[0] != c.shape[1]:
        raise QuantError(f"correlation has shape {c.shape}, must be square", parameter="correlation")
    if (np.abs(c - c.T) > 1e-9).any() or (np.abs(np.diag(c) - 1.0) > 1e-9).any() or (np.abs(c) > 1.0 + 1e-9).any():
        raise QuantError("correlation must be symmetric with unit diagonal and entries in [-1, 1]", parameter="correlation")
    return c
