"""The present prices of an instrument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from market_analysis.domain.instrument import InstrumentId


@dataclass(frozen=True, slots=True)
class Quote:
    """Prices now. Spot has no mark, index or funding. funding_rate_frac: per funding interval, longs pay when positive."""

    instrument: InstrumentId
    last: Decimal
    bid: Decimal | None
    ask: Decimal | None
    mark: Decimal | None
    index: Decimal | None
    funding_rate_frac: Decimal | None
    next_funding_at: datetime | None
    turnover_24h_usd: Decimal | None
    time: datetime

    @property
    def reference(self) -> Decimal:
        """The price for valuation: mark where there is one, else last (spot)."""
        return self.last if self.mark is None else self.mark
