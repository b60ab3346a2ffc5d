"""Factors that only lower the combined size: strength of the signal, class of the asset."""

from __future__ import annotations

from typing import Final

from market_analysis.risk.asset_classes import RISK_MULTIPLIER
from market_analysis.risk.sizing_engine.types import Candidate, Multiplier

SIGNAL_STEPS: Final = ((0.8, 1.0), (0.6, 0.8), (0.4, 0.6), (0.2, 0.4))
"""Document 004's table: a signal of at least so much, and its factor; WEAKEST below."""
WEAKEST: Final = 0.2


def signal_multiplier(signal: float) -> Multiplier:
    """Document 004's step for a signal in 0 .. 1."""
    value = next((factor for bound, factor in SIGNAL_STEPS if signal >= bound), WEAKEST)
    return Multiplier("signal_strength", value, f"signal {signal:.2f}")


def class_multiplier(candidate: Candidate) -> Multiplier:
    """One over document 004's risk multiplier of the class, never above one: a calm class is no reason for more."""
    risk = RISK_MULTIPLIER[candidate.kind]
    return Multiplier("asset_class", min(1.0, 1.0 / risk), f"{candidate.kind.value}, risk multiplier {risk:g}")


def multipliers(candidate: Candidate) -> tuple[Multiplier, ...]:
    """All of them."""
    return (signal_multiplier(candidate.signal), class_multiplier(candidate))
