"""`risk-manager replay`: the guard's engine over what has happened."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from market_analysis.cli.common import Common
from market_analysis.cli.trade_options import parse_amount

if TYPE_CHECKING:
    from market_analysis.guard.hindsight import Hindsight

NAME = "replay"


def command(
    common: Common,
    rules: Annotated[
        Path | None,
        typer.Option("--rules", help="What would these limits have done: account settings in TOML.", show_default=False),
    ] = None,
    trades: Annotated[
        Path | None, typer.Option("--trades", help="Closed trades as CSV instead of the journal.", show_default=False)
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", min=1, max=730, help="The account's log of so many days instead.", show_default=False)
    ] = None,
    balance: Annotated[
        Decimal | None,
        typer.Option("--balance", parser=parse_amount, metavar="X", help="Balance before the first trade.", show_default=False),
    ] = None,
    zone: Annotated[str, typer.Option("--zone", help="Zone of times without one in the CSV.")] = "UTC",
) -> None:
    """Live the journal again: the same events through the same engine, decisions compared byte for byte (2: one differs).

    With --rules: what would these limits have done to your last months, from the journal, from closed trades as CSV (Bybit's
    closed-PnL export, MT5's and FTMO's journals, a plain table), or from the account's own log. See docs/replay.md.

    Examples:

      risk-manager replay

      risk-manager replay --rules limits.toml --days 20 --demo

      risk-manager replay --rules limits.toml --trades trades.csv --balance 10000 --json
    """
    from market_analysis.cli.replaying import hindsight_of, replay_journal
    from market_analysis.errors import EXIT_CRITICAL
    from market_analysis.report.text_replay import hindsight_text

    if rules is None:
        if trades is not None or days is not None:
            raise typer.BadParameter("--trades and --days need --rules FILE: the limits to try")
        raise typer.Exit(0 if replay_journal(common) else EXIT_CRITICAL)
    if trades is not None and days is not None:
        raise typer.BadParameter("give --trades or --days, not both")
    found, source, notes = hindsight_of(common, rules, trades, days, balance, zone)
    if common.json:
        typer.echo(json.dumps(_document(found, source, notes), default=str))
    else:
        typer.echo(hindsight_text(found, source, notes))


def _document(found: Hindsight, source: str, notes: tuple[str, ...]) -> dict[str, object]:
    from dataclasses import asdict

    return {"source": source, "notes": notes, **asdict(found)}
