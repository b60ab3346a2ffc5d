"""Numbered changes of the database's shape, each applied in the transaction that records it. Never edited, only added to."""

from __future__ import annotations

MIGRATIONS: tuple[str, ...] = (
    # 1: closed bars and the memory of each account
    """
    CREATE TABLE bar (
        instrument TEXT NOT NULL, bar_minutes INTEGER NOT NULL, open_time_ms INTEGER NOT NULL,
        open REAL NOT NULL, high REAL NOT NULL, low REAL NOT NULL, close REAL NOT NULL, volume REAL NOT NULL,
        PRIMARY KEY (instrument, bar_minutes, open_time_ms)
    ) WITHOUT ROWID;
    CREATE TABLE memory (account TEXT PRIMARY KEY, schema_version INTEGER NOT NULL, saved_at TEXT NOT NULL, body BLOB NOT NULL);
    """,
    # 2: the guard's journal and its state
    """
    CREATE TABLE journal (
        account TEXT NOT NULL, number INTEGER NOT NULL, schema_version INTEGER NOT NULL, at TEXT NOT NULL,
        event TEXT NOT NULL, decisions TEXT NOT NULL, chain TEXT NOT NULL,
        PRIMARY KEY (account, number)
    ) WITHOUT ROWID;
    CREATE TABLE guard_state (
        account TEXT PRIMARY KEY, number INTEGER NOT NULL, schema_version INTEGER NOT NULL, state TEXT NOT NULL
    );
    """,
    # 3: the kind of each record's event, by which records are packed
    """
    ALTER TABLE journal ADD COLUMN kind TEXT NOT NULL DEFAULT '';
    """,
    # 4: what the guard's state must hash to, together with the record that it follows
    """
    ALTER TABLE guard_state ADD COLUMN digest TEXT NOT NULL DEFAULT '';
    """,
)
