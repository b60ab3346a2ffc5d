"""Factors on the combined size: the strength of the signal, the kind of asset, the hour. None is above one."""

from __future__ import annotations

from decimal import Decimal

from market_analysis.risk.asset_classes import RISK_MULTIPLIER, asset_class
from market_analysis.risk.sizing_engine.types import Multiplier, SizingRequest, cents, exact
from market_analysis.settings import SizingSettings

SIGNAL_STEPS = ((0.8, 1.0), (0.6, 0.8), (0.4, 0.6), (0.2, 0.4), (0.0, 0.2))
"""Document 004's: from this strength on, this factor."""
DAY_HOURS = range(6, 23)
"""Hours (UTC) that count as the market's day; crypto trades all night."""


def signal_multiplier(signal: float) -> float:
    """The step that a strength in [0, 1] reaches."""
    return next(factor for least, factor in SIGNAL_STEPS if signal >= least)


def class_multiplier(asset: str) -> float:
    """1 over the risk multiplier of the asset's class, at most 1: a riskier kind is smaller, a safer one is not larger."""
    return min(1.0, 1.0 / RISK_MULTIPLIER[asset_class(asset)])


def hour_multiplier(hour_utc: int, settings: SizingSettings) -> float:
    """off_hours_multiplier outside `DAY_HOURS`."""
    return 1.0 if hour_utc in DAY_HOURS else settings.off_hours_multiplier


def multiply(size_usd: Decimal, request: SizingRequest, settings: SizingSettings) -> tuple[Decimal, tuple[Multiplier, ...]]:
    """The size after all factors, and each with what it took away."""
    kind = asset_class(request.asset)
    factors = (
        ("signal", signal_multiplier(request.signal), f"strength {request.signal:g}"),
        ("asset_class", class_multiplier(request.asset), f"{request.asset} is {kind.value}, risk x {RISK_MULTIPLIER[kind]:g}"),
        ("hours", hour_multiplier(request.hour_utc, settings), f"{request.hour_utc:02d}h UTC"),
    )
    applied = []
    for name, value, basis in factors:
        after = cents(size_usd * exact(value))
        applied.append(Multiplier(name, value, after - size_usd, basis))
        size_usd = after
    return size_usd, tuple(applied)
