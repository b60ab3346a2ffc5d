"""The guard as a Windows service, through pywin32, which is imported when it is needed and on Windows only.

The service control manager starts `pythonservice.exe` with the class `GuardService` of this module; what it runs is the same guard
as in the foreground, stopped from the manager's thread. Where its settings are is kept with the service.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from market_analysis.cli.common import Common
from market_analysis.errors import UsageError

SERVICE_NAME, DISPLAY_NAME = "RiskManagerGuard", "risk-manager guard"
CONFIG_OPTION, STATE_OPTION = "config", "state_dir"
INTERVAL_S = 10.0
Stopper = Callable[[Callable[[], None]], None]


def install_service(config: Path | None) -> str:
    """Register the service, started with the system and again when it ends; its name.

    Raises:
        UsageError: pywin32 is not installed.
    """
    util, service = _module("win32serviceutil"), _module("win32service")
    where = f"{__name__}.GuardService"
    util.InstallService(where, SERVICE_NAME, DISPLAY_NAME, startType=service.SERVICE_AUTO_START)
    util.SetServiceCustomOption(SERVICE_NAME, CONFIG_OPTION, str((config or Path("settings.toml")).absolute()))
    return SERVICE_NAME


def run_service(on_start: Stopper) -> int:
    """Guard, with the settings that the service was installed with, until stopped."""
    from market_analysis.cli.guarding import run_guard

    config = _module("win32serviceutil").GetServiceCustomOption(SERVICE_NAME, CONFIG_OPTION)
    common = Common(config=Path(config) if config else None)
    return run_guard(common, interval=INTERVAL_S, iterations=None, socket=None, quiet=True, on_start=on_start)


def service_class(run: Callable[[Stopper], int] = run_service) -> type[Any]:
    """The class that the service control manager drives. run: the guard; it is given who wants to know how it is stopped."""
    util, service, manager = (_module(name) for name in ("win32serviceutil", "win32service", "servicemanager"))
    base: Any = util.ServiceFramework

    class GuardService(base):  # type: ignore[misc]  # pywin32 is untyped, and not here
        """One process, one service."""

        _svc_name_ = SERVICE_NAME
        _svc_display_name_ = DISPLAY_NAME
        _svc_description_ = "Watches trading accounts by their rules, and acts where it may."

        def __init__(self, arguments: Any) -> None:
            super().__init__(arguments)
            self._stop: Callable[[], None] | None = None
            self._stopped = False

        def SvcDoRun(self) -> None:  # noqa: N802  # pywin32's name
            """Guard until stopped; another end is told to the event log and to whoever restarts services."""
            manager.LogInfoMsg(f"{SERVICE_NAME} starts")
            status = run(self._started)
            if status != 0:
                manager.LogErrorMsg(f"{SERVICE_NAME} ended with exit status {status}")
                raise SystemExit(status)

        def SvcStop(self) -> None:  # noqa: N802
            """The manager's word, from its own thread."""
            self.ReportServiceStatus(service.SERVICE_STOP_PENDING)
            self._stopped = True
            if self._stop is not None:
                self._stop()

        def _started(self, stop: Callable[[], None]) -> None:
            self._stop = stop
            if self._stopped:
                stop()

    return GuardService


def __getattr__(name: str) -> Any:
    if name == "GuardService":
        return service_class()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise UsageError("a Windows service needs pywin32", remedy="pip install pywin32, or run `risk-manager guard`") from None
