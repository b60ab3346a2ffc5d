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


@dataclass(frozen=True, slots=True)
class Memory:
    """Everything remembered of one account.

    equity_peak_usd: high-water mark net of flows; cannot be rebuilt: None is UNKNOWN until one loop has seen equity.
    day_equity_usd maps a trading-day id (ISO date) to the equity recorded at its start. flow_total_usd: flows already netted
    from the peak since `flows_since`. reported: codes of findings already announced (`code|subject`).
    """

    positions: Mapping[PositionKey, PositionMemory] = field(default_factory=dict)
    equity_peak_usd: Decimal | None = None
    equity_peak_at: datetime | None = None
    day_equity_usd: Mapping[str, Decimal] = field(default_factory=dict)
    reported: frozenset[str] = frozenset()
