"""`risk-manager explain`: every number back to its inputs."""

from __future__ import annotations

from typing import Annotated

import typer

from market_analysis.cli.common import Common

NAME = "explain"


def command(
    common: Common,
    position: Annotated[str, typer.Argument(help="Position: its symbol, with #1 or #2 in hedge mode.")],
) -> None:
    """Every number of a position back to its inputs and formula, and every finding to its rule.

    Examples:

      risk-manager explain DOGE --demo

      risk-manager explain BTCUSDT
    """
    from market_analysis.cli.json_view import print_json
    from market_analysis.cli.sessions import with_session
    from market_analysis.cli.view import exit_with
    from market_analysis.desk.session import Session
    from market_analysis.report.explain import explain, find_position
    from market_analysis.risk.types import Analysis
    from market_analysis.risk.verdict import exit_status
    from market_analysis.settings import Settings

    async def look(session: Session) -> tuple[Analysis, Settings]:
        return (await session.look()).analysis, session.settings

    analysis, settings = with_session(common, look)
    if common.json:
        print_json(find_position(analysis, position))
    else:
        typer.echo(explain(analysis, position, settings))
    raise typer.Exit(exit_with(exit_status(analysis), common))
