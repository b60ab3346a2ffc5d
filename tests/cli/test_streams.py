"""Streams that are closed, full or no longer read: no trace, no verdict that is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from market_analysis.errors import EXIT_AUTHENTICATION, EXIT_INTERNAL, EXIT_USAGE

PROGRAM = f"{sys.executable} -m market_analysis"


def shell(line: str, directory: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("BYBIT_", "RISK_MANAGER_"))}
    environment |= {"XDG_CONFIG_HOME": str(directory / "config"), "XDG_STATE_HOME": str(directory / "state")}
    return subprocess.run(
        ["bash", "-c", line], cwd=directory, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_streams_change_no_exit_status(tmp_path: Path, closed: str) -> None:
    result = shell(f"{PROGRAM} --json {closed}", tmp_path)
    assert result.returncode == EXIT_AUTHENTICATION
    assert "Traceback" not in result.stderr
    if closed in ("2>&-", "<&-"):
        assert json.loads(result.stdout)["error"] == "authentication"


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs the kernel's full device")
@pytest.mark.parametrize("command", ["config show", "config show --json", "--json"])
def test_a_full_disk_behind_stdout_is_named(tmp_path: Path, command: str) -> None:
    result = shell(f"{PROGRAM} {command} >/dev/full", tmp_path)
    assert result.returncode in (EXIT_INTERNAL, EXIT_AUTHENTICATION)
    assert "Traceback" not in result.stderr
    assert "No space left on device" in result.stderr or "no key" in result.stderr


def test_a_monitor_whose_reader_goes_away_ends_with_zero(tmp_path: Path) -> None:
    line = f"{PROGRAM} --demo --monitor --interval 0.2 --json | head -c 100 >/dev/null; exit ${{PIPESTATUS[0]}}"
    result = shell(line, tmp_path)
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr


def test_questions_that_nobody_answers_write_nothing(tmp_path: Path) -> None:
    for nobody in ("<&-", "</dev/null"):
        result = shell(f"{PROGRAM} init {nobody}", tmp_path)
        assert result.returncode == EXIT_USAGE
        assert "--yes" in result.stderr
        assert list(tmp_path.iterdir()) == []


def test_an_exchange_on_a_taken_port_says_so(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = shell(f"{PROGRAM} exchange --port {port}", tmp_path)
    assert result.returncode == EXIT_USAGE
    assert f"port {port} of 127.0.0.1 cannot be used" in result.stderr
