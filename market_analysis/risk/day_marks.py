"""What is remembered of a trading day. Only today's marks and the last day's are kept."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from market_analysis.domain import DayActivity, DayMarks, Memory, Unknown

BOUNDARY_SECONDS = 120.0
"""An equity read this soon after the reset is the equity at the reset."""


def day_id(day_start: datetime) -> str:
    """The key of the trading day that starts at `day_start`."""
    return day_start.date().isoformat()


def marks_of(memory: Memory, day_start: datetime) -> DayMarks:
    """What is remembered of the day."""
    return memory.days.get(day_id(day_start), DayMarks())


def updated_marks(
    memory: Memory, as_of: datetime, day: DayActivity | Unknown[DayActivity], equity_usd: Decimal, unrealized_usd: Decimal | None
) -> dict[str, DayMarks]:
    """The days to remember: today's flows always, equity and unrealised profit only when read at the boundary, once."""
    days = dict(memory.days)
    if not isinstance(day, Unknown):
        known = marks_of(memory, day.since)
        at_boundary = 0 <= (as_of - day.since).total_seconds() <= BOUNDARY_SECONDS
        days[day_id(day.since)] = DayMarks(
            equity_usd=equity_usd if at_boundary and known.equity_usd is None else known.equity_usd,
            unrealized_usd=unrealized_usd if at_boundary and known.unrealized_usd is None else known.unrealized_usd,
            flows_usd=day.flows_usd,
        )
    return {name: days[name] for name in sorted(days)[-2:]}
