"""The command tree. Each command's module is imported by Typer for its signature; what it needs to run is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from market_analysis.cli import (
    admin,
    backtest,
    config,
    doctor,
    evaluate,
    exchange,
    explain,
    flatten,
    guard,
    init,
    journal,
    levels,
    lock,
    replay,
    rules,
    service,
    size,
    sizing,
    status,
    stops,
    stress,
    what_if,
)
from market_analysis.cli.common import Common, with_common

_HELP = """Where the stop belongs, how big the position may be, and whether five positions are one bet.

Without a command: one report of the account, or with --monitor one each interval.

Examples:

  risk-manager --demo                     try it: no key, no network

  risk-manager init                       write settings.toml and .env by asking

  risk-manager                            report once (key from .env or the environment)

  risk-manager --monitor --interval 30    keep reporting

  risk-manager explain BTCUSDT            where each number comes from

Exit status: 0 ok, 1 warning, 2 critical, 3 data unknown or stale, 4 settings, 5 authentication, 6 venue, 64 usage, 70 internal.
"""

app = typer.Typer(
    name="risk-manager",
    help=_HELP,
    invoke_without_command=True,
    no_args_is_help=False,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"risk-manager {version('risk-manager')}")
        raise typer.Exit


@app.callback()
@with_common
def report(
    ctx: typer.Context,
    common: Common,
    monitor: Annotated[bool, typer.Option("--monitor", help="Keep looking until stopped.")] = False,
    interval: Annotated[
        float | None,
        typer.Option("--interval", min=0.2, help="Seconds from one look to the next. Default: 10.", show_default=False),
    ] = None,
    iterations: Annotated[int, typer.Option("--iterations", min=0, help="Looks before the monitor ends; 0: no end.")] = 0,
    print_report: Annotated[bool, typer.Option("--print-report", help="Print the full report, not only the screen.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", help="Where the JSON report is written. Default: risk_analysis.json here.")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Also write one self-contained HTML page to this file.")] = None,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and exit.")
    ] = False,
) -> None:
    """Report on the account."""
    del version
    if ctx.invoked_subcommand is not None:
        return
    from market_analysis.cli.report import run_report

    status = run_report(
        common,
        monitor=monitor,
        interval=interval,
        iterations=iterations or None,
        print_report=print_report,
        output=output,
        html=html,
    )
    raise typer.Exit(status)


report.__doc__ = None
_COMMANDS = (
    init,
    doctor,
    levels,
    stops,
    size,
    sizing,
    what_if,
    stress,
    explain,
    backtest,
    evaluate,
    exchange,
    guard,
    status,
    flatten,
    replay,
)
for _module in _COMMANDS:
    app.command(_module.NAME, no_args_is_help=False)(with_common(_module.command))
app.command("lock")(with_common(lock.lock))
app.command("unlock")(with_common(lock.unlock))
app.add_typer(admin.app, name=admin.NAME)
app.add_typer(config.app, name="config")
app.add_typer(journal.app, name=journal.NAME)
app.add_typer(rules.app, name=rules.NAME)
app.add_typer(service.app, name=service.NAME)
