"""Every command that README or `--help` shows does what it is shown for."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bar_files import write_hours
from documented_commands import ROOT, docker_run, help_commands, readme_commands

VERDICTS = {0, 1, 2}
COMMANDS = list(dict.fromkeys([*readme_commands(), *help_commands()]))
SERVING = [command for command in COMMANDS if command.startswith("risk-manager exchange")]
ENDLESS = [command for command in COMMANDS if "--monitor" in command and "--iterations" not in command]
MAKE = [command for command in COMMANDS if command.startswith("make ")]
DOCKER_BUILD = [command for command in COMMANDS if command.startswith("docker build")]
DOCKER_RUN = [command for command in COMMANDS if command.startswith("docker run")]
INIT = [command for command in COMMANDS if command.startswith("risk-manager init")]
PLAIN = [command for command in COMMANDS if command not in {*SERVING, *ENDLESS, *MAKE, *DOCKER_BUILD, *DOCKER_RUN, *INIT}]
pytestmark = pytest.mark.slow


@pytest.fixture
def variables(exchange_variables: dict[str, str], commands: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a documented command: a warm `risk-manager` first, this Python's scripts next, a home and a state of its
    own, and models of fewer bars and paths than a user's; `make demo` and the image's steps run as a user does."""
    path = f"{commands}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    own = {"HOME": str(tmp_path), "RISK_MANAGER_STATE_DIR": str(tmp_path / "state"), "PATH": path}
    light = {"RISK_MANAGER__VOL__BARS": "1000", "RISK_MANAGER__PROB__PATHS": "2000"}
    return {**os.environ, **exchange_variables, **own, **light}


