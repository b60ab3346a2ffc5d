"""A daemon's sockets around a guard whose looks a test invents: no exchange, no market, milliseconds."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from guard_world import BTC, KEY, START, Driver, active, held, policy

from market_analysis.desk.daemon.account import Hooks
from market_analysis.desk.daemon.board import Board
from market_analysis.desk.daemon.endpoints import UnixEndpoint
from market_analysis.desk.daemon.reading import StatusReader
from market_analysis.desk.daemon.server import Limits, LineServer, Service
from market_analysis.desk.guard import JournaledGuard, Watch
from market_analysis.desk.guard_opening import OpenGuard
from market_analysis.domain.decision import Decision
from market_analysis.domain.event import Command, CommandKind
from market_analysis.errors import VenueUnavailableError
from market_analysis.guard.judging import judge
from market_analysis.report.guard_status import Seen
from market_analysis.store import IN_MEMORY, Journal, open_database

__all__ = ["BTC", "KEY", "START", "Scripted", "ScriptedOpening", "board_of", "driver", "hooks", "seen_by", "serving", "short_path"]


@contextmanager
def short_path() -> Iterator[Path]:
    """A directory whose sockets' paths fit, whatever pytest calls its own."""
    with tempfile.TemporaryDirectory(prefix="rm") as name:
        yield Path(name)


def driver(account: str = "main", loss: str = "500") -> Driver:
    """An account that was read once, with a position and a limit."""
    world = Driver(policy(active("daily_realized_loss", loss=Decimal(loss)), account=account, enforces=False))
    world.read(held("1", "100", "101"))
    world.trades_known()
    return world


def seen_by(world: Driver, **changes: Any) -> Seen:
    """What a board would be told of it."""
    fields: dict[str, Any] = {
        "state": world.state,
        "verdicts": tuple(verdict for _, verdict in judge(world.state)),
        "decisions": (),
        "now": world.at,
        "uptime_ms": world.uptime,
        "risk_frac": Decimal("0.005"),
        "age_seconds": Decimal(0),
    }
    return Seen(**(fields | changes))


def board_of(*worlds: Driver) -> Board:
    """A board with these accounts, told of all but the first that has no read."""
    board = Board([world.policy.account for world in worlds], monotonic=lambda: 5.0)
    for world in worlds:
        clocks: Any = (lambda world=world: world.at, lambda world=world: world.uptime)
        board.publish(world.policy.account, seen_by(world), clocks, ["alert something began"], read_at=5.0)
    return board


@contextmanager
def serving(board: Board, limits: Limits | None = None) -> Iterator[Path]:
    """The read socket of a board."""
    with short_path() as folder:
        path = folder / "read.sock"
        services = [Service(UnixEndpoint(path, mode=0o666), StatusReader(board).answers)]
        with LineServer(services, limits or Limits()):
            yield path
        assert not path.exists()
        assert os.listdir(folder) == []


class Scripted:
    """A guard session whose looks are what a test says: a state's account, or an error. It stands in for `GuardSession`."""

    def __init__(self, world: Driver, looks: list[Any] | None = None) -> None:
        self.world = world
        self.looks = looks if looks is not None else []
        self.done = 0
        self.ticks = 0
        self.failed = 0
        self.guard = JournaledGuard(world.policy, Journal(open_database(IN_MEMORY)))

    @property
    def state(self) -> Any:
        return self.world.state

    def now(self) -> Any:
        return self.world.at

    def uptime_ms(self) -> int:
        return self.world.uptime

    async def look(self) -> Any:
        await asyncio.sleep(0)
        self.done += 1
        found = self.looks.pop(0) if self.looks else "ok"
        if isinstance(found, BaseException):
            raise found
        if found == "hangs":
            await asyncio.Event().wait()
        return found

    async def digest(self, look: Any) -> Watch:
        decisions = self.world.read(held("1", "100", "101"))
        return Watch(look, tuple(verdict for _, verdict in judge(self.world.state)), decisions, self.world.state)

    async def tick(self) -> tuple[Decision, ...]:
        self.ticks += 1
        return self.world.wait(1)

    async def unread(self, reason: str) -> tuple[Decision, ...]:
        self.failed += 1
        return self.world.blind()

    async def order(self, kind: CommandKind, by: str, reason: str, **terms: Any) -> tuple[Decision, ...]:
        return self.world.feed(Command(self.world.at, self.world.uptime, kind, by, reason, **terms))


@dataclass
class ScriptedOpening:
    """Opens scripted sessions by name; the first `refused` openings of a name fail."""

    sessions: dict[str, Scripted]
    refused: dict[str, int] = field(default_factory=dict)
    opened: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def open(self, name: str, progress: Any) -> AsyncIterator[OpenGuard]:
        self.opened.append(name)
        if self.refused.get(name, 0) > 0:
            self.refused[name] -= 1
            raise VenueUnavailableError(f"{name} cannot be reached", remedy="")
        yield OpenGuard(self.sessions[name], Decimal("0.005"))  # type: ignore[arg-type]


@dataclass
class Told:
    """What hooks were told."""

    watched: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    completed: list[str] = field(default_factory=list)
    decided: list[Decision] = field(default_factory=list)


def hooks(told: Told) -> Hooks:
    """Hooks that remember."""
    return Hooks(
        watched=lambda name, watch: told.watched.append(name),
        decided=lambda name, decisions: told.decided.extend(decisions),
        failed=lambda name, text: told.failed.append((name, text)),
        late=lambda seconds: None,
        completed=told.completed.append,
        progress=lambda text: None,
    )
