"""`risk-manager backtest`: static against dynamic levels on the past."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from market_analysis.cli.common import Common
from market_analysis.cli.trade_options import Leverage, SideChoice, SideOption, Symbol

if TYPE_CHECKING:
    from market_analysis.desk.backtest import BacktestSummary

NAME = "backtest"


def command(
    common: Common,
    symbol: Symbol,
    side: SideOption = SideChoice.LONG,
    days: Annotated[int, typer.Option("--days", min=2, max=700, help="Days of entries.")] = 60,
    every: Annotated[int, typer.Option("--every", min=1, max=720, help="Hours from one entry to the next.")] = 12,
    leverage: Leverage = Decimal(10),
) -> None:
    """Enter every so many hours of the past and compare fixed levels with the product's policy, in R after costs.

    The levels see closed bars only, a bar that spans both levels counts as stopped, gaps fill at the open. Entries overlap, so
    their standard error is too small; this measures stops and targets, not an edge.

    Examples:

      risk-manager backtest BTCUSDT --demo

      risk-manager backtest ETHUSDT --side short --days 30 --every 6 --json
    """
    from market_analysis.cli.json_view import print_json
    from market_analysis.cli.sessions import with_session
    from market_analysis.desk.backtest import backtest_entries
    from market_analysis.desk.instruments import parse_instrument
    from market_analysis.desk.session import Session
    from market_analysis.domain import Side

    instrument = parse_instrument(symbol)

    async def use(session: Session) -> BacktestSummary:
        return await backtest_entries(session, instrument, Side(side.value), days=days, every_hours=every, leverage=leverage)

    summary = with_session(common, use)
    if common.json:
        print_json(summary)
    else:
        typer.echo(_text(summary))


def _text(summary: BacktestSummary) -> str:
    from tabulate import tabulate

    rows = [
        (
            name,
            tally.target,
            tally.stop_at_loss,
            tally.stop_at_breakeven,
            tally.still_open,
            f"{tally.mean_r:+.3f}",
            tally.mean_costs_r,
        )
        for name, tally in (("static", summary.static), ("dynamic", summary.dynamic))
    ]
    span = f"{summary.first_entry:%Y-%m-%d} to {summary.last_entry:%Y-%m-%d} UTC"
    head = (
        f"{summary.symbol} {summary.side.value}: {summary.entries} entries {span}, k {summary.k:g}, m {summary.m:g}, "
        f"models fitted on bars to {summary.fitted_until:%Y-%m-%d %H:%M}"
    )
    titles = ("levels", "target", "stop, loss", "stop, breakeven+", "open", "mean R", "costs R")
    return head + "\n" + tabulate(rows, headers=titles, tablefmt="plain", floatfmt=".3f")
