"""One entry, what each model said of it and what came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from market_analysis.domain import Side
from market_analysis.risk.backtest_types import TradeOutcome

__all__ = [
    "BROWNIAN",
    "FOLLOWED",
    "OUTCOMES",
    "POLICY",
    "PRINTED",
    "SIMULATED",
    "STATIC",
    "STATIC_STOP",
    "OddsCase",
    "Probabilities",
]

OUTCOMES = (
    TradeOutcome.TARGET,
    TradeOutcome.STOP_AT_LOSS,
    TradeOutcome.STOP_AT_BREAKEVEN_OR_BETTER,
    TradeOutcome.OPEN,
)
"""The order of probabilities everywhere in this folder."""

POLICY, FOLLOWED, STATIC = "policy", "policy_followed", "static_24h"
"""What was entered. policy: the product's levels with ATR and target held at the entry's, the event that p is of. policy_followed:
the same entries and probabilities, with trail and target moved at each close as the product moves them. static_24h: 3 ATR(14, 1h)
against 6, neither moved, within 24 hours."""

PRINTED, SIMULATED, STATIC_STOP, BROWNIAN = "printed", "simulated", "static_stop", "brownian_garch"
"""Who says it. printed: the product. simulated: the same without its past windows, not recalibrated. static_stop: Brownian motion
between levels that never move, variance as the product forecasts it (its check and fallback). brownian_garch: the same with the
variance of GARCH(1,1)-normal on 1,000 returns."""

Probabilities = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class OddsCase:
    """origin_ms: when the last bar seen closed, Unix milliseconds; price: its close, the entry. stop, target: prices as printed.
    m: target multiple of sigma_H (NaN for static levels). said: by model, in the order of OUTCOMES. outcome: its column."""

    kind: str
    symbol: str
    origin_ms: int
    side: Side
    horizon_hours: int
    price: float
    stop: float
    target: float
    m: float
    said: Mapping[str, Probabilities]
    outcome: int
