"""What every venue offers to be read by. Never caches; raises `VenueError`s only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from market_analysis.domain import (
    Account,
    Bars,
    DayActivity,
    Instrument,
    InstrumentId,
    Order,
    Position,
    Quote,
)
from market_analysis.domain.snapshot import EntryHistory
from market_analysis.errors import VenueError


class Venue(Protocol):
    """Reads of one account. Every method either proves its answer or raises a typed `VenueError`; an empty answer is a
    proven empty one (right shape, right account, all pages)."""

    name: str
    account_name: str

    async def account(self) -> Account:
        """Balances, margin, holdings."""
        ...

    async def positions(self) -> Sequence[Position]:
        """All open positions of every settle coin; flat rows are dropped."""
        ...

    async def orders(self) -> Sequence[Order]:
        """Every order that can still change exposure, untriggered ones included."""
        ...

    async def instruments(self, ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Instrument | VenueError]:
        """Contract terms, own fees and risk tiers; a fault per instrument that could not be read."""
        ...

    async def quotes(self, ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Quote | VenueError]:
        """Present prices; a fault per instrument that could not be read."""
        ...

    async def bars(self, instrument: InstrumentId, bar_minutes: int, since_ms: int, now: datetime) -> Bars:
        """Closed bars that opened at or after `since_ms`, all pages, the forming bar dropped (market time `now`)."""
        ...

    async def entry(self, position: Position) -> EntryHistory:
        """The fills that made a position since it was last flat, and its first protective stop."""
        ...

    async def day(self, since: datetime, until: datetime, usd_rates: Mapping[str, Decimal]) -> DayActivity:
        """Realised profit, fees, funding and flows of the transaction log, all pages, every type mapped."""
        ...

    async def usd_rates(self, account: Account, coins: Sequence[str]) -> Mapping[str, Decimal | VenueError]:
        """USD per unit of each coin."""
        ...

    def pricing_instrument(self, coin: str) -> InstrumentId:
        """The instrument whose bars price a holding of `coin`."""
        ...

    async def server_time(self) -> datetime:
        """The venue's clock (wire time)."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
