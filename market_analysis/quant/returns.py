"""Returns of a price series."""

from __future__ import annotations

import numpy as np

from market_analysis.quant.arrays import Float1D, as_positive_1d

__all__ = ["log_returns", "simple_returns"]


def log_returns(close: Float1D) -> Float1D:
    """log(close_t / close_{t-1}), shape (bars - 1,), fractions. Raises QuantError on a price that is not above zero."""
    return np.diff(np.log(as_positive_1d("close", close, 2)))


def simple_returns(close: Float1D) -> Float1D:
    """close_t / close_{t-1} - 1, shape (bars - 1,), fractions. Raises QuantError on a price that is not above zero."""
    prices = as_positive_1d("close", close, 2)
    return prices[1:] / prices[:-1] - 1.0
