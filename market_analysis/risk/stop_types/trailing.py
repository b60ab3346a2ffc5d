"""A fixed distance behind the best price, once there is something to protect: best x (1 - sign x distance_frac)."""

from __future__ import annotations

from dataclasses import dataclass

from market_analysis.risk.stop_types.view import StopView, check_range


@dataclass(frozen=True, slots=True)
class TrailingStop:
    """Silent until the best price is min_profit_frac ahead of the entry."""

    distance_frac: float = 0.03
    min_profit_frac: float = 0.01
    name: str = "trailing"

    def __post_init__(self) -> None:
        check_range("distance_frac", self.distance_frac, 0.001, 0.5)
        check_range("min_profit_frac", self.min_profit_frac, 0.0, 1.0)

    def level(self, view: StopView) -> float | None:
        if view.sign * (view.best - view.entry) < self.min_profit_frac * view.entry:
            return None
        return view.best * (1.0 - view.sign * self.distance_frac)