@contextmanager
def started(command: str, directory: Path, variables: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """The running command; it does not outlive the block."""
    with subprocess.Popen(
        ["sh", "-c", f"exec {command}" if command.startswith("risk-manager") else command],
        cwd=directory,
        env=variables,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def finish(command: str, directory: Path, variables: dict[str, str], typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run to the end; nothing may be left unknown (3) or go wrong (4 and above)."""
    with started(command, directory, variables) as process:
        out, err = process.communicate(typed, timeout=180)
    assert process.returncode in VERDICTS, f"{command}: {process.returncode}\n{out}\n{err}"
    assert "Traceback" not in err
    return subprocess.CompletedProcess(command, process.returncode, out, err)


def test_there_are_commands_of_every_kind() -> None:
    assert all((SERVING, ENDLESS, MAKE, DOCKER_BUILD, DOCKER_RUN, INIT))
    assert len(PLAIN) > 10


@pytest.mark.parametrize("command", PLAIN)
def test_a_command_runs(command: str, tmp_path: Path, variables: dict[str, str]) -> None:
    (tmp_path / "other.toml").write_text("[risk]\ndaily_loss_limit_frac = 0.05\n")
    (tmp_path / "limits.toml").write_text("initial_balance = 30000\n[rules.daily_realized_loss]\nloss = 50\n")
    (tmp_path / "trades.csv").write_text(
        "symbol,closed_at,pnl,fees\nBTCUSDT,2026-03-02 10:00,-400,2\nBTCUSDT,2026-03-02 11:00,-40,2\n"
    )
    if "--account second" in command:
        (tmp_path / "settings.toml").write_text("[accounts.second]\n")
    if "--data bars/" in command:
        write_hours(tmp_path / "bars", 1500)
    for name, place in (("BYBIT_API_KEY=...", "BYBIT_API_KEY"), ("BYBIT_API_SECRET=...", "BYBIT_API_SECRET")):
        command = command.replace(name, f"{place}={variables[place]}")
    command = command.replace("http://127.0.0.1:8800", variables["BYBIT_BASE_URL"])
    done = finish(command, tmp_path, variables)
    assert done.stdout.strip()
    if "--json" in command:
        lines = done.stdout.splitlines() if "--monitor" in command else [done.stdout]
        assert all(isinstance(json.loads(line), dict) for line in lines)
    for option in ("--output", "--html"):
        if option in command:
            assert (tmp_path / command.split(option, 1)[1].split()[0]).stat().st_size > 1_000


@pytest.mark.parametrize("command", INIT)
def test_init_asks_and_writes(command: str, tmp_path: Path, variables: dict[str, str]) -> None:
    answers = "0.004\n\n\nmy-key\nmy-secret\n"
    finish(command.replace("/tmp/", f"{tmp_path}/"), tmp_path, variables, answers)  # noqa: S108 - moved away from there
    (settings,) = tmp_path.rglob("settings.toml")
    assert "daily_loss_limit_frac = 0.05" in settings.read_text()
    if "--yes" not in command:
        assert "equity_risk_frac = 0.004" in settings.read_text()
        assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("command", ENDLESS)
def test_a_monitor_reports_until_it_is_stopped(command: str, tmp_path: Path, variables: dict[str, str]) -> None:
    with started(command, tmp_path, variables) as process:
        assert wait_for(lambda: (tmp_path / "risk_analysis.json").exists() or process.poll() is not None)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "BTC" in out


@pytest.mark.parametrize("command", SERVING)
def test_the_exchange_serves_whoever_asks(command: str, tmp_path: Path, variables: dict[str, str]) -> None:
    free = command.replace("--port 8800", "--port 0")
    with started(free, tmp_path, variables) as process:
        assert process.stdout is not None
        printed = dict(process.stdout.readline().strip().split("=", 1) for _ in range(4))
        assert set(printed) == {"BYBIT_BASE_URL", "BYBIT_WS_URL", "BYBIT_API_KEY", "BYBIT_API_SECRET"}
        with urllib.request.urlopen(printed["BYBIT_BASE_URL"] + "/v5/market/time", timeout=20) as answer:  # noqa: S310 - loopback
            assert json.load(answer)["retCode"] == 0
        done = finish("risk-manager --json", tmp_path, {**variables, **printed})
        assert json.loads(done.stdout)["positions"]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 0


@pytest.mark.parametrize("command", MAKE)
def test_make_does_what_readme_says(command: str) -> None:
    program, target = command.split()
    fresh = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PYTEST_FLAGS"))}
    done = subprocess.run([program, "--dry-run", target], cwd=ROOT, env=fresh, capture_output=True, text=True, check=True)
    last = done.stdout.strip().splitlines()[-1]
    assert (
        last
        == {"demo": ".venv/bin/risk-manager --demo --exit-zero", "test": ".venv/bin/python -m pytest -q -n 2 --dist loadgroup"}[
            target
        ]
    )


def test_make_demo_needs_no_key(tmp_path: Path, variables: dict[str, str]) -> None:
    keyless = {name: value for name, value in variables.items() if not name.startswith("BYBIT_")}
    done = finish("risk-manager --demo --exit-zero", tmp_path, keyless)
    assert done.returncode == 0
    assert "ROOM" in done.stdout


@pytest.mark.parametrize("command", DOCKER_BUILD)
def test_the_image_has_the_name_that_runs_it(command: str) -> None:
    assert command == "docker build -t risk-manager-app ."
    assert (ROOT / "Dockerfile").is_file()


@pytest.mark.parametrize("command", DOCKER_RUN)
def test_docker_run_has_an_equivalent_that_works(command: str, tmp_path: Path, variables: dict[str, str]) -> None:
    mounted, arguments = docker_run(command)
    inside = {name: value for name, value in variables.items() if not name.startswith("BYBIT_")}
    for name in mounted:
        lines = [f"{key}={value}" for key, value in variables.items() if key.startswith("BYBIT_")]
        (tmp_path / name).write_text("" if name.endswith(".toml") else "\n".join(lines) + "\n")
    finish(" ".join(["risk-manager", *arguments]), tmp_path, inside)


def wait_for(happened: Callable[[], bool], seconds: float = 120.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happened():
            return True
        time.sleep(0.1)
    return False
