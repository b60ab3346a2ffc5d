"""Fixed: entry * (1 - sign * distance_frac)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from market_analysis.risk.stop_types.types import Opinion, StopView, within


@dataclass(frozen=True, slots=True)
class FixedStop:
    """distance_frac: of the entry, .001 to .2."""

    distance_frac: float
    name: ClassVar[str] = "fixed"

    def __post_init__(self) -> None:
        within(self.name, "distance_frac", self.distance_frac, 0.001, 0.2)

    def opinion(self, view: StopView) -> Opinion:
        """Always the same."""
        return Opinion(view.entry * (1.0 - view.sign * self.distance_frac), f"{self.distance_frac:.4g} from entry")
