"""Reads one account whole: everything that can fail fails by itself, and nothing that failed looks empty."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from market_analysis.desk.reading import Reader
from market_analysis.domain import (
    STABLE_COINS,
    Account,
    Clock,
    DayActivity,
    EntryHistory,
    Instrument,
    InstrumentId,
    Order,
    Position,
    PositionKey,
    Read,
    Snapshot,
    Unknown,
    trading_day,
)
from market_analysis.errors import AuthenticationError
from market_analysis.settings import AccountSettings
from market_analysis.venues.protocol import Venue

_TERMS_TTL_SECONDS = 3600.0
"""Contract terms, own fees and risk tiers change rarely; Bybit announces changes days before."""


class SnapshotBuilder:
    """Builds the snapshots of one account, keeping the last one to fall back on and what need not be asked twice.

    Contract terms are asked again after an hour, entry fills when the position's size or entry price changed.
    """

    def __init__(self, venue: Venue, clock: Clock, account: AccountSettings) -> None:
        self._venue = venue
        self._clock = clock
        self._account = account
        self._last: Snapshot | None = None
        self._terms: dict[InstrumentId, tuple[datetime, Instrument]] = {}
        self._entries: dict[tuple[PositionKey, Decimal, Decimal], EntryHistory] = {}

    async def build(self, also: Sequence[InstrumentId] = ()) -> Snapshot:
        """One look at the account, at the market clock's now. also: instruments to read beside those that it holds.

        Raises:
            AuthenticationError: at the first look the venue refused the key for every part: there is nothing to report on. A key
                that dies later leaves Unknown parts, beside what was last known.
        """
        last = self._last
        reader = Reader(self._clock.now(), None if last is None else last.as_of)
        async with asyncio.TaskGroup() as group:
            account_task = group.create_task(reader.one(self._venue.account(), last.account if last else None))
            positions_task = group.create_task(reader.many(self._venue.positions(), last.positions if last else None))
            orders_task = group.create_task(reader.many(self._venue.orders(), last.orders if last else None))
        account: Read[Account] = account_task.result()
        positions: Read[tuple[Position, ...]] = positions_task.result()
        orders: Read[tuple[Order, ...]] = orders_task.result()
        if last is None:
            _refuse_dead_key(account, positions, orders)
        ids = self._instrument_ids(account, positions, orders, also)
        async with asyncio.TaskGroup() as group:
            instruments_task = group.create_task(self._instruments(reader, ids))
            quotes_task = group.create_task(reader.each(ids, self._venue.quotes(ids), last.quotes if last else {}))
            entries_task = group.create_task(self._entry_histories(reader, positions))
        instruments = instruments_task.result()
        rates = await self._rates(reader, account, instruments)
        today = trading_day(reader.now, ZoneInfo(self._account.reset_zone), self._account.reset_time)
        self._last = Snapshot(
            account_name=self._venue.account_name,
            venue=self._venue.name,
            as_of=reader.now,
            account=account,
            positions=positions,
            orders=orders,
            instruments=instruments,
            quotes=quotes_task.result(),
            entries=entries_task.result(),
            usd_rates=rates,
            day=await self._day(reader, today.start, rates),
            next_reset=today.end,
        )
        return self._last

    def _instrument_ids(
        self,
        account: Read[Account],
        positions: Read[tuple[Position, ...]],
        orders: Read[tuple[Order, ...]],
        also: Sequence[InstrumentId],
    ) -> tuple[InstrumentId, ...]:
        ids: set[InstrumentId] = set(also)
        if not isinstance(positions, Unknown):
            ids.update(position.instrument for position in positions)
        if not isinstance(orders, Unknown):
            ids.update(order.instrument for order in orders)
        if not isinstance(account, Unknown):
            held = (coin.coin for coin in account.coins if coin.equity and coin.coin not in STABLE_COINS)
            ids.update(self._venue.pricing_instrument(coin) for coin in held)
        return tuple(sorted(ids))

    async def _instruments(self, reader: Reader, ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Read[Instrument]]:
        age_limit = _TERMS_TTL_SECONDS
        fresh = {key: terms for key, (at, terms) in self._terms.items() if (reader.now - at).total_seconds() < age_limit}
        wanted = [key for key in ids if key not in fresh]
        previous = {key: terms for key, (_, terms) in self._terms.items()}
        got = await reader.each(wanted, self._venue.instruments(wanted), previous) if wanted else {}
        self._terms.update({key: (reader.now, terms) for key, terms in got.items() if not isinstance(terms, Unknown)})
        return {key: fresh[key] if key in fresh else got[key] for key in ids}

    async def _rates(
        self, reader: Reader, account: Read[Account], instruments: Mapping[InstrumentId, Read[Instrument]]
    ) -> Mapping[str, Read[Decimal]]:
        known = account.last_good if isinstance(account, Unknown) else account
        if known is None:
            return {}
        settle = {terms.settle for terms in instruments.values() if isinstance(terms, Instrument)}
        coins = sorted(settle | {coin.coin for coin in known.coins})
        previous = self._last.usd_rates if self._last else {}
        return await reader.each(coins, self._venue.usd_rates(known, coins), previous)

    async def _entry_histories(
        self, reader: Reader, positions: Read[tuple[Position, ...]]
    ) -> Mapping[PositionKey, Read[EntryHistory]]:
        if isinstance(positions, Unknown):
            return {}
        stamps = {(position.key, position.quantity, position.entry_price): position for position in positions}
        known = {stamp: entry for stamp, entry in self._entries.items() if stamp in stamps}
        async with asyncio.TaskGroup() as group:
            tasks = {
                stamp: group.create_task(reader.one(self._venue.entry(position)))
                for stamp, position in stamps.items()
                if stamp not in known
            }
        got: dict[tuple[PositionKey, Decimal, Decimal], Read[EntryHistory]] = {
            stamp: task.result() for stamp, task in tasks.items()
        }
        self._entries = known | {stamp: entry for stamp, entry in got.items() if not isinstance(entry, Unknown)}
        return {stamp[0]: known[stamp] if stamp in known else got[stamp] for stamp in stamps}

    async def _day(self, reader: Reader, since: datetime, rates: Mapping[str, Read[Decimal]]) -> Read[DayActivity]:
        known = {coin: rate for coin, rate in rates.items() if not isinstance(rate, Unknown)}
        return await reader.one(self._venue.day(since, reader.now, known), self._last.day if self._last else None)


def _refuse_dead_key(*parts: Read[Account] | Read[tuple[Position, ...]] | Read[tuple[Order, ...]]) -> None:
    refused = [part for part in parts if isinstance(part, Unknown) and part.reason == AuthenticationError.code]
    if len(refused) == len(parts):
        raise AuthenticationError(f"the venue refused this key: {refused[0].detail}", remedy="")
