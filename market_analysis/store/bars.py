"""Closed bars that were already fetched. A cache: losing it costs requests, nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta

import apsw
import numpy as np

from market_analysis.domain import Bars, InstrumentId, to_milliseconds
from market_analysis.store.database import state_errors

_COLUMNS = "open_time_ms, open, high, low, close, volume"


class BarCache:
    """Bars by instrument and length. Only closed bars may be put in; a bar once stored is replaced when fetched again.

    Every method raises `StateError` when the database cannot be used."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def get(self, instrument: InstrumentId, bar_minutes: int, since_ms: int) -> Bars:
        """Stored bars that opened at or after `since_ms`, ascending; of length 0 when there are none."""
        with state_errors(self._connection.filename):
            rows = self._connection.execute(
                f"SELECT {_COLUMNS} FROM bar WHERE instrument = ? AND bar_minutes = ? AND open_time_ms >= ? ORDER BY open_time_ms",  # noqa: S608
                (str(instrument), bar_minutes, since_ms),
            ).fetchall()
        table = np.array(rows, dtype=np.float64).reshape(len(rows), 6)
        return Bars(bar_minutes, table[:, 0].astype(np.int64), *(np.ascontiguousarray(table[:, column]) for column in range(1, 6)))

    def put(self, instrument: InstrumentId, bars: Bars) -> None:
        """Store closed bars, replacing those of the same opening time."""
        key = str(instrument)
        columns = (bars.open_time_ms, bars.open, bars.high, bars.low, bars.close, bars.volume)
        with state_errors(self._connection.filename), self._connection:
            self._connection.executemany(
                f"INSERT OR REPLACE INTO bar (instrument, bar_minutes, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                ((key, bars.bar_minutes, *row) for row in zip(*(column.tolist() for column in columns), strict=True)),
            )

    def prune(self, now: datetime, keep: timedelta) -> int:
        """Drop bars older than `keep`; returns how many."""
        with state_errors(self._connection.filename), self._connection:
            self._connection.execute("DELETE FROM bar WHERE open_time_ms < ?", (to_milliseconds(now - keep),))
        return int(self._connection.changes())
