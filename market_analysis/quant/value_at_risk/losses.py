"""What a static book loses in scenarios of log returns (ruling 18): simple returns, no stops, no trades, mean as it came.

    loss of line i = -delta_i (exp(x_i) - 1), at most its cap        delta_i: signed dollars at today's price

A short's loss has no bound and a long's has: at five days and 7 % a day the 99 % loss is 34 % for a long and 51 % for a short.
"""

from __future__ import annotations

import numpy as np

from market_analysis.quant.arrays import Float1D, Float2D, FloatND, Int1D

__all__ = ["line_losses", "path_returns"]


def line_losses(log_returns: Float2D, deltas: Float1D, caps: Float1D) -> Float2D:
    """Loss of each line in each scenario (scenarios, lines), positive where money is lost.

    `log_returns` (scenarios, lines); `deltas` (lines,) signed dollars; `caps` (lines,): the most that a line can lose, infinite
    but for isolated margin.
    """
    result: Float2D = np.minimum(-deltas * np.expm1(log_returns), caps)
    return result


def path_returns(residuals: Float2D, day_sigmas: Float2D, paths: int, seed: int) -> Float2D:
    """Log returns over several days (paths, assets): for each day a joint row of `residuals` (rows, assets) is drawn with
    replacement and scaled by that day's forecast, `day_sigmas` (days, assets). Deterministic in `seed`.

    Not sqrt(days) times one day: the tails of a sum are thinner than those of its terms, and the forecast moves from day to day.
    """
    rows: Int1D = np.random.Generator(np.random.PCG64(seed)).integers(0, len(residuals), size=(len(day_sigmas), paths))
    total: FloatND = np.zeros((paths, residuals.shape[1]))
    for row, sigma in zip(rows, day_sigmas, strict=True):
        total += residuals[row] * sigma
    return total
