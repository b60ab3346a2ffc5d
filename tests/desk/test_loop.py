"""The one loop: intervals, reasons to look sooner, looks that are late, and stopping."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from market_analysis.desk import loop as module
from market_analysis.desk.loop import repeat


def quiet(_: object) -> None:
    """Nobody watches."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAST_PAUSE_SECONDS", 0.05)


class Looker:
    def __init__(self, takes: float = 0.0) -> None:
        self.starts: list[float] = []
        self.takes = takes

    async def look(self) -> int:
        self.starts.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self.takes)
        return len(self.starts)

    @property
    def gaps(self) -> list[float]:
        return [after - before for before, after in zip(self.starts, self.starts[1:], strict=False)]


async def test_from_start_to_start() -> None:
    looker, seen = Looker(0.05), list[int]()
    last = await repeat(looker.look, interval_seconds=0.15, iterations=3, on_look=seen.append, on_late=quiet)
    assert (last, seen) == (3, [1, 2, 3])
    assert all(0.14 <= gap < 0.6 for gap in looker.gaps)


async def test_a_reason_shortens_the_pause_but_not_below_the_least() -> None:
    looker, wake = Looker(), asyncio.Event()
    await repeat(looker.look, interval_seconds=30, iterations=3, on_look=lambda _: wake.set(), on_late=quiet, wake=wake)
    assert all(0.045 <= gap < 2 for gap in looker.gaps)


async def test_a_reason_that_comes_during_a_look_is_for_the_next_one() -> None:
    looker, wake = Looker(0.1), asyncio.Event()
    asyncio.get_running_loop().call_later(0.05, wake.set)
    async with asyncio.timeout(5):
        await repeat(looker.look, interval_seconds=30, iterations=2, on_look=quiet, on_late=quiet, wake=wake)


async def test_a_look_that_takes_long_is_said_to_be_late() -> None:
    late: list[float] = []
    await repeat(Looker(0.25).look, interval_seconds=1, iterations=1, on_look=quiet, on_late=late.append, late_seconds=0.1)
    assert late == [0.1, 0.2]


@pytest.mark.parametrize("takes", [0.0, 30.0])
async def test_a_signal_ends_it_between_looks_and_within_one(takes: float) -> None:
    asyncio.get_running_loop().call_later(0.1, os.kill, os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(5):
        last = await repeat(Looker(takes).look, interval_seconds=30, iterations=None, on_look=quiet, on_late=quiet)
    assert last == (None if takes else 1)


async def test_a_look_that_fails_ends_it() -> None:
    async def fails() -> int:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await repeat(fails, interval_seconds=1, iterations=None, on_look=quiet, on_late=quiet)
