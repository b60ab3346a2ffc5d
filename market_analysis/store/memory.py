"""The analysis memory of each account, saved whole, in one transaction."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import apsw
import msgspec

from market_analysis.domain import Memory, PositionKey, PositionMemory

SCHEMA_VERSION = 1


class _Saved(msgspec.Struct, frozen=True):
    """`Memory` with its mapping as pairs: JSON has no object keys but text."""

    positions: list[tuple[PositionKey, PositionMemory]]
    equity_peak_usd: Decimal | None
    equity_peak_at: datetime | None
    day_equity_usd: dict[str, Decimal]
    reported: list[str]


class MemoryStore:
    """Reads and writes `Memory`. What cannot be read back is dropped: it is a cache, rebuilt from fills and bars (equity peaks
    excepted, which then are unknown)."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def load(self, account: str) -> Memory:
        """The memory of an account; empty when none is stored, or it is of another schema."""
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
            day_equity_usd=saved.day_equity_usd,
            reported=frozenset(saved.reported),
        )

    def save(self, account: str, memory: Memory, now: datetime) -> None:
        """Replace the memory of an account."""
        saved = _Saved(
            sorted(memory.positions.items()),
            memory.equity_peak_usd,
            memory.equity_peak_at,
            dict(memory.day_equity_usd),
            sorted(memory.reported),
        )
        with self._connection:
            self._connection.execute(
                "INSERT OR REPLACE INTO memory (account, schema_version, saved_at, body) VALUES (?, ?, ?, ?)",
                (account, SCHEMA_VERSION, now.isoformat(), msgspec.json.encode(saved)),
            )
