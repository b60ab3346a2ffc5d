"""What the accounts' loops have seen, for the sockets' thread to read: whole values, replaced and never changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeAlias

from market_analysis.desk.versions import versions
from market_analysis.domain.clock import uptime_seconds
from market_analysis.report.guard_status import (
    AccountStatus,
    DecisionStatus,
    GuardStatus,
    Seen,
    account_status,
    guard_status,
    unopened_status,
)

DECISIONS_KEPT = 20
Clocks: TypeAlias = tuple[Callable[[], datetime], Callable[[], int]]


@dataclass(frozen=True, slots=True)
class Published:
    """An account as its loop left it. clocks: the account's time, and its clock that cannot be set. read_at: by our own clock, when
    the last look ended. problem: why it cannot be opened or looked at now."""

    seen: Seen | None = None
    clocks: Clocks | None = None
    read_at: float | None = None
    problem: str | None = None
    decisions: tuple[DecisionStatus, ...] = field(default=())


class Board:
    """Written by the loop's thread, read by the sockets'."""

    def __init__(self, names: Sequence[str], monotonic: Callable[[], float] = uptime_seconds) -> None:
        self._lock = threading.Lock()
        self._monotonic = monotonic
        self._published = {name: Published() for name in names}
        self._started_at = datetime.now(UTC)
        self._listeners: dict[object, Callable[[], object]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The accounts, in their order."""
        return tuple(self._published)

    def publish(self, name: str, seen: Seen, clocks: Clocks, lines: Sequence[str], *, read_at: float | None) -> None:
        """What is known of an account now, and what was decided on the way."""
        before = self._published[name]
        kept = (*before.decisions, *(DecisionStatus(seen.now, line) for line in lines))[-DECISIONS_KEPT:]
        self._replace(name, Published(seen, clocks, read_at, seen.problem, kept))

    def fail(self, name: str, problem: str) -> None:
        """An account that could not be opened."""
        self._replace(name, replace(self._published[name], problem=problem))

    def status(self, only: str | None = None) -> GuardStatus:
        """All accounts, or one of them, at this moment."""
        with self._lock:
            published = dict(self._published)
        accounts = [self._account(name, item) for name, item in published.items() if only in (None, name)]
        return guard_status(versions()["risk-manager"], datetime.now(UTC), self._started_at, accounts)

    def listen(self, key: object, changed: Callable[[], object]) -> None:
        """Call `changed` after every change, from the loop's thread."""
        with self._lock:
            self._listeners[key] = changed

    def forget(self, key: object) -> None:
        """No longer."""
        with self._lock:
            self._listeners.pop(key, None)

    def _account(self, name: str, item: Published) -> AccountStatus:
        if item.seen is None or item.clocks is None:
            return unopened_status(name, item.problem)
        now, uptime = item.clocks
        age = None if item.read_at is None else Decimal(max(round((self._monotonic() - item.read_at) * 10), 0)) / 10
        seen = replace(item.seen, now=now(), uptime_ms=uptime(), age_seconds=age, problem=item.problem, decisions=item.decisions)
        return account_status(seen)

    def _replace(self, name: str, item: Published) -> None:
        with self._lock:
            self._published[name] = item
            listeners = tuple(self._listeners.values())
        for changed in listeners:
            changed()
