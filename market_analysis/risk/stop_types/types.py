"""The interface of a stop: from what is seen of a position and its market to a level, or to no opinion."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from market_analysis.domain import Bars
from market_analysis.errors import UsageError


@dataclass(frozen=True, slots=True, eq=False)
class StopView:
    """What a stop may look at; prices > 0, sign +1 long, -1 short.

    best: best price seen since the entry. initial: the first stop, None without one. held_hours: since
    the entry. sigma_day: standard deviation of the log return over 24 h; atr: in price units; bars: closed ones, oldest first. None
    where not known: a rule that needs it has no opinion then, and says so.
    """

    sign: int
    entry: float
    price: float
    best: float
    held_hours: float = 0.0
    initial: float | None = None
    sigma_day: float | None = None
    atr: float | None = None
    bars: Bars | None = None

    def __post_init__(self) -> None:
        if self.sign not in (1, -1):
            raise UsageError(f"sign is {self.sign}", remedy="+1 for a long, -1 for a short")
        for name in ("entry", "price", "best"):
            value = getattr(self, name)
            if not 0.0 < value < math.inf:
                raise UsageError(f"{name} is {value}, must be above 0 and finite", remedy="read the price again")

    @property
    def peak(self) -> float:
        """The best of entry, price now and best price before."""
        prices = (self.entry, self.price, self.best)
        return max(prices) if self.sign > 0 else min(prices)

    @property
    def best_profit_frac(self) -> float:
        """Largest profit so far, fraction of the entry, >= 0."""
        return self.sign * (self.peak - self.entry) / self.entry


@dataclass(frozen=True, slots=True)
class Opinion:
    """level: where the stop belongs, a price that may yet be impossible; None: no opinion, `reason` says why."""

    level: float | None
    reason: str


class StopRule(Protocol):
    """A kind of stop: pure, frozen, without memory. What was reached before is kept by `combination.next_stop`."""

    @property
    def name(self) -> str:
        """Document 004's word for it."""
        ...

    def opinion(self, view: StopView) -> Opinion:
        """Where this kind would put the stop now."""
        ...


def within(rule: str, parameter: str, value: float, low: float, high: float) -> None:
    """Raises UsageError unless low <= value <= high (NaN is never within)."""
    if not low <= value <= high:
        raise UsageError(
            f"{rule} stop: {parameter} is {value}, must lie in {low:g} to {high:g}",
            remedy="fractions are fractions: 0.03 is 3 %",
        )
