"""What the day's limit leaves, and what it leaves if all stops fill."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from market_analysis.domain import Finding, Severity
from market_analysis.risk.valuation import rounded


@dataclass(frozen=True, slots=True)
class Room:
    """limit_usd: daily_loss_limit_frac of equity at the reset. left_usd: limit plus the day's profit. room_usd: left less the loss
    if all stops fill. Each None where it is unset or cannot be told."""

    limit_usd: Decimal | None
    left_usd: Decimal | None
    room_usd: Decimal | None


def room(
    limit_frac: float | None, equity_at_reset_usd: Decimal | None, day_pnl_usd: Decimal | None, loss_usd: Decimal | None
) -> Room:
    """ROOM, USD. The day's profit is net of flows and may be positive: a winning day leaves more."""
    if limit_frac is None or equity_at_reset_usd is None:
        return Room(None, None, None)
    limit = rounded(equity_at_reset_usd * Decimal(str(limit_frac)))
    left = None if day_pnl_usd is None else limit + day_pnl_usd
    return Room(limit, left, None if left is None or loss_usd is None else left - loss_usd)


def room_finding(figures: Room) -> Finding | None:
    """WARNING below zero (ruling 37)."""
    if figures.room_usd is None or figures.room_usd >= 0:
        return None
    return Finding(
        code="room_negative",
        severity=Severity.WARNING,
        subject="book",
        message=f"if all stops fill the day's limit is passed by {-figures.room_usd:,.0f} USD",
        rule="day left - loss if all stops fill >= 0",
        inputs={"day_left_usd": str(figures.left_usd), "limit_usd": str(figures.limit_usd)},
        threshold="0",
        action="tighten stops or reduce",
    )
