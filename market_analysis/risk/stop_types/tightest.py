"""The tightest stop that is possible, never looser than the one that stands (laws 6 and 7)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from market_analysis.risk.asset_classes import RISK_MULTIPLIER, AssetClass
from market_analysis.risk.stop_types.average_true_range import AverageTrueRangeStop
from market_analysis.risk.stop_types.breakeven import BreakevenStop
from market_analysis.risk.stop_types.fixed import FixedStop
from market_analysis.risk.stop_types.support_resistance import SupportResistanceStop
from market_analysis.risk.stop_types.time_decay import TimeDecayStop
from market_analysis.risk.stop_types.trailing import TrailingStop
from market_analysis.risk.stop_types.view import StopType, StopView
from market_analysis.risk.stop_types.volatility import VolatilityStop


class Standing(StrEnum):
    """What became of a candidate."""

    CHOSEN = "chosen"
    LOOSER = "looser"
    """possible, but another or the stop that stands is tighter"""
    WAITS = "waits"
    """its condition is not met yet"""
    PASSED = "passed"
    """the price is already there or beyond: it would fill at once, and is not moved in silence"""
    NO_PRICE = "no_price"
    """at or below zero, or not finite"""
    BEYOND_LIQUIDATION = "beyond_liquidation"
    """the venue would liquidate first"""


@dataclass(frozen=True, slots=True)
class StopCandidate:
    """One type's level, and what became of it."""

    name: str
    level: float | None
    standing: Standing


@dataclass(frozen=True, slots=True)
class StopDecision:
    """level: where the stop belongs now; None when none stands and none is possible. moved_by: the type that tightened it, None
    when the stop that stood stays. triggered: the price has reached the stop that stood."""

    level: float | None
    moved_by: str | None
    triggered: bool
    candidates: tuple[StopCandidate, ...]


def all_stop_types(kind: AssetClass = AssetClass.MAJOR) -> tuple[StopType, ...]:
    """Every type with document 004's defaults; the class widens the volatility stop."""
    return (
        FixedStop(),
        TrailingStop(),
        VolatilityStop(class_multiplier=RISK_MULTIPLIER[kind]),
        AverageTrueRangeStop(),
        SupportResistanceStop(),
        BreakevenStop(),
        TimeDecayStop(),
    )


def tightest_stop(view: StopView, types: Sequence[StopType], liquidation: float | None = None) -> StopDecision:
    """The tightest possible level of `types` and `view.stop`. A stop that has been reached stays where it is, `triggered`.

    liquidation: of an isolated position, whose stop must come first.
    """
    triggered = view.stop is not None and view.sign * (view.price - view.stop) <= 0.0
    judged = [_judged(item.name, item.level(view), view, liquidation) for item in types]
    possible = [] if triggered else [item for item in judged if item.standing is Standing.LOOSER]
    best = max(possible, key=lambda item: view.sign * (item.level or 0.0), default=None)
    if best is not None and view.stop is not None and view.sign * ((best.level or 0.0) - view.stop) <= 0.0:
        best = None
    candidates = tuple(StopCandidate(item.name, item.level, Standing.CHOSEN) if item is best else item for item in judged)
    return StopDecision(
        level=view.stop if best is None else best.level,
        moved_by=None if best is None else best.name,
        triggered=triggered,
        candidates=candidates,
    )


def _judged(name: str, level: float | None, view: StopView, liquidation: float | None) -> StopCandidate:
    """LOOSER stands for possible until the tightest is known."""
    if level is None:
        return StopCandidate(name, None, Standing.WAITS)
    if not math.isfinite(level) or level <= 0.0:
        return StopCandidate(name, None, Standing.NO_PRICE)
    if view.sign * (view.price - level) <= 0.0:
        return StopCandidate(name, level, Standing.PASSED)
    if liquidation is not None and view.sign * (level - liquidation) <= 0.0:
        return StopCandidate(name, level, Standing.BEYOND_LIQUIDATION)
    return StopCandidate(name, level, Standing.LOOSER)
