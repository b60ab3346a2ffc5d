"""Closed bars for the analysis: the cache first, then only what is new from the venue."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from market_analysis.desk.reading import Reader
from market_analysis.domain import Bars, EntryHistory, History, InstrumentId, PositionKey, Read, Snapshot, Unknown, to_milliseconds
from market_analysis.store import BarCache
from market_analysis.venues.protocol import Venue

HOUR_MINUTES = 60
ENTRY_BAR_MINUTES = 5
_HOUR_MS = HOUR_MINUTES * 60_000


class BarHistory:
    """Keeps hourly bars of every instrument in memory, in step with the venue and the cache.

    Between two bar closes it asks the venue for nothing. With `cache_is_writable` False the cache is only read.
    """

    def __init__(self, venue: Venue, cache: BarCache, bars: int, *, cache_is_writable: bool = True) -> None:
        self._venue = venue
        self._cache = cache
        self._count = bars
        self._cache_is_writable = cache_is_writable
        self._hourly: dict[InstrumentId, Bars] = {}
        self._entry: dict[tuple[PositionKey, str], Bars] = {}

    async def serve(self, snapshot: Snapshot) -> History:
        """Bars up to the snapshot's now for everything it holds; an instrument that cannot be read is `Unknown`."""
        async with asyncio.TaskGroup() as group:
            tasks = {key: group.create_task(self._hourly_bars(key, snapshot.as_of)) for key in self._wanted(snapshot)}
            entry_task = group.create_task(self._entry_bars(snapshot))
        return History({key: task.result() for key, task in tasks.items()}, entry_task.result())

    def _wanted(self, snapshot: Snapshot) -> set[InstrumentId]:
        """All that the snapshot names, and Bitcoin: the joint move of the book is stated as a move of it."""
        return {*snapshot.instruments, self._venue.pricing_instrument("BTC")} if snapshot.instruments else set()

    async def _hourly_bars(self, key: InstrumentId, now: datetime) -> Read[Bars]:
        since_ms = _hour_floor_ms(now) - self._count * _HOUR_MS
        known = self._hourly.get(key) or self._cached(key, since_ms)
        if known is not None and now < known.last_close_time + timedelta(hours=1):
            self._hourly[key] = known
            return known
        reader = Reader(now, None if known is None else known.last_close_time)
        ask_ms = since_ms if known is None else to_milliseconds(known.last_close_time)
        fresh = await reader.one(self._venue.bars(key, HOUR_MINUTES, ask_ms, now), known)
        if isinstance(fresh, Unknown):
            return fresh
        merged = _joined(known, fresh, since_ms)
        if len(merged):
            self._hourly[key] = merged
        if self._cache_is_writable and len(fresh):
            self._cache.put(key, fresh)
        return merged

    def _cached(self, key: InstrumentId, since_ms: int) -> Bars | None:
        """Cached bars if they reach back as far as is wanted; a shallower cache is fetched anew."""
        bars = self._cache.get(key, HOUR_MINUTES, since_ms)
        return bars if len(bars) and int(bars.open_time_ms[0]) <= since_ms + _HOUR_MS else None

    async def _entry_bars(self, snapshot: Snapshot) -> dict[PositionKey, Bars]:
        wanted = {
            (key, fill_id): hour_ms
            for key, entry in snapshot.entries.items()
            if isinstance(entry, EntryHistory)
            for fill_id, hour_ms in _anchoring_fill(entry)
        }
        kept = {stamp: bars for stamp, bars in self._entry.items() if stamp in wanted}
        async with asyncio.TaskGroup() as group:
            tasks = {
                stamp: group.create_task(self._entry_hour(stamp[0].instrument, hour_ms, snapshot.as_of))
                for stamp, hour_ms in wanted.items()
                if stamp not in kept
            }
        got = {stamp: bars for stamp, task in tasks.items() if not isinstance(bars := task.result(), Unknown)}
        whole = {stamp: bars for stamp, bars in got.items() if wanted[stamp] + _HOUR_MS <= to_milliseconds(snapshot.as_of)}
        self._entry = kept | whole
        return {stamp[0]: bars for stamp, bars in {**kept, **got}.items()}

    async def _entry_hour(self, instrument: InstrumentId, hour_ms: int, now: datetime) -> Read[Bars]:
        bars = await Reader(now).one(self._venue.bars(instrument, ENTRY_BAR_MINUTES, hour_ms, now))
        return bars if isinstance(bars, Unknown) else bars.closed_before(hour_ms + _HOUR_MS)


def _anchoring_fill(entry: EntryHistory) -> list[tuple[str, int]]:
    """Id and hour (ms) of the last fill that opened or added, if there is one."""
    opening = [fill for fill in entry.fills if fill.closed_quantity < fill.quantity]
    return [(fill.fill_id, _hour_floor_ms(fill.time)) for fill in opening[-1:]]


def _hour_floor_ms(moment: datetime) -> int:
    return to_milliseconds(moment) // _HOUR_MS * _HOUR_MS


def _joined(known: Bars | None, fresh: Bars, since_ms: int) -> Bars:
    """Known bars from `since_ms` on, then the fresh ones; a fresh bar replaces a known one of the same time."""
    import numpy as np

    if known is None or not len(fresh):
        return fresh if known is None else known
    first, end = np.searchsorted(known.open_time_ms, (since_ms, int(fresh.open_time_ms[0])))
    kept = known[int(first) : int(end)]
    names = ("open_time_ms", "open", "high", "low", "close", "volume")
    return Bars(fresh.bar_minutes, *(np.concatenate((getattr(kept, name), getattr(fresh, name))) for name in names))
