"""`risk-manager init`: from nothing to a first report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from market_analysis.cli.common import Common

NAME = "init"


def command(
    common: Common,
    directory: Annotated[Path, typer.Option("--directory", help="Where to write the two files.")] = Path(),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing: defaults into settings.toml, no .env.")] = False,
) -> None:
    """Write settings.toml and .env by asking. A key with read rights is enough; do not give it the right to withdraw.

    Examples:

      risk-manager init

      risk-manager init --yes --directory /tmp/try
    """
    from market_analysis.desk.initialise import ENV_NAME, SETTINGS_NAME, write_settings
    from market_analysis.errors import UsageError

    del common
    existing = [name for name in (SETTINGS_NAME, ENV_NAME) if (directory / name).exists()]
    if existing and not overwrite and not (yes and existing == [ENV_NAME]):
        raise UsageError(f"{' and '.join(existing)} exist in {directory.resolve()}", remedy="edit them, or add --overwrite")
    values: dict[str, object] = {"risk.daily_loss_limit_frac": 0.05}
    if yes:
        typer.echo(f"wrote {write_settings(directory, values, overwrite=overwrite)}")
        return
    try:
        _ask(directory, values, overwrite=overwrite)
    except typer.Abort:
        raise UsageError("nothing was written: the questions were not answered", remedy="answer them, or add --yes") from None


def _ask(directory: Path, values: dict[str, object], *, overwrite: bool) -> None:
    from market_analysis.desk.initialise import write_env, write_settings

    typer.echo("Fractions: 0.005 is 0.5 % of equity. Enter takes the default.")
    values["risk.equity_risk_frac"] = _fraction("Risk per position", 0.005, 0.0025, 0.0075)
    values["risk.daily_loss_limit_frac"] = _fraction("Daily loss that ends your day", 0.05, 0.001, 0.9)
    values["portfolio.max_portfolio_risk_frac"] = _fraction("Planned risk of the whole book", 0.03, 0.01, 0.5)
    key = typer.prompt("Bybit API key (read-only; empty to skip)", default="", show_default=False).strip()
    secret = typer.prompt("Bybit API secret (not shown)", default="", show_default=False, hide_input=True).strip() if key else ""
    typer.echo(f"wrote {write_settings(directory, values, overwrite=overwrite)}")
    if key:
        typer.echo(f"wrote {write_env(directory, key, secret, overwrite=overwrite)} (readable by you alone)")
    typer.echo("next: " + ("risk-manager doctor" if key else "risk-manager --demo, or put a key into .env"))


def _fraction(question: str, default: float, low: float, high: float) -> float:
    while True:
        value: float = typer.prompt(f"{question}, fraction of equity [{low} .. {high}]", default=default, type=float)
        if low <= value <= high:
            return value
        hint = f"; {value:g} percent is {value / 100:g}" if low <= value / 100 <= high else ""
        typer.echo(f"{value:g} is outside {low} .. {high}{hint}")
