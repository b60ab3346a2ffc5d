"""The journal: one transaction a step, a chain that shows changes, a codec that gives back what it was given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market_analysis.errors import StateError
from market_analysis.store import IN_MEMORY, Codec, Journal, open_database


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Leaf:
    amount: Decimal
    colour: Colour


@dataclass(frozen=True)
class Tree:
    at: datetime
    day: date | None
    leaves: tuple[Leaf, ...]
    by_leaf: Mapping[Leaf, int]
    names: frozenset[str]
    flag: bool


CODEC = Codec((Leaf, Tree, Colour))
decimals = st.decimals(allow_nan=False, allow_infinity=False, places=8)
leaves = st.builds(Leaf, decimals, st.sampled_from(Colour))
trees = st.builds(
    Tree,
    st.datetimes(timezones=st.just(UTC)),
    st.none() | st.dates(),
    st.lists(leaves, max_size=4).map(tuple),
    st.dictionaries(leaves, st.integers(), max_size=4),
    st.frozensets(st.text(max_size=5), max_size=4),
    st.booleans(),
)


@given(trees)
def test_what_is_read_is_what_was_written_exactly(tree: Tree) -> None:
    text = CODEC.dumps(tree)
    again = CODEC.loads(text)
    assert again == tree
    assert CODEC.dumps(again) == text
    assert [str(leaf.amount) for leaf in again.leaves] == [str(leaf.amount) for leaf in tree.leaves]


@pytest.mark.parametrize("strange", [1.5, [1], {1}, object(), b"x", complex(1)])
def test_what_it_does_not_know_is_refused(strange: Any) -> None:
    with pytest.raises(StateError, match="cannot be stored"):
        CODEC.dumps(strange)


@pytest.mark.parametrize("text", ["", "{", '{"$":"Strange"}', '{"q":1}', '{"$":"Leaf","amount":{"d":"x"}}', "1.5", '{"a":1,"b":2}'])
def test_what_cannot_be_read_is_an_error(text: str) -> None:
    with pytest.raises(StateError):
        CODEC.loads(text)


def test_each_account_has_its_own_chain() -> None:
    journal = Journal(open_database(IN_MEMORY))
    for account in ("a", "b", "a"):
        journal.append(account, "now", "event", "[]", account)
    assert journal.accounts() == ("a", "b")
    assert [record.number for record in journal.records("a")] == [1, 2]
    assert [record.number for record in journal.records("a", after=1)] == [2]
    last = journal.verified("a").last
    assert last is not None
    assert last.number == 2
    saved = journal.checkpoint("a")
    assert saved is not None
    assert (saved.number, saved.state) == (2, "a")
    assert journal.checkpoint("c") is None
    assert journal.verified("c").last is None


def test_a_state_without_its_record_is_refused(tmp_path: Path) -> None:
    connection = open_database(tmp_path / "x.sqlite3")
    journal = Journal(connection)
    journal.append("a", "now", "event", "[]", "state")
    connection.execute("DELETE FROM journal")
    with pytest.raises(StateError, match="do not belong together"):
        journal.checkpoint("a")
    connection.execute("UPDATE guard_state SET schema_version = 99")
    with pytest.raises(StateError, match="shape 99"):
        journal.checkpoint("a")


def test_a_step_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    connection = open_database(tmp_path / "x.sqlite3")
    journal = Journal(connection)
    journal.append("a", "now", "event", "[]", "before")
    connection.execute("CREATE TRIGGER no BEFORE INSERT ON guard_state BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    with pytest.raises(StateError):
        journal.append("a", "later", "event", "[]", "after")
    assert [record.at for record in journal.records("a")] == ["now"]
    saved = journal.checkpoint("a")
    assert saved is not None
    assert saved.state == "before"


def test_parts_that_flow_into_each_other_do_not_chain_alike() -> None:
    one, other = Journal(open_database(IN_MEMORY)), Journal(open_database(IN_MEMORY))
    first = one.append("a", "1", "2", "3", "")
    second = other.append("a", "12", "", "3", "")
    assert first.chain != second.chain


def test_a_read_only_journal_cannot_be_written(tmp_path: Path) -> None:
    open_database(tmp_path / "x.sqlite3").close()
    journal = Journal(open_database(tmp_path / "x.sqlite3", writable=False))
    with pytest.raises(StateError):
        journal.append("a", "now", "event", "[]", "state")
