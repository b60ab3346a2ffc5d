"""The planned stop and target over the life of a position: one pure step per closed bar (rulings 2 and 8).

A stop only tightens and a target never recedes: both hold by construction, `tighter` and `nearer` are the only ways to move one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime

from market_analysis.domain import PositionMemory, from_milliseconds
from market_analysis.risk.anchor import AnchorEvent
from market_analysis.risk.multiples import effective_k, least_stop_distance_frac
from market_analysis.settings import StopsSettings

LATE_AFTER_R = 2.0
"""Peak excursion in R from which the trail is at its late multiple (document 003)."""
FARTHEST_LOG = 20.0
"""No level is farther than this from entry, in logs: a sigma of a collapse would overflow, and nothing trades there."""
FIRST_PROTECTIVE_STOP, PLANNED_STOP = "first_protective_stop", "planned_stop"


@dataclass(frozen=True, slots=True)
class RatchetRules:
    """What moves the levels. sign +1 long, -1 short; base_k: stop distance in horizon sigmas; fees and slippage as fractions.

    first_stop: trigger of the first protective stop in the order history, None when there is none.
    """

    sign: int
    base_k: float
    taker_fee_frac: float
    slippage_frac: float
    stops: StopsSettings
    first_stop: float | None = None

    def tighter(self, one: float, other: float) -> float:
        """Of two stops the one nearer to profit."""
        return max(one, other) if self.sign > 0 else min(one, other)

    def nearer(self, one: float, other: float) -> float:
        """Of two targets the one nearer to the entry."""
        return min(one, other) if self.sign > 0 else max(one, other)

    def better(self, one: float, other: float) -> float:
        """Of two prices the one that is worth more to the position."""
        return self.tighter(one, other)

    def breakeven(self, entry: float) -> float:
        """E * (1 + sign * 2 * fee): where a stop gives entry and both fees back."""
        return entry * (1.0 + self.sign * 2.0 * self.taker_fee_frac)

    def k_eff(self, entry: float, sigma_h: float, atr: float) -> float | None:
        """The multiple of sigma_h at which the planned stop lies; None if no price is far enough."""
        least = least_stop_distance_frac(atr / entry, self.taker_fee_frac, self.slippage_frac, self.stops)
        return effective_k(self.base_k, sigma_h, least, self.sign)

    def planned_stop(self, entry: float, sigma_h: float, atr: float) -> float | None:
        """SL0 = E * exp(-sign * k_eff * sigma_h), always above zero; None if no price is far enough."""
        k_eff = self.k_eff(entry, sigma_h, atr)
        return None if k_eff is None else entry * math.exp(-self.sign * min(k_eff * sigma_h, FARTHEST_LOG))

    def target(self, entry: float, m_eff: float, sigma_h: float) -> float:
        """E * exp(sign * m_eff * sigma_h)."""
        return entry * math.exp(self.sign * min(m_eff * sigma_h, FARTHEST_LOG))

    def reached_r(self, entry: float, r0: float, peak: float) -> float:
        """The peak's favourable excursion in R."""
        return self.sign * (peak - entry) / r0

    def trailed_stop(self, entry: float, r0: float, peak: float, atr: float) -> float | None:
        """The tighter of breakeven and the chandelier stop, peak - sign * mu * ATR; None before breakeven_after_R.

        mu falls linearly in the peak's R from atr_trail_mult_initial (at breakeven_after_R) to atr_trail_mult_late (at 2 R).
        """
        reached = self.reached_r(entry, r0, peak)
        start = self.stops.breakeven_after_R
        if reached < start:
            return None
        span = LATE_AFTER_R - start
        lateness = min((reached - start) / span, 1.0) if span > 0.0 else 1.0
        first, late = self.stops.atr_trail_mult_initial, self.stops.atr_trail_mult_late
        return self.tighter(self.breakeven(entry), peak - self.sign * (first + (late - first) * lateness) * atr)

    def protective_risk(self, entry: float) -> float | None:
        """|E - first protective stop|, None without one on the loss side of E."""
        if self.first_stop is None or self.first_stop <= 0.0 or self.sign * (entry - self.first_stop) <= 0.0:
            return None
        return abs(entry - self.first_stop)

    def initial_risk(self, entry: float, stop: float, fresh: float) -> tuple[float, str]:
        """R0 and its source: from the first protective stop on the loss side of E, else from the planned stop.

        After a scale-in the planned stop is the kept one, unless that lies beyond the new E or within a tenth of the fresh plan's
        distance of it (a unit of almost nothing): then the fresh plan's.
        """
        protective = self.protective_risk(entry)
        if protective is not None:
            return protective, FIRST_PROTECTIVE_STOP
        kept = self.sign * (entry - stop)
        planned = abs(entry - fresh)
        return (kept if kept >= 0.1 * planned else planned), PLANNED_STOP


@dataclass(frozen=True, slots=True)
class BarFacts:
    """What one closed hourly bar teaches. best: best price for the position that is known to lie after the anchor, None if none is;
    atr, sigma_h: as of its close, using closed bars only. open_ms: its open time."""

    open_ms: int
    best: float | None
    atr: float
    sigma_h: float


def start(
    event: AnchorEvent,
    stop: float,
    rules: RatchetRules,
    sigma_h: float,
    m_eff: float,
    through_ms: int,
    *,
    target_reachable: bool = True,
) -> PositionMemory:
    """The state right after the first fill, with its planned stop; sigma_h as of the last bar closed before it."""
    r0, source = rules.initial_risk(event.entry, stop, stop)
    return PositionMemory(
        anchor_id=event.anchor_id,
        entry=event.entry,
        anchor_time=_moment(event),
        anchor_estimated=False,
        r0=r0,
        r0_source=source,
        stop=stop,
        target=rules.target(event.entry, m_eff, sigma_h),
        m_eff=m_eff,
        peak=event.price,
        through_ms=through_ms,
        target_reachable=target_reachable,
        base_k=rules.base_k,
    )


def re_anchor(state: PositionMemory, event: AnchorEvent, rules: RatchetRules, sigma_h: float, atr: float) -> PositionMemory:
    """After a scale-in: E, R0 and the peak anew, the stop kept, the target nearer at most; m_eff stays as first chosen."""
    fresh = rules.planned_stop(event.entry, sigma_h, atr)
    r0, source = rules.initial_risk(event.entry, state.stop, state.stop if fresh is None else fresh)
    target = rules.target(event.entry, state.m_eff, sigma_h)
    return replace(
        state,
        anchor_id=event.anchor_id,
        entry=event.entry,
        anchor_time=_moment(event),
        r0=r0,
        r0_source=source,
        target=target if state.target is None else rules.nearer(state.target, target),
        peak=event.price,
    )


def advance(state: PositionMemory, bar: BarFacts, rules: RatchetRules) -> PositionMemory:
    """The state after one more closed bar."""
    peak = state.peak if bar.best is None else rules.better(state.peak, bar.best)
    trailed = rules.trailed_stop(state.entry, state.r0, peak, bar.atr)
    target = rules.target(state.entry, state.m_eff, bar.sigma_h)
    return replace(
        state,
        peak=peak,
        stop=state.stop if trailed is None else rules.tighter(state.stop, trailed),
        target=target if state.target is None else rules.nearer(state.target, target),
        through_ms=bar.open_ms,
    )


def _moment(event: AnchorEvent) -> datetime:
    return from_milliseconds(event.time_ms)
