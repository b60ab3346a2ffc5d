"""Document 004's risk factors, 0 to 10, and the confidence made of them; above a threshold of their mean nothing is sized.

    volatility     10 * sigma_day / .1           liquidity  10 - turnover_24h / low_liquidity_usd
    asset_class    2 * the class's multiplier    signal     5 * (1 - strength)
    time           3 before 6 and from 23 h UTC on, else 1
    concentration  10 * what is held of the asset over equity

each between 0 and 10; confidence = max(.1, 1 - weighted mean / 10). The weights are the document's; none of this is measured. What
is not known has no value and no weight.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from market_analysis.risk.asset_classes import RISK_MULTIPLIER, asset_class
from market_analysis.risk.sizing_engine.multipliers import DAY_HOURS
from market_analysis.risk.sizing_engine.types import Refusal, RiskFactor, SizingRequest
from market_analysis.settings import SizingSettings

LARGEST = 10.0
FULL_SIGMA = 0.1
LEAST_CONFIDENCE = 0.1


def risk_factors(
    request: SizingRequest, equity_usd: Decimal, held_usd: Decimal | None, settings: SizingSettings
) -> tuple[RiskFactor, ...]:
    """The six factors, before the trade."""
    sigma, turnover, kind = request.sigma_day, request.turnover_24h_usd, asset_class(request.asset)
    liquid = None if turnover is None else LARGEST - float(turnover) / settings.low_liquidity_usd
    share = None if held_usd is None else float(abs(held_usd) / equity_usd)
    return (
        _factor("volatility", None if sigma is None else LARGEST * sigma / FULL_SIGMA, 0.25, f"sigma of a day {sigma}"),
        _factor("liquidity", liquid, 0.20, f"turnover in 24 h {turnover}"),
        _factor("asset_class", 2.0 * RISK_MULTIPLIER[kind], 0.15, kind.value),
        _factor("signal", 5.0 * (1.0 - request.signal), 0.20, f"strength {request.signal:g}"),
        _factor("time", 1.0 if request.hour_utc in DAY_HOURS else 3.0, 0.10, f"{request.hour_utc:02d}h UTC"),
        _factor("concentration", None if share is None else LARGEST * share, 0.10, f"held over equity {share}"),
    )


def confidence(factors: Sequence[RiskFactor]) -> float:
    """1 - weighted mean of the known factors / 10, at least .1; the class and the signal are always known."""
    known = [(factor.weight, factor.value) for factor in factors if factor.value is not None]
    mean = sum(weight * value for weight, value in known) / sum(weight for weight, _ in known)
    return max(LEAST_CONFIDENCE, 1.0 - mean / LARGEST)


def too_risky(factors: Sequence[RiskFactor], settings: SizingSettings) -> Refusal | None:
    """The plain mean of the known factors against risk_score_threshold."""
    values = [factor.value for factor in factors if factor.value is not None]
    mean = sum(values) / len(values)
    if mean <= settings.risk_score_threshold:
        return None
    return Refusal(
        "risk_factors_too_high", f"the mean risk factor is {mean:.2f}, risk_score_threshold is {settings.risk_score_threshold:g}"
    )


def _factor(name: str, value: float | None, weight: float, basis: str) -> RiskFactor:
    return RiskFactor(name, None if value is None else min(max(value, 0.0), LARGEST), weight, basis)
