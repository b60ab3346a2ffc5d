"""Everything that was read of one account at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from market_analysis.domain.account import Account
from market_analysis.domain.bars import Bars
from market_analysis.domain.fill import DayActivity, Fill
from market_analysis.domain.instrument import Instrument, InstrumentId
from market_analysis.domain.order import Order
from market_analysis.domain.position import Position, PositionKey
from market_analysis.domain.quote import Quote
from market_analysis.domain.unknown import Unknown


@dataclass(frozen=True, slots=True)
class EntryHistory:
    """The fills that made a position, oldest first, since its slot was last flat.

    complete: the fills add up to the position's quantity from flat. When False the record does not reach back far enough and
    anchors are estimated (flag `anchor_estimated`).
    first_protective_stop: trigger price of the first stop that rested on the loss side of the entry, if the order history
    tells, else None.
    """

    fills: tuple[Fill, ...]
    complete: bool
    first_protective_stop: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One account at `as_of` (market time, UTC), each part either read or `Unknown`.

    positions: open ones only; an empty tuple is a proven flat book. orders: all that can still change exposure.
    instruments, quotes: for every instrument of a position, an order or a holding. usd_rates: USD per unit of each settle
    coin and holding. day: since the account's own reset.
    """

    account_name: str
    venue: str
    as_of: datetime
    account: Account | Unknown[Account]
    positions: tuple[Position, ...] | Unknown[tuple[Position, ...]]
    orders: tuple[Order, ...] | Unknown[tuple[Order, ...]]
    instruments: Mapping[InstrumentId, Instrument | Unknown[Instrument]]
    quotes: Mapping[InstrumentId, Quote | Unknown[Quote]]
    entries: Mapping[PositionKey, EntryHistory | Unknown[EntryHistory]]
    usd_rates: Mapping[str, Decimal | Unknown[Decimal]]
    day: DayActivity | Unknown[DayActivity]
    next_reset: datetime


@dataclass(frozen=True, slots=True)
class History:
    """Closed bars served to the analysis, read-only, ending at the snapshot's own now.

    hourly: 1h bars per instrument (positions, and for each holding its pricing instrument).
    entry_bars: finer bars (5 minutes) that cover the hour of a position's anchoring fill, where they could be read.
    """

    hourly: Mapping[InstrumentId, Bars | Unknown[Bars]]
    entry_bars: Mapping[PositionKey, Bars]
