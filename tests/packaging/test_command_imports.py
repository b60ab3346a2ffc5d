"""What each command may load: heavy imports are paid for by the commands that need them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"pandas", "arch", "scipy", "ccxt", "numpy", "aiohttp", "apsw", "rich.table", "statsmodels", "pybit", "pyarrow", "sklearn"}
PROGRAM = """
import sys
from market_analysis.cli.app import app
from market_analysis.cli.boundary import run
status = run(app, sys.argv[1:])
print("LOADED", status, *sorted(sys.modules), file=sys.stderr)
"""


def loaded_by(directory: Path, *arguments: str) -> tuple[int, set[str]]:
    """Exit status, and every module in memory at the end."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], cwd=directory, capture_output=True, text=True, timeout=120)
    line = next(line for line in done.stderr.splitlines() if line.startswith("LOADED "))
    _, status, *modules = line.split()
    return int(status), set(modules)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("--version",),
        ("explain", "--help"),
        ("exchange", "--help"),
        ("config", "--help"),
        ("config", "validate"),
        ("config", "show"),
        ("init", "--yes"),
    ],
    ids=" ".join,
)
def test_a_command_without_an_account_loads_nothing_heavy(arguments: tuple[str, ...], tmp_path: Path) -> None:
    status, modules = loaded_by(tmp_path, *arguments)
    assert status == 0
    loaded = HEAVY & modules
    assert not loaded


def test_help_loads_no_settings_either(tmp_path: Path) -> None:
    _, modules = loaded_by(tmp_path, "--help")
    assert not {"pydantic", "msgspec", "asyncio", "market_analysis.desk", "market_analysis.config"} & modules


def test_a_report_loads_neither_pandas_nor_arch(tmp_path: Path) -> None:
    status, modules = loaded_by(tmp_path, "--demo", "--exit-zero")
    assert status == 0
    assert not {"pandas", "arch", "statsmodels", "scipy.optimize", "scipy.stats", "pybit"} & modules
    assert "ccxt" in modules, "or this test looks at the wrong thing"


def test_a_missing_key_is_told_before_anything_heavy_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BYBIT_API_KEY", raising=False)
    status, modules = loaded_by(tmp_path)
    assert status == 5
    assert not {"pandas", "arch", "ccxt", "aiohttp"} & modules
