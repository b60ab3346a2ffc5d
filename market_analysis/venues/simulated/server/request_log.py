"""A bounded log of what clients asked: tests and benchmarks count it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

LOG_LENGTH = 100_000


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request: method, path, raw query string, body, and the wire time it came in (Unix ms)."""

    method: str
    path: str
    query: str
    body: str
    at_ms: int


class RequestLog:
    """Thread-safe; keeps the newest `LOG_LENGTH` requests and counts all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: deque[RequestRecord] = deque(maxlen=LOG_LENGTH)
        self._total = 0

    def add(self, record: RequestRecord) -> None:
        """Append one request."""
        with self._lock:
            self._records.append(record)
            self._total += 1

    def clear(self) -> None:
        """Start counting anew."""
        with self._lock:
            self._records.clear()
            self._total = 0

    def __len__(self) -> int:
        with self._lock:
            return self._total

    def __iter__(self) -> Iterator[RequestRecord]:
        with self._lock:
            return iter(list(self._records))

    def count(self, path: str, *, method: str | None = None, containing: str = "") -> int:
        """Requests of a path whose query string contains `containing`."""
        return sum(record.path == path and containing in record.query and method in (None, record.method) for record in self)

    def paths(self) -> dict[str, int]:
        """Number of requests by path."""
        counts: dict[str, int] = {}
        for record in self:
            counts[record.path] = counts.get(record.path, 0) + 1
        return counts
