"""What the ledger asks of a market: instruments and prices. `simulated.market.Market` is one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol

from market_analysis.venues.simulated.catalogue import Category, InstrumentSpec
from market_analysis.venues.simulated.market.rows import BarRows, MinuteRows


class MarketData(Protocol):
    """Instruments and their prices, a pure function of time.

    Prices move in minutes: within one they rest at its opening price.
    """

    @property
    def specs(self) -> Mapping[tuple[str, str], InstrumentSpec]:
        """Instruments by (category, symbol)."""
        ...

    def last_price(self, category: Category, symbol: str, at: datetime) -> Decimal:
        """Last traded price at `at`."""
        ...

    def mark_price(self, category: Category, symbol: str, at: datetime) -> Decimal:
        """Mark price at `at`."""
        ...

    def index_price(self, category: Category, symbol: str, at: datetime) -> Decimal:
        """Index price at `at`."""
        ...

    def best_bid_ask(self, category: Category, symbol: str, at: datetime) -> tuple[Decimal, Decimal]:
        """Best bid and ask at `at`."""
        ...

    def minutes(self, category: Category, symbol: str, from_ms: int, to_ms: int) -> MinuteRows:
        """Minute bars of last and mark opening in [from_ms, to_ms)."""
        ...

    def bars(
        self,
        category: Category,
        symbol: str,
        interval_minutes: Literal[1],
        start_ms: int,
        end_ms: int,
        now_ms: int,
        kind: Literal["index"],
    ) -> BarRows:
        """Minute bars of the index opening in [start_ms, end_ms]."""
        ...

    def funding_rate(self, category: Category, symbol: str, funding_time_ms: int) -> Decimal:
        """The rate settled at a funding time; positive: longs pay shorts."""
        ...
