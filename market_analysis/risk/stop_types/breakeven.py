"""Breakeven: entry * (1 + sign * buffer_frac) once the best profit has reached after_frac. The buffer is for the fees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from market_analysis.errors import UsageError
from market_analysis.risk.stop_types.types import Opinion, StopView, within


@dataclass(frozen=True, slots=True)
class BreakevenStop:
    """after_frac: profit that wakes it, up to .5. buffer_frac: of the entry, 0 to less than after_frac."""

    after_frac: float = 0.02
    buffer_frac: float = 0.001
    name: ClassVar[str] = "breakeven"

    def __post_init__(self) -> None:
        within(self.name, "after_frac", self.after_frac, 0.0, 0.5)
        within(self.name, "buffer_frac", self.buffer_frac, 0.0, 0.5)
        if self.buffer_frac >= self.after_frac:
            raise UsageError(
                f"breakeven stop: buffer_frac is {self.buffer_frac}, must be less than after_frac ({self.after_frac})",
                remedy="a stop cannot stand beyond the price that wakes it",
            )

    def opinion(self, view: StopView) -> Opinion:
        """At the entry plus the buffer; none before the profit."""
        if view.best_profit_frac < self.after_frac:
            return Opinion(None, f"asleep: best profit {view.best_profit_frac:.4g}, wakes at {self.after_frac:.4g}")
        return Opinion(view.entry * (1.0 + view.sign * self.buffer_frac), f"entry plus {self.buffer_frac:.4g}")
