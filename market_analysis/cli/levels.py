"""`risk-manager levels`: where stop and targets of an entry now would lie."""

from __future__ import annotations

from decimal import Decimal

import typer

from market_analysis.cli.common import Common
from market_analysis.cli.trade_options import Leverage, SideChoice, SideOption, Symbol

NAME = "levels"


def command(common: Common, symbol: Symbol, side: SideOption = SideChoice.LONG, leverage: Leverage = Decimal(10)) -> None:
    """Stop, targets, odds and size of a position entered now at the mark.

    Examples:

      risk-manager levels BTCUSDT --demo

      risk-manager levels ETHUSDT --side short --leverage 5 --json
    """
    from market_analysis.cli.json_view import print_json
    from market_analysis.cli.sessions import with_session
    from market_analysis.desk.instruments import parse_instrument
    from market_analysis.desk.what_if import levels
    from market_analysis.domain import Side
    from market_analysis.report.trade import levels_text

    instrument = parse_instrument(symbol)
    report = with_session(common, lambda session: levels(session, instrument, Side(side.value), leverage))
    if common.json:
        print_json(report)
    else:
        typer.echo(levels_text(report))
