"""`risk-manager stress`: the book in days that have been and days that may come, its tail and its structure."""

from __future__ import annotations

from typing import Annotated

import typer

from market_analysis.cli.common import Common

NAME = "stress"


def command(
    common: Common,
    move: Annotated[
        list[str] | None,
        typer.Option("--move", help="A coin's return in a scenario of your own, such as BTC=-0.2; may be repeated."),
    ] = None,
    other: Annotated[
        float | None,
        typer.Option(
            "--other", help="Return of coins without --move. Default: they follow BTC by beta, if BTC is moved.", show_default=False
        ),
    ] = None,
) -> None:
    """What the book would make of a crash: historical days, moves of the market, everything against it; tail and concentration.

    Scenarios of your own can also stand in the settings: [portfolio] stress_scenarios.

    Examples:

      risk-manager stress --demo

      risk-manager stress --demo --move BTC=-0.25 --move SOL=-0.5

      risk-manager stress --demo --move BTC=0.1 --other 0.3 --json
    """
    from market_analysis.cli.json_view import print_json
    from market_analysis.cli.sessions import with_session
    from market_analysis.cli.view import exit_with
    from market_analysis.desk.session import Session
    from market_analysis.report.layout import titled
    from market_analysis.report.text_structure import structure_text
    from market_analysis.report.text_tail import tail_text
    from market_analysis.risk.types import Analysis
    from market_analysis.risk.verdict import exit_status

    async def look(session: Session) -> Analysis:
        return (await session.look()).analysis

    scenario = _scenario(move or [], other)
    flags = {} if scenario is None else {"portfolio.stress_scenarios": [scenario]}
    analysis = with_session(common, look, flags)
    if common.json:
        print_json({"as_of": analysis.as_of, "value_at_risk": analysis.value_at_risk, "structure": analysis.structure})
    else:
        typer.echo(titled("TAIL RISK", tail_text(analysis.value_at_risk)) + "\n")
        typer.echo(titled("STRUCTURE AND STRESS", structure_text(analysis.structure)))
    raise typer.Exit(exit_with(exit_status(analysis), common))


def _scenario(moves: list[str], other: float | None) -> dict[str, object] | None:
    """The scenario that the flags describe. UsageError on a move that is no COIN=RETURN."""
    from market_analysis.errors import UsageError

    if not moves and other is None:
        return None
    named = {}
    for text in moves:
        coin, _, value = text.partition("=")
        try:
            named[coin.strip().upper()] = float(value)
        except ValueError:
            raise UsageError(f"--move is {text!r}", remedy="give COIN=RETURN, such as --move BTC=-0.2 for a fall of 20 %") from None
        if not coin.strip() or not -1.0 < named[coin.strip().upper()] <= 10.0:
            raise UsageError(f"--move is {text!r}; a return lies above -1 and is at most 10", remedy="-0.2 is a fall of 20 %")
    if other is not None and not -1.0 < other <= 10.0:
        raise UsageError(f"--other is {other}; a return lies above -1 and is at most 10", remedy="-0.2 is a fall of 20 %")
    return {"name": "yours", "moves": named, "other": other} if other is not None else {"name": "yours", "moves": named}
