"""The administrator's password, hashed, and who has failed to give it lately: one small file that outlives the process."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from market_analysis.errors import StateError


@dataclass(frozen=True, slots=True)
class AdminRecord:
    """password_hash: argon2id, None where no password is set. failures: moments of wrong passwords, oldest first."""

    password_hash: str | None = None
    failures: tuple[datetime, ...] = ()


class AdminBook:
    """Reads and writes the record; one writer. path None: nothing outlives the process, which is a demo's."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._memory = AdminRecord()

    def read(self) -> AdminRecord:
        """The record; an empty one where there is none.

        Raises:
            StateError: it cannot be read; nobody is let in for that.
        """
        if self._path is None:
            return self._memory
        try:
            found = json.loads(self._path.read_bytes())
            failures = tuple(datetime.fromisoformat(text) for text in found["failures"])
            return AdminRecord(None if found["password_hash"] is None else str(found["password_hash"]), failures)
        except FileNotFoundError:
            return AdminRecord()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StateError(
                f"the administrator's record {self._path} cannot be read: {type(error).__name__}",
                remedy="as the guard's own user, remove it and set the password again",
            ) from error

    def write(self, record: AdminRecord) -> None:
        """Replace the record, whole or not at all, readable by its user alone.

        Raises:
            StateError: it cannot be written.
        """
        self._memory = record
        if self._path is None:
            return
        body = json.dumps({"password_hash": record.password_hash, "failures": [moment.isoformat() for moment in record.failures]})
        fresh = self._path.with_name(self._path.name + ".new")
        try:
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(body.encode())
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, self._path)
        except OSError as error:
            raise StateError(
                f"the administrator's record {self._path} cannot be written: {error.strerror}", remedy="free some disk space"
            ) from error

    def set_hash(self, password_hash: str) -> None:
        """Another password; earlier failures are forgotten."""
        self.write(replace(self.read(), password_hash=password_hash, failures=()))
