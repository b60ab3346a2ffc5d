"""What the analysis remembers between loops: a cache of what fills and bars can rebuild (ruling 8), plus equity peaks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from market_analysis.domain.position import PositionKey


@dataclass(frozen=True, slots=True)
class PositionMemory:
    """Ratchets of one position. Prices are floats in the quote currency; `through_ms` is the last closed bar taken in.

    anchor_id: identifies the anchoring fills; when the snapshot's anchor differs this memory is discarded (a scale-in keeps
    `stop` and re-anchors the rest). r0: first risk per unit, > 0. r0_source: `first_protective_stop` | `planned_stop`.
    stop: the planned stop, tightening only. target: receding never; None when passed. peak: best price since entry.
    target_reachable: whether some multiple met both conditions of the choice (else m_eff is the base). base_k: the tightest k that
    leverage has given this position, None in memories older than the field.
    """

    anchor_id: str
    entry: float
    anchor_time: datetime
    anchor_estimated: bool
    r0: float
    r0_source: str
    stop: float
    target: float | None
    m_eff: float
    peak: float
    through_ms: int
    target_reachable: bool = True
    base_k: float | None = None


@dataclass(frozen=True, slots=True)
class DayMarks:
    """Marks of one trading day in USD, None where nobody was there to read them.

    equity_usd and unrealized_usd: at the day's start. flows_usd: deposits less withdrawals seen so far that day.
    """

    equity_usd: Decimal | None = None
    unrealized_usd: Decimal | None = None
    flows_usd: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """Everything remembered of one account.

    equity_peak_usd: high-water mark net of flows; cannot be rebuilt: None is UNKNOWN until one loop has seen equity.
    days maps a trading-day id (ISO date of its start in UTC) to its marks; only the last two are kept.
    """

    positions: Mapping[PositionKey, PositionMemory] = field(default_factory=dict)
    equity_peak_usd: Decimal | None = None
    equity_peak_at: datetime | None = None
    days: Mapping[str, DayMarks] = field(default_factory=dict)
