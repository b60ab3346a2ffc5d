"""From `git clone` to the demo's report: a clone of this checkout in a new directory, then `make demo`."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.figure import Figure

ROOT = Path(__file__).resolve().parents[1]


def measure() -> list[Figure]:
    """Wall seconds of clone and first demo (installation included; it depends on the network), and of the second `make demo`."""
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory) / "risk-manager"
        # The running environment must not leak into the new one.
        environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")}
        started = time.perf_counter()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(home)], check=True)
        _make_demo(home, environment)
        first = time.perf_counter() - started
        started = time.perf_counter()
        _make_demo(home, environment)
        second = time.perf_counter() - started
        return [
            Figure(
                "first_run.clone_to_report",
                first,
                "s",
                (first, first),
                1,
                "git clone, make demo: venv, hashed installation, report",
            ),
            Figure("first_run.again", second, "s", (second, second), 1, "make demo again"),
        ]


def _make_demo(home: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(["make", "demo"], cwd=home, env=environment, check=True, capture_output=True, text=True)
    if "ROOM" not in done.stdout or not (home / "risk_analysis.json").is_file():
        raise RuntimeError(f"make demo showed no report:\n{done.stdout[-2000:]}")
