"""Start-up: `risk-manager --help`, and `risk-manager --demo` from a process that has run before (files cached, code compiled)."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figure import Figure, child_cpu_seconds, median_of, seconds

HEAVY = ("numpy", "scipy", "pandas", "arch", "ccxt", "aiohttp", "apsw", "pydantic", "msgspec", "rich", "tabulate")
_COUNT = """
import sys
from market_analysis.cli.app import app
from market_analysis.cli.boundary import run
run(app, sys.argv[1:])
print(len(sys.modules), *(name for name in {heavy!r} if name in sys.modules), file=sys.stderr)
"""


def measure(runs: int) -> list[Figure]:
    """Wall and processor time of both commands and the modules that each loads."""
    with tempfile.TemporaryDirectory() as directory:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

        def command(*arguments: str) -> tuple[float, float]:
            """Wall and processor seconds."""
            line = [sys.executable, "-m", "market_analysis", *arguments]
            started = time.perf_counter()
            processor = child_cpu_seconds(line, cwd=directory, env=environment)
            return time.perf_counter() - started, processor

        command("--help"), command("--demo", "--exit-zero")
        bare = seconds(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True), runs)
        help_wall, help_cpu = zip(*(command("--help") for _ in range(runs)), strict=True)
        demo_wall, demo_cpu = zip(*(command("--demo", "--exit-zero") for _ in range(runs)), strict=True)
        return [
            median_of("startup.python", bare, "s", "an empty program: the floor"),
            median_of("startup.help", help_wall, "s", _modules(directory, "--help")),
            median_of("startup.help_cpu", help_cpu, "s", "processor time of the same runs"),
            median_of("startup.demo", demo_wall, "s", _modules(directory, "--demo")),
            median_of("startup.demo_cpu", demo_cpu, "s", "processor time of the same runs"),
        ]


def _modules(directory: str | Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", _COUNT.format(heavy=HEAVY), *arguments], cwd=directory, capture_output=True, text=True, check=True
    )
    count, *heavy = done.stderr.split()
    return f"{count} modules, of the heavy ones: {' '.join(heavy) or 'none'}"
