"""Presets: the known terms of a prop firm's programme as the lowest layer of an account's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Any

import tomli

from market_analysis.config_sources import Source, leaves
from market_analysis.errors import SettingsError

_PLACE = files("market_analysis") / "prop_firms"


@dataclass(frozen=True, slots=True)
class Term:
    """One term in words, and where it was read."""

    says: str
    source: str


@dataclass(frozen=True, slots=True)
class Missing:
    """What the preset does not know, and how it is set."""

    what: str
    set: str


@dataclass(frozen=True, slots=True)
class Preset:
    """account: keys of [accounts.NAME]. noted: when its terms were read; firms change them."""

    name: str
    title: str
    noted: date
    account: Mapping[str, Any]
    terms: tuple[Term, ...]
    missing: tuple[Missing, ...]


def preset_names() -> list[str]:
    """All that ship, in alphabetical order."""
    return sorted(entry.name.removesuffix(".toml") for entry in _PLACE.iterdir() if entry.name.endswith(".toml"))


def preset_named(name: str) -> Preset:
    """Raises SettingsError naming those that exist."""
    if name not in preset_names():
        known = ", ".join(preset_names())
        raise SettingsError(f"there is no preset {name!r}; known: {known}", remedy="see `risk-manager rules presets`")
    read = tomli.loads((_PLACE / f"{name}.toml").read_text(encoding="utf-8"))
    return Preset(
        name=name,
        title=read["title"],
        noted=read["noted"],
        account=read["account"],
        terms=tuple(Term(**item) for item in read["term"]),
        missing=tuple(Missing(**item) for item in read["missing"]),
    )


def preset_source(merged: Mapping[str, Any]) -> Source:
    """The presets that accounts name, as one layer below everything that was given.

    Raises:
        SettingsError: an account names one that does not exist.
    """
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    accounts = merged.get("accounts")
    for account, given in accounts.items() if isinstance(accounts, Mapping) else ():
        name = given.get("preset") if isinstance(given, Mapping) else None
        if isinstance(name, str):
            chosen = preset_named(name)
            values.setdefault("accounts", {})[account] = chosen.account
            origin = f"preset {name} of {chosen.noted}"
            origins |= {f"accounts.{account}.{key}": origin for key, _ in leaves(dict(chosen.account))}
    return Source("preset", values, origins)


def preset_toml(preset: Preset, account: str = "main") -> str:
    """The preset as settings, with its sources and what is missing as comments."""
    lines = [f"# {preset.title}: terms as noted on {preset.noted}; firms change them, check yours."]
    lines += [f"# - {term.says} ({term.source})" for term in preset.terms]
    lines += [f"# NOT KNOWN HERE: {item.what}. Set for example: {item.set}" for item in preset.missing]
    lines += ["", f"[accounts.{account}]"]
    lines += [f"{key} = {_written(value)}" for key, value in preset.account.items() if key != "rules"]
    for rule, values in preset.account.get("rules", {}).items():
        lines += ["", f"[accounts.{account}.rules.{rule}]", *(f"{key} = {_written(value)}" for key, value in values.items())]
    return "\n".join(lines)


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_written(inner)}" for key, inner in value.items()) + " }"
    return f'"{value}"' if isinstance(value, str) else str(value)
