"""`risk-manager doctor`: what could go wrong, and what to do about it."""

from __future__ import annotations

import typer

from market_analysis.cli.common import Common

NAME = "doctor"


def command(common: Common) -> None:
    """Check key, rights, address binding, expiry, clock, margin mode, settings and disk, and say what to do about each.

    Examples:

      risk-manager doctor

      risk-manager doctor --account second --json
    """
    import asyncio

    from tabulate import tabulate

    from market_analysis.cli.json_view import print_json
    from market_analysis.cli.sessions import configuration_of
    from market_analysis.desk.doctor import Health, examine
    from market_analysis.errors import EXIT_AUTHENTICATION, EXIT_VENUE, EXIT_WARNING

    run = examine(configuration_of(common), common.account_name, common.state_dir, demo=bool(common.demo))
    checks = asyncio.run(run)
    if common.json:
        print_json({"checks": checks})
    else:
        rows = [
            (check.name, check.health.value, check.detail + (f" -> {check.remedy}" if check.remedy else "")) for check in checks
        ]
        typer.echo(tabulate(rows, tablefmt="plain", disable_numparse=True))
    failed = {check.exit_status for check in checks if check.health is Health.FAILED}
    worst = next((status for status in (EXIT_AUTHENTICATION, EXIT_VENUE) if status in failed), max(failed, default=0))
    warned = any(check.health is Health.WARNING for check in checks) and not common.exit_zero
    raise typer.Exit(worst or (EXIT_WARNING if warned else 0))
