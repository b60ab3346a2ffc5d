"""A real guard in a process that can be killed: `python guard_process.py` loads everything once and then forks a child per line of
its input, so that a kill costs no start of Python. Each child is the product's own session, journal and enforcer on a state
directory.

The child writes to `acknowledged` what it was given back after a step was on disk. With `die_at` it kills itself at that boundary
of input and output: before and after each request, and before each write of the database; else it counts them in `boundaries`.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import signal
import ssl
import sys
import time
import traceback
import warnings
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import apsw
from desk_sessions import quick_settings
from embedded_exchange import TRADER
from guard_world import active, policy

from market_analysis.desk.guard import GuardSession, JournaledGuard
from market_analysis.desk.session import Session
from market_analysis.desk.state import open_state
from market_analysis.domain import ManualClock
from market_analysis.domain.decision import Decision, FlattenEnded, LockSet
from market_analysis.domain.event import Event
from market_analysis.settings import AccountSettings, Credentials
from market_analysis.venues.bybit import BybitVenue
from market_analysis.venues.bybit.client import WatchOnlyBybit
from market_analysis.venues.bybit.enforcer import BybitEnforcer
from market_analysis.venues.bybit.trading_client import TradingBybit

LABEL = "killed"


class Boundaries:
    """Counts them, and ends the process at one."""

    def __init__(self, die_at: int | None) -> None:
        self.count = 0
        self._die_at = die_at

    def passed(self) -> None:
        """One more."""
        self.count += 1
        if self.count == self._die_at:
            os.kill(os.getpid(), signal.SIGKILL)


class _File(apsw.VFSFile):
    """A file of the database whose every write is a boundary."""

    boundaries: Boundaries

    def __init__(self, boundaries: Boundaries, name: Any, flags: list[int]) -> None:
        super().__init__("unix", name, flags)
        self.boundaries = boundaries

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 (apsw's name)
        self.boundaries.passed()
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self.boundaries.passed()
        super().xSync(flags)


class _System(apsw.VFS):
    def __init__(self, boundaries: Boundaries) -> None:
        self._boundaries = boundaries
        super().__init__("boundaries", "unix", makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> _File:  # noqa: N802
        return _File(self._boundaries, name, flags)


def watch_boundaries(boundaries: Boundaries) -> _System:
    """Every request and every write of the database from now on. The file system lives as long as what is returned."""
    for client in (WatchOnlyBybit, TradingBybit):
        send = client.fetch

        async def fetch(self: Any, *arguments: Any, _send: Any = send, **named: Any) -> Any:
            boundaries.passed()
            answer = await _send(self, *arguments, **named)
            boundaries.passed()
            return answer

        client.fetch = fetch  # type: ignore[method-assign]
    return _System(boundaries)


class Acknowledging(JournaledGuard):
    """Notes what is on disk, after it is."""

    log: int

    def feed(self, event: Event) -> tuple[Decision, ...]:
        decisions = super().feed(event)
        for item in decisions:
            if isinstance(item, LockSet | FlattenEnded):
                os.write(self.log, f"{type(item).__name__} {getattr(item, 'rule', '')}\n".encode())
        return decisions


async def run_guard(order: dict[str, Any]) -> None:
    """So many looks on a state directory."""
    directory = Path(order["directory"])
    clock = ManualClock(datetime.fromisoformat(order["now"]))
    settings = quick_settings(bybit={"base_url": order["base_url"], "requests_per_second": 100})
    key = Credentials(TRADER.api_key, TRADER.secret)
    rule = active("daily_realized_loss", loss=Decimal(order["loss"]))
    # Paced at a hundred times the ceiling: what is killed is a guard that works, not one that waits.
    async with BybitVenue(
        settings.bybit, key, "main", clock=clock, timeout_s=5.0, monotonic=lambda: 100 * time.monotonic()
    ) as venue:
        with open_state(directory, LABEL, must_own=True) as state:
            async with BybitEnforcer(settings.bybit, key, timeout_s=5.0) as enforcer:
                await enforcer.check()
                guard = Acknowledging(policy(rule), state.journal)
                guard.log = os.open(directory / "acknowledged", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                session = GuardSession(Session(settings, venue, clock, AccountSettings(), state), guard, enforcer)
                for _ in range(order["looks"]):
                    watch = await session.watch()
                    if order.get("until_flat") and watch.state.positions == () and watch.state.flattening is None:
                        break


def _child(order: dict[str, Any]) -> None:
    warnings.simplefilter("ignore")
    boundaries = Boundaries(order.get("die_at"))
    system = watch_boundaries(boundaries) if order.get("count") else None
    asyncio.run(run_guard(order))
    if system is not None:
        Path(order["directory"], "boundaries").write_text(str(boundaries.count))


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def main() -> None:
    """One child per line; answers with its process id, then, once it has ended, with how. The first run is this process's own, so
    that no child loads anything anew; the certificates that no request here needs are read once."""
    ssl.create_default_context = functools.cache(ssl.create_default_context)  # type: ignore[assignment]
    for line in sys.stdin:
        order = json.loads(line)
        if order.get("warm"):
            _child(order)
        child = os.fork()
        if child == 0:
            status = 70
            try:
                _child(order)
                status = 0
            except BaseException:
                traceback.print_exc()
                raise
            finally:
                sys.stderr.flush()
                os._exit(status)
        _say(child)
        _, status = os.waitpid(child, 0)
        _say(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
