"""State that fails: a one-shot run goes on without it and says so, a monitor refuses at start and endures later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import numpy as np
import pytest

from market_analysis.desk.state import open_state
from market_analysis.domain import Bars, Category, InstrumentId, Memory
from market_analysis.errors import StateError, StateLockedError
from market_analysis.store import BarCache, MemoryStore, StateLock, open_database

LABEL = "mainnet"
NOW = datetime(2026, 1, 2, tzinfo=UTC)
BTC = InstrumentId("bybit", Category.LINEAR, "BTCUSDT")


def some_bars(count: int) -> Bars:
    flat = np.ones(count)
    return Bars(60, np.arange(count, dtype=np.int64) * 3_600_000, flat, flat, flat, flat, flat)


def filled(directory: Path) -> Path:
    with open_state(directory, LABEL, must_own=True) as state:
        state.bars.put(BTC, some_bars(2000))
        state.memory.save("main", Memory(), NOW)
    return directory / f"{LABEL}.sqlite3"


@pytest.mark.parametrize("damage", ["not a database", "newer shape"])
def test_unusable_state_costs_a_one_shot_run_its_memory_and_stops_a_monitor(tmp_path: Path, damage: str) -> None:
    path = filled(tmp_path)
    if damage == "newer shape":
        connection = apsw.Connection(str(path))
        connection.pragma("user_version", 99)
        connection.close()
    else:
        path.write_bytes(b"garbage " * 1000)
    with pytest.raises(StateError, match=r"damaged|newer"), open_state(tmp_path, LABEL, must_own=True):
        pytest.fail("a monitor must not start")
    with open_state(tmp_path, LABEL, must_own=False) as state:
        (notice,) = state.notices.take()
        assert notice.startswith("nothing is remembered: ")
        assert len(state.bars.get(BTC, 60, 0)) == 0
    with open_state(tmp_path / "fresh", LABEL, must_own=True):
        """The lock of the refused monitor was given back."""
    with StateLock(tmp_path):
        """And so was that of the one-shot run."""


def test_pages_damaged_behind_the_header_are_noticed_once_and_bars_are_fetched_anew(tmp_path: Path) -> None:
    path = filled(tmp_path)
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xa5" * (len(content) - 8192)
    path.write_bytes(content)
    with open_state(tmp_path, LABEL, must_own=True) as state:
        for _ in range(3):
            assert len(state.bars.get(BTC, 60, 0)) == 0
            state.bars.put(BTC, some_bars(3))
        said = state.notices.take()
        assert any("damaged" in text for text in said)
        assert len(said) == len(set(said))
        assert state.notices.take() == ()


def test_a_full_disk_is_a_notice_not_an_end(tmp_path: Path) -> None:
    with open_state(tmp_path, LABEL, must_own=True) as state:
        connection = state.bars._connection
        connection.pragma("max_page_count", connection.pragma("page_count"))
        for _ in range(2):
            state.bars.put(BTC, some_bars(2000))
            state.memory.save("main" * 2000, Memory(), NOW)
        said = state.notices.take()
    assert [text.split(":")[0] for text in said] == ["bars are not kept", "nothing is remembered"]
    assert all("free some disk space" in text for text in said)


def test_the_plain_stores_raise_state_errors_only(tmp_path: Path) -> None:
    connection = open_database(tmp_path / "state.sqlite3")
    connection.execute("DROP TABLE bar")
    connection.execute("DROP TABLE memory")
    with pytest.raises(StateError):
        BarCache(connection).get(BTC, 60, 0)
    with pytest.raises(StateError):
        BarCache(connection).put(BTC, some_bars(1))
    with pytest.raises(StateError):
        MemoryStore(connection).load("main")
    with pytest.raises(StateError):
        MemoryStore(connection).save("main", Memory(), NOW)


def test_beside_a_monitor_of_another_system_a_one_shot_run_has_no_memory_but_runs(tmp_path: Path) -> None:
    with open_state(tmp_path, LABEL, must_own=True), open_state(tmp_path, "testnet", must_own=False) as state:
        assert state.notices.take()
        assert not (tmp_path / "testnet.sqlite3").exists()


def test_beside_a_monitor_a_one_shot_run_reads_and_cannot_write(tmp_path: Path) -> None:
    with open_state(tmp_path, LABEL, must_own=True) as owner:
        owner.bars.put(BTC, some_bars(5))
        with open_state(tmp_path, LABEL, must_own=False) as guest:
            assert not guest.writable
            assert len(guest.bars.get(BTC, 60, 0)) == 5
            guest.bars.put(BTC, some_bars(9))
            assert len(guest.bars.get(BTC, 60, 0)) == 5
        with pytest.raises(StateLockedError), open_state(tmp_path, LABEL, must_own=True):
            pytest.fail("two monitors")


def test_old_bars_are_dropped_and_a_database_that_fails_keeps_them_with_a_notice(tmp_path: Path) -> None:
    path = filled(tmp_path)
    with open_state(tmp_path, LABEL, must_own=True) as state:
        assert state.bars.prune(datetime(1970, 2, 1, tzinfo=UTC), timedelta(days=1)) == 30 * 24
        assert not state.notices.take()
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xa5" * (len(content) - 8192)
    path.write_bytes(content)
    with open_state(tmp_path, LABEL, must_own=True) as state:
        assert state.bars.prune(NOW, timedelta(days=1)) == 0
        assert any("old bars stay" in notice for notice in state.notices.take())
