"""`risk-manager status`: what a running guard says of its accounts. It asks the guard's read socket and reads nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from market_analysis.cli.common import Common

NAME = "status"


def command(
    common: Common,
    watch: Annotated[bool, typer.Option("--watch", help="Again after every change, until stopped.")] = False,
    socket: Annotated[
        Path | None, typer.Option("--socket", help="The guard's read socket. Default: as the guard chooses it.")
    ] = None,
    every: Annotated[float, typer.Option("--every", min=0.2, max=60, help="With --watch: at least so often, seconds.")] = 2.0,
) -> None:
    """Limits with meters in money, percent of equity and R; countdowns to the reset and to the end of each lockout; lockouts with
    their reasons; the age of the data; what was decided last.

    It comes from the guard that runs, through its read socket, and can change nothing. Exit 0: all well; 1: a warning; 2: a limit
    is reached or an account is locked; 3: something is not known, or no guard answers.

    Examples (a guard must be running):

      $ risk-manager status

      $ risk-manager status --watch

      $ risk-manager status --json --account main
    """
    from market_analysis.cli.asking import run_status

    raise typer.Exit(run_status(common, socket=socket, watch=watch, every=every))
