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
from typing import Final, TypeAlias

import numpy as np

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, Float2D, FloatND, as_float_1d, as_float_2d, at_least

__all__ = ["DEFAULT_WINDOWS", "MINIMUM_ROWS", "HarFit", "fit_har", "fit_har_batch", "har_variance_path"]

DEFAULT_WINDOWS: Final = (1, 4, 24, 168)
MINIMUM_ROWS: Final = 200
"""Fewest usable regression rows per horizon (document 003's bound)."""
FLOOR_SHARE: Final = 0.05
"""Floor of the logarithm's argument, as a share of the median positive realised variance."""
ROUNDING_NOISE: Final = 1e-24
"""Mean squared deviation of logs below which a target counts as constant."""
CHUNK_VALUES: Final = 32_000
"""Series are fitted in chunks of about this many values, so that the working arrays stay in the processor's cache."""
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
    series = as_float_1d("realised_variance", realised_variance)
    return fit_har_batch(series[None, :], horizons, windows)[0]


def fit_har_batch(
    realised_variance: Float2D, horizons: Sequence[int], windows: Sequence[int] = DEFAULT_WINDOWS
) -> tuple[HarFit, ...]:
    """`fit_har` of every row of `realised_variance` (series, bars) at once; raises where one of them would."""
    ahead, past = _increasing("horizons", horizons), _increasing("windows", windows)
    needed = past[-1] + ahead[-1] + MINIMUM_ROWS - 1
    variance = as_float_2d("realised_variance", realised_variance, needed)
    if variance.min(initial=0.0) < 0.0:
        raise QuantError(f"realised_variance has {variance.min()}; none may be below 0", parameter="realised_variance")
    if (variance.max(axis=1, initial=0.0) == 0.0).any():
        raise QuantError("realised_variance is zero throughout; it cannot be fitted", parameter="realised_variance")
    fits: list[HarFit] = []
    chunk = max(1, CHUNK_VALUES // variance.shape[1])
    for first in range(0, len(variance), chunk):
        fits.extend(_fit_chunk(variance[first : first + chunk], ahead, past))
    return tuple(fits)


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


def _fit_chunk(variance: Float2D, horizons: tuple[int, ...], windows: tuple[int, ...]) -> list[HarFit]:
    floors = FLOOR_SHARE * _median_positive(variance)
    design = _design(variance, windows, floors)
    by_horizon = [_fit_horizon(variance, design, windows[-1], horizon, floors) for horizon in horizons]
    fits = []
    for row, floor in enumerate(floors.tolist()):
        coefficients, means, factors, shares, counts = zip(*(found[row] for found in by_horizon), strict=True)
        fits.append(HarFit(horizons, windows, coefficients, means, factors, shares, counts, floor))
    return fits


_HorizonFit: TypeAlias = tuple[tuple[float, ...], float, float, float, int]
"""Coefficients, mean variance, bias factor, R squared, observations: HarFit's columns, in its order."""


def _fit_horizon(variance: Float2D, design: FloatND, longest: int, horizon: int, floors: Float1D) -> list[_HorizonFit]:
    """Normal equations on centred regressors; row j of `design` (series, rows, windows) ends at bar j + longest - 1."""
    future = _running_mean(variance[:, longest:], horizon)
    count = future.shape[1]
    regressors, target = design[:, :count], np.log(np.maximum(future, floors[:, None]))
    centre, level = regressors.mean(axis=1), target.mean(axis=1)
    centred, deviations = regressors - centre[:, None], target - level[:, None]
    gram = centred.transpose(0, 2, 1) @ centred
    # The ridge of 1e-10 of the mean square only matters when two windows carry the same information.
    places = np.arange(gram.shape[1])
    gram[:, places, places] += 1e-10 * np.trace(gram, axis1=1, axis2=2)[:, None] / len(places) + 1e-300
    slopes = np.linalg.solve(gram, centred.transpose(0, 2, 1) @ deviations[:, :, None])[:, :, 0]
    constant = level - (centre * slopes).sum(axis=1)
    fitted = constant[:, None] + (regressors @ slopes[:, :, None])[:, :, 0]
    bias_factor = future.mean(axis=1) / np.exp(fitted).mean(axis=1)
    total = (deviations**2).sum(axis=1)
    residual = ((target - fitted) ** 2).sum(axis=1)
    latest = np.exp(constant + (design[:, -1] * slopes).sum(axis=1)) * bias_factor
    explained = np.where(total > ROUNDING_NOISE * count, 1.0 - residual / np.maximum(total, 1e-300), 0.0)
    coefficients = np.column_stack([constant, slopes]).tolist()
    return [
        (tuple(row), mean, bias, share, count)
        for row, mean, bias, share in zip(coefficients, latest.tolist(), bias_factor.tolist(), explained.tolist(), strict=True)
    ]


def _design(variance: Float2D, windows: tuple[int, ...], floors: Float1D) -> FloatND:
    """Log mean variances of the trailing windows, (series, bars - longest + 1, windows)."""
    longest = windows[-1]
    means = [_running_mean(variance[:, longest - window :], window) for window in windows]
    result: FloatND = np.log(np.maximum(np.stack(means, axis=2), floors[:, None, None]))
    return result


def _running_mean(values: Float2D, window: int) -> Float2D:
    """Means of `window` neighbours along each row, (series, bars - window + 1), as differences of running totals.

    Their rounding error is some 1e-16 of the row's total: nothing beside the floor of the logarithm's argument.
    """
    totals = np.cumsum(values, axis=1)
    result = totals[:, window - 1 :].copy()
    result[:, 1:] -= totals[:, :-window]
    result /= window
    return result


def _median_positive(variance: Float2D) -> Float1D:
    """The median of each row's positive values; every row has one."""
    if variance.min() > 0.0:
        return np.median(variance, axis=1)
    return np.array([np.median(row[row > 0.0]) for row in variance])


def _increasing(name: str, values: Sequence[int]) -> tuple[int, ...]:
    numbers = tuple(int(value) for value in values)
    if not numbers or numbers[0] < 1 or any(b <= a for a, b in itertools.pairwise(numbers)):
        raise QuantError(f"{name} is {numbers}; it must be positive, increasing and not empty", parameter=name)
    return numbers
