"""`risk-manager rules`: which rules there are, and what each one watches and does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from market_analysis.cli.common import Common, with_common

if TYPE_CHECKING:
    from market_analysis.rules.rule import Rule

NAME = "rules"
app = typer.Typer(no_args_is_help=True, help="The guard's rules: what each watches, when it fires, what it does and does not.")


@app.command("list")
@with_common
def list_rules(common: Common) -> None:
    """Every rule, the product's own and those of installed plugins.

    Examples:

      risk-manager rules list

      risk-manager rules list --json
    """
    from tabulate import tabulate

    from market_analysis.rules.registry import rules

    known = rules().values()
    if common.json:
        typer.echo(json.dumps({"rules": [_document(rule) for rule in known]}))
        return
    rows = [(rule.name, rule.explanation.watches, rule.source) for rule in known]
    typer.echo(tabulate(rows, headers=("rule", "watches", "source"), tablefmt="plain"))


@app.command("explain")
@with_common
def explain(common: Common, rule: Annotated[str, typer.Argument(help="Its name, as `rules list` shows it.")]) -> None:
    """What a rule watches, when it fires, what it does and does not, and its parameters with their bounds.

    Examples:

      risk-manager rules explain no_stop_loss_grace

      risk-manager rules explain daily_loss --json
    """
    from market_analysis.report.layout import pairs, titled
    from market_analysis.rules.registry import rule_named

    found = rule_named(rule)
    if common.json:
        typer.echo(json.dumps(_document(found)))
        return
    said = found.explanation
    rows = [("watches", said.watches), ("fires", said.fires), ("does", said.does), ("does not", said.does_not)]
    typer.echo(titled(f"{found.name}: {found.title} ({found.source})", pairs(rows)))
    settings = [(item["name"], f"{item['description']} (default {item['default']}{item['bounds']})") for item in _parameters(found)]
    typer.echo(
        "\n" + titled(f"[accounts.NAME.rules.{found.name}]", pairs([("mode", "off, shadow, alert (default), enforce"), *settings]))
    )


def _document(rule: Rule) -> dict[str, Any]:
    said = rule.explanation
    return {
        "name": rule.name,
        "title": rule.title,
        "source": rule.source,
        "watches": said.watches,
        "fires": said.fires,
        "does": said.does,
        "does_not": said.does_not,
        "parameters": _parameters(rule),
    }


def _parameters(rule: Rule) -> list[dict[str, str]]:
    """Name, description, default and bounds of each parameter, as text."""
    found = []
    for name, field in rule.parameters.model_fields.items():
        bounds = [f"{word} {getattr(item, key)}" for item in field.metadata for key, word in _BOUNDS.items() if hasattr(item, key)]
        default = "none: it must be given" if field.is_required() else _written(field.get_default(call_default_factory=True))
        found.append(
            {
                "name": name,
                "description": field.description or "",
                "default": default,
                "bounds": "".join(f"; {bound}" for bound in bounds),
            }
        )
    return found


_BOUNDS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}


def _written(value: object) -> str:
    return "unset" if value is None else str(getattr(value, "value", value))
