"""Where the daemon's sockets are. The state directory is its user's alone; what others may reach lies outside it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from market_analysis.desk.directories import default_state_directory
from market_analysis.errors import StateError
from market_analysis.settings import DaemonSettings

SOCKET_VARIABLE = "RISK_MANAGER_SOCKET"
SYSTEM_SOCKET = Path("/run/risk-manager/read.sock")
"""Where the service of the shipped unit listens."""
RUN_DIRECTORY, READ_NAME, ADMIN_NAME, ADMIN_RECORD = "run", "read.sock", "admin.sock", "admin.json"
READ_MODE, READ_GROUP_MODE, ADMIN_MODE, ADMIN_GROUP_MODE = 0o666, 0o660, 0o600, 0o660


def read_place(given: Path | None, settings: DaemonSettings, state_directory: Path | None) -> Path:
    """The read socket: as given, else `RISK_MANAGER_SOCKET`, else `[daemon] socket`, else the run folder of the state directory."""
    variable = os.environ.get(SOCKET_VARIABLE)
    if given is not None:
        return given
    if variable:
        return Path(variable)
    return Path(settings.socket) if settings.socket else run_directory(state_directory) / READ_NAME


def readable_place(given: Path | None, settings: DaemonSettings, state_directory: Path | None) -> Path:
    """Where a trader asks: the same, and the service's socket where that one is there and no other can be reached."""
    place = read_place(given, settings, state_directory)
    return SYSTEM_SOCKET if not is_there(place) and given is None and is_there(SYSTEM_SOCKET) else place


def admin_place(settings: DaemonSettings, state_directory: Path | None) -> Path:
    """The admin socket: `[daemon] admin_socket`, else in the run folder of the state directory."""
    return Path(settings.admin_socket) if settings.admin_socket else run_directory(state_directory) / ADMIN_NAME


def run_directory(state_directory: Path | None) -> Path:
    """Of the state directory."""
    return (state_directory or default_state_directory()) / RUN_DIRECTORY


def close_to_others(directory: Path) -> None:
    """A state directory that was there before, and open to others, is its user's alone from now on.

    Raises:
        StateError: it belongs to somebody else and others can read it.
    """
    if os.name == "nt" or stat.S_IMODE(directory.stat().st_mode) & 0o077 == 0:
        return
    try:
        directory.chmod(0o700)
    except OSError as error:
        raise StateError(
            f"others may enter the state directory {directory}, and this user cannot change that: {error.strerror}",
            remedy=f"chmod 700 {directory}, or give --state-dir another",
        ) from error


def make_run_directory(place: Path, state_directory: Path | None) -> None:
    """The run folder, where the place is in it; a directory outside is its owner's to make."""
    if place.parent == run_directory(state_directory):
        place.parent.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        place.parent.mkdir(exist_ok=True, mode=0o700)


def is_there(path: Path) -> bool:
    """Whether this user can see something there."""
    try:
        return path.exists()
    except OSError:
        return False
