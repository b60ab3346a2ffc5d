"""The guard as a service: systemd's messages and watchdog over a real socket, the unit's rating, Windows by a fake."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from daemon_bench import Scripted, ScriptedOpening, Told, driver, hooks, short_path

from market_analysis.cli import service, windows_service
from market_analysis.cli.app import app
from market_analysis.cli.boundary import run
from market_analysis.desk.daemon.account import Pace, WatchedAccount
from market_analysis.desk.daemon.board import Board
from market_analysis.desk.daemon.endpoints import endpoint_at
from market_analysis.desk.daemon.notify import LoopWatch, Notifier, check_watchdog
from market_analysis.desk.daemon.unit import UNIT_NAME, unit_text
from market_analysis.desk.signals import stop_event
from market_analysis.errors import SettingsError, StateError, UsageError


@contextmanager
def manager() -> Iterator[tuple[Notifier, Callable[[], list[str]]]]:
    """A service manager's socket: who talks to it, and what it has heard since last asked."""
    with short_path() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(folder / "notify"))
        channel.setblocking(False)

        def heard() -> list[str]:
            found = []
            while True:
                try:
                    found.append(channel.recv(4096).decode())
                except BlockingIOError:
                    return found

        yield Notifier({"NOTIFY_SOCKET": str(folder / "notify")}), heard


def test_ready_after_every_account_s_first_turn_then_fed_by_each_turn() -> None:
    now = [0.0]
    with manager() as (notifier, heard):
        watch = LoopWatch(("a", "b"), notifier, 10.0, monotonic=lambda: now[0])
        watch.completed("a")
        watch.completed("a")
        assert heard() == []
        watch.completed("b")
        assert heard() == ["READY=1\nSTATUS=guarding a, b", "WATCHDOG=1"]
        now[0] = 10.0
        watch.completed("a")
        assert heard() == ["WATCHDOG=1"]
        watch.stopping()
        assert heard() == ["STOPPING=1"]


def test_one_account_that_hangs_stops_the_feeding_though_others_turn() -> None:
    now = [0.0]
    with manager() as (notifier, heard):
        watch = LoopWatch(("hangs", "turns"), notifier, 10.0, monotonic=lambda: now[0])
        watch.completed("hangs")
        for second in range(0, 200, 10):
            now[0] = float(second)
            watch.completed("turns")
        assert heard().count("WATCHDOG=1") == 10  # at 0, 10, .. 90 s
        watch.completed("hangs")  # it has come round after all
        assert heard() == ["WATCHDOG=1"]


async def test_a_loop_that_hangs_is_fed_no_more_and_one_that_fails_is() -> None:
    with manager() as (notifier, heard):
        fails: list[Any] = [ValueError("x")] * 3
        one = Scripted(driver("one"), [*fails, "ok", "hangs"])
        told, stop = Told(), asyncio.Event()
        watch = LoopWatch(("one",), notifier, 0.01)
        opening: Any = ScriptedOpening({"one": one})
        account = WatchedAccount("one", opening, Board(("one",)), _completing(told, watch), Pace(0.01), alone=True)
        running = asyncio.create_task(account.run(stop))
        async with asyncio.timeout(10):
            while one.done < 5:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert heard() == ["READY=1\nSTATUS=guarding one", *["WATCHDOG=1"] * 4]
        await asyncio.sleep(0.2)
        assert heard() == []
        stop.set()
        await running


def _completing(told: Told, watch: LoopWatch) -> Any:
    from dataclasses import replace

    return replace(hooks(told), completed=watch.completed)


def test_nobody_to_tell_is_no_error() -> None:
    Notifier({}).say("READY=1")
    Notifier({"NOTIFY_SOCKET": "/nowhere/at/all"}).say("READY=1")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        name = f"risk-manager-test-{id(channel)}"
        channel.bind("\0" + name)
        channel.settimeout(2.0)
        Notifier({"NOTIFY_SOCKET": "@" + name}).say("READY=1")
        assert channel.recv(100) == b"READY=1"


def test_an_interval_that_the_watchdog_would_not_wait_for_is_refused() -> None:
    check_watchdog(10.0, {})
    check_watchdog(30.0, {"WATCHDOG_USEC": "60000000"})
    with pytest.raises(SettingsError, match=r"--interval 31 s is above half of the service's WatchdogSec, 60 s"):
        check_watchdog(31.0, {"WATCHDOG_USEC": "60000000"})


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_the_unit_is_rated_1_5_or_better(tmp_path: Path) -> None:
    path = tmp_path / UNIT_NAME
    path.write_text(unit_text(sys.executable))
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    rating = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert rating is not None, done.stderr
    assert float(rating[1]) <= 1.5
    verified = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True, timeout=60)
    assert UNIT_NAME not in verified.stderr


