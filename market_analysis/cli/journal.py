"""`risk-manager journal`: what the guard was told and what it decided."""

from __future__ import annotations

import json
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from market_analysis.cli.common import Common, with_common

if TYPE_CHECKING:
    from market_analysis.store.journal import Journal

NAME = "journal"
app = typer.Typer(no_args_is_help=True, help="What the guard was told and decided, chained so that changes show.")


class Format(StrEnum):
    """How `show` writes."""

    TEXT = "text"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


_MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]


@app.command("show")
@with_common
def show(
    common: Common,
    last: Annotated[
        int | None, typer.Option("--last", min=1, help="The newest so many rows; without a filter 20.", show_default=False)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also records that decided nothing.")] = False,
    name: Annotated[str | None, typer.Option("--name", help="Only of this rule, cause or code.", show_default=False)] = None,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Only decisions of this kind: Alert, Intent, LockSet, ...", show_default=False)
    ] = None,
    since: Annotated[
        datetime | None, typer.Option("--since", formats=_MOMENTS, help="From this moment on, UTC.", show_default=False)
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--until", formats=_MOMENTS, help="Before this moment, UTC.", show_default=False)
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="text, csv, json, or parquet (needs --output).")] = Format.TEXT,
    output: Annotated[Path | None, typer.Option("--output", help="Into this file.", show_default=False)] = None,
) -> None:
    """What was decided, a row each: when, on which event, by which rule or cause, about what.

    Examples:

      risk-manager journal show

      risk-manager journal show --kind LockSet --since 2026-01-01

      risk-manager journal show --format csv --all --last 100

      risk-manager journal show --last 5 --json
    """
    from market_analysis.cli.guarding import open_journal
    from market_analysis.report.journal_rows import rows_of

    with open_journal(common) as journal:
        found = [
            row
            for row in rows_of(journal.records(common.account_name), everything=everything)
            if (name is None or row["name"] == name)
            and (kind is None or row["decision"] == kind)
            and (since is None or row["at"] >= f"{since:%Y-%m-%dT%H:%M:%S}")
            and (until is None or row["at"] < f"{until:%Y-%m-%dT%H:%M:%S}")
        ]
    filtered = any(item is not None for item in (name, kind, since, until)) or form is not Format.TEXT
    most = last if last is not None else len(found) if filtered else 20
    _write(found[-most:] if most else [], Format.JSON if common.json else form, output)


def _write(rows: list[dict[str, Any]], form: Format, output: Path | None) -> None:
    from market_analysis.errors import OutputError, UsageError
    from market_analysis.report.journal_rows import COLUMNS, as_csv

    if form is Format.PARQUET:
        if output is None:
            raise UsageError("Parquet is not for a terminal", remedy="add --output FILE")
        _parquet(rows, output)
        return
    if form is Format.CSV:
        text = as_csv(rows)
    elif form is Format.JSON:
        text = json.dumps({"records": rows}) + "\n"
    elif rows:
        text = "".join("  ".join(str(row[column]) for column in COLUMNS if row[column] != "") + "\n" for row in rows)
    else:
        text = "no records: no guard has decided anything with this state directory\n"
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{output} cannot be written: {error.strerror}", remedy="name another file") from error


def _parquet(rows: list[dict[str, Any]], output: Path) -> None:
    from market_analysis.errors import OutputError, UsageError
    from market_analysis.report.journal_rows import COLUMNS

    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UsageError("Parquet needs the extra [data]", remedy="pip install pyarrow, or choose csv or json") from error
    try:
        pyarrow.parquet.write_table(pyarrow.table({column: [row[column] for row in rows] for column in COLUMNS}), output)
    except OSError as error:
        raise OutputError(f"{output} cannot be written: {error}", remedy="name another file") from error


@app.command("verify")
@with_common
def verify(common: Common) -> None:
    """Walk every account's journal; the first record changed or missing is named, exit 2.

    Examples:

      risk-manager journal verify

      risk-manager journal verify --json
    """
    from market_analysis.cli.guarding import open_journal
    from market_analysis.errors import EXIT_CRITICAL

    with open_journal(common) as journal:
        found = [_walked(journal, account) for account in journal.accounts()]
    if common.json:
        typer.echo(json.dumps({"accounts": found}))
    elif not found:
        typer.echo("no records: no guard has run with this state directory and address; a demo's is not kept")
    else:
        for row in found:
            typer.echo(_verdict(row), err=row["problem"] is not None)
    if any(row["problem"] is not None for row in found):
        raise typer.Exit(EXIT_CRITICAL)


def _walked(journal: Journal, account: str) -> dict[str, Any]:
    """One damaged journal hides no other: its account's row says what is wrong."""
    from market_analysis.errors import StateError

    try:
        found = journal.verified(account)
    except StateError as error:
        return {"account": account, "records": None, "dropped": None, "sealed": None, "head": None, "problem": str(error)}
    last = 0 if found.last is None else found.last.number
    head = None if found.last is None else found.last.chain
    return {
        "account": account,
        "records": last - found.dropped,
        "dropped": found.dropped,
        "sealed": found.sealed,
        "head": head,
        "problem": None,
    }


def _verdict(row: dict[str, Any]) -> str:
    if row["problem"] is not None:
        return f"{row['account']}: {row['problem']}"
    dropped = f"; {row['dropped']} older ones dropped by age" if row["dropped"] else ""
    sealed = f"sealed up to {row['sealed']}" if row["sealed"] else "not sealed yet"
    return f"{row['account']}: {row['records']} records, whole{dropped}; {sealed}; head {row['head'] or ''}"
