"""Folders of bars for `evaluate`: hours of the embedded market as Parquet files."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from embedded_exchange import NOW, standard_market

HOUR_MS = 3_600_000
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")


def write_hours(folder: Path, hours: int) -> None:
    """The last `hours` closed hours of three symbols."""
    folder.mkdir()
    end_ms = int(NOW.timestamp()) // 3600 * HOUR_MS
    for symbol in SYMBOLS:
        rows = standard_market().bars("linear", symbol, 60, end_ms - hours * HOUR_MS, end_ms - HOUR_MS, end_ms)
        columns = {name: getattr(rows, name) for name in ("open", "high", "low", "close", "volume")}
        opened = pa.array(rows.open_ms, pa.timestamp("ms", "UTC"))
        pq.write_table(pa.table({"ts": opened, **columns}), folder / f"{symbol}-1h.parquet")
