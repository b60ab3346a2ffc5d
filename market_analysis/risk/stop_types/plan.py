"""Document 004's configuration of one stop, in fractions, as the rules that it means."""

from __future__ import annotations

from dataclasses import dataclass

from market_analysis.errors import UsageError
from market_analysis.risk.stop_types.average_range import AverageRangeStop
from market_analysis.risk.stop_types.breakeven import BreakevenStop
from market_analysis.risk.stop_types.fixed import FixedStop
from market_analysis.risk.stop_types.support_resistance import SupportResistanceStop
from market_analysis.risk.stop_types.time_decay import TimeDecayStop
from market_analysis.risk.stop_types.trailing import TrailingStop
from market_analysis.risk.stop_types.types import StopRule
from market_analysis.risk.stop_types.volatility import VolatilityStop

STOP_TYPES = (
    FixedStop.name,
    TrailingStop.name,
    VolatilityStop.name,
    AverageRangeStop.name,
    SupportResistanceStop.name,
)


@dataclass(frozen=True, slots=True)
class StopPlan:
    """stop_type: one of STOP_TYPES. initial_stop_frac: the largest loss, there from the start whatever the type; the type's level
    counts where it is tighter. multiple: of sigma or ATR. class_multiplier: of the asset's class. breakeven_protection and
    time_decay_enabled: those rules beside it."""

    stop_type: str
    initial_stop_frac: float
    trailing_distance_frac: float = 0.03
    min_profit_frac: float = 0.01
    multiple: float = 2.0
    class_multiplier: float = 1.0
    buffer_frac: float = 0.005
    breakeven_protection: bool = True
    time_decay_enabled: bool = False


def rules_of(plan: StopPlan) -> tuple[StopRule, ...]:
    """The fixed stop, the type's own rule, and those switched on. UsageError on an unknown type or a parameter out of bounds."""
    rules: list[StopRule] = [FixedStop(plan.initial_stop_frac)]
    if plan.stop_type == TrailingStop.name:
        rules.append(TrailingStop(plan.trailing_distance_frac, plan.min_profit_frac))
    elif plan.stop_type == VolatilityStop.name:
        rules.append(VolatilityStop(plan.multiple, plan.class_multiplier))
    elif plan.stop_type == AverageRangeStop.name:
        rules.append(AverageRangeStop(plan.multiple))
    elif plan.stop_type == SupportResistanceStop.name:
        rules.append(SupportResistanceStop(plan.buffer_frac))
    elif plan.stop_type != FixedStop.name:
        raise UsageError(f"stop_type is {plan.stop_type!r}", remedy=f"one of {', '.join(STOP_TYPES)}")
    if plan.breakeven_protection:
        rules.append(BreakevenStop())
    if plan.time_decay_enabled:
        rules.append(TimeDecayStop())
    return tuple(rules)
