"""Mincer-Zarnowitz regression: is what came, on average, what was said, whatever was said?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtri

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, as_float_1d, as_positive_1d, same_length
from market_analysis.quant.scoring.long_run import block_covariance, hac_covariance

__all__ = ["MincerZarnowitz", "mean_ratio", "mincer_zarnowitz"]

MINIMUM_CASES = 10


@dataclass(frozen=True, slots=True)
class MincerZarnowitz:
    """intercept in variance units, slope without unit; the bounds are those of `confidence`.

    p_unbiased: probability of a statistic this large if intercept = 0 and slope = 1 (Wald, chi-square with 2).
    """

    intercept: float
    slope: float
    slope_standard_error: float
    slope_low: float
    slope_high: float
    confidence: float
    p_unbiased: float
    cases: int

    @property
    def covers_one(self) -> bool:
        """Whether the interval of the slope holds 1."""
        return self.slope_low <= 1.0 <= self.slope_high


def mincer_zarnowitz(
    realised: Float1D,
    forecast: Float1D,
    *,
    blocks: NDArray[np.int64] | None = None,
    lags: int = 0,
    weighted: bool = True,
    confidence: float = 0.95,
) -> MincerZarnowitz:
    """realised = intercept + slope forecast + error, errors correlated within `blocks` or up to `lags` cases apart.

    weighted: divided through by the forecast, realised / f = intercept / f + slope + error, because the error of a variance
    grows with the variance (Patton and Sheppard 2009); else plain least squares. Covariance: by blocks (Liang and Zeger)
    when `blocks` (cases,) is given, else Newey-West with `lags`. Normal quantiles. Source: Mincer and Zarnowitz (1969).
    Raises QuantError on NaN, fewer than MINIMUM_CASES cases, a forecast not above zero, or forecasts that are all equal.
    """
    outcome = as_float_1d("realised", realised, MINIMUM_CASES)
    said = as_positive_1d("forecast", forecast, MINIMUM_CASES)
    cases = same_length(realised=outcome, forecast=said)
    unit = float(said.mean())
    outcome, said = outcome / unit, said / unit
    if said.max() - said.min() < 1e-9:
        raise QuantError("every forecast is the same; a slope needs forecasts that differ", parameter="forecast")
    weight = 1.0 / said if weighted else np.ones(cases)
    design = np.stack([weight, said * weight])
    bread = np.linalg.inv(design @ design.T / cases)
    estimate = bread @ (design @ (outcome * weight)) / cases
    scores = design * (outcome * weight - estimate @ design)
    middle = hac_covariance(scores, lags) if blocks is None else block_covariance(scores, blocks)
    covariance = bread @ middle @ bread / cases
    error = math.sqrt(max(float(covariance[1, 1]), 0.0))
    reach = float(ndtri(0.5 + confidence / 2.0)) * error
    slope = float(estimate[1])
    return MincerZarnowitz(
        intercept=float(estimate[0]) * unit,
        slope=slope,
        slope_standard_error=error,
        slope_low=slope - reach,
        slope_high=slope + reach,
        confidence=confidence,
        p_unbiased=_wald(estimate - np.array([0.0, 1.0]), covariance),
        cases=cases,
    )


def mean_ratio(
    realised: Float1D, forecast: Float1D, blocks: NDArray[np.int64], confidence: float = 0.95
) -> tuple[float, float, float]:
    """(mean of realised / forecast, lower, upper): the slope of the weighted regression through the origin, by blocks.

    The calibration figure for cases of nearly one forecast (a decile), where intercept and slope cannot be told apart.
    Raises QuantError as `mincer_zarnowitz` and on fewer than two blocks.
    """
    outcome, said = as_float_1d("realised", realised), as_positive_1d("forecast", forecast)
    cases = same_length(realised=outcome, forecast=said)
    ratio = outcome / said
    mean = float(ratio.mean())
    error = math.sqrt(float(block_covariance((ratio - mean)[None, :], blocks)[0, 0]) / cases)
    reach = float(ndtri(0.5 + confidence / 2.0)) * error
    return mean, mean - reach, mean + reach


def _wald(difference: Float1D, covariance: NDArray[np.float64]) -> float:
    if np.linalg.matrix_rank(covariance) < difference.size:
        return 1.0 if not difference.any() else 0.0
    return float(chdtrc(difference.size, difference @ np.linalg.solve(covariance, difference)))
