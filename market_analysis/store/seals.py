"""Signed marks beside the database: up to here the journal was so long, and ended in this hash.

The chain alone does not show a tail that was cut off, nor a journal that was written anew. A seal says what stood when a day was
over; it is signed with a key that only the guard's user can read. Who can read that key can sign anything: seals protect against
edits of the database, not against that user.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from market_analysis.errors import StateError

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Seal:
    """Records `first` to `last` of an account, the hash that the last one ends the chain with, the time of the last one, and the
    shape of the records."""

    account: str
    first: int
    last: int
    head: str
    at: str
    schema_version: int


class Seals:
    """One file of seals, one line each, only ever added to, and the key beside it (0600)."""

    def __init__(self, directory: Path, label: str) -> None:
        self._path = directory / f"{label}.seals"
        self._key_path = directory / f"{label}.seals.key"

    def read(self) -> tuple[Seal, ...]:
        """All of them in order. A last line without its end is one that was not written whole, and is none.

        Raises:
            StateError: a line was changed, or the key is missing.
        """
        if not self._path.exists():
            return ()
        lines = _bytes(self._path).split(b"\n")[:-1]
        found = []
        for number, line in enumerate(lines, 1):
            try:
                body, signature = json.loads(line)
                seal = Seal(**body)
            except (ValueError, TypeError) as error:
                raise self._broken(number) from error
            if not hmac.compare_digest(self._sign(body), str(signature)):
                raise self._broken(number)
            found.append(seal)
        return tuple(found)

    def append(self, seal: Seal) -> None:
        """Write one, durable before this returns.

        Raises:
            StateError: it cannot be written.
        """
        body = asdict(seal)
        try:
            line = json.dumps([body, self._sign(body)]).encode() + b"\n"
            torn = self._path.exists() and not _bytes(self._path).endswith(b"\n") and self._path.stat().st_size > 0
            with open(self._path, "r+b" if torn else "ab") as file:
                if torn:
                    file.truncate(_bytes(self._path).rfind(b"\n") + 1)
                    file.seek(0, os.SEEK_END)
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StateError(
                f"the journal cannot be sealed: {error.strerror}", remedy="free disk space, or mend the state directory"
            ) from error

    def _sign(self, body: dict[str, object]) -> str:
        return hmac.new(self._key(), json.dumps(body, sort_keys=True).encode(), hashlib.sha256).hexdigest()

    def _key(self) -> bytes:
        if self._key_path.exists():
            return _bytes(self._key_path)
        if self._path.exists() and self._path.stat().st_size > 0:
            raise StateError(
                f"the key of {self._path.name} is missing", remedy="restore the state directory from a copy, all of it"
            )
        key = os.urandom(KEY_BYTES)
        handle = os.open(self._key_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        return key

    def _broken(self, number: int) -> StateError:
        return StateError(f"{self._path.name}: line {number} was changed", remedy="restore the state directory from a copy")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StateError(f"{path.name} cannot be read: {error.strerror}", remedy="mend the state directory's rights") from error
