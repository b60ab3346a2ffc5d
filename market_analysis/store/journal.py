"""The guard's journal: what `step` was given and what it decided, chained by hashes, with the state it led to.

One transaction holds event, decisions and state, and comes before anything is sent (law 9): after a crash at any instruction the
guard is where the journal says. The chain shows edits and rows that are gone from the middle; seals beside the database show a tail
that was cut off, and what was dropped by age: whole sealed parts only, the newest never.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date as calendar_date
from datetime import timedelta

import apsw

from market_analysis.errors import StateError
from market_analysis.store.database import state_errors
from market_analysis.store.packing import Packer, kind_of, whole_before
from market_analysis.store.seals import Seal, Seals

SCHEMA_VERSION = 1
"""Of the texts in it: the guard's types."""
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


@dataclass(frozen=True, slots=True)
class Verified:
    """What was walked. last: None for an empty journal. dropped: records before the first that is kept. sealed: up to which record
    a seal vouches for it, 0 for none."""

    last: Record | None
    dropped: int
    sealed: int


class Journal:
    """Appends and reads; one writer. Every method raises `StateError` when the database cannot be used.

    seals: where closed parts are vouched for; None: nowhere (memory). keep_days: sealed parts whose end is older are dropped; 0:
    none.
    """

    def __init__(self, connection: apsw.Connection, seals: Seals | None = None, keep_days: int = 0) -> None:
        self._connection = connection
        self._seals = seals
        self._packers: dict[str, Packer] = {}
        self._written: dict[str, str] = {}
        self._dates: dict[str, str] = {}
        self._heads: dict[str, str] = {}
        self.keep_days = keep_days
        self.trouble: StateError | None = None

    def append(self, account: str, at: str, event: str, decisions: str, state: str) -> Record:
        """Write one step and the state after it, in one transaction; then seal what a new day has closed.

        A seal that cannot be written undoes no step: it is tried again with the next, and `trouble` says why.
        """
        same_day = self._written.get(account) == at[:10]
        packer = self._packers.get(account, Packer()) if same_day else Packer()
        with state_errors(self._connection.filename), self._connection:
            number, chain = self._head(account)
            if self._heads.setdefault(account, chain) != chain:
                raise StateError(
                    f"journal of {account}: another process has written to it",
                    remedy="run one guard per state directory; this one has stopped before it could overwrite the other's locks",
                )
            record = Record(number + 1, account, at, event, decisions, _link(chain, account, at, event, decisions))
            packed = packer.pack(record.number, event)
            self._packers.pop(account, None)  # until it is written nobody has seen it: the next begins whole
            self._connection.execute(
                "INSERT INTO journal (account, number, schema_version, at, kind, event, decisions, chain)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (account, record.number, SCHEMA_VERSION, at, kind_of(event), packed, decisions, record.chain),
            )
            self._connection.execute(
                "INSERT OR REPLACE INTO guard_state (account, number, schema_version, state, digest) VALUES (?, ?, ?, ?, ?)",
                (account, record.number, SCHEMA_VERSION, state, _link(record.chain, state)),
            )
        self._heads[account] = record.chain
        self._packers[account], self._written[account] = packer, at[:10]
        self._close_day(account, at[:10])
        return record

    def _close_day(self, account: str, date: str) -> None:
        if self._seals is None or self._dates.get(account) == date:
            return
        try:
            self.seal(account, date)
            self._dates[account], self.trouble = date, None
        except StateError as error:
            self.trouble = error

    def seal(self, account: str, date: str) -> None:
        """Vouch for everything before the first record of that date that no seal vouches for; drop what is too old."""
        if self._seals is None:
            return
        mine = [seal for seal in self._seals.read() if seal.account == account]
        sealed = mine[-1].last if mine else 0
        with state_errors(self._connection.filename):
            row = self._connection.execute(
                "SELECT min(number), max(number) FROM journal WHERE account = ? AND number > ? AND substr(at, 1, 10) < ?",
                (account, sealed, date),
            ).fetchone()
        if row is not None and row[1] is not None:
            last = next(iter(self.records(account, row[1] - 1, row[1])))
            seal = Seal(account, int(row[0]), last.number, last.chain, last.at, SCHEMA_VERSION)
            self._seals.append(seal)
            mine.append(seal)
        self._drop(account, mine, date)

    def _drop(self, account: str, mine: list[Seal], date: str) -> None:
        if self.keep_days <= 0:
            return
        oldest = (calendar_date.fromisoformat(date) - timedelta(days=self.keep_days)).isoformat()
        gone = [seal.last for seal in mine if seal.at[:10] < oldest]
        if gone:
            with state_errors(self._connection.filename), self._connection:
                self._connection.execute("DELETE FROM journal WHERE account = ? AND number <= ?", (account, max(gone)))

    def checkpoint(self, account: str) -> Checkpoint | None:
        """The state after the last step, None before the first.

        Raises:
            StateError: it was written by another version, belongs to no record, was changed, or is missing.
        """
        with state_errors(self._connection.filename):
            row = self._connection.execute(
                "SELECT number, schema_version, state, digest FROM guard_state WHERE account = ?", (account,)
            ).fetchone()
            number, chain = self._head(account)
        if row is None and number == 0:
            self._heads[account] = FIRST
            return None
        if row is None:
            raise StateError(f"the guard's state of {account} is missing", remedy="restore the state from a copy")
        if row[1] != SCHEMA_VERSION:
            raise StateError(
                f"the guard's state has shape {row[1]}, this version knows {SCHEMA_VERSION}", remedy="upgrade risk-manager"
            )
        if number != row[0]:
            raise StateError("the guard's state and its journal do not belong together", remedy="run `risk-manager journal verify`")
        # Written before there were digests: none.
        if row[3] and row[3] != _link(chain, row[2]):
            raise StateError(f"the guard's state of {account} was changed, or is damaged", remedy="restore the state from a copy")
        self._heads[account] = chain
        return Checkpoint(row[0], row[2])

    def records(self, account: str, after: int = 0, last: int | None = None) -> Iterator[Record]:
        """Every record later than number `after`, up to number `last`, in order; unpacked from where reading can begin."""
        packer = Packer()
        until = -1 if last is None else last
        with state_errors(self._connection.filename):
            rows = self._connection.execute(
                "SELECT number, at, kind, event, decisions, chain FROM journal WHERE account = ? AND number > ?"
                " AND (? < 0 OR number <= ?) ORDER BY number",
                (account, whole_before(after), until, until),
            )
            expected = None
            for number, at, kind, event, decisions, chain in rows:
                if expected not in (None, number):
                    raise StateError(f"journal of {account}: record {expected} is missing", remedy="restore the state from a copy")
                expected = number + 1
                text = packer.unpack(int(number), str(kind), event)
                if number > after:
                    yield Record(int(number), account, str(at), text, str(decisions), str(chain))

    def accounts(self) -> tuple[str, ...]:
        """Accounts that have a journal."""
        with state_errors(self._connection.filename):
            rows = self._connection.execute("SELECT DISTINCT account FROM journal ORDER BY account").fetchall()
        return tuple(str(row[0]) for row in rows)

    def verified(self, account: str) -> Verified:
        """Walk the chain, and hold it against the seals.

        Raises:
            StateError: a record was changed, or is missing, or a sealed tail is; names the first.
        """
        seals = {seal.last: seal for seal in (self._seals.read() if self._seals is not None else ()) if seal.account == account}
        chain, expected, last, dropped = FIRST, 1, None, 0
        for record in self.records(account):
            if last is None and record.number - 1 in seals:
                chain, expected, dropped = seals[record.number - 1].head, record.number, record.number - 1
            if record.number != expected:
                raise StateError(f"journal of {account}: record {expected} is missing", remedy="restore the state from a copy")
            chain = _link(chain, account, record.at, record.event, record.decisions)
            sealed = seals.get(record.number)
            if chain != record.chain or (sealed is not None and sealed.head != chain):
                raise StateError(
                    f"journal of {account}: record {record.number} was changed", remedy="restore the state from a copy"
                )
            expected, last = expected + 1, record
        most = max(seals, default=0)
        if most >= expected:
            raise StateError(
                f"journal of {account}: records {expected} to {most} are gone; a seal of {seals[most].at[:10]} vouches for them",
                remedy="restore the state from a copy",
            )
        return Verified(last, dropped, most)

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
