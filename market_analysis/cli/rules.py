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


@app.command("presets")
@with_common
def presets(
    common: Common,
    name: Annotated[str | None, typer.Argument(help="One of them, as settings.", show_default=False)] = None,
) -> None:
    """Prop firms' programmes whose terms are known here: preset = "NAME" in [accounts.NAME]; every value may be set otherwise.

    Each term has its source and the day on which it was noted. What is not known is said, and is yours to set.

    Examples:

      risk-manager rules presets

      risk-manager rules presets ftmo-2-step

      risk-manager rules presets topstep-combine --json
    """
    from dataclasses import asdict

    from tabulate import tabulate

    from market_analysis.config_presets import preset_named, preset_names, preset_toml

    chosen = [preset_named(one) for one in (preset_names() if name is None else [name])]
    if common.json:
        typer.echo(json.dumps({"presets": [asdict(preset) for preset in chosen]}, default=str))
    elif name is not None:
        typer.echo(preset_toml(chosen[0]))
    else:
        rows = [
            (
                item.name,
                f"{item.title}: {item.phase}",
                ", ".join(item.account.get("rules", {})) or "its day only",
                len(item.missing),
                item.noted,
                ", ".join(dict.fromkeys(term.source for term in item.terms)),
            )
            for item in chosen
        ]
        headers = ("preset", "programme and phase", "rules", "to be set", "noted", "sources")
        typer.echo(tabulate(rows, headers=headers, tablefmt="plain", maxcolwidths=[None, 32, 22, None, None, 36]))


@app.command("test")
@with_common
def live_scenario(
    common: Common,
    file: Annotated[
        str | None, typer.Argument(help="A scenario in text, - for standard input.", metavar="[FILE]", show_default=False)
    ] = None,
    example: Annotated[str | None, typer.Option("--example", help="One that ships with the product.", show_default=False)] = None,
    show: Annotated[bool, typer.Option("--show", help="Print the scenario's text instead: a beginning for your own.")] = False,
    preset: Annotated[
        str | None, typer.Option("--preset", help="Try this preset's rules instead of the scenario's.", show_default=False)
    ] = None,
) -> None:
    """Live a day in text with the real guard, and judge what you expect of your rules. Nothing is asked of any venue.

    Above a line of dashes stand an account's settings as TOML, below it what happens: docs/rules.md has every word. With --account
    NAME it is lived under that account of your settings instead. 0: all that is expected is so; 2: something is not, and it says
    what was found.

    Examples:

      risk-manager rules test --example daily-loss

      risk-manager rules test --example daily-loss --show

      risk-manager rules test --example no-stop --json

      risk-manager rules test --example daily-loss --preset the5ers
    """
    from zoneinfo import ZoneInfo

    from market_analysis.cli.scenarios import own_account, scenario_document
    from market_analysis.desk.scenario.examples import read_scenario
    from market_analysis.desk.scenario.head import Instead
    from market_analysis.desk.scenario.run import run_scenario
    from market_analysis.desk.scenario.text import parse
    from market_analysis.errors import EXIT_CRITICAL
    from market_analysis.report.text_scenario import scenario_text

    name, text = read_scenario(file, example)
    if show:
        typer.echo(text, nl=False)
        return
    scenario = parse(text, name, own_account(common), Instead(common.account_name if common.account else None, preset))
    passed = run_scenario(scenario, name)
    if common.json:
        typer.echo(json.dumps(scenario_document(name, passed)))
    else:
        typer.echo(scenario_text(passed, ZoneInfo(scenario.account.reset_zone)))
    if any(item.met is False for item in passed) and not common.exit_zero:
        raise typer.Exit(EXIT_CRITICAL)


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
