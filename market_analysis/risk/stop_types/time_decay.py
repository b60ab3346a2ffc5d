"""Time decay: a position that has had its time and still loses is given less room each day.

    level = initial stop + sign * rate_frac_per_day * entry * (days held beyond the grace)

A function of the time held, not of how often it is looked at. It speaks only while the price is worse than the entry; what it has
reached stays when the price recovers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from market_analysis.risk.stop_types.types import Opinion, StopView, within

HOURS_PER_DAY = 24.0


@dataclass(frozen=True, slots=True)
class TimeDecayStop:
    """after_hours: the grace, 0 to 8,760. rate_frac_per_day: of the entry, above 0 to .05."""

    after_hours: float = 24.0
    rate_frac_per_day: float = 0.001
    name: ClassVar[str] = "time_decay"

    def __post_init__(self) -> None:
        within(self.name, "after_hours", self.after_hours, 0.0, 8_760.0)
        within(self.name, "rate_frac_per_day", self.rate_frac_per_day, 1e-6, 0.05)

    def opinion(self, view: StopView) -> Opinion:
        """Nearer each day; none without a first stop, within the grace, or in profit."""
        if view.initial is None:
            return Opinion(None, "there is no first stop to tighten")
        if view.held_hours <= self.after_hours:
            return Opinion(None, f"held {view.held_hours:.4g} h, the grace is {self.after_hours:g} h")
        if view.sign * (view.price - view.entry) >= 0.0:
            return Opinion(None, "the position does not lose")
        days = (view.held_hours - self.after_hours) / HOURS_PER_DAY
        tightened = view.initial + view.sign * self.rate_frac_per_day * view.entry * days
        return Opinion(tightened, f"{days:.4g} days beyond the grace")
