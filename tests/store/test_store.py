"""State: what is put in comes out, one owner, damage has a name."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from market_analysis.domain import Bars, Category, DayMarks, InstrumentId, Memory, PositionKey, PositionMemory
from market_analysis.errors import StateError, StateLockedError
from market_analysis.store import IN_MEMORY, BarCache, MemoryStore, StateLock, open_database
from market_analysis.store.migrations import MIGRATIONS

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
BTC = InstrumentId("bybit", Category.LINEAR, "BTCUSDT")
BTC_SPOT = InstrumentId("bybit", Category.SPOT, "BTCUSDT")
HOUR = 3_600_000


def bars(first: int, count: int, price: float = 100.0) -> Bars:
    opens = (np.arange(count) + first) * HOUR
    return Bars(60, opens.astype(np.int64), *(np.full(count, price + column) for column in range(5)))


def memory() -> Memory:
    key = PositionKey("main", BTC, 1)
    one = PositionMemory("fill-1", 71000.5, NOW, False, 900.0, "planned_stop", 70100.0, None, 3.25, 72000.0, 17)
    return Memory({key: one}, Decimal("25410.12"), NOW, {"2026-11-21": DayMarks(Decimal("25000"), None, Decimal("-10.5"))})


def test_bars_come_back_exact_and_by_instrument_and_category() -> None:
    cache = BarCache(open_database(IN_MEMORY))
    cache.put(BTC, bars(10, 5, 0.1 + 0.2))
    got = cache.get(BTC, 60, 12 * HOUR)
    assert got.open_time_ms.tolist() == [12 * HOUR, 13 * HOUR, 14 * HOUR]
    assert got.open.tolist() == [0.1 + 0.2] * 3
    assert len(cache.get(BTC_SPOT, 60, 0)) == 0
    assert len(cache.get(BTC, 240, 0)) == 0


def test_a_bar_fetched_again_replaces_the_old_one() -> None:
    cache = BarCache(open_database(IN_MEMORY))
    cache.put(BTC, bars(0, 3, 1.0))
    cache.put(BTC, bars(2, 2, 9.0))
    assert cache.get(BTC, 60, 0).open.tolist() == [1.0, 1.0, 9.0, 9.0]


def test_old_bars_are_pruned() -> None:
    cache = BarCache(open_database(IN_MEMORY))
    last = int(NOW.timestamp() * 1000) // HOUR
    cache.put(BTC, bars(last - 9, 10))
    assert cache.prune(NOW, timedelta(hours=4)) == 5
    assert len(cache.get(BTC, 60, 0)) == 5


def test_memory_comes_back_equal_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    first = open_database(path)
    MemoryStore(first).save("main", memory(), NOW)
    MemoryStore(first).save("main", replace(memory(), equity_peak_usd=Decimal("3")), NOW)
    first.close()
    again = open_database(path)
    assert MemoryStore(again).load("main") == replace(memory(), equity_peak_usd=Decimal("3"))
    assert MemoryStore(again).load("other") == Memory()


def test_memory_that_cannot_be_read_is_rebuilt_not_believed() -> None:
    connection = open_database(IN_MEMORY)
    store = MemoryStore(connection)
    store.save("main", memory(), NOW)
    connection.execute("UPDATE memory SET body = ?", (b'{"positions": 3}',))
    assert store.load("main") == Memory()
    store.save("main", memory(), NOW)
    connection.execute("UPDATE memory SET schema_version = 99")
    assert store.load("main") == Memory()


def test_a_damaged_database_has_a_name_and_a_way_out(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    path.write_bytes(b"this is not a database" * 100)
    with pytest.raises(StateError, match=r"damaged.*move it away"):
        open_database(path)


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite3"
    connection = open_database(path)
    connection.pragma("user_version", len(MIGRATIONS) + 1)
    connection.close()
    with pytest.raises(StateError, match="newer version"):
        open_database(path)


def test_a_reader_neither_creates_nor_migrates(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="cannot be used"):
        open_database(tmp_path / "none.sqlite3", writable=False)
    (tmp_path / "old.sqlite3").touch()
    with pytest.raises(StateError, match="shape 0"):
        open_database(tmp_path / "old.sqlite3", writable=False)


def test_commits_are_durable(tmp_path: Path) -> None:
    connection = open_database(tmp_path / "state.sqlite3")
    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("synchronous") == 2


def test_two_processes_cannot_own_one_directory_and_the_second_is_told_who(tmp_path: Path) -> None:
    script = "import sys, pathlib\nfrom market_analysis.store import StateLock\nStateLock(pathlib.Path(sys.argv[1])).__enter__()"
    with StateLock(tmp_path):
        with pytest.raises(StateLockedError, match="in use by process"):
            StateLock(tmp_path).__enter__()
        other = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False)
        assert "StateLockedError" in other.stderr
    freed = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False)
    assert freed.returncode == 0, freed.stderr


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(StateError, match="cannot be written"):
        StateLock(blocked / "state").__enter__()
