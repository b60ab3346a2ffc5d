"""`risk-manager config show`, `config validate` and `config import`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from market_analysis.cli.common import Common, with_common

app = typer.Typer(help="Show or check the settings.", rich_markup_mode=None, add_completion=False, no_args_is_help=True)

_SHOW = """Print the merged settings with the origin of each value; keys and secrets are never shown, only whether they are set.

While a guard runs, what `admin set` has changed is shown in place of the file's value.

Examples:

  risk-manager config show

  RISK_MANAGER__RISK__EQUITY_RISK_FRAC=0.004 risk-manager config show
"""
_VALIDATE = """Check the settings, rules in, and say all that is wrong, with file, line, bound and fix. Exit 4 when something is.

Examples:

  risk-manager config validate

  risk-manager config validate --config other.toml
"""
_IMPORT = """Print document 002's risk_config.yaml as settings of an account, for settings.toml; every rule in enforce mode.

Its timers_config.yaml, holidays.yaml and accounts.yaml may be named beside it. What has no place here is named on stderr, and makes
the exit status 1. Passwords and keys are never carried over. A value that makes no sense is an error (4) with its file, line, key.

Examples (with files of yours):

  $ risk-manager config import risk_config.yaml

  $ risk-manager config import risk_config.yaml timers_config.yaml holidays.yaml --account topstep
"""


@app.command("show", help=_SHOW)
@with_common
def show(common: Common) -> None:
    """Print the merged settings."""
    from tabulate import tabulate

    from market_analysis.cli.sessions import configuration_of
    from market_analysis.config_sources import leaves

    configuration = configuration_of(common)
    values = dict(leaves(configuration.settings.model_dump(mode="json")))
    changed = _changed_by_command(configuration, common)
    values |= {key: value for key, (value, _) in changed.items()}
    origins = {**configuration.origins, **{key: origin for key, (_, origin) in changed.items()}}
    secrets = _secrets(configuration)
    if common.json:
        body = {key: {"value": value, "origin": origins.get(key, "default")} for key, value in values.items()}
        typer.echo(json.dumps({"settings": body, "secrets": secrets}, indent=2))
        return
    rows = [(key, "" if value is None else value, origins.get(key, "default")) for key, value in values.items()]
    rows += [(name, state, "") for name, state in secrets.items()]
    typer.echo(tabulate(rows, headers=("key", "value", "origin"), tablefmt="plain", disable_numparse=True))


@app.command("validate", help=_VALIDATE)
@with_common
def validate(common: Common) -> None:
    """Check the settings."""
    from market_analysis.cli.sessions import configuration_of
    from market_analysis.desk.guard_policy import policy_of

    configuration = configuration_of(common)
    for name, account in configuration.settings.accounts.items():
        policy_of(name, account, enforces=account.enforce)
    given = sum(origin != "default" for origin in configuration.origins.values())
    if common.json:
        typer.echo(json.dumps({"valid": True, "set": given}))
    else:
        typer.echo(f"settings are valid: {given} set, the rest at their defaults")


def _changed_by_command(configuration: Any, common: Common) -> Mapping[str, tuple[str, str]]:
    """Rules that `admin set` has changed, by the running guard's word: key to value and origin. None where no guard answers."""
    from market_analysis.desk.daemon.places import is_there, readable_place

    place = readable_place(None, configuration.settings.daemon, common.state_dir)
    if not is_there(place):
        return {}
    from market_analysis.desk.daemon import client
    from market_analysis.desk.daemon.wire import ReadRequest
    from market_analysis.errors import RiskManagerError

    try:
        status = json.loads(client.ask(place, ReadRequest("status"), timeout_s=5.0))
    except RiskManagerError:
        return {}
    return {
        f"accounts.{account['name']}.rules.{item['rule']}.{item['setting']}": (
            item["value"],
            f"admin set, {item['by']} {item['at']}",
        )
        for account in status["accounts"]
        for item in account["changes"]
        if item["begins"] is None
    }


@app.command("import", help=_IMPORT)
@with_common
def import_settings(
    common: Common,
    files: Annotated[
        list[str],
        typer.Argument(help="risk_config.yaml and the others that belong to it; - for standard input.", metavar="FILE..."),
    ],
) -> None:
    """Print document 002's YAML as settings."""
    from market_analysis.config_import import as_toml, import_yaml
    from market_analysis.desk.text_file import text_of
    from market_analysis.errors import EXIT_WARNING

    imported = import_yaml(*((text_of(file, "a YAML file"), file) for file in files))
    if common.json:
        notes = [f"{note.rule}: {note.text}".removeprefix(": ") for note in imported.notes]
        typer.echo(json.dumps({"account": imported.account, "notes": notes, "lost": imported.lost}, default=str))
    else:
        typer.echo(as_toml(imported, common.account_name))
    for item in imported.lost:
        typer.echo(f"risk-manager: not carried over: {item}", err=True)
    if imported.lost and not common.exit_zero:
        raise typer.Exit(EXIT_WARNING)


def _secrets(configuration: Any) -> Mapping[str, str]:
    names = {name for account in configuration.settings.accounts.values() for name in (account.key_env, account.secret_env)}
    return {name: "set" if configuration.variables.get(name) else "not set" for name in sorted(names)}
