"""A losing position has less room the longer it is held: the first distance, less per_day_frac of the entry for each day past the
first.

    level = entry x (1 - sign x (loss_frac - per_day_frac x max(hours_held - after_hours, 0) / 24)), at most the entry

A function of the time held, not of the stop that stands, so that asking twice an hour tightens no faster than asking once.
"""

from __future__ import annotations

from dataclasses import dataclass

from market_analysis.risk.stop_types.view import StopView, check_range

HOURS_PER_DAY = 24.0


@dataclass(frozen=True, slots=True)
class TimeDecayStop:
    """Silent until after_hours, and while the position is ahead. Document 004: .1 % a day after 24 hours."""

    loss_frac: float = 0.03
    per_day_frac: float = 0.001
    after_hours: float = 24.0
    name: str = "time_decay"

    def __post_init__(self) -> None:
        check_range("loss_frac", self.loss_frac, 0.001, 0.5)
        check_range("per_day_frac", self.per_day_frac, 0.0, 0.1)
        check_range("after_hours", self.after_hours, 0.0, 10_000.0)

    def level(self, view: StopView) -> float | None:
        if view.hours_held <= self.after_hours or view.sign * (view.price - view.entry) >= 0.0:
            return None
        given = self.per_day_frac * (view.hours_held - self.after_hours) / HOURS_PER_DAY
        return view.entry * (1.0 - view.sign * max(self.loss_frac - given, 0.0))
