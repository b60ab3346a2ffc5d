"""ATR: peak - sign * multiple * ATR, LeBeau's chandelier exit; until a better price came the peak is the entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from market_analysis.risk.stop_types.types import Opinion, StopView, within


@dataclass(frozen=True, slots=True)
class AverageRangeStop:
    """multiple: of the average true range, .5 to 10."""

    multiple: float = 2.0
    name: ClassVar[str] = "atr_based"

    def __post_init__(self) -> None:
        within(self.name, "multiple", self.multiple, 0.5, 10.0)

    def opinion(self, view: StopView) -> Opinion:
        """Behind the best price; none without an ATR above zero. Far below a cheap coin it is no price: `not_above_zero`."""
        if view.atr is None or not view.atr > 0.0:
            return Opinion(None, "no average true range is known")
        return Opinion(view.peak - view.sign * self.multiple * view.atr, f"{self.multiple:g} ATR behind the best price")
