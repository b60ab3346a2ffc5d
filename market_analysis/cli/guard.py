"""`risk-manager guard`: the accounts' rules on every look, told on transitions; acted on where an account allows it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from market_analysis.cli.common import Common

NAME = "guard"


def command(
    common: Common,
    interval: Annotated[float, typer.Option("--interval", min=0.2, help="Seconds from one look to the next.")] = 10.0,
    iterations: Annotated[
        int | None, typer.Option("--iterations", min=1, help="Stop after so many looks.", show_default=False)
    ] = None,
    socket: Annotated[
        Path | None, typer.Option("--socket", help="Where `status` asks. Default: run/read.sock of the state directory.")
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Only what is decided and what fails, as a service's log wants it.")
    ] = False,
) -> None:
    """Watch accounts by their rules: [accounts.NAME.rules.RULE] in the settings. Alerts are told once, when they begin and end.

    One process guards every account that is named (--account, more than once), or all that have rules; what fails with one does
    not stop the others. It acts only where the account says enforce = true and its key may trade and may not withdraw; else rules
    in enforce mode say what they would do. Every step is in the journal before anything is sent: see `risk-manager journal`.
    `risk-manager status` asks it for its screen. Bybit has no lock before the trade: a locked account's new positions are closed
    again, and its entries cancelled.

    Examples:

      risk-manager guard --demo --iterations 2 --interval 1

      risk-manager guard --demo --iterations 1 --json
    """
    from market_analysis.cli.guarding import run_guard

    raise typer.Exit(run_guard(common, interval=interval, iterations=iterations, socket=socket, quiet=quiet))
