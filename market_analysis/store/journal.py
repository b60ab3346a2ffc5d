"""The guard's journal: what `step` was given and what it decided, chained by hashes, with the state it led to.

One transaction holds event, decisions and state, and comes before anything is sent (law 9): after a crash at any instruction the
guard is where the journal says. The chain shows edits and rows that are gone from the middle; a tail that was cut off is shown by
the head that `verify` is given to compare with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import apsw

from market_analysis.errors import StateError
from market_analysis.store.database import state_errors

SCHEMA_VERSION = 1
FIRST = "0" * 64


@dataclass(frozen=True, slots=True)
class Record:
    """One step of one account. chain: hash over the one before and this record."""

    number: int
    account: str
    at: str
    event: str
    decisions: str
    chain: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state after record `number`, as text."""

    number: int
    state: str


class Journal:
    """Appends and reads; one writer. Every method raises `StateError` when the database cannot be used."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def append(self, account: str, at: str, event: str, decisions: str, state: str) -> Record:
        """Write one step and the state after it, in one transaction."""
        with state_errors(self._connection.filename), self._connection:
            number, chain = self._head(account)
            record = Record(number + 1, account, at, event, decisions, _link(chain, account, at, event, decisions))
            self._connection.execute(
                "INSERT INTO journal (account, number, schema_version, at, event, decisions, chain) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (account, record.number, SCHEMA_VERSION, at, event, decisions, record.chain),
            )
            self._connection.execute(
                "INSERT OR REPLACE INTO guard_state (account, number, schema_version, state) VALUES (?, ?, ?, ?)",
                (account, record.number, SCHEMA_VERSION, state),
            )
        return record

    def checkpoint(self, account: str) -> Checkpoint | None:
        """The state after the last step, None before the first.

        Raises:
            StateError: it was written by another version, or belongs to no record.
        """
        with state_errors(self._connection.filename):
            row = self._connection.execute(
                "SELECT number, schema_version, state FROM guard_state WHERE account = ?", (account,)
            ).fetchone()
        if row is None:
            return None
        if row[1] != SCHEMA_VERSION:
            raise StateError(
                f"the guard's state has shape {row[1]}, this version knows {SCHEMA_VERSION}", remedy="upgrade risk-manager"
            )
        if self._head(account)[0] != row[0]:
            raise StateError("the guard's state and its journal do not belong together", remedy="run `risk-manager journal verify`")
        return Checkpoint(row[0], row[2])

    def records(self, account: str, after: int = 0) -> Iterator[Record]:
        """Every record later than number `after`, in order."""
        with state_errors(self._connection.filename):
            rows = self._connection.execute(
                "SELECT number, at, event, decisions, chain FROM journal WHERE account = ? AND number > ? ORDER BY number",
                (account, after),
            )
            for number, at, event, decisions, chain in rows:
                yield Record(int(number), account, str(at), str(event), str(decisions), str(chain))

    def accounts(self) -> tuple[str, ...]:
        """Accounts that have a journal."""
        with state_errors(self._connection.filename):
            rows = self._connection.execute("SELECT DISTINCT account FROM journal ORDER BY account").fetchall()
        return tuple(str(row[0]) for row in rows)

    def verify(self, account: str) -> Record | None:
        """Walk the chain; the last record, None for an empty journal.

        Raises:
            StateError: a record was changed, or is missing; names the first.
        """
        chain, expected, last = FIRST, 1, None
        for record in self.records(account):
            if record.number != expected:
                raise StateError(f"journal of {account}: record {expected} is missing", remedy="restore the state from a copy")
            chain = _link(chain, account, record.at, record.event, record.decisions)
            if chain != record.chain:
                raise StateError(
                    f"journal of {account}: record {record.number} was changed", remedy="restore the state from a copy"
                )
            expected, last = expected + 1, record
        return last

    def _head(self, account: str) -> tuple[int, str]:
        row = self._connection.execute(
            "SELECT number, chain FROM journal WHERE account = ? ORDER BY number DESC LIMIT 1", (account,)
        ).fetchone()
        return (0, FIRST) if row is None else (row[0], row[1])


def _link(before: str, *parts: str) -> str:
    """sha256 over the hash before and the parts, each with its length, so that no two records read alike."""
    digest = hashlib.sha256(before.encode())
    for part in parts:
        digest.update(f"{len(part)}:".encode())
        digest.update(part.encode())
    return digest.hexdigest()
