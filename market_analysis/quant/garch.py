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
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, Float2D, Int1D, as_float_1d, as_float_2d, at_least

if TYPE_CHECKING:
    from market_analysis.quant.garch_solver import Solution

__all__ = [
    "MINIMUM_OBSERVATIONS",
    "RELIABLE_OBSERVATIONS",
    "Distribution",
    "Engine",
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
Engine = Literal["auto", "numpy", "compiled"]

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
COMPILING_PAYS_VALUES = 2_000_000
"""Returns in all from which "auto" compiles on the spot: NumPy would take longer than that."""
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
    returns: Float2D,
    distribution: Distribution = "normal",
    starts: Sequence[GarchFit | None] | None = None,
    engine: Engine = "auto",
) -> tuple[GarchFit, ...]:
    """Fit every row of `returns` (series, bars) at once; `starts` holds one earlier fit or None per row.

    engine: "numpy"; "compiled" by numba, the extra [fast]; "auto" takes the compiled one where it is ready or the work is so much
    that compiling pays. Both reach the same optimum: log-likelihood to 1e-9, parameters to 1e-5 of their size.

    A row without any movement cannot be fitted: it comes back with zero parameters and the issues that say so.
    Raises QuantError on NaN, infinity, too few bars, a wrong number of starts, or "compiled" without numba.
    """
    matrix = as_float_2d("returns", returns, MINIMUM_OBSERVATIONS)
    if distribution not in ("normal", "t"):
        raise QuantError(f"distribution is {distribution!r}; it must be 'normal' or 't'", parameter="distribution")
    if starts is not None and len(starts) != len(matrix):
        raise QuantError(f"starts has {len(starts)} fits for {len(matrix)} series; one per series", parameter="starts")
    fits: list[GarchFit] = []
    compiled = _compiled(engine, matrix.size)
    chunk = len(matrix) if compiled else max(1, CHUNK_VALUES // matrix.shape[1])
    for first in range(0, len(matrix), max(chunk, 1)):
        rows = matrix[first : first + chunk]
        warm = (None,) * len(rows) if starts is None else tuple(starts[first : first + chunk])
        fits.extend(_fit_chunk(rows, distribution == "t", warm, compiled=compiled))
    return tuple(fits)


def _compiled(engine: Engine, values: int) -> bool:
    from market_analysis.quant.compiled import available, is_ready

    if engine not in ("auto", "numpy", "compiled"):
        raise QuantError(f"engine is {engine!r}; it must be 'auto', 'numpy' or 'compiled'", parameter="engine")
    if engine == "compiled" and not available():
        raise QuantError(
            "engine is 'compiled', but numba is not installed", parameter="engine", remedy="install risk-manager[fast]"
        )
    return engine == "compiled" or (engine == "auto" and (is_ready() or (values >= COMPILING_PAYS_VALUES and available())))


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
    variance = fit.next_variance if horizon_bars == 1 else float(forecast_variance_path(fit, horizon_bars).sum())
    mean = float(values.mean()) if values.size else 0.0
    return _issues(_columns_of(fit), values.size, np.array([mean]), np.array([variance]))[0]


@dataclass(frozen=True, slots=True)
class _Columns:
    """Fits side by side: one number per series in each array; the fields of GarchFit in their order."""

    omega: Float1D
    alpha: Float1D
    beta: Float1D
    nu: Float1D | None
    log_likelihood: Float1D
    next_variance: Float1D
    backcast: Float1D
    converged: NDArray[np.bool_]
    iterations: Int1D


def _columns_of(fit: GarchFit) -> _Columns:
    def column(number: float) -> Float1D:
        return np.array([number])

    return _Columns(
        omega=column(fit.omega),
        alpha=column(fit.alpha),
        beta=column(fit.beta),
        nu=None if fit.nu is None else column(fit.nu),
        log_likelihood=column(fit.log_likelihood),
        next_variance=column(fit.next_variance),
        backcast=column(fit.backcast),
        converged=np.array([fit.converged]),
        iterations=np.array([fit.iterations]),
    )


def _issues(fits: _Columns, observations: int, mean_return: Float1D, horizon_variance: Float1D) -> list[tuple[str, ...]]:
    """The codes of each fit; almost always none, so only rows that fail a check are looked at one by one."""
    numbers = (fits.omega, fits.alpha, fits.beta, fits.log_likelihood, fits.next_variance, mean_return)
    finite = np.all(np.isfinite(np.stack(numbers if fits.nu is None else (*numbers, fits.nu))), axis=0)
    sigma = np.sqrt(np.maximum(horizon_variance, 0.0))
    checks = {
        "not_finite": ~finite,
        "too_short": np.full(finite.shape, observations < RELIABLE_OBSERVATIONS),
        "mean_return_large": finite & (np.abs(mean_return) > LARGEST_MEAN_RETURN_FRAC),
        "omega_not_positive": fits.omega <= 0.0,
        "alpha_negative": fits.alpha < 0.0,
        "beta_negative": fits.beta < 0.0,
        "not_stationary": finite & (fits.alpha + fits.beta >= 1.0 - STATIONARITY_MARGIN),
        "not_converged": ~fits.converged,
        "sigma_implausible": finite & ~((sigma > 0.0) & (sigma <= LARGEST_SIGMA_FRAC)),
    }
    failed = np.stack(list(checks.values()), axis=1)
    suspects = set(np.flatnonzero(failed.any(axis=1)).tolist())
    codes = tuple(checks)
    return [
        tuple(code for code, holds in zip(codes, failed[row], strict=True) if holds) if row in suspects else ()
        for row in range(len(failed))
    ]


def _backcast(squared: Float2D) -> Float1D:
    """arch's backcast per row: weighted mean of the first 75 squared returns, weights 0.94^i."""
    bars = min(BACKCAST_BARS, squared.shape[1])
    weights = BACKCAST_DECAY ** np.arange(bars)
    result: Float1D = squared[:, :bars] @ (weights / weights.sum())
    return result


def _fit_chunk(returns: Float2D, student: bool, starts: Sequence[GarchFit | None], *, compiled: bool) -> list[GarchFit]:
    """Fit rows in units where each row's mean squared return is one: the result then does not depend on the scale."""
    squared = returns * returns
    mean_square = squared.mean(axis=1)
    moving = mean_square > 0.0
    if not moving.all():
        still = _fit_of_still_series(returns.shape[1])
        chosen = [start for start, moves in zip(starts, moving, strict=True) if moves]
        fitted = iter(_fit_chunk(returns[moving], student, chosen, compiled=compiled) if chosen else ())
        return [next(fitted) if moves else still for moves in moving]
    squared /= mean_square[:, None]
    columns = _fit_scaled(squared, mean_square, student, starts, compiled=compiled)
    issues = _issues(columns, returns.shape[1], returns.mean(axis=1), columns.next_variance)
    nothing = [None] * len(issues)
    lists = [nothing if values is None else values.tolist() for values in (getattr(columns, name) for name in _Columns.__slots__)]
    return [
        GarchFit(omega, alpha, beta, nu, value, following, first, returns.shape[1], converged, iterations, codes)
        for omega, alpha, beta, nu, value, following, first, converged, iterations, codes in zip(*lists, issues, strict=True)
    ]


def _fit_scaled(squared: Float2D, unit: Float1D, student: bool, starts: Sequence[GarchFit | None], *, compiled: bool) -> _Columns:
    """Fit rows of squared returns whose mean is one; `unit` (series,) brings the results back to the returns' scale."""
    backcast = _backcast(squared)
    points, owner = _start_points(starts, unit, student)
    solution = _solve(squared, points, owner, backcast, compiled=compiled)
    return _Columns(
        omega=solution.natural[:, 0] * unit,
        alpha=solution.natural[:, 1],
        beta=solution.natural[:, 2],
        nu=solution.natural[:, 3] if student else None,
        log_likelihood=solution.log_likelihood - 0.5 * squared.shape[1] * np.log(unit),
        next_variance=solution.next_variance * unit,
        backcast=backcast * unit,
        converged=solution.converged,
        iterations=solution.iterations,
    )


def _solve(squared: Float2D, points: Float2D, owner: Int1D, backcast: Float1D, *, compiled: bool) -> Solution:
    """The likeliest end of each series' starts, by one engine or the other."""
    if compiled:
        from market_analysis.quant.garch_compiled import maximise_compiled

        return maximise_compiled(squared, backcast, points, owner)
    from market_analysis.quant.garch_likelihood import evaluate
    from market_analysis.quant.garch_solver import maximise_from

    return maximise_from(lambda natural, rows: evaluate(squared[rows], backcast[rows], natural), points, owner)


def _start_points(starts: Sequence[GarchFit | None], unit: Float1D, student: bool) -> tuple[Float2D, Int1D]:
    """Natural parameters (points, 3 or 4) in scaled units and the series of each: an earlier fit, or all cold starts."""
    from market_analysis.quant.garch_solver import COLD_STARTS

    usual_nu = COLD_STARTS[0][3]
    rows, owner = [], []
    for series, (fit, scale) in enumerate(zip(starts, unit.tolist(), strict=True)):
        if fit is not None and fit.omega > 0.0:
            rows.append((fit.omega / scale, fit.alpha, fit.beta, usual_nu if fit.nu is None else fit.nu))
            owner.append(series)
        else:
            rows.extend(COLD_STARTS)
            owner.extend([series] * len(COLD_STARTS))
    return np.array(rows)[:, : 4 if student else 3], np.array(owner, dtype=np.int64)


def _fit_of_still_series(bars: int) -> GarchFit:
    fit = GarchFit(0.0, 0.0, 0.0, None, 0.0, 0.0, 0.0, bars, False, 0, ())
    return replace(fit, issues=validation_issues(fit, np.zeros(bars)))
