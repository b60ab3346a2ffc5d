"""`risk-manager flatten`: everything closed, and verified to be."""

from __future__ import annotations

from typing import Annotated

import typer

from market_analysis.cli.common import Common

NAME = "flatten"


def command(
    common: Common,
    reason: Annotated[str, typer.Option("--reason", help="Why; it stands in the journal.")] = "by hand",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    attempts: Annotated[int, typer.Option("--attempts", min=2, max=100, help="Looks at the account until it must be flat.")] = 20,
) -> None:
    """Cancel what adds risk, close every position, and look until the account is flat. The panic button.

    Only where the account says enforce = true and its key may trade and may not withdraw. Exit 0: read flat twice over; 2: not
    flat.

    Examples (each closes every position of the account):

      $ risk-manager flatten --yes --reason "news"

      $ risk-manager flatten --account main
    """
    from market_analysis.cli.guarding import run_flatten

    if not yes:
        typer.confirm(f"Close every position of {common.account_name}?", abort=True, err=True)
    raise typer.Exit(run_flatten(common, reason=reason, attempts=attempts))
