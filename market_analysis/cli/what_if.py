"""`risk-manager what-if`: the book after a trade."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import typer

from market_analysis.cli.common import Common
from market_analysis.cli.trade_options import Leverage, SideChoice, SideOption, Symbol, parse_amount

NAME = "what-if"


def command(
    common: Common,
    symbol: Symbol,
    side: SideOption = SideChoice.LONG,
    quantity: Annotated[
        Decimal | None, typer.Option("--quantity", parser=parse_amount, metavar="N", help="Size in contracts (base units).")
    ] = None,
    notional: Annotated[
        Decimal | None, typer.Option("--notional", parser=parse_amount, metavar="USD", help="Size in USD, instead of --quantity.")
    ] = None,
    stop: Annotated[
        Decimal | None, typer.Option("--stop", parser=parse_amount, metavar="PRICE", help="Stop at the exchange.")
    ] = None,
    target: Annotated[
        Decimal | None, typer.Option("--target", parser=parse_amount, metavar="PRICE", help="Take profit at the exchange.")
    ] = None,
    leverage: Leverage = Decimal(10),
) -> None:
    """The book after a market trade at the mark: totals, clusters, margin, ROOM, verdict, before and after.

    Examples:

      risk-manager what-if SOLUSDT --side long --notional 3000 --stop 262 --demo

      risk-manager what-if BTCUSDT --side short --quantity 0.05 --json
    """
    from market_analysis.cli.json_view import print_json
    from market_analysis.cli.sessions import with_session
    from market_analysis.cli.view import exit_with
    from market_analysis.desk.instruments import parse_instrument
    from market_analysis.desk.what_if import what_if
    from market_analysis.domain import Side
    from market_analysis.report.trade import comparison_text
    from market_analysis.risk.verdict import exit_status
    from market_analysis.risk.what_if import ProposedTrade

    if (quantity is None) == (notional is None):
        raise typer.BadParameter("give exactly one of --quantity and --notional")
    trade = ProposedTrade(parse_instrument(symbol), Side(side.value), quantity, notional, stop, target, leverage)
    comparison = with_session(common, lambda session: what_if(session, trade))
    if common.json:
        print_json({"changes": comparison.changes, "verdict": comparison.after.verdict, "after": comparison.after})
    else:
        typer.echo(comparison_text(comparison))
    raise typer.Exit(exit_with(exit_status(comparison.after), common))
