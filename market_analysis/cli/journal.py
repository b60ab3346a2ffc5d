"""`risk-manager journal`: what the guard was told and what it decided."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from market_analysis.cli.common import Common, with_common

NAME = "journal"
app = typer.Typer(no_args_is_help=True, help="What the guard was told and decided, chained so that changes show.")


@app.command("show")
@with_common
def show(
    common: Common,
    last: Annotated[int, typer.Option("--last", min=1, help="The newest so many records that decided something.")] = 20,
    everything: Annotated[bool, typer.Option("--all", help="Also records that decided nothing.")] = False,
) -> None:
    """The newest records of an account.

    Examples:

      risk-manager journal show

      risk-manager journal show --last 5 --json
    """
    from market_analysis.cli.guarding import open_journal

    with open_journal(common) as journal:
        found = [item for item in journal.records(common.account_name) if everything or item.decisions != "[]"][-last:]
    if common.json:
        rows = [
            {"number": item.number, "at": item.at, "event": json.loads(item.event), "decisions": json.loads(item.decisions)}
            for item in found
        ]
        typer.echo(json.dumps({"records": rows}))
        return
    if not found:
        typer.echo("no records: no guard has decided anything with this state directory")
    for item in found:
        names = " ".join(decision["$"] for decision in json.loads(item.decisions))
        typer.echo(f"{item.number:>7}  {item.at}  {json.loads(item.event)['$']:<16} {names}")


@app.command("verify")
@with_common
def verify(common: Common) -> None:
    """Walk the chain of every account's journal; a record that was changed or is missing is named.

    Examples:

      risk-manager journal verify
    """
    from market_analysis.cli.guarding import open_journal

    with open_journal(common) as journal:
        if not journal.accounts():
            typer.echo("no records: no guard has run with this state directory")
        for account in journal.accounts():
            last = journal.verify(account)
            typer.echo(f"{account}: {0 if last is None else last.number} records, whole; head {'' if last is None else last.chain}")
