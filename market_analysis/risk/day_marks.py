"""What is remembered of a trading day, in the one mapping that `Memory` has for it.

Keys: `DATE` equity at the day's start, `DATE/unrealized` unrealised profit then, `DATE/flows` flows seen so far that day; DATE
is the UTC date of the day's start. Only today's and the last day's are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from market_analysis.domain import DayActivity, Memory, Unknown

BOUNDARY_SECONDS = 120.0
"""An equity read this soon after the reset is the equity at the reset."""


@dataclass(frozen=True, slots=True)
class DayMarks:
    """Marks of one trading day, None where nobody was there to read them."""

    equity_usd: Decimal | None
    unrealized_usd: Decimal | None
    flows_usd: Decimal | None


def day_id(day_start: datetime) -> str:
    """The key of the trading day that starts at `day_start`."""
    return day_start.date().isoformat()


def marks_of(memory: Memory, day_start: datetime) -> DayMarks:
    """What is remembered of the day."""
    name, known = day_id(day_start), memory.day_equity_usd
    return DayMarks(known.get(name), known.get(f"{name}/unrealized"), known.get(f"{name}/flows"))


def updated_marks(
    memory: Memory, as_of: datetime, day: DayActivity | Unknown[DayActivity], equity_usd: Decimal, unrealized_usd: Decimal | None
) -> dict[str, Decimal]:
    """The mapping to remember: today's flows always, equity and unrealised profit only when read at the boundary."""
    known = dict(memory.day_equity_usd)
    if not isinstance(day, Unknown):
        name = day_id(day.since)
        known[f"{name}/flows"] = day.flows_usd
        if 0 <= (as_of - day.since).total_seconds() <= BOUNDARY_SECONDS:
            known.setdefault(name, equity_usd)
            if unrealized_usd is not None:
                known.setdefault(f"{name}/unrealized", unrealized_usd)
    kept = sorted({key[:10] for key in known})[-2:]
    return {key: value for key, value in sorted(known.items()) if key[:10] in kept}
