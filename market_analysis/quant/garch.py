"""GARCH(1,1) with zero mean: fit one or many series, filter, update in O(1), forecast per-bar variances, validate.

    r_t = sqrt(h_t) e_t,   h_t = omega + alpha r_{t-1}^2 + beta h_{t-1},   e_t normal or unit-variance Student-t

Units: returns are log-return fractions, variances are per bar in squared fractions. The backcast (stand-in for the
unseen past) and the parameter bounds are those of the arch package, so that log-likelihoods are comparable: arch fits 100
times the returns, which lowers its log-likelihood by observations * log(100).

Sources: Bollerslev (1986, 1987); the backcast of arch: exponential weights 0.94^i over the first 75 squared returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, Float2D, as_float_1d, as_float_2d, at_least

__all__ = [
    "MINIMUM_OBSERVATIONS",
    "RELIABLE_OBSERVATIONS",
    "Distribution",
    "GarchFit",
    "advance",
    "filter_variance",
    "fit_garch",
    "fit_garch_batch",
    "forecast_variance_lines",
    "forecast_variance_path",
    "validation_issues",
]

Distribution = Literal["normal", "t"]

MINIMUM_OBSERVATIONS = 50
"""Below this no fit is attempted (QuantError)."""
RELIABLE_OBSERVATIONS = 500
"""Below this the fit carries the issue `too_short` (document 003 demands 500 returns)."""
STATIONARITY_MARGIN = 1e-8
"""alpha + beta within this of one counts as one: the long-run variance is then beyond floating-point reach."""
LARGEST_MEAN_RETURN_FRAC = 5e-3
LARGEST_SIGMA_FRAC = 0.5
BACKCAST_BARS = 75
BACKCAST_DECAY = 0.94
CHUNK_VALUES = 32_000
"""Series are solved in chunks of about this many values, so that the working arrays stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class GarchFit:
    """A fitted GARCH(1,1) and its state after the last bar.

    omega, next_variance and backcast are squared log-return fractions per bar; nu is None for normal innovations;
    log_likelihood is that of the returns as given (fractions). `issues` are the codes of `validation_issues`.
    """

    omega: float
    alpha: float
    beta: float
    nu: float | None
    log_likelihood: float
    next_variance: float
    backcast: float
    observations: int
    converged: bool
    iterations: int
    issues: tuple[str, ...]

    @property
    def persistence(self) -> float:
        """alpha + beta: the share of a variance surprise that is left one bar later."""
        return self.alpha + self.beta

    @property
    def is_stationary(self) -> bool:
        """Whether the variance reverts to a finite level."""
        return self.persistence < 1.0 - STATIONARITY_MARGIN

    @property
    def unconditional_variance(self) -> float | None:
        """omega / (1 - alpha - beta) per bar, or None when not stationary."""
        return self.omega / (1.0 - self.persistence) if self.is_stationary else None


def fit_garch(returns: Float1D, distribution: Distribution = "normal", start: GarchFit | None = None) -> GarchFit:
    """Maximum-likelihood fit of one series of log returns (bars,); `start` (an earlier fit) makes it a warm start.

    Raises QuantError on NaN, infinity, or fewer than MINIMUM_OBSERVATIONS returns. A fit that should not be used is
    returned with its `issues`, never hidden.
    """
    series = as_float_1d("returns", returns, MINIMUM_OBSERVATIONS)
    return fit_garch_batch(series[None, :], distribution, None if start is None else (start,))[0]


