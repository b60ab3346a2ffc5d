"""Document 002's YAML (`risk_config.yaml`) as settings of an account: `risk-manager config import`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any

import yaml

from market_analysis.config_import_rules import CONVERTERS, Taken, clock
from market_analysis.errors import SettingsError

RESET_KEYS = ("reset_time", "timezone")
"""The document repeats the reset in every rule; here it is the account's."""


@dataclass(frozen=True, slots=True)
class Imported:
    """account: keys of [accounts.NAME]. notes: how words were understood. lost: what has no place here."""

    account: Mapping[str, Any]
    notes: tuple[str, ...]
    lost: tuple[str, ...]


def import_yaml(text: str, name: str) -> Imported:
    """Rules at the top level, under `rules`, and the reset of `timers_config.yaml` are known.

    Raises:
        SettingsError: it is no YAML, or no table of rules; names the line where that can be told.
    """
    try:
        read = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f", line {mark.line + 1}"
        raise SettingsError(
            f"{name}{where}: {getattr(error, 'problem', None) or 'no YAML'}", remedy="give a risk_config.yaml"
        ) from error
    if not isinstance(read, Mapping) or not read:
        raise SettingsError(f"{name}: a table of rules is wanted", remedy="give a risk_config.yaml, with rules by name")
    notes: list[str] = []
    lost: list[str] = []
    tables = dict(read)
    inner = tables.pop("rules", {})
    others = ("global", "advanced", "accounts", "topstepx", "monitored_account")
    lost += [f"{key}: set it by hand; keys belong into .env" for key in others if tables.pop(key, None) is not None]
    account: dict[str, Any] = _reset_of(tables.pop("daily_reset", None))
    rules: dict[str, Any] = {}
    for rule, given in {**tables, **(inner if isinstance(inner, Mapping) else {})}.items():
        if rule not in CONVERTERS or not isinstance(given, Mapping):
            lost.append(f"{rule}: no rule of that name, or no table")
            continue
        rules[str(rule)] = _rule(str(rule), dict(given), account, notes, lost)
    if not rules:
        raise SettingsError(f"{name}: none of its keys is a rule; known: {', '.join(CONVERTERS)}", remedy="give a risk_config.yaml")
    return Imported({**account, "rules": rules}, tuple(notes), tuple(lost))


def _rule(rule: str, given: dict[str, Any], account: dict[str, Any], notes: list[str], lost: list[str]) -> dict[str, Any]:
    taken = Taken(rule, given, notes, lost)
    enabled = taken.take("enabled")
    own = {key: taken.take(key) for key in RESET_KEYS if key in taken.given} if rule != "session_block_outside" else {}
    reset = _reset_of({"time": own.get("reset_time"), "timezone": own.get("timezone")})
    for key, value in reset.items():
        if account.setdefault(key, value) != value:
            lost.append(f"{rule}: its own {key} {value}; the account's {account[key]} counts for all rules")
    converted = CONVERTERS[rule](taken)
    lost += [f"{rule}.{key}" for key in taken.given]
    return {"mode": "off" if enabled is False else "enforce", **converted}


def _reset_of(given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        return {}
    found = {"reset_time": clock(given.get("time")), "reset_zone": given.get("timezone")}
    return {key: str(value) for key, value in found.items() if value is not None}


def as_toml(imported: Imported, account: str) -> str:
    """The account as settings; notes as comments."""
    lines = ["# Imported from document 002's settings. Rules act only with enforce = true and a key that trades."]
    lines += [f"# {note}" for note in imported.notes]
    lines += ["", f"[accounts.{account}]"]
    lines += [f"{key} = {_written(value)}" for key, value in imported.account.items() if key != "rules"]
    for rule, values in sorted(imported.account["rules"].items()):
        lines += ["", f"[accounts.{account}.rules.{rule}]", *(f"{key} = {_written(value)}" for key, value in values.items())]
    return "\n".join(lines)


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_written(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_written, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    text = value.isoformat() if isinstance(value, date | time) else str(value)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _key(key: object) -> str:
    text = str(key)
    return text if text.replace("_", "").replace("-", "").isalnum() and text.isascii() else _written(text)
