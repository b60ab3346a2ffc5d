"""One bar of a backtest: which of the resting levels fill, in which order, at which price.

Gaps fill at the open. A bar that spans the stop and a target is resolved by finer bars of that bar; where these are missing or
span both themselves, the stop comes first.
"""

from __future__ import annotations

from dataclasses import dataclass

from market_analysis.domain import Bars
from market_analysis.risk.backtest_types import ExitKind

CLOSED = 1e-12
"""A fraction left below this is rounding."""


@dataclass(frozen=True, slots=True)
class RestingExit:
    """A level that takes profit on `fraction` of the initial size."""

    kind: ExitKind
    price: float
    fraction: float


@dataclass(frozen=True, slots=True)
class Resting:
    """What rests during a bar. left: fraction of the initial size still open; exits: nearest first, they sum to `left`."""

    sign: int
    stop: float
    left: float
    exits: tuple[RestingExit, ...]


@dataclass(frozen=True, slots=True)
class Prices:
    """A bar's prices, > 0."""

    open: float
    high: float
    low: float

    @classmethod
    def of(cls, bars: Bars, row: int) -> Prices:
        """Those of bar number `row`."""
        return cls(float(bars.open[row]), float(bars.high[row]), float(bars.low[row]))


@dataclass(frozen=True, slots=True)
class BarFill:
    """A fill within the bar; `price` is the level, or the open where a gap went through it (`at_open`)."""

    kind: ExitKind
    price: float
    fraction: float
    at_open: bool


@dataclass(frozen=True, slots=True)
class BarFills:
    """Fills in order. ambiguous: the stop was taken because nothing told which level came first."""

    fills: tuple[BarFill, ...]
    ambiguous: bool

    @property
    def closed(self) -> float:
        """Fraction of the initial size that the bar closed."""
        return sum(fill.fraction for fill in self.fills)


def fills_in_bar(resting: Resting, prices: Prices, finer: Bars | None) -> BarFills:
    """The fills of one bar; `finer` are the bars that make it up exactly, or None."""
    sign, stop = resting.sign, resting.stop
    if sign * (prices.open - stop) <= 0.0:
        return BarFills((BarFill(ExitKind.STOP, prices.open, resting.left, at_open=prices.open != stop),), ambiguous=False)
    best, worst = (prices.high, prices.low) if sign > 0 else (prices.low, prices.high)
    reached = tuple(_profit_fill(sign, taken, prices.open) for taken in resting.exits if sign * (best - taken.price) >= 0.0)
    if sign * (worst - stop) > 0.0:
        return BarFills(reached, ambiguous=False)
    surely_first = tuple(fill for fill in reached if fill.at_open or fill.price == prices.open)
    left = resting.left - sum(fill.fraction for fill in surely_first)
    if left <= CLOSED:
        return BarFills(surely_first, ambiguous=False)
    if len(surely_first) == len(reached):
        return BarFills((*surely_first, BarFill(ExitKind.STOP, stop, left, at_open=False)), ambiguous=False)
    told = None if finer is None else _fills_in_finer(resting, finer)
    return BarFills((*surely_first, BarFill(ExitKind.STOP, stop, left, at_open=False)), ambiguous=True) if told is None else told


def _profit_fill(sign: int, taken: RestingExit, open_: float) -> BarFill:
    gapped = sign * (open_ - taken.price) > 0.0
    return BarFill(taken.kind, open_ if gapped else taken.price, taken.fraction, at_open=gapped)


def _fills_in_finer(resting: Resting, finer: Bars) -> BarFills | None:
    """The fills of the finer bars one after the other; None when they do not close the position as the whole bar says."""
    fills: tuple[BarFill, ...] = ()
    ambiguous = False
    left, exits = resting.left, resting.exits
    for row in range(len(finer)):
        found = fills_in_bar(Resting(resting.sign, resting.stop, left, exits), Prices.of(finer, row), None)
        fills += found.fills
        ambiguous |= found.ambiguous
        left -= found.closed
        if left <= CLOSED:
            return BarFills(fills, ambiguous)
        exits = exits[len(found.fills) :]
    return None
