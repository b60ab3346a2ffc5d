"""Simulated bars: whole residual rows resampled with replacement and scaled by the forecast variance path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from market_analysis.quant.arrays import Float1D, Float2D
from market_analysis.quant.policy_inputs import PolicyInputs
from market_analysis.quant.residuals import CLOSE, HIGH, LOW, mirror_residuals

__all__ = ["GrowthTable", "SimulatedBar", "bar_shapes", "draw_rows", "log_mean_growth", "simulated_bars"]

_KNOTS: Final = 32


class SimulatedBar(NamedTuple):
    """One bar of all paths: side-signed log distance from the current price at the close, the best and the worst point;
    (paths,) each, positive in the position's favour."""

    close: Float1D
    best: Float1D
    worst: Float1D


class GrowthTable:
    """K(s) = ln mean exp(s * shock) over a residual sample, for many s at once.

    K(s)/s^2 is smooth, and half the variance at zero, so it is interpolated linearly between equidistant knots: absolute
    error below 1e-9 for tables up to s = .05 and 1e-5 up to .4, fat tails included. A volatility beyond the table
    rebuilds it.
    """

    def __init__(self, shocks: Float1D, top: float) -> None:
        self._shocks = shocks
        self._build(top)

    def __call__(self, sigma: Float1D) -> Float1D:
        """K of each sigma (paths,), all >= 0."""
        highest = float(sigma.max())
        if highest > self._top:
            self._build(2.0 * highest)
        place = sigma * (_KNOTS / self._top)
        cell = np.minimum(place.astype(np.intp), _KNOTS - 1)
        ratio = self._ratio.take(cell)
        ratio += (place - cell) * self._slope.take(cell)
        return sigma * sigma * ratio

    @staticmethod
    def usual_top(deviations: Float1D) -> float:
        """Where a table for paths around these deviations ends at first."""
        return 6.0 * max(float(deviations.max()), 1e-12)

    def arrays(self) -> tuple[Float2D, float]:
        """(2, knots): K(s)/s^2 at the start of each cell, and its rise over the cell; and where the table ends."""
        return np.stack((self._ratio[:-1], self._slope)), self._top

    def _build(self, top: float) -> None:
        knots = top * np.arange(1, _KNOTS + 1) / _KNOTS
        ratio = np.concatenate(([0.5 * float(np.var(self._shocks))], log_mean_growth(knots, self._shocks) / knots**2))
        self._top, self._ratio, self._slope = top, ratio, np.diff(ratio)


def log_mean_growth(sigma: Float1D, shocks: Float1D) -> Float1D:
    """K(s) = ln mean_i exp(s * shock_i) for each s of `sigma`, exact; the largest exponent is taken out, nothing
    overflows."""
    exponent = np.multiply.outer(sigma, shocks)
    top = exponent.max(axis=1)
    exponent -= top[:, None]
    return np.asarray(top + np.log(np.exp(exponent, out=exponent).mean(axis=1)))


def draw_rows(seed: int, bars: int, paths: int, rows: int) -> NDArray[np.unsignedinteger]:
    """Independent row numbers (bars, paths) in [0, rows) from PCG64(seed): the only randomness of a simulation."""
    generator = np.random.Generator(np.random.PCG64(seed))
    return generator.integers(0, rows, size=(bars, paths), dtype=np.uint16 if rows <= 1 << 16 else np.uint32)


def bar_shapes(inputs: PolicyInputs) -> Float2D:
    """The residual bars seen from the position's side (n, 3): close, wick above the body, wick below it (both >= 0)."""
    signed = inputs.residuals if inputs.side > 0 else mirror_residuals(inputs.residuals)
    shocks = signed[:, CLOSE]
    return np.column_stack((shocks, signed[:, HIGH] - np.maximum(shocks, 0.0), np.minimum(shocks, 0.0) - signed[:, LOW]))


def simulated_bars(inputs: PolicyInputs, rows: NDArray[np.unsignedinteger]) -> Iterator[SimulatedBar]:
    """Bars of all paths, one after the other, from drawn rows (bars, paths); each bar opens at the previous close.

    The log return of a bar is sigma * z - K(sigma), K(s) = ln mean exp(s z) over the residual sample: given the path so
    far, the mean simple return of every bar is zero (ruling 4). In log mode K is left out, and the mean log return is
    zero. K moves the body; the wicks keep their length.
    """
    shocks, upper_wick, lower_wick = np.ascontiguousarray(bar_shapes(inputs).T)
    close = np.zeros(rows.shape[1])
    draws = (shocks.take(row) for row in rows)
    for row, (z, sigma, growth) in zip(rows, _scaled(inputs, draws), strict=True):
        previous = close
        step = sigma * z
        if not inputs.log_mode:
            step -= inputs.side * growth
        close = previous + step
        best = np.maximum(close, previous)
        best += sigma * upper_wick.take(row)
        worst = np.minimum(close, previous)
        worst -= sigma * lower_wick.take(row)
        yield SimulatedBar(close, best, worst)


def _scaled(inputs: PolicyInputs, draws: Iterable[Float1D]) -> Iterator[tuple[Float1D, Float1D | np.float64, Float1D | np.float64]]:
    """(z, sigma, K(sigma)) of each bar: scalars sigma and K without a GARCH recursion, else (paths,) with the
    forecast's mean."""
    shocks = np.ascontiguousarray(inputs.residuals[:, CLOSE])
    deviations = np.sqrt(inputs.variance_path)
    if inputs.garch is None:
        yield from zip(draws, deviations, log_mean_growth(deviations, shocks), strict=True)
        return
    garch = inputs.garch
    table = GrowthTable(shocks, GrowthTable.usual_top(deviations))
    state = np.full(inputs.paths, garch.variance)
    mean = garch.variance
    for z, variance in zip(draws, inputs.variance_path, strict=True):
        sigma = np.sqrt(state * (variance / mean))
        yield z, sigma, table(sigma)
        state = garch.omega + state * (garch.alpha * (z * z) + garch.beta)
        mean = garch.omega + mean * (garch.alpha + garch.beta)
