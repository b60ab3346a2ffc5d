"""The limit of the whole book's planned risk, lowered by the day's loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from market_analysis.settings import DrawdownStep, PortfolioSettings


@dataclass(frozen=True, slots=True)
class RiskCap:
    """multiplier: product of the drawdown steps reached. cap_frac of equity and cap_usd: limit of the planned risk."""

    multiplier: float
    cap_frac: float
    cap_usd: float


def drawdown_multiplier(day_pnl_frac: float, steps: Sequence[DrawdownStep]) -> float:
    """Product of the multipliers of every step reached (day_pnl_frac <= pnl_frac: reaching a money limit counts)."""
    multiplier = 1.0
    for step in steps:
        if day_pnl_frac <= step.pnl_frac:
            multiplier *= step.multiplier
    return multiplier


def risk_cap(equity_usd: Decimal, day_pnl_usd: Decimal | None, settings: PortfolioSettings) -> RiskCap:
    """max(max_portfolio_risk_frac * multiplier, min_portfolio_risk_frac) of equity (> 0).

    The day's profit is net of flows, over present equity. Unknown (None): not throttled, for an assumed loss must not advise a cut;
    the verdict is UNKNOWN then.
    """
    frac = 0.0 if day_pnl_usd is None else min(0.0, float(day_pnl_usd / equity_usd))
    multiplier = drawdown_multiplier(frac, settings.drawdown_multipliers)
    cap_frac = max(settings.max_portfolio_risk_frac * multiplier, settings.min_portfolio_risk_frac)
    return RiskCap(multiplier, cap_frac, cap_frac * float(equity_usd))


def portfolio_scale(planned_usd: Sequence[float], cap_usd: float) -> float:
    """Factor in [0, 1] that brings the plain sum of planned risks (each >= 0) to the cap."""
    total = float(sum(planned_usd))
    return 1.0 if total <= cap_usd else max(cap_usd, 0.0) / total
