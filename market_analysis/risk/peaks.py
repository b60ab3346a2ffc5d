"""The equity's high-water mark net of flows: it cannot be rebuilt, so it is remembered, and unknown until it was seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from market_analysis.domain import DayActivity, Memory, Unknown
from market_analysis.risk.day_marks import marks_of


@dataclass(frozen=True, slots=True)
class Peak:
    """peak_usd, at: what to remember. drawdown_frac: 1 - equity / peak, None when no peak was remembered or it is not positive."""

    peak_usd: Decimal | None
    at: datetime | None
    drawdown_frac: float | None


def equity_peak(memory: Memory, as_of: datetime, equity_usd: Decimal, day: DayActivity | Unknown[DayActivity]) -> Peak:
    """The peak after this look, in today's dollars.

    The remembered peak is raised by every deposit and lowered by every withdrawal since it was last expressed, so that money
    moved is neither profit nor loss. Flows between the last look of a day and its end, when nobody looked, are not known and
    stay in. With the day's log unread the remembered peak is left as it is and nothing is said of the drawdown.
    """
    if isinstance(day, Unknown):
        return Peak(memory.equity_peak_usd, memory.equity_peak_at, None)
    if memory.equity_peak_usd is None or memory.equity_peak_at is None:
        return Peak(equity_usd, as_of, None)
    already = marks_of(memory, day.since).flows_usd or Decimal(0)
    peak = memory.equity_peak_usd + day.flows_usd - already
    if equity_usd >= peak:
        return Peak(equity_usd, as_of, 0.0)
    return Peak(peak, memory.equity_peak_at, float(1 - equity_usd / peak) if peak > 0 else None)
