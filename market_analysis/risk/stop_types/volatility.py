"""Volatility: entry * exp(-sign * multiple * class_multiplier * sigma_day), in logs as sigma is; never at or below zero.

A market that grows calm tightens it; one that grows wild does not loosen what stands.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from market_analysis.risk.stop_types.types import Opinion, StopView, within

FARTHEST_LOG = 20.0
"""As `ratchet.FARTHEST_LOG`: a level farther away is no price."""


@dataclass(frozen=True, slots=True)
class VolatilityStop:
    """multiple: of the day's sigma, .5 to 5. class_multiplier: of the asset's class (`asset_classes.RISK_MULTIPLIER`), .1 to 5."""

    multiple: float = 2.0
    class_multiplier: float = 1.0
    name: ClassVar[str] = "volatility_based"

    def __post_init__(self) -> None:
        within(self.name, "multiple", self.multiple, 0.5, 5.0)
        within(self.name, "class_multiplier", self.class_multiplier, 0.1, 5.0)

    def opinion(self, view: StopView) -> Opinion:
        """So many sigmas from the entry; none without a sigma above zero."""
        if view.sigma_day is None or not view.sigma_day > 0.0:
            return Opinion(None, "no volatility is known")
        distance = self.multiple * self.class_multiplier * view.sigma_day
        if not distance < FARTHEST_LOG:
            return Opinion(None, f"{distance:.4g} in logs is no price")
        return Opinion(view.entry * math.exp(-view.sign * distance), f"{distance:.4g} in logs from entry")
