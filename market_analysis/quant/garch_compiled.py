"""Many GARCH(1,1) fits by compiled kernels and in threads: the optional extra `[fast]`."""

from __future__ import annotations

import numpy as np

from market_analysis.quant.arrays import Float1D, Float2D, Int1D
from market_analysis.quant.compiled import in_threads
from market_analysis.quant.garch_solver import Solution, likeliest, to_box, to_natural

__all__ = ["maximise_compiled", "warm_up"]


def warm_up() -> None:
    """Compile or load the kernels."""
    squared = np.random.default_rng(0).standard_normal((1, 60)) ** 2
    for width in (3, 4):
        start = np.array([[0.1, 0.1, 0.8, 6.0]])[:, :width]
        maximise_compiled(squared, np.ones(1), start, np.zeros(1, dtype=np.int64))


def maximise_compiled(squared: Float2D, backcast: Float1D, points: Float2D, owner: Int1D) -> Solution:
    """`garch_solver.maximise_from` on `squared` (series, bars), every series in one thread from its first point to its last."""
    from market_analysis.quant.kernels.garch_solver import maximise_points

    start, series = to_box(points), len(squared)
    box, numbers = start.copy(), np.zeros((len(start), 4))
    bounds = np.searchsorted(owner, np.arange(series + 1))

    def some(first: int, last: int) -> None:
        maximise_points(squared, backcast, start, owner, bounds[first], bounds[last], box, numbers)

    in_threads(some, series, least=8)
    winner = likeliest(numbers[:, 0], owner)
    natural = to_natural(np.ascontiguousarray(box[winner]))
    value, next_variance, iterations, converged = numbers[winner].T
    return Solution(natural, value, next_variance, iterations.astype(np.int64), converged > 0.0)
