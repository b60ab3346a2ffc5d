"""Cumulative variance at any hour from that at a few, rising everywhere, and the per-hour path whose sums it is."""

from __future__ import annotations

from typing import Final

import numpy as np

from market_analysis.quant.arrays import Float1D

__all__ = ["cumulative_curve"]

LOWEST_RATE_SHARE: Final = 0.1
"""Where forecasts contradict each other (a longer horizon holding no more variance), the curve rises on at this share of the
rate before."""


def cumulative_curve(knots: tuple[int, ...], totals: Float1D, hours: int) -> Float1D:
    """Cumulative variance over the next 1 .. `hours` hours (hours,), strictly rising.

    `totals` (knots,) are the forecasts over the next `knots` hours (ascending from 1, totals above zero). Between two knots the
    curve is the power of time that joins them; beyond the last the last stretch's mean rate goes on.
    """
    places, values = np.asarray(knots, dtype=np.float64), _rising(np.asarray(knots, dtype=np.float64), totals)
    bars = np.arange(1, hours + 1, dtype=np.float64)
    curve = np.exp(np.interp(np.log(bars), np.log(places), np.log(values)))
    last_rate = (values[-1] - values[-2]) / (places[-1] - places[-2]) if places.size > 1 else values[-1] / places[-1]
    result: Float1D = np.where(bars > places[-1], values[-1] + last_rate * (bars - places[-1]), curve)
    return result


def _rising(knots: Float1D, totals: Float1D) -> Float1D:
    values = totals.astype(np.float64, copy=True)
    rate = values[0] / knots[0]
    for place in range(1, values.size):
        step = knots[place] - knots[place - 1]
        values[place] = max(values[place], values[place - 1] + LOWEST_RATE_SHARE * rate * step)
        rate = (values[place] - values[place - 1]) / step
    return values
