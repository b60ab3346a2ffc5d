"""The journal over days: packed, sealed, dropped by age; what was edited, cut off or written anew shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market_analysis.errors import StateError
from market_analysis.store import Journal, Seals, open_database
from market_analysis.store.packing import WHOLE_EVERY, Packer, kind_of, whole_before


def event(kind: str, number: int) -> str:
    return f'{{"$":"{kind}","at":{{"t":"2026-03-02"}},"filling":"{"x" * 300}","number":{number}}}'


@given(st.lists(st.tuples(st.sampled_from(["A", "B", ""]), st.text(max_size=40), st.booleans()), max_size=30))
def test_what_is_packed_is_unpacked_also_over_restarts(parts: list[tuple[str, str, bool]]) -> None:
    packing, unpacking = Packer(), Packer()
    for number, (kind, text, restarts) in enumerate(parts, WHOLE_EVERY - 5):
        if restarts:
            packing = Packer()
        whole = f'{{"$":"{kind}","x":{text!r}}}' if kind else text
        assert unpacking.unpack(number, kind_of(whole), packing.pack(number, whole)) == whole


def test_a_resembling_record_costs_little_and_old_text_is_read_as_it_is() -> None:
    packer = Packer()
    sizes = [len(packer.pack(number, event("Read", number))) for number in range(2, 6)]
    assert all(size < sizes[0] / 2 for size in sizes[1:])
    reading = Packer()
    assert reading.unpack(2, "", event("Read", 2)) == event("Read", 2)
    assert kind_of(event("Read", 2)) == "Read"
    assert [whole_before(number) for number in (0, 1, WHOLE_EVERY, WHOLE_EVERY + 7)] == [0, 0, WHOLE_EVERY, WHOLE_EVERY]


@pytest.mark.parametrize("damaged", [b"", b"\x00abc", b"\x01abc", b"\x07"])
def test_what_is_damaged_is_said(damaged: bytes) -> None:
    with pytest.raises(StateError, match="record 7 of the journal is damaged"):
        Packer().unpack(7, "Read", damaged)


class Bench:
    """A journal on disk over some days, two accounts."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.connection = open_database(directory / "x.sqlite3")
        self.seals = Seals(directory, "x")
        self.journal = Journal(self.connection, self.seals)

    def days(self, *days: int, each: int = 3) -> None:
        for day in days:
            for number in range(each):
                for account in ("a", "b"):
                    self.journal.append(
                        account, f"2026-03-{day:02d}T10:00:{number:02d}+00:00", event("Read", number), "[]", "state"
                    )

    def fresh(self) -> Journal:
        return Journal(open_database(self.directory / "x.sqlite3"), Seals(self.directory, "x"))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.connection.close()


def test_a_day_is_sealed_when_the_next_one_begins(bench: Bench) -> None:
    bench.days(2)
    assert bench.seals.read() == ()
    bench.days(3, 5)
    assert [(seal.account, seal.first, seal.last, seal.at[:10]) for seal in bench.seals.read()] == [
        ("a", 1, 3, "2026-03-02"),
        ("b", 1, 3, "2026-03-02"),
        ("a", 4, 6, "2026-03-03"),
        ("b", 4, 6, "2026-03-03"),
    ]
    found = bench.fresh().verified("a")
    assert found.last is not None
    assert (found.last.number, found.dropped, found.sealed) == (9, 0, 6)


def test_whole_parts_are_dropped_by_age_and_the_rest_still_proves_itself(bench: Bench) -> None:
    bench.journal.keep_days = 2
    bench.days(2, 3, 4, 9)
    found = bench.fresh().verified("a")
    assert found.last is not None
    assert (found.last.number, found.dropped, found.sealed) == (12, 9, 9)
    assert [record.number for record in bench.journal.records("a")] == [10, 11, 12]
    bench.days(9, each=1)
    assert bench.journal.verified("a").last is not None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("DELETE FROM journal WHERE account = 'a' AND number > 5", "records 6 to 6 are gone; a seal of 2026-03-03"),
        ("DELETE FROM journal WHERE account = 'a'", "records 1 to 6 are gone"),
        (
            "DELETE FROM journal WHERE account = 'a' AND number <= 2",
            "record 3 of the journal is damaged, or its predecessor is missing",
        ),
        ("DELETE FROM journal WHERE account = 'a' AND number = 5", "record 5 is missing"),
        ("UPDATE journal SET decisions = '[1]' WHERE account = 'a' AND number = 2", "record 2 was changed"),
        ("UPDATE journal SET event = x'0001' WHERE account = 'a' AND number = 2", "record 2 of the journal is damaged"),
    ],
)
def test_edits_and_cut_tails_show(bench: Bench, change: str, words: str) -> None:
    bench.days(2, 3, 5)
    bench.connection.execute(change)
    with pytest.raises(StateError, match=words):
        bench.fresh().verified("a")
    assert bench.fresh().verified("b").last is not None


