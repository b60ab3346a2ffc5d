"""So many standard deviations behind the best price, in logs: best x exp(-sign x multiple x class_multiplier x sigma)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from market_analysis.risk.stop_types.view import StopView, check_range


@dataclass(frozen=True, slots=True)
class VolatilityStop:
    """class_multiplier: document 004's wider stop for a riskier class of coin. Silent where there is no volatility."""

    multiple: float = 2.0
    class_multiplier: float = 1.0
    name: str = "volatility"

    def __post_init__(self) -> None:
        check_range("multiple", self.multiple, 0.5, 10.0)
        check_range("class_multiplier", self.class_multiplier, 0.1, 5.0)

    def level(self, view: StopView) -> float | None:
        if view.sigma == 0.0:
            return None
        return view.best * math.exp(-view.sign * min(self.multiple * self.class_multiplier * view.sigma, 20.0))
