"""Bybit, read through the `Venue` protocol."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from types import TracebackType
from typing import Self

from market_analysis.domain import (
    Account,
    Bars,
    Clock,
    DayActivity,
    EntryHistory,
    Instrument,
    InstrumentId,
    Order,
    Position,
    Quote,
    SystemClock,
    from_milliseconds,
    to_milliseconds,
)
from market_analysis.errors import MalformedAnswerError, VenueError
from market_analysis.settings import Credentials
from market_analysis.settings.venue import BybitSettings
from market_analysis.venues.bybit.account import read_account
from market_analysis.venues.bybit.bars import read_bars
from market_analysis.venues.bybit.day import read_log, summarise
from market_analysis.venues.bybit.endpoints import KEY_INFO
from market_analysis.venues.bybit.entries import read_entry
from market_analysis.venues.bybit.gate import Monotonic, Sleep
from market_analysis.venues.bybit.instruments import read_instruments
from market_analysis.venues.bybit.key import KeyInfo, admit, read_key
from market_analysis.venues.bybit.orders import read_orders
from market_analysis.venues.bybit.positions import VENUE, read_positions
from market_analysis.venues.bybit.quotes import read_quotes
from market_analysis.venues.bybit.rates import pricing_instrument, read_usd_rates
from market_analysis.venues.bybit.reader import Reader
from market_analysis.venues.bybit.wire_time import WireTime

DEFAULT_TIMEOUT_S = 10.0


class BybitVenue:
    """One account at Bybit, watched: `async with BybitVenue(...) as venue`. It holds no `Enforcer` and cannot write.

    clock: market time, in which quotes are dated and bars close. wire_clock: for signing and freshness; the venue's clock is
    measured against it from every answer. The key is checked before the first account read; one that can withdraw is refused
    unless `allow_withdraw_key`. Never caches; raises `VenueError`s only.
    """

    def __init__(
        self,
        settings: BybitSettings,
        credentials: Credentials,
        account_name: str,
        *,
        allow_withdraw_key: bool = False,
        clock: Clock | None = None,
        wire_clock: Clock | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        sleep: Sleep = asyncio.sleep,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        from market_analysis.venues.bybit.client import open_client

        self.name = VENUE
        self.account_name = account_name
        self._clock: Clock = clock or SystemClock()
        self._wire = WireTime(wire_clock or SystemClock())
        self._allow_withdraw_key = allow_withdraw_key
        self._client = open_client(settings, credentials, self._wire, timeout_s)
        self._reader = Reader(self._client, self._wire, settings, timeout_s=timeout_s, sleep=sleep, monotonic=monotonic)
        self._key: KeyInfo | None = None
        self._admission = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Release connections."""
        await self._reader.close()

    async def account(self) -> Account:
        """Balances, margin, holdings."""
        key = await self._admitted()
        return await read_account(self._reader, name=self.account_name, venue=self.name, uid=key.uid, as_of=self._clock.now())

    async def positions(self) -> Sequence[Position]:
        """All open positions of USDT, USDC and inverse contracts; flat rows are dropped."""
        await self._admitted()
        return await read_positions(self._reader, self.account_name)

    async def orders(self) -> Sequence[Order]:
        """Every order that can still change exposure, untriggered ones included."""
        await self._admitted()
        return await read_orders(self._reader)

    async def instruments(self, ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Instrument | VenueError]:
        """Contract terms, own fees and risk tiers; a fault per instrument that could not be read."""
        await self._admitted()
        return await read_instruments(self._reader, ids)

    async def quotes(self, ids: Sequence[InstrumentId]) -> Mapping[InstrumentId, Quote | VenueError]:
        """Present prices; a fault per instrument that could not be read."""
        return await read_quotes(self._reader, ids, self._market_time)

    async def bars(self, instrument: InstrumentId, bar_minutes: int, since_ms: int, now: datetime) -> Bars:
        """Closed bars that opened at or after `since_ms`, all pages, the forming bar dropped (market time `now`)."""
        return await read_bars(self._reader, instrument, bar_minutes, since_ms, to_milliseconds(now))

    async def entry(self, position: Position) -> EntryHistory:
        """The fills that made a position since it was last flat, and its first protective stop."""
        await self._admitted()
        return await read_entry(self._reader, position, to_milliseconds(self._clock.now()))

    async def day(self, since: datetime, until: datetime, usd_rates: Mapping[str, Decimal]) -> DayActivity:
        """Realised profit, fees, funding and flows of the transaction log, all pages, every type mapped.

        Coins of the log that `usd_rates` leaves out are priced by their spot tickers.
        """
        key = await self._admitted()
        entries = await read_log(self._reader, since, until)
        missing = sorted({entry.currency for entry in entries} - set(usd_rates))
        rates = dict(usd_rates)
        if missing:
            account = await read_account(self._reader, name=self.account_name, venue=self.name, uid=key.uid, as_of=until)
            for coin, rate in (await read_usd_rates(self._reader, account, missing)).items():
                if isinstance(rate, VenueError):
                    raise rate
                rates[coin] = rate
        return summarise(entries, since, until, rates)

    async def usd_rates(self, account: Account, coins: Sequence[str]) -> Mapping[str, Decimal | VenueError]:
        """USD per unit of each coin."""
        return await read_usd_rates(self._reader, account, coins)

    def pricing_instrument(self, coin: str) -> InstrumentId:
        """The instrument whose bars price a holding of `coin`."""
        return pricing_instrument(coin)

    async def server_time(self) -> datetime:
        """The venue's clock (wire time); measures `clock_offset` anew."""
        return from_milliseconds(await self._reader.server_time_ms())

    @property
    def clock_offset(self) -> timedelta:
        """The venue's clock minus ours, as last measured."""
        return timedelta(milliseconds=self._wire.offset_ms)

    async def key_info(self) -> KeyInfo:
        """The key's rights, addresses and expiry, read anew (for `doctor`: also of a key that would be refused)."""
        key = await read_key(self._reader)
        if self._key is not None and key.uid != self._key.uid:
            raise MalformedAnswerError(f"userID is {key.uid}, was {self._key.uid}: {KEY_INFO.path} answered about another user")
        return key

    async def _admitted(self) -> KeyInfo:
        """The key, checked once."""
        async with self._admission:
            if self._key is None:
                key = await read_key(self._reader)
                admit(key, allow_withdraw_key=self._allow_withdraw_key)
                self._key = key
            return self._key

    def _market_time(self, answered_ms: int) -> datetime:
        """Market time of an answer: as long ago as it is old on the wire clock."""
        age_ms = max(0, self._wire.now_ms() - answered_ms)
        return self._clock.now() - timedelta(milliseconds=age_ms)
