"""What the analysis of one position hands to the book."""

from __future__ import annotations

from dataclasses import dataclass

from market_analysis.domain import PositionMemory
from market_analysis.risk.types import PositionReport


@dataclass(frozen=True, slots=True)
class PositionResult:
    """One analysed position.

    memory: what to remember, None when there is no anchor (the position could not be modelled and never was).
    sigma_day: standard deviation of the log return over 24 hours, fraction; None when not modelled.
    can_lose_usd: from the mark, positive, as in `report.protection` but unrounded; None when no USD rate is known. For unreadable
    orders it is the worst case (nothing rests) and `report.protection.state` is UNKNOWN.
    planned_risk_usd, planned_reward_usd: of the planned size at the planned levels, before the book's caps; None without a plan.
    """

    report: PositionReport
    memory: PositionMemory | None
    sigma_day: float | None
    can_lose_usd: float | None
    planned_risk_usd: float | None
    planned_reward_usd: float | None