def test_a_journal_that_was_written_anew_does_not_fit_its_seals(bench: Bench) -> None:
    bench.days(2, 3)
    bench.connection.execute("DELETE FROM journal; DELETE FROM guard_state")
    forged = Journal(bench.connection)
    for number in range(5):
        forged.append("a", "2026-03-02T10:00:00+00:00", event("Forged", number), "[]", "state")
    with pytest.raises(StateError, match="record 3 was changed"):
        bench.fresh().verified("a")


def test_seals_that_were_changed_or_whose_key_is_gone_show(bench: Bench) -> None:
    bench.days(2, 3)
    path, key = bench.directory / "x.seals", bench.directory / "x.seals.key"
    assert key.stat().st_mode & 0o777 == 0o600
    text = path.read_text()
    path.write_text(text.replace('"last": 3', '"last": 2'))
    with pytest.raises(StateError, match="line 1 was changed"):
        bench.fresh().verified("a")
    path.write_text("nonsense\n")
    with pytest.raises(StateError, match="line 1 was changed"):
        bench.fresh().verified("a")
    path.write_text(text)
    key.unlink()
    with pytest.raises(StateError, match=r"key of x\.seals is missing"):
        bench.fresh().verified("a")


def test_a_seal_that_was_not_written_whole_is_written_again(bench: Bench) -> None:
    bench.days(2, 3)
    path = bench.directory / "x.seals"
    path.write_bytes(path.read_bytes()[:-9])
    assert [seal.account for seal in bench.seals.read()] == ["a"]
    bench.fresh().append("b", "2026-03-03T11:00:00+00:00", event("Read", 1), "[]", "state")
    assert [(seal.account, seal.last) for seal in bench.seals.read()] == [("a", 3), ("b", 3)]


def test_a_seal_that_cannot_be_written_undoes_no_step_and_is_tried_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.days(2)

    def refuses(*_: Any) -> None:
        raise StateError("the journal cannot be sealed", remedy="x")

    with monkeypatch.context() as patched:
        patched.setattr(Seals, "append", refuses)
        bench.days(3)
        assert bench.journal.trouble is not None
    assert len(list(bench.journal.records("a"))) == 6
    bench.days(3, each=1)
    assert bench.journal.trouble is None
    assert [seal.last for seal in bench.seals.read()] == [3, 3]


def test_a_failed_step_leaves_the_packing_whole(bench: Bench) -> None:
    bench.days(2)
    bench.connection.execute("CREATE TRIGGER no BEFORE INSERT ON guard_state BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    with pytest.raises(StateError):
        bench.journal.append("a", "2026-03-02T11:00:00+00:00", event("Read", 99), "[]", "state")
    bench.connection.execute("DROP TRIGGER no")
    bench.days(2)
    assert [record.event for record in bench.journal.records("a", after=3)] == [event("Read", number) for number in range(3)]


def test_records_of_the_first_release_are_read(tmp_path: Path) -> None:
    """Texts as they were stored before they were packed: shape 2 of the database."""
    connection = apsw.Connection(str(tmp_path / "old.sqlite3"))
    from market_analysis.store.migrations import MIGRATIONS

    for statements in MIGRATIONS[:2]:
        connection.execute(statements)
    connection.pragma("user_version", 2)
    old = Journal(open_database(tmp_path / "memory.sqlite3"))
    for number in range(3):
        record = old.append("a", "2026-03-02T10:00:00+00:00", event("Read", number), "[]", "state")
        connection.execute(
            "INSERT INTO journal (account, number, schema_version, at, event, decisions, chain) VALUES (?, ?, 1, ?, ?, ?, ?)",
            ("a", record.number, record.at, record.event, record.decisions, record.chain),
        )
    connection.execute("INSERT INTO guard_state VALUES ('a', 3, 1, 'state')")
    connection.close()
    journal = Journal(open_database(tmp_path / "old.sqlite3"))
    journal.append("a", "2026-03-02T10:00:01+00:00", event("Read", 3), "[]", "state")
    assert [record.event for record in journal.records("a")] == [event("Read", number) for number in range(4)]
    assert journal.verified("a").last is not None
