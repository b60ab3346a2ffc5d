"""The GARCH(1,1) likelihood by the compiled kernel, many points at once and in threads: the optional extra `[fast]`."""

from __future__ import annotations

from typing import Final

import numpy as np

from market_analysis.quant.arrays import Float1D, Float2D, Int1D
from market_analysis.quant.compiled import in_threads
from market_analysis.quant.garch_likelihood import SUMS

__all__ = ["likelihood_sums", "warm_up"]

THREADING_PAYS_VALUES: Final = 25_000
"""Bars times points of a thread's part below which a second thread costs more than it brings."""


def warm_up() -> None:
    """Compile or load both kernels."""
    for width in (3, 4):
        natural = np.array([[0.1, 0.1, 0.8, 6.0]])[:, :width]
        likelihood_sums(np.ones((1, 4)), np.ones(1), natural, np.zeros(1, dtype=np.int64))


def likelihood_sums(squared: Float2D, backcast: Float1D, natural: Float2D, rows: Int1D) -> Float2D:
    """`garch_likelihood.likelihood_sums` at the points natural[i] (omega, alpha, beta[, nu]), each on squared[rows[i]]."""
    from market_analysis.quant.kernels.garch import LANES, normal_blocks, student_blocks

    kernel, points = student_blocks if natural.shape[1] == 4 else normal_blocks, len(natural)
    result = np.empty((points, SUMS))

    def blocks(first: int, last: int) -> None:
        kernel(squared, backcast, natural, rows, first, last, result)

    in_threads(blocks, -(-points // LANES), least=-(-THREADING_PAYS_VALUES // (squared.shape[1] * LANES)))
    return result
