"""A measured figure, and the machine that it was measured on."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its stable name, value and unit, the spread that was seen, and what it says about whom."""

    name: str
    value: float
    unit: str
    spread: tuple[float, float]
    runs: int
    note: str = ""


def median_of(name: str, values: Sequence[float], unit: str, note: str = "") -> Figure:
    """The median of repeated measurements, with their smallest and largest."""
    return Figure(name, statistics.median(values), unit, (min(values), max(values)), len(values), note)


def seconds(work: Callable[[], object], runs: int) -> list[float]:
    """Wall seconds of each of `runs` calls."""
    taken = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return taken


def child_cpu_seconds(arguments: Sequence[str], *, cwd: str, env: Mapping[str, str]) -> float:
    """Processor seconds (user and system) of one command run to its end: what a loaded machine leaves comparable."""
    before = os.times()
    subprocess.run(arguments, cwd=cwd, env=env, check=True, capture_output=True)
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system


def paired_seconds(first: Callable[[], object], second: Callable[[], object], runs: int) -> tuple[list[float], list[float]]:
    """Wall seconds of two works run in turns, so that both meet the same machine."""
    pairs = [(seconds(first, 1)[0], seconds(second, 1)[0]) for _ in range(runs)]
    return [one for one, _ in pairs], [other for _, other in pairs]


def ratio_of(name: str, slow: Sequence[float], fast: Sequence[float], note: str) -> Figure:
    """Median of `slow` over median of `fast`; the spread is that of the ratios pair by pair."""
    ratios = [one / other for one, other in zip(slow, fast, strict=True)]
    return Figure(name, statistics.median(slow) / statistics.median(fast), "times", (min(ratios), max(ratios)), len(ratios), note)


def machine() -> dict[str, str]:
    """What the figures depend on besides the code."""
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "load_at_start": load,
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or "unknown"