def test_the_unit_names_this_program(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(app, ["service", "install", "--print", "--user", "me", "--directory", "/srv/rm"]) == 0
    text = capsys.readouterr().out
    command = re.search(r"^ExecStart=(\S+)", text, re.MULTILINE)
    assert command is not None
    assert Path(command[1]).is_absolute()
    assert "User=me" in text
    assert "LoadCredential=BYBIT_API_KEY:/srv/rm/BYBIT_API_KEY" in text
    assert "Type=notify" in text
    assert "$" not in text


def test_the_unit_is_written_where_systemd_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "UNITS", tmp_path)
    assert run(app, ["service", "install"]) == 0
    assert (tmp_path / UNIT_NAME).read_text().startswith("# The guard of risk-manager")
    monkeypatch.setattr(service, "UNITS", tmp_path / "none")
    assert run(app, ["service", "install"]) == 64


class FakeWindows:
    """What pywin32 would do, remembered."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.installed: list[tuple[Any, ...]] = []
        self.options: dict[str, str] = {}
        self.log: list[str] = []
        self.reported: list[int] = []
        fake = self

        class Framework:
            def __init__(self, arguments: Any) -> None:
                self.arguments = arguments

            def ReportServiceStatus(self, status: int) -> None:  # noqa: N802
                fake.reported.append(status)

        util: Any = ModuleType("win32serviceutil")
        util.ServiceFramework = Framework
        util.InstallService = lambda *given, **named: self.installed.append((*given, named["startType"]))
        util.SetServiceCustomOption = lambda name, key, value: self.options.__setitem__(key, value)
        util.GetServiceCustomOption = lambda name, key: self.options.get(key)
        service_module: Any = ModuleType("win32service")
        service_module.SERVICE_AUTO_START, service_module.SERVICE_STOP_PENDING = 2, 3
        log: Any = ModuleType("servicemanager")
        log.LogInfoMsg = log.LogErrorMsg = self.log.append
        for module in (util, service_module, log):
            monkeypatch.setitem(sys.modules, module.__name__, module)


def test_windows_installs_runs_and_stops_the_same_guard(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = FakeWindows(monkeypatch)
    assert windows_service.install_service(tmp_path / "settings.toml") == "RiskManagerGuard"
    assert fake.installed == [("market_analysis.cli.windows_service.GuardService", "RiskManagerGuard", "risk-manager guard", 2)]
    stopped = threading.Event()
    configs: list[Any] = []

    def guard(common: Any, *, on_start: Callable[[Callable[[], None]], None], **options: Any) -> int:
        configs.append(common.config)
        on_start(stopped.set)
        assert stopped.wait(5)
        return 0

    monkeypatch.setattr("market_analysis.cli.guarding.run_guard", guard)
    running = windows_service.GuardService(["RiskManagerGuard"])
    thread = threading.Thread(target=running.SvcDoRun)
    thread.start()
    running.SvcStop()
    thread.join(5)
    assert not thread.is_alive()
    assert configs == [tmp_path / "settings.toml"]
    assert fake.reported == [3]
    assert fake.log == ["RiskManagerGuard starts"]


def test_windows_a_guard_that_ends_by_itself_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeWindows(monkeypatch)
    failing = windows_service.service_class(lambda on_start: 5)
    with pytest.raises(SystemExit):
        failing([]).SvcDoRun()
    assert fake.log[-1] == "RiskManagerGuard ended with exit status 5"


def test_without_pywin32_it_says_what_is_missing() -> None:
    with pytest.raises(UsageError, match="needs pywin32"):
        windows_service.install_service(None)


async def test_windows_pipes_behind_the_same_interface(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    endpoint = endpoint_at(Path("C:/state/run/read.sock"), mode=0o600)
    served: list[Any] = []

    class Server:
        def close(self) -> None:
            served.append("closed")

    async def start_serving_pipe(factory: Callable[[], Any], name: str) -> list[Any]:
        served.extend((name, type(factory()).__name__))
        return [Server()]

    async def connected(reader: Any, writer: Any) -> None: ...

    loop: Any = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "start_serving_pipe", start_serving_pipe, raising=False)
    endpoint.bind()
    await endpoint.serve(connected, 4096)
    endpoint.close()
    assert served[0].startswith(r"\\.\pipe\risk-manager-read-")
    assert served[1:] == ["StreamReaderProtocol", "closed"]

    async def taken(factory: Any, name: str) -> None:
        raise OSError(5, "Access is denied")

    monkeypatch.setattr(loop, "start_serving_pipe", taken, raising=False)
    with pytest.raises(StateError, match="Access is denied"):
        await endpoint.serve(connected, 4096)


def test_a_service_s_thread_gets_no_signals_and_stops_otherwise() -> None:
    async def begin() -> bool:
        return stop_event().is_set()

    found: list[bool] = []
    thread = threading.Thread(target=lambda: found.append(asyncio.run(begin())))
    thread.start()
    thread.join()
    assert found == [False]
