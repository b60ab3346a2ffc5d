"""Log-HAR: the heterogeneous autoregression of Corsi (2009) in logs, on a range-based realised variance.

For each horizon h (bars) a direct least-squares regression, with m_w the mean realised variance of the last w bars:

    log mean(v_{t+1}, ..., v_{t+h}) = c_0 + sum_w c_w log m_w(t) + error

Two faults of the naive version are avoided. The exponential of a mean of logs understates variance (on independent normal
squared returns by exp(-1.27), a sigma of 0.53 of the true one): each horizon carries a ratio correction, mean(realised) /
mean(exp(fitted)) in sample, so that mean(forecast) = mean(realised). And the logarithm's argument is floored at FLOOR_SHARE
of the median positive variance, so that a bar that did not move is a quiet bar and no outlier of twenty log units.

Units: per-bar variances in squared log-return units. Feed a Garman-Klass or Rogers-Satchell series rescaled to squared
returns (`range_variance.rescale_to_squared_returns`). Source of the model choice: Clements and Preve (2021).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, Float2D, as_float_1d, at_least

__all__ = ["DEFAULT_WINDOWS", "MINIMUM_ROWS", "HarFit", "fit_har", "har_variance_path"]

DEFAULT_WINDOWS: Final = (1, 4, 24, 168)
MINIMUM_ROWS: Final = 200
"""Fewest usable regression rows per horizon (document 003's bound)."""
FLOOR_SHARE: Final = 0.05
"""Floor of the logarithm's argument, as a share of the median positive realised variance."""
ROUNDING_NOISE: Final = 1e-24
"""Mean squared deviation of logs below which a target counts as constant."""
LOWEST_RATE_SHARE: Final = 0.1
"""Where direct forecasts contradict each other (a longer horizon holding no more variance), the path goes on at this share
of the rate before."""


@dataclass(frozen=True, slots=True)
class HarFit:
    """A fitted log-HAR; every tuple has one entry per horizon.

    `coefficients` are (constant, one per window); `mean_variances` the forecasts as of the last bar, mean variance per bar
    over the horizon; `bias_factors` the ratio correction they contain; `floor` in the units of the input.
    """

    horizons: tuple[int, ...]
    windows: tuple[int, ...]
    coefficients: tuple[tuple[float, ...], ...]
    mean_variances: tuple[float, ...]
    bias_factors: tuple[float, ...]
    r_squared: tuple[float, ...]
    observations: tuple[int, ...]
    floor: float

    def forecast_cumulative(self, horizon_bars: int) -> float:
        """Forecast variance summed over the next `horizon_bars` bars; QuantError for a horizon that was not fitted."""
        if horizon_bars not in self.horizons:
            raise QuantError(
                f"horizon_bars is {horizon_bars}; fitted are {', '.join(map(str, self.horizons))}",
                parameter="horizon_bars",
                remedy="fit that horizon, or take the sum of har_variance_path",
            )
        return horizon_bars * self.mean_variances[self.horizons.index(horizon_bars)]


def fit_har(realised_variance: Float1D, horizons: Sequence[int], windows: Sequence[int] = DEFAULT_WINDOWS) -> HarFit:
    """Fit every horizon and forecast from the last bar.

    `realised_variance` (bars,) is per bar and non-negative, oldest first. Raises QuantError on NaN, negative values, a
    series that never moves, horizons or windows that are not positive and increasing, or fewer than MINIMUM_ROWS rows for
    the longest horizon (bars - longest window - horizon + 1).
    """
    ahead, past = _increasing("horizons", horizons), _increasing("windows", windows)
    needed = past[-1] + ahead[-1] + MINIMUM_ROWS - 1
    variance = as_float_1d("realised_variance", realised_variance, needed)
    if variance.min() < 0.0:
        raise QuantError(f"realised_variance has {variance.min()}; none may be below 0", parameter="realised_variance")
    if variance.max() == 0.0:
        raise QuantError("realised_variance is zero throughout; it cannot be fitted", parameter="realised_variance")
    floor = FLOOR_SHARE * float(np.median(variance[variance > 0.0]))
    design = _design(variance, past, floor)
    fits = [_fit_horizon(variance, design, past[-1], horizon, floor) for horizon in ahead]
    return HarFit(
        horizons=ahead,
        windows=past,
        coefficients=tuple(fit.coefficients for fit in fits),
        mean_variances=tuple(fit.mean_variance for fit in fits),
        bias_factors=tuple(fit.bias_factor for fit in fits),
        r_squared=tuple(fit.r_squared for fit in fits),
        observations=tuple(fit.observations for fit in fits),
        floor=floor,
    )


def har_variance_path(fit: HarFit, steps: int) -> Float1D:
    """Per-bar variances (steps,) whose sums up to the fitted horizons are the fitted cumulative forecasts.

    Between two horizons the cumulative variance follows the power of time that joins them (a straight line in log-log), so
    it rises everywhere and the path is positive; before the first horizon it is a straight line, after the last one the
    last stretch's mean rate goes on. Where forecasts contradict each other see LOWEST_RATE_SHARE.
    """
    bars = np.arange(1, at_least("steps", steps, 1) + 1, dtype=np.float64)
    knots = [0.0]
    totals = [0.0]
    rate = fit.mean_variances[0]
    cumulative = bars * rate
    for horizon in fit.horizons:
        lowest = totals[-1] + LOWEST_RATE_SHARE * rate * (horizon - knots[-1])
        total = max(fit.forecast_cumulative(horizon), lowest)
        if totals[-1] > 0.0:
            power = np.log(total / totals[-1]) / np.log(horizon / knots[-1])
            between = bars > knots[-1]
            cumulative[between] = totals[-1] * (bars[between] / knots[-1]) ** power
        rate = (total - totals[-1]) / (horizon - knots[-1])
        knots.append(float(horizon))
        totals.append(total)
    beyond = bars > knots[-1]
    cumulative[beyond] = totals[-1] + rate * (bars[beyond] - knots[-1])
    return np.diff(cumulative, prepend=0.0)


@dataclass(frozen=True, slots=True)
class _HorizonFit:
    coefficients: tuple[float, ...]
    mean_variance: float
    bias_factor: float
    r_squared: float
    observations: int


def _fit_horizon(variance: Float1D, design: Float2D, longest: int, horizon: int, floor: float) -> _HorizonFit:
    """Normal equations on centred regressors; row j of `design` ends at bar j + longest - 1."""
    future = sliding_window_view(variance[longest:], horizon).mean(axis=1)
    regressors, target = design[: future.size], np.log(np.maximum(future, floor))
    centre, level = regressors.mean(axis=0), float(target.mean())
    centred, deviations = regressors - centre, target - level
    gram = centred.T @ centred
    # The ridge of 1e-10 of the mean square only matters when two windows carry the same information.
    gram[np.diag_indices_from(gram)] += 1e-10 * np.trace(gram) / len(gram) + 1e-300
    slopes = np.linalg.solve(gram, centred.T @ deviations)
    constant = level - float(centre @ slopes)
    fitted = constant + regressors @ slopes
    bias_factor = float(future.mean() / np.exp(fitted).mean())
    total = float(deviations @ deviations)
    residual = float(((target - fitted) ** 2).sum())
    return _HorizonFit(
        coefficients=(constant, *(float(slope) for slope in slopes)),
        mean_variance=float(np.exp(constant + design[-1] @ slopes)) * bias_factor,
        bias_factor=bias_factor,
        r_squared=1.0 - residual / total if total > ROUNDING_NOISE * future.size else 0.0,
        observations=future.size,
    )


def _design(variance: Float1D, windows: tuple[int, ...], floor: float) -> Float2D:
    """Log mean variances of the trailing windows, (bars - longest + 1, windows)."""
    longest = windows[-1]
    means = [sliding_window_view(variance[longest - window :], window).mean(axis=1) for window in windows]
    result: Float2D = np.log(np.maximum(np.stack(means, axis=1), floor))
    return result


def _increasing(name: str, values: Sequence[int]) -> tuple[int, ...]:
    numbers = tuple(int(value) for value in values)
    if not numbers or numbers[0] < 1 or any(b <= a for a, b in itertools.pairwise(numbers)):
        raise QuantError(f"{name} is {numbers}; it must be positive, increasing and not empty", parameter=name)
    return numbers
