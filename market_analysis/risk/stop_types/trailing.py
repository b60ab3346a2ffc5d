"""Trailing: peak * (1 - sign * distance_frac), once the best profit has reached min_profit_frac."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from market_analysis.risk.stop_types.types import Opinion, StopView, within


@dataclass(frozen=True, slots=True)
class TrailingStop:
    """distance_frac: of the best price, .001 to .1. min_profit_frac: 0 to .1, 0 trails from the start."""

    distance_frac: float = 0.03
    min_profit_frac: float = 0.01
    name: ClassVar[str] = "trailing"

    def __post_init__(self) -> None:
        within(self.name, "distance_frac", self.distance_frac, 0.001, 0.1)
        within(self.name, "min_profit_frac", self.min_profit_frac, 0.0, 0.1)

    def opinion(self, view: StopView) -> Opinion:
        """Behind the best price; none before the profit that wakes it."""
        if view.best_profit_frac < self.min_profit_frac:
            return Opinion(None, f"asleep: best profit {view.best_profit_frac:.4g}, wakes at {self.min_profit_frac:.4g}")
        return Opinion(view.peak * (1.0 - view.sign * self.distance_frac), f"{self.distance_frac:.4g} behind the best price")
