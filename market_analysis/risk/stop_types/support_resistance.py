"""Support and resistance: the nearest swing beyond the price, and a buffer. A long stands on swing lows, a short under swing
highs.

    level = swing * (1 - sign * buffer_frac)

Swings are found in closed bars (`quant.swings`); the original took 95 % of the price for a support.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from market_analysis.quant.swings import swing_lows
from market_analysis.risk.stop_types.types import Opinion, StopView, within


@dataclass(frozen=True, slots=True)
class SupportResistanceStop:
    """buffer_frac: of the swing, .001 to .02. width: bars on each side that a swing stands out from, 1 to 50."""

    buffer_frac: float = 0.005
    width: int = 3
    name: ClassVar[str] = "support_resistance"

    def __post_init__(self) -> None:
        within(self.name, "buffer_frac", self.buffer_frac, 0.001, 0.02)
        within(self.name, "width", self.width, 1, 50)

    def opinion(self, view: StopView) -> Opinion:
        """Beyond the nearest swing on the loss side of the price; none without bars or without such a swing."""
        if view.bars is None or not len(view.bars):
            return Opinion(None, "no bars are known")
        swings = swing_lows(view.bars.low, self.width) if view.sign > 0 else -swing_lows(-view.bars.high, self.width)
        ahead = [float(swing) for swing in swings if view.sign * (view.price - swing) > 0.0]
        if not ahead:
            return Opinion(None, f"no swing of {self.width} bars on the loss side of the price")
        nearest = max(ahead) if view.sign > 0 else min(ahead)
        return Opinion(nearest * (1.0 - view.sign * self.buffer_frac), f"{self.buffer_frac:.4g} beyond the swing at {nearest:.8g}")
