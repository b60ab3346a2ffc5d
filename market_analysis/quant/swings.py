"""Swing points: bars that stand out from their neighbours on both sides, as support and resistance are drawn."""

from __future__ import annotations

import numpy as np

from market_analysis.quant.arrays import Float1D, as_float_1d, at_least

__all__ = ["swing_lows"]


def swing_lows(low: Float1D, width: int) -> Float1D:
    """Lows that are below those of `width` bars before and not above those of `width` bars after, oldest first.

    Of equal lows in a row the first counts, once. A swing is known only when `width` later bars have closed, so that the last
    `width` bars never hold one. Swing highs are the negated swing lows of the negated highs. QuantError for width below 1 or NaN.
    """
    values = as_float_1d("low", low, 0)
    span = 2 * at_least("width", width, 1) + 1
    if values.size < span:
        return np.empty(0)
    windows = np.lib.stride_tricks.sliding_window_view(values, span)
    middle = windows[:, width]
    stands_out = (middle < windows[:, :width].min(axis=1)) & (middle <= windows[:, width + 1 :].min(axis=1))
    return np.asarray(middle[stands_out])