def fit_garch_batch(
    returns: Float2D, distribution: Distribution = "normal", starts: Sequence[GarchFit | None] | None = None
) -> tuple[GarchFit, ...]:
    """Fit every row of `returns` (series, bars) at once; `starts` holds one earlier fit or None per row.

    A row without any movement cannot be fitted: it comes back with zero parameters and the issues that say so.
    Raises QuantError on NaN, infinity, too few bars, or a wrong number of starts.
    """
    matrix = as_float_2d("returns", returns, MINIMUM_OBSERVATIONS)
    if distribution not in ("normal", "t"):
        raise QuantError(f"distribution is {distribution!r}; it must be 'normal' or 't'", parameter="distribution")
    if starts is not None and len(starts) != len(matrix):
        raise QuantError(f"starts has {len(starts)} fits for {len(matrix)} series; one per series", parameter="starts")
    fits: list[GarchFit] = []
    chunk = max(1, CHUNK_VALUES // matrix.shape[1])
    for first in range(0, len(matrix), chunk):
        rows = matrix[first : first + chunk]
        warm = (None,) * len(rows) if starts is None else tuple(starts[first : first + chunk])
        fits.extend(_fit_chunk(rows, distribution == "t", warm))
    return tuple(fits)


def filter_variance(returns: Float1D, fit: GarchFit) -> Float1D:
    """Conditional variances (bars + 1,): element t uses returns before t only, the last one is the next bar's.

    The backcast is taken from the given returns' own first bars, as in fitting.
    """
    from market_analysis.quant.garch_likelihood import conditional_variance

    squared = as_float_1d("returns", returns) ** 2
    natural = np.array([[fit.omega, fit.alpha, fit.beta]])
    # A dummy last bar makes the recursion produce the variance of the bar after the sample.
    variances: Float1D = conditional_variance(np.append(squared, 0.0)[None, :], _backcast(squared[None, :]), natural)[0]
    return variances


def advance(fit: GarchFit, latest_return: float) -> GarchFit:
    """The same parameters with the state moved one closed bar on: next = omega + alpha r^2 + beta * next. O(1)."""
    if not np.isfinite(latest_return):
        raise QuantError(f"latest_return is {latest_return}; it must be finite", parameter="latest_return")
    variance = fit.omega + fit.alpha * latest_return**2 + fit.beta * fit.next_variance
    return replace(fit, next_variance=float(variance), observations=fit.observations + 1)


def forecast_variance_path(fit: GarchFit, steps: int) -> Float1D:
    """Expected per-bar variances (steps,) of the next bars; their sum is the variance over the horizon.

    E[h_{n+k}] = p^(k-1) next_variance + omega (1 - p^(k-1)) / (1 - p), p = alpha + beta; omega (k-1) for the last term
    when p = 1. Reverts to the unconditional variance. Raises QuantError when steps < 1.
    """
    ahead = np.arange(at_least("steps", steps, 1), dtype=np.float64)
    weights = fit.persistence**ahead
    accumulated = (1.0 - weights) / (1.0 - fit.persistence) if fit.is_stationary else ahead
    return weights * fit.next_variance + fit.omega * accumulated


def forecast_variance_lines(fit: GarchFit, horizons: Sequence[int]) -> tuple[Float1D, Float1D]:
    """level, slope (horizons,) each: the variance over the next h bars is level + slope * (variance of the next bar).

    The sums of `forecast_variance_path`, for any state instead of the fit's own. Raises QuantError when a horizon is below 1.
    """
    steps = np.array([at_least("horizons", int(horizon), 1) for horizon in horizons])
    level, slope = (
        np.cumsum(forecast_variance_path(replace(fit, next_variance=variance), int(steps.max()))) for variance in (0.0, 1.0)
    )
    return level[steps - 1], (slope - level)[steps - 1]


def validation_issues(fit: GarchFit, returns: Float1D, horizon_bars: int = 1) -> tuple[str, ...]:
    """Stable codes of everything that speaks against using this fit; empty when it is sound.

    `not_finite`, `too_short` (< 500 returns), `mean_return_large` (|mean| > 5e-3), `omega_not_positive`,
    `alpha_negative`, `beta_negative`, `not_stationary` (alpha + beta >= 1), `not_converged`, `sigma_implausible` (sigma
    over `horizon_bars` not in (0, 0.5]). Thresholds of document 003.
    """
    values = np.asarray(returns, dtype=np.float64)
    numbers = (fit.omega, fit.alpha, fit.beta, fit.log_likelihood, fit.next_variance, fit.nu or 0.0)
    finite = bool(np.isfinite(numbers).all() and np.isfinite(values).all())
    sigma = float(np.sqrt(max(forecast_variance_path(fit, horizon_bars).sum(), 0.0))) if finite else np.nan
    checks = {
        "not_finite": not finite,
        "too_short": values.size < RELIABLE_OBSERVATIONS,
        "mean_return_large": finite and values.size > 0 and abs(float(values.mean())) > LARGEST_MEAN_RETURN_FRAC,
        "omega_not_positive": fit.omega <= 0.0,
        "alpha_negative": fit.alpha < 0.0,
        "beta_negative": fit.beta < 0.0,
        "not_stationary": finite and not fit.is_stationary,
        "not_converged": not fit.converged,
        "sigma_implausible": finite and not 0.0 < sigma <= LARGEST_SIGMA_FRAC,
    }
    return tuple(code for code, holds in checks.items() if holds)


def _backcast(squared: Float2D) -> Float1D:
    """arch's backcast per row: weighted mean of the first 75 squared returns, weights 0.94^i."""
    bars = min(BACKCAST_BARS, squared.shape[1])
    weights = BACKCAST_DECAY ** np.arange(bars)
    result: Float1D = squared[:, :bars] @ (weights / weights.sum())
    return result


def _fit_chunk(returns: Float2D, student: bool, starts: Sequence[GarchFit | None]) -> list[GarchFit]:
    """Fit rows in units where each row's mean squared return is one: the result then does not depend on the scale."""
    mean_square = np.mean(returns**2, axis=1)
    moving = mean_square > 0.0
    unit = mean_square[moving]
    squared = returns[moving] ** 2 / unit[:, None]
    chosen = [start for start, moves in zip(starts, moving, strict=True) if moves]
    fitted = iter(_fit_scaled(squared, unit, student, chosen))
    fits = [next(fitted) if moves else _fit_of_still_series(returns.shape[1]) for moves in moving]
    return [replace(fit, issues=validation_issues(fit, row)) for fit, row in zip(fits, returns, strict=True)]


def _fit_scaled(squared: Float2D, unit: Float1D, student: bool, starts: Sequence[GarchFit | None]) -> list[GarchFit]:
    """Fit rows of squared returns whose mean is one; `unit` (series,) brings the results back to the returns' scale."""
    from market_analysis.quant.garch_likelihood import conditional_variance
    from market_analysis.quant.garch_solver import maximise_from

    if not starts:
        return []
    bars = squared.shape[1]
    backcast = _backcast(squared)
    points = [_start_points(start, scale, student) for start, scale in zip(starts, unit, strict=True)]
    owner = np.repeat(np.arange(len(points)), [len(rows) for rows in points])
    solution = maximise_from(squared, backcast, np.concatenate(points), owner)
    extended = np.concatenate([squared, np.zeros((len(squared), 1))], axis=1)
    following = conditional_variance(extended, backcast, solution.natural)[:, -1]
    return [
        GarchFit(
            omega=float(natural[0] * unit[row]),
            alpha=float(natural[1]),
            beta=float(natural[2]),
            nu=float(natural[3]) if student else None,
            log_likelihood=float(solution.log_likelihood[row] - 0.5 * bars * np.log(unit[row])),
            next_variance=float(following[row] * unit[row]),
            backcast=float(backcast[row] * unit[row]),
            observations=bars,
            converged=bool(solution.converged[row]),
            iterations=int(solution.iterations[row]),
            issues=(),
        )
        for row, natural in enumerate(solution.natural)
    ]


def _start_points(fit: GarchFit | None, unit: float, student: bool) -> Float2D:
    """The earlier fit in scaled units, or all cold starts when there is none that moves."""
    from market_analysis.quant.garch_solver import COLD_STARTS

    cold = np.array(COLD_STARTS)
    points = cold
    if fit is not None and fit.omega > 0.0:
        nu = cold[0, 3] if fit.nu is None else fit.nu
        points = np.array([[fit.omega / unit, fit.alpha, fit.beta, nu]])
    return points if student else points[:, :3]


def _fit_of_still_series(bars: int) -> GarchFit:
    return GarchFit(0.0, 0.0, 0.0, None, 0.0, 0.0, 0.0, bars, False, 0, ())
