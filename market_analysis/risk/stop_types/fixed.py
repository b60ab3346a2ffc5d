"""A fixed distance from the entry: entry x (1 - sign x loss_frac)."""

from __future__ import annotations

from dataclasses import dataclass

from market_analysis.risk.stop_types.view import StopView, check_range


@dataclass(frozen=True, slots=True)
class FixedStop:
    """loss_frac: .001 .. .5 of the entry."""

    loss_frac: float = 0.03
    name: str = "fixed"

    def __post_init__(self) -> None:
        check_range("loss_frac", self.loss_frac, 0.001, 0.5)

    def level(self, view: StopView) -> float | None:
        return view.entry * (1.0 - view.sign * self.loss_frac)
