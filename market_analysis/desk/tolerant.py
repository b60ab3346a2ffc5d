"""State that may fail while a run goes on: what is lost is said once, and the report goes on without it."""

from __future__ import annotations

from datetime import datetime, timedelta

import apsw
import numpy as np

from market_analysis.domain import Bars, InstrumentId, Memory
from market_analysis.errors import StateError
from market_analysis.store import BarCache, MemoryStore


class Notices:
    """What the user should know beside the data; each text is handed out once."""

    def __init__(self, *texts: str) -> None:
        self._said: dict[str, None] = {}
        self._new: list[str] = []
        for text in texts:
            self.add(text)

    def add(self, text: str) -> None:
        """Something to know, unless it was said before."""
        if text not in self._said:
            self._said[text] = None
            self._new.append(text)

    def take(self) -> tuple[str, ...]:
        """What is new since the last call."""
        new, self._new = tuple(self._new), []
        return new


class TolerantBarCache(BarCache):
    """A bar cache that holds nothing where its database fails: it costs requests, nothing else."""

    def __init__(self, connection: apsw.Connection, notices: Notices) -> None:
        super().__init__(connection)
        self._notices = notices

    def get(self, instrument: InstrumentId, bar_minutes: int, since_ms: int) -> Bars:
        """Stored bars; none where they cannot be read."""
        try:
            return super().get(instrument, bar_minutes, since_ms)
        except StateError as error:
            self._notices.add(f"bars are fetched anew: {error}")
            return Bars(bar_minutes, np.zeros(0, np.int64), *(np.zeros(0) for _ in range(5)))

    def put(self, instrument: InstrumentId, bars: Bars) -> None:
        """Store bars where that is possible."""
        try:
            super().put(instrument, bars)
        except StateError as error:
            self._notices.add(f"bars are not kept: {error}")

    def prune(self, now: datetime, keep: timedelta) -> int:
        """Drop old bars where that is possible."""
        try:
            return super().prune(now, keep)
        except StateError as error:
            self._notices.add(f"old bars stay: {error}")
            return 0


class TolerantMemoryStore(MemoryStore):
    """A memory store that is empty where its database cannot be read, and forgets where it cannot be written."""

    def __init__(self, connection: apsw.Connection, notices: Notices) -> None:
        super().__init__(connection)
        self._notices = notices

    def load(self, account: str) -> Memory:
        """The memory; empty where it cannot be read: all but equity peaks is rebuilt from fills and bars."""
        try:
            return super().load(account)
        except StateError as error:
            self._notices.add(f"equity peaks are lost: {error}")
            return Memory()

    def save(self, account: str, memory: Memory, now: datetime) -> None:
        """Save where that is possible."""
        try:
            super().save(account, memory, now)
        except StateError as error:
            self._notices.add(f"nothing is remembered: {error}")
