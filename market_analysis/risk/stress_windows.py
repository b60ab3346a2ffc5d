"""Days that traders remember, as moves of each coin; the numbers are made by `benchmarks/stress_windows.py`."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

import msgspec

FILE_NAME = "stress_windows.json"


@dataclass(frozen=True, slots=True)
class WindowMoves:
    """Simple returns of each coin over the same hours, in which BTC fell most. other_coins: median of those but BTC and ETH."""

    hours: int
    start: str
    coins: Mapping[str, float]
    other_coins: float


@dataclass(frozen=True, slots=True)
class StressWindow:
    """One episode, over a day and over three."""

    date: str
    name: str
    moves: tuple[WindowMoves, ...]


@dataclass(frozen=True, slots=True)
class _File:
    recipe: str
    windows: tuple[StressWindow, ...]


@functools.cache
def stress_windows() -> tuple[StressWindow, ...]:
    """The shipped episodes, oldest first."""
    text = resources.files("market_analysis.risk").joinpath(FILE_NAME).read_bytes()
    return msgspec.json.decode(text, type=_File).windows
