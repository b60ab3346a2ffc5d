"""`risk-manager service`: the guard as a service of systemd or of Windows; in the foreground it needs neither."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from market_analysis.cli.common import Common, with_common
from market_analysis.errors import OutputError, UsageError

NAME = "service"
UNITS = Path("/etc/systemd/system")
app = typer.Typer(no_args_is_help=True, help="The guard as a service: systemd's unit, or Windows' service. See docs/daemon.md.")


@app.command("install")
@with_common
def install(
    common: Common,
    print_it: Annotated[bool, typer.Option("--print", help="Print the systemd unit and change nothing.")] = False,
    user: Annotated[str, typer.Option("--user", help="The user that the guard runs as.")] = "risk-manager",
    directory: Annotated[Path, typer.Option("--directory", help="Where its settings.toml and its key are.")] = Path(
        "/etc/risk-manager"
    ),
) -> None:
    """Install the guard as a service: on Linux the hardened systemd unit, on Windows the service (needs pywin32).

    It starts nothing: `systemctl enable --now risk-manager-guard` does, or Windows' own tools. Without --print it needs the right
    to write /etc/systemd/system.

    Examples:

      risk-manager service install --print

      risk-manager service install --print --user guard --directory /srv/guard
    """
    if sys.platform == "win32" and not print_it:
        from market_analysis.cli.windows_service import install_service

        typer.echo(f"installed {install_service(common.config)}; start it with: sc start RiskManagerGuard")
        return
    from market_analysis.desk.daemon.unit import UNIT_NAME, unit_text

    text = unit_text(_command(), user=user, directory=str(directory))
    if print_it:
        typer.echo(text, nl=False)
        return
    if not UNITS.is_dir():
        raise UsageError(f"{UNITS} is not there: this system has no systemd", remedy="print the unit with --print")
    try:
        (UNITS / UNIT_NAME).write_text(text, encoding="ascii")
    except OSError as error:
        raise OutputError(f"cannot write {UNITS / UNIT_NAME}: {error.strerror}", remedy="run it as root, or use --print") from error
    typer.echo(f"wrote {UNITS / UNIT_NAME}; now: systemctl daemon-reload && systemctl enable --now {UNIT_NAME}")


def _command() -> str:
    """This program's absolute path; a unit may hold no other."""
    beside = Path(sys.executable).with_name("risk-manager")
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which("risk-manager")
    return str(Path(found).absolute()) if found else f"{Path(sys.executable).absolute()} -m market_analysis"
