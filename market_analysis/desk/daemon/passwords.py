"""The administrator's password: argon2id, five failures in fifteen minutes, counted before the password is looked at."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from market_analysis.desk.daemon.wire import RefusedError
from market_analysis.errors import EXIT_AUTHENTICATION, EXIT_USAGE
from market_analysis.store import AdminBook

MOST_FAILURES, WINDOW = 5, timedelta(minutes=15)
SHORTEST, LONGEST = 12, 128


def _now() -> datetime:
    return datetime.now(UTC)


class PasswordGate:
    """Lets in whoever knows the password. One attempt at a time, for each costs 64 MiB; call it outside of event loops."""

    def __init__(self, book: AdminBook, now: Callable[[], datetime] = _now) -> None:
        from argon2 import PasswordHasher

        self._book = book
        self._now = now
        self._hasher = PasswordHasher()
        self._nobody_s = self._hasher.hash("nobody has this password")
        self._lock = threading.Lock()

    def check(self, password: str | None) -> None:
        """Return where it is the password.

        An attempt counts as failed before it is verified, so that a killed guard gives no attempt for nothing; it takes as long
        where no password is set.

        Raises:
            RefusedError: it is not, or too many were not.
            StateError: the record cannot be read or written; nobody is let in.
        """
        from argon2.exceptions import InvalidHashError, VerificationError

        with self._lock:
            record, now = self._book.read(), self._now()
            recent = tuple(moment for moment in record.failures if moment > now - WINDOW)
            if len(recent) >= MOST_FAILURES:
                wait = max(int((recent[-MOST_FAILURES] + WINDOW - now).total_seconds()), 1)
                raise RefusedError("too_many_failures", f"too many wrong passwords; try again in {wait} s", EXIT_AUTHENTICATION)
            if password is None:
                raise RefusedError("password_required", "the administrator's password is needed", EXIT_AUTHENTICATION)
            self._book.write(replace(record, failures=(*recent, now)))
            try:
                self._hasher.verify(record.password_hash or self._nobody_s, password)
            except (VerificationError, InvalidHashError):
                raise RefusedError("wrong_password", "this is not the administrator's password", EXIT_AUTHENTICATION) from None
            if record.password_hash is None:
                raise RefusedError("wrong_password", "this is not the administrator's password", EXIT_AUTHENTICATION)
            stale = self._hasher.check_needs_rehash(record.password_hash)
            fresh = self._hasher.hash(password) if stale else record.password_hash
            self._book.write(replace(record, password_hash=fresh, failures=recent))

    def set(self, password: str) -> None:
        """Another password.

        Raises:
            RefusedError: it is too short or too long.
            StateError: it cannot be written.
        """
        if not SHORTEST <= len(password) <= LONGEST:
            raise RefusedError("password_length", f"a password has {SHORTEST} to {LONGEST} characters", EXIT_USAGE)
        with self._lock:
            self._book.set_hash(self._hasher.hash(password))
