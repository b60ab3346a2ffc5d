"""Entry and costs back, once the best price was far enough ahead: entry x (1 + sign x offset_frac)."""

from __future__ import annotations

from dataclasses import dataclass

from market_analysis.errors import QuantError
from market_analysis.risk.stop_types.view import StopView, check_range


@dataclass(frozen=True, slots=True)
class BreakevenStop:
    """Silent until the best price is trigger_frac ahead. Document 004: 2 % and .1 %, which pays two taker fees."""

    trigger_frac: float = 0.02
    offset_frac: float = 0.001
    name: str = "breakeven"

    def __post_init__(self) -> None:
        check_range("trigger_frac", self.trigger_frac, 0.0005, 1.0)
        check_range("offset_frac", self.offset_frac, 0.0, 0.2)
        if self.offset_frac >= self.trigger_frac:
            raise QuantError(
                f"offset_frac is {self.offset_frac}; it must be below trigger_frac {self.trigger_frac}", parameter="offset_frac"
            )

    def level(self, view: StopView) -> float | None:
        if view.sign * (view.best - view.entry) < self.trigger_frac * view.entry:
            return None
        return view.entry * (1.0 + view.sign * self.offset_frac)
