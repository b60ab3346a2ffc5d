"""Kills a real guard and begins it again, and judges what is left: one trial per call, any number of them on one exchange."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from breached_account import NOW, Trial, breached_exchange, the_market
from guard_process import LABEL

from market_analysis.desk.guard import CODEC
from market_analysis.store import Journal, open_database
from market_analysis.venues.simulated import LimitSettings, ManualMarketClock, SimulatedServer, running_server

BREACHED, FAR = "60", "100000"
LOOKS = 7
"""What was under way at a kill is settled by two reads, closed after the next, read flat after that; and two to spare."""
KILLED_LOOKS = 1


@dataclass
class Killer:
    """A served exchange, the process that forks guards, and what was reached."""

    server: SimulatedServer
    forker: subprocess.Popen[str]
    directory: Path
    kills: int = 0
    trials: int = 0
    span_s: float = 1.0

    def guard(self, directory: Path, loss: str, *, looks: int = LOOKS, **more: Any) -> int:
        """Start a guard; its process id."""
        assert self.forker.stdin is not None
        self.server.advance(timedelta(seconds=5))
        now = self.server.state.clock.now().isoformat()
        order = {"directory": str(directory), "base_url": self.server.base_url, "now": now, "loss": loss, "looks": looks, **more}
        self.forker.stdin.write(json.dumps(order) + "\n")
        self.forker.stdin.flush()
        return int(self._line())

    def end(self) -> int:
        """Wait for it; its exit status, below zero for a signal."""
        return int(self._line())

    def run_whole(self, directory: Path, loss: str, **more: Any) -> None:
        """A guard that nobody kills."""
        self.guard(directory, loss, **more)
        assert self.end() == 0

    def _line(self) -> str:
        assert self.forker.stdout is not None
        line = self.forker.stdout.readline()
        assert line, "the forking process is gone"
        return line

    def new_directory(self) -> Path:
        """A state with cached bars and no journal, as of a guard that ran long before."""
        template, made = self.directory / "template", self.directory / f"trial{self.trials}"
        if not template.exists():
            with self.server.exchange() as exchange:
                Trial.begin(exchange)
            self.run_whole(template, FAR, looks=1, warm=True)
            begun = time.perf_counter()
            self.run_whole(template, FAR, looks=KILLED_LOOKS)
            self.span_s = time.perf_counter() - begun
            connection = open_database(template / f"{LABEL}.sqlite3")
            connection.execute("DELETE FROM journal; DELETE FROM guard_state")
            connection.close()
            (template / "acknowledged").unlink()
        shutil.copytree(template, made)
        self.trials += 1
        return made


@contextmanager
def killer(directory: Path) -> Iterator[Killer]:
    """Everything that killing needs."""
    exchange = breached_exchange()
    helpers = Path(__file__).parent
    paths = os.pathsep.join([str(helpers), str(helpers.parent.parent)])
    clock = ManualMarketClock(NOW)
    limits = LimitSettings(enabled=False)
    with running_server(exchange, market=the_market(), clock=clock, limits=limits) as server:
        forker = subprocess.Popen(
            [sys.executable, str(helpers / "guard_process.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1"},
        )
        with forker:
            try:
                yield Killer(server, forker, directory)
            finally:
                assert forker.stdin is not None
                with suppress(BrokenPipeError):
                    forker.stdin.close()


def random_kills(world: Killer, rng: random.Random, kills: int, *, loss: str = BREACHED) -> None:
    """One trial: killed so many times at random instants of a run, begun again after each, then left alone."""
    directory, trial = _begin(world)
    for _ in range(kills):
        child = world.guard(directory, loss, looks=KILLED_LOOKS)
        time.sleep(rng.random() * world.span_s)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        _killed(world, directory, trial)
    _finish(world, directory, trial, loss)


def kill_at(world: Killer, boundaries: list[int], *, loss: str = BREACHED) -> None:
    """One trial: killed at these boundaries, one after the other, then left alone."""
    directory, trial = _begin(world)
    for boundary in boundaries:
        world.guard(directory, loss, looks=KILLED_LOOKS, count=True, die_at=boundary)
        _killed(world, directory, trial)
    _finish(world, directory, trial, loss)


def boundaries_of_a_run(world: Killer) -> int:
    """How many there are when nothing is in the way."""
    directory, trial = _begin(world)
    world.run_whole(directory, BREACHED, looks=KILLED_LOOKS, count=True)
    count = int((directory / "boundaries").read_text())
    _finish(world, directory, trial, BREACHED)
    return count


def _begin(world: Killer) -> tuple[Path, Trial]:
    directory = world.new_directory()
    with world.server.exchange() as exchange:
        return directory, Trial.begin(exchange)


def _killed(world: Killer, directory: Path, trial: Trial) -> None:
    """A run that had ended before its kill counts as none."""
    status = world.end()
    assert status in (0, -signal.SIGKILL), status
    world.kills += status == -signal.SIGKILL
    with world.server.exchange():
        trial.nothing_wrong()
    no_lock_lost(directory)


def _finish(world: Killer, directory: Path, trial: Trial, loss: str) -> None:
    world.run_whole(directory, loss, until_flat=loss == BREACHED)
    with world.server.exchange():
        trial.nothing_wrong()
        if loss == FAR:
            trial.untouched()
        else:
            trial.flat()
    locks = no_lock_lost(directory)
    assert locks == (set() if loss == FAR else {"daily_realized_loss"})
    connection = open_database(directory / f"{LABEL}.sqlite3", writable=False)
    assert Journal(connection).verified("main").last is not None
    connection.close()
    shutil.rmtree(directory)


def no_lock_lost(directory: Path) -> set[str]:
    """Every lock that was acknowledged stands on disk. The rules that lock."""
    log = directory / "acknowledged"
    told = {line.split()[1] for line in log.read_text().splitlines() if line.startswith("LockSet")} if log.exists() else set()
    connection = open_database(directory / f"{LABEL}.sqlite3", writable=False)
    try:
        saved = Journal(connection).checkpoint("main")
    finally:
        connection.close()
    locks = set() if saved is None else {lock.rule for lock in CODEC.loads(saved.state).values["locks"]}
    assert told <= locks, f"a lock was lost: {told - locks}"
    return locks
