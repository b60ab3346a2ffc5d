"""Tests of whether one forecast is better than another, from their losses on the same cases in order of time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, stdtr

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, Float2D, as_float_1d, as_float_2d, at_least, same_length
from market_analysis.quant.scoring.long_run import hac_covariance

__all__ = ["ConditionalTest", "DieboldMariano", "diebold_mariano", "giacomini_white"]

MINIMUM_CASES = 10


@dataclass(frozen=True, slots=True)
class DieboldMariano:
    """mean_difference of loss a - loss b: below zero a is better. statistic: t with cases - 1; p_value two-sided.

    bartlett: the truncated variance was not positive, so Newey-West weights stood in for it.
    """

    mean_difference: float
    statistic: float
    p_value: float
    cases: int
    bartlett: bool


@dataclass(frozen=True, slots=True)
class ConditionalTest:
    """Giacomini-White: chi-square statistic with `degrees`; share_first_better: how often the test's own regression expects loss a
    to be the smaller one."""

    statistic: float
    p_value: float
    degrees: int
    share_first_better: float
    cases: int


def diebold_mariano(loss_a: Float1D, loss_b: Float1D, horizon: int = 1) -> DieboldMariano:
    """mean(d) / sqrt(V / n) times sqrt((n + 1 - 2h + h (h - 1) / n) / n), d = loss_a - loss_b (cases,), oldest first.

    V is the long-run variance of d over h - 1 lags, unweighted, as forecasts `horizon` cases ahead overlap; Newey-West where
    that is not positive. Sources: Diebold and Mariano (1995); the correction: Harvey, Leybourne and Newbold (1997).
    Identical losses give statistic 0 and p-value 1. Raises QuantError on NaN, unequal lengths, fewer than MINIMUM_CASES cases
    or a horizon that does not leave two cases for each overlap.
    """
    difference = _difference(loss_a, loss_b)
    cases = difference.size
    if 2 * at_least("horizon", horizon, 1) > cases:
        raise QuantError(f"horizon is {horizon} of {cases} cases; at most half of them", parameter="horizon")
    mean = float(difference.mean())
    centred = (difference - mean)[None, :]
    if not centred.any():
        return DieboldMariano(mean, 0.0 if mean == 0.0 else math.copysign(math.inf, mean), float(mean == 0.0), cases, False)
    variance = float(hac_covariance(centred, horizon - 1, bartlett=False)[0, 0])
    bartlett = variance <= 0.0
    if bartlett:
        variance = float(hac_covariance(centred, horizon - 1)[0, 0])
    correction = (cases + 1.0 - 2.0 * horizon + horizon * (horizon - 1.0) / cases) / cases
    statistic = mean / math.sqrt(variance / cases) * math.sqrt(correction)
    return DieboldMariano(mean, statistic, 2.0 * float(stdtr(cases - 1, -abs(statistic))), cases, bartlett)


def giacomini_white(loss_a: Float1D, loss_b: Float1D, horizon: int = 1, instruments: Float2D | None = None) -> ConditionalTest:
    """Can the sign of the loss difference be foreseen? n zbar' S^-1 zbar with z_t = (1, d_{t-h}) d_t, chi-square.

    `instruments` (k, cases) replaces (1, d_{t-h}): row t must be known when the forecast of case t was made. S is the
    covariance of z, Newey-West with h - 1 lags (none at h = 1, where z is a martingale difference under the null).
    Source: Giacomini and White (2006). Raises QuantError on NaN, unequal lengths, too few cases, or collinear instruments.
    """
    difference = _difference(loss_a, loss_b)
    at_least("horizon", horizon, 1)
    if instruments is None:
        known = np.stack([np.ones(difference.size - horizon), difference[:-horizon]])
        difference = difference[horizon:]
    else:
        known = as_float_2d("instruments", instruments)
        same_length(instruments=known[0], losses=difference)
    cases = difference.size
    if cases < MINIMUM_CASES:
        raise QuantError(f"{cases} cases are left; at least {MINIMUM_CASES} are needed", parameter="loss_a")
    if not difference.any():
        return ConditionalTest(0.0, 1.0, len(known), 0.0, cases)
    products = known * difference
    mean = products.mean(axis=1)
    spread = hac_covariance(products, horizon - 1)
    scale = np.sqrt(np.diag(spread))
    if not (scale > 0.0).all() or np.linalg.matrix_rank(spread / np.outer(scale, scale)) < len(known):
        raise QuantError("the instruments are collinear; leave out those that others make up", parameter="instruments")
    statistic = float(cases * mean @ np.linalg.solve(spread, mean))
    expected = np.linalg.lstsq(known.T, difference, rcond=None)[0] @ known
    return ConditionalTest(statistic, float(chdtrc(len(known), statistic)), len(known), float((expected < 0.0).mean()), cases)


def _difference(loss_a: Float1D, loss_b: Float1D) -> Float1D:
    first, second = as_float_1d("loss_a", loss_a, MINIMUM_CASES), as_float_1d("loss_b", loss_b, MINIMUM_CASES)
    same_length(loss_a=first, loss_b=second)
    return first - second
