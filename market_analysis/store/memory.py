"""The analysis memory of each account, saved whole, in one transaction."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import apsw
import msgspec

from market_analysis.domain import DayMarks, Memory, PositionKey, PositionMemory
from market_analysis.store.database import state_errors

SCHEMA_VERSION = 1


class _Saved(msgspec.Struct, frozen=True):
    """`Memory` with its mapping as pairs: JSON has no object keys but text."""

    positions: list[tuple[PositionKey, PositionMemory]]
    equity_peak_usd: Decimal | None
    equity_peak_at: datetime | None
    days: dict[str, DayMarks]


class MemoryStore:
    """Reads and writes `Memory`. What cannot be read back is dropped: it is a cache, rebuilt from fills and bars (equity peaks
    excepted, which then are unknown). Both methods raise `StateError` when the database cannot be used."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def load(self, account: str) -> Memory:
        """The memory of an account; empty when none is stored, or it is of another schema."""
        with state_errors(self._connection.filename):
            row = self._connection.execute("SELECT schema_version, body FROM memory WHERE account = ?", (account,)).fetchone()
        if row is None or row[0] != SCHEMA_VERSION:
            return Memory()
        try:
            saved = msgspec.json.decode(row[1], type=_Saved)
        except msgspec.MsgspecError:
            return Memory()
        return Memory(
            positions=dict(saved.positions),
            equity_peak_usd=saved.equity_peak_usd,
            equity_peak_at=saved.equity_peak_at,
            days=saved.days,
        )

    def save(self, account: str, memory: Memory, now: datetime) -> None:
        """Replace the memory of an account."""
        saved = _Saved(
            sorted(memory.positions.items()),
            memory.equity_peak_usd,
            memory.equity_peak_at,
            dict(memory.days),
        )
        with state_errors(self._connection.filename), self._connection:
            self._connection.execute(
                "INSERT OR REPLACE INTO memory (account, schema_version, saved_at, body) VALUES (?, ?, ?, ?)",
                (account, SCHEMA_VERSION, now.isoformat(), msgspec.json.encode(saved)),
            )
