"""`risk-manager size`: how much, for a stop of your own."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import typer

from market_analysis.cli.common import Common
from market_analysis.cli.trade_options import Leverage, SideChoice, SideOption, Symbol, parse_amount

NAME = "size"


def command(
    common: Common,
    symbol: Symbol,
    stop: Annotated[Decimal, typer.Option("--stop", parser=parse_amount, metavar="PRICE", help="Your stop.")],
    side: SideOption = SideChoice.LONG,
    risk: Annotated[
        float | None, typer.Option("--risk", min=0.0001, max=0.1, help="Fraction of equity to lose at the stop. Default: settings.")
    ] = None,
    leverage: Leverage = Decimal(10),
) -> None:
    """The largest size whose loss at your stop, fees and slippage in, stays within the budget. Refuses with a reason.

    Examples:

      risk-manager size BTCUSDT --side long --stop 76000 --demo

      risk-manager size ETHUSDT --side short --stop 2600 --risk 0.004
    """
    from market_analysis.cli.json_view import print_json
    from market_analysis.cli.sessions import with_session
    from market_analysis.desk.instruments import parse_instrument
    from market_analysis.desk.what_if import size
    from market_analysis.domain import Side
    from market_analysis.errors import EXIT_WARNING
    from market_analysis.report.trade import size_text

    instrument = parse_instrument(symbol)
    sized = with_session(common, lambda session: size(session, instrument, Side(side.value), stop, risk, leverage))
    if common.json:
        print_json(sized)
    else:
        typer.echo(size_text(sized.plan, sized.instrument, sized.entry, sized.stop, sized.equity_usd, sized.risk_frac))
    if sized.plan.refusal is not None and not common.exit_zero:
        raise typer.Exit(EXIT_WARNING)
