"""The multiples k and m of the horizon sigma: document 003's leverage table and nothing else (ruling 6)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

from market_analysis.settings import StopsSettings

VOLATILITY_ADJUSTMENT = 1.0
"""Kept for compatibility: multiplying k by volatility counts it twice (ruling 6)."""
CONFIDENCE_ADJUSTMENT = 1.0


@dataclass(frozen=True, slots=True)
class Multiples:
    """k: stop distance, m: target distance, in horizon sigmas (log prices)."""

    k: float
    m: float


def base_multiples(leverage: Decimal | None, settings: StopsSettings) -> Multiples:
    """Table by leverage: >= 20, >= 15, >= 10, lower. Unknown leverage (portfolio margin) reads the last row."""
    known = Decimal(0) if leverage is None else leverage
    if known >= 20:
        return Multiples(settings.k_sl_lev20, settings.m_tp_lev20)
    if known >= 15:
        return Multiples(settings.k_sl_lev15, settings.m_tp_lev15)
    if known >= 10:
        return Multiples(settings.k_sl_lev10, settings.m_tp_lev10)
    return Multiples(settings.k_sl_low, settings.m_tp_low)


def least_stop_distance_frac(atr_frac: float, taker_fee_frac: float, slippage_frac: float, settings: StopsSettings) -> float:
    """The nearest a planned stop may be, fraction of price: max(a * ATR, c * (spread + fees)).

    The spread is taken as twice the configured slippage, a figure that is the same when an anchor is rebuilt later.
    """
    round_trip_frac = 2.0 * (taker_fee_frac + slippage_frac)
    return max(settings.min_stop_atr_multiple * atr_frac, settings.min_stop_cost_multiple * round_trip_frac)


def effective_k(base_k: float, sigma_h: float, least_distance_frac: float, sign: int) -> float | None:
    """base_k, raised until E * exp(-sign * k * sigma_h) is at least `least_distance_frac` of E away; None if no price is.

    sigma_h > 0 and the distance are fractions.
    """
    if sign > 0 and least_distance_frac >= 1.0:
        return None
    least_log = -sign * math.log1p(-sign * least_distance_frac)
    return max(base_k, least_log / sigma_h)
