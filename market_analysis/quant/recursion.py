"""The one linear recursion behind GARCH, EWMA, Wilder's ATR and the exponential mean."""

from __future__ import annotations

from typing import cast

import numpy as np
from scipy.linalg.blas import dtbsv

from market_analysis.quant.arrays import Float1D, Float2D

__all__ = ["first_order_filter"]


def first_order_filter(inputs: Float2D, coefficients: Float1D) -> Float2D:
    """y_t = x_t + c_i y_{t-1} along each row i, with y_{-1} = 0; (series, bars) in and out, coefficients (series,).

    The recursion is a unit lower bidiagonal system, so all rows are solved by one call of BLAS dtbsv on the stacked rows,
    with a zero below the diagonal where one row ends (measured: twice as fast as a filter call per row). No checks.
    """
    series, bars = inputs.shape
    banded = np.zeros((series * bars, 2))
    banded.reshape(series, bars, 2)[:, :-1, 1] = -coefficients[:, None]
    solved = dtbsv(1, banded.T, np.ascontiguousarray(inputs).ravel(), lower=1, diag=1)
    return cast(Float2D, solved.reshape(series, bars))
