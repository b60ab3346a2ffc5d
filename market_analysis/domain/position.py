"""Open positions and who they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from market_analysis.domain.account import MarginMode
from market_analysis.domain.instrument import InstrumentId


class Side(StrEnum):
    """Direction of a position."""

    LONG = "long"
    SHORT = "short"

    @property
    def sign(self) -> int:
        """+1 for long, -1 for short."""
        return 1 if self is Side.LONG else -1


@dataclass(frozen=True, slots=True, order=True)
class PositionKey:
    """Identity of a position slot: account, instrument and position index (0 one-way, 1 hedge long, 2 hedge short).

    Which position lives in the slot is told by the fills since it was last flat (ruling 8).
    """

    account: str
    instrument: InstrumentId
    position_index: int = 0

    def __str__(self) -> str:
        suffix = f"#{self.position_index}" if self.position_index else ""
        return f"{self.account}/{self.instrument.symbol}{suffix}"


@dataclass(frozen=True, slots=True)
class Position:
    """One open position.

    quantity: > 0, in contracts (linear: base units; inverse: USD). notional: at mark, in the quote currency, > 0.
    unrealized_pnl, realized_pnl, initial_margin, maintenance_margin: in the settle coin.
    liquidation_price: an estimate under cross margin (ruling 13), None when the venue gives none.
    adl_rank: 1 (last in the queue) .. 5 (first), None unknown.
    """

    key: PositionKey
    side: Side
    quantity: Decimal
    entry_price: Decimal
    mark_price: Decimal
    notional: Decimal
    leverage: Decimal | None
    margin_mode: MarginMode
    liquidation_price: Decimal | None
    unrealized_pnl: Decimal
    realized_pnl: Decimal
    initial_margin: Decimal | None
    maintenance_margin: Decimal | None
    adl_rank: int | None
    updated_at: datetime

    @property
    def instrument(self) -> InstrumentId:
        """What is held."""
        return self.key.instrument
