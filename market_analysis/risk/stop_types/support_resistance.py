"""Just beyond the nearest swing: for a long below the highest swing low under the price, for a short above the lowest swing high.

A swing low is a bar whose low is strictly below the lows of the `wing` bars on each side; a swing high likewise. It is known only
`wing` bars later, so the last bars never are one: nothing is seen before its time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from market_analysis.risk.stop_types.view import StopView, check_range


@dataclass(frozen=True, slots=True)
class SupportResistanceStop:
    """buffer_frac beyond the swing, among the last `lookback` bars. Silent where there is no swing on the loss side."""

    buffer_frac: float = 0.005
    wing: int = 3
    lookback: int = 240
    name: str = "support_resistance"

    def __post_init__(self) -> None:
        check_range("buffer_frac", self.buffer_frac, 0.0, 0.2)
        check_range("wing", self.wing, 1, 100)
        check_range("lookback", self.lookback, 2 * self.wing + 1, 100_000)

    def level(self, view: StopView) -> float | None:
        extremes = view.low if view.sign > 0 else -view.high
        swings = view.sign * swing_lows(extremes[-self.lookback :], self.wing)
        beyond = swings * (1.0 - view.sign * self.buffer_frac)
        usable = beyond[view.sign * (view.price - beyond) > 0.0]
        if not usable.size:
            return None
        return float(usable.max() if view.sign > 0 else usable.min())


def swing_lows(low: NDArray[np.float64], wing: int) -> NDArray[np.float64]:
    """The values of `low` (bars,) that lie strictly below their `wing` neighbours on each side."""
    if low.size < 2 * wing + 1:
        return np.empty(0)
    windows = sliding_window_view(low, 2 * wing + 1)
    middle = windows[:, wing]
    others = np.delete(windows, wing, axis=1)
    return np.asarray(middle[(middle[:, None] < others).all(axis=1)])
