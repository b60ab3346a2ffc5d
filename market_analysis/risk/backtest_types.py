"""What a backtest of one trade takes in and says. R is the loss at the trade's first stop, before costs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from market_analysis.domain import Side
from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, as_float_1d, same_length


class EntryMoment(StrEnum):
    """Where in the entry bar the trade begins.

    CLOSE: nothing of the bar counts. OPEN: all of it counts. INSIDE: what came first is not known, so the stop counts if the bar
    touched it, no target does, and of the bar's prices only the close is taken to lie after the entry.
    """

    OPEN = "open"
    INSIDE = "inside"
    CLOSE = "close"


class ExitKind(StrEnum):
    """What closed a part of the position."""

    STOP = "stop"
    TARGET = "target"
    SCALE_OUT = "scale_out"


class TradeOutcome(StrEnum):
    """How a trade ended. A stop at or beyond breakeven is no loss; OPEN: neither level was reached by the last bar."""

    TARGET = "target"
    STOP_AT_LOSS = "stop_at_loss"
    STOP_AT_BREAKEVEN_OR_BETTER = "stop_at_breakeven_or_better"
    OPEN = "open"


@dataclass(frozen=True, slots=True, eq=False)
class Funding:
    """Funding rates by time: time_ms (n,) ascending, Unix milliseconds; rate_frac (n,), positive where longs pay shorts."""

    time_ms: NDArray[np.int64]
    rate_frac: Float1D

    def __post_init__(self) -> None:
        same_length(time_ms=self.time_ms, rate_frac=as_float_1d("rate_frac", self.rate_frac, 0))
        if (np.diff(self.time_ms) <= 0).any():
            raise QuantError("funding time_ms must ascend strictly", parameter="funding", remedy="sort and remove duplicates")

    def rate_within(self, start_ms: int, end_ms: int) -> float:
        """Sum of the rates at start_ms <= time < end_ms."""
        first, last = np.searchsorted(self.time_ms, (start_ms, end_ms), side="left")
        return float(self.rate_frac[first:last].sum())


@dataclass(frozen=True, slots=True)
class TradeFill:
    """A part closed. index: bar number; price: level or, at a gap, the open, before slippage; fraction: of the initial size.

    at_open: a gap went through the level. profit_r is before costs, cost_r (fee, and slippage of a stop) is >= 0.
    """

    index: int
    kind: ExitKind
    price: float
    fraction: float
    at_open: bool
    profit_r: float
    cost_r: float


@dataclass(frozen=True, slots=True)
class RestingLevels:
    """The levels that rested during bar `index`, decided at the close before it, and the peak known then."""

    index: int
    stop: float
    target: float
    peak: float


@dataclass(frozen=True, slots=True)
class TradeResult:
    """One trade. stop, target: the first ones; r0: |entry - stop|, price units.

    first: "TP", "SL" or None (still open, valued at the last close with the costs of closing there). exit_index: bar of the last
    fill, None when open. r_gross: before costs; costs_r: entry and exits; funding_r: paid (negative: received);
    r_net = r_gross - costs_r - funding_r. ambiguous: bars that spanned the stop and a target with nothing to tell them apart,
    where the stop was taken. levels: what rested during each bar.
    """

    first: str | None
    outcome: TradeOutcome
    exit_index: int | None
    stop: float
    target: float
    r0: float
    fills: tuple[TradeFill, ...]
    r_gross: float
    costs_r: float
    funding_r: float
    r_net: float
    ambiguous: tuple[int, ...]
    levels: tuple[RestingLevels, ...]

    @property
    def gap_fills(self) -> int:
        """How many fills came at an open beyond their level."""
        return sum(fill.at_open for fill in self.fills)


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """The same entry under fixed levels (`static`) and under the product's policy (`dynamic`).

    k_eff, m_eff: multiples of sigma_h of the dynamic first levels. last_index: last bar seen. missing_bars: after the entry.
    """

    side: Side
    entry_index: int
    entry_price: float
    entry_moment: EntryMoment
    k_eff: float
    m_eff: float
    last_index: int
    missing_bars: int
    static: TradeResult
    dynamic: TradeResult
