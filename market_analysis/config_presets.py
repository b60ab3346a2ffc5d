"""Presets: the known terms of a prop firm's programme as the lowest layer of an account's settings."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files
from typing import Any

import tomli

from market_analysis.config_sources import Source, leaves
from market_analysis.config_toml import toml_lines
from market_analysis.errors import SettingsError

_PLACE = files("market_analysis") / "prop_firms"
_WIDTH = 120


@dataclass(frozen=True, slots=True)
class Term:
    """One term in words, where it was read, and when this project wrote it down."""

    says: str
    source: str
    noted: date


@dataclass(frozen=True, slots=True)
class Missing:
    """What the preset does not know, and how it is set. needs: keys of the rule `set` that only its owner can give; shape: what is
    known of that rule, which counts once they are given."""

    what: str
    set: str
    needs: tuple[str, ...] = ()
    shape: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rule(self) -> str:
        """The rule that has a shape, else empty."""
        return self.set.removeprefix("rules.") if self.needs else ""


@dataclass(frozen=True, slots=True)
class Preset:
    """account: keys of [accounts.NAME]. phase: of the programme, as far as it matters to what is known."""

    name: str
    title: str
    phase: str
    account: Mapping[str, Any]
    terms: tuple[Term, ...]
    missing: tuple[Missing, ...]

    @property
    def noted(self) -> date:
        """The day of its oldest term; firms change them."""
        return min(term.noted for term in self.terms)


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
        phase=read["phase"],
        account=read["account"],
        terms=tuple(Term(**item) for item in read["term"]),
        missing=tuple(Missing(**{**item, "needs": tuple(item.get("needs", ()))}) for item in read["missing"]),
    )


def preset_layer(preset: Preset, given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """What the preset puts below the given keys of an account. A rule of which only the shape is known is in it once the rest is
    given.

    Raises:
        SettingsError: such a rule is wanted, and what only its owner knows is not said: its defaults would be another rule.
    """
    layer = dict(preset.account)
    rules = given.get("rules")
    for item in preset.missing:
        own = rules.get(item.rule) if item.rule and isinstance(rules, Mapping) else None
        if not isinstance(own, Mapping) or own.get("mode") == "off":
            continue
        absent = [key for key in item.needs if key not in own]
        if absent:
            raise SettingsError(
                f"{where}: preset {preset.name} does not know {' and '.join(absent)} of rules.{item.rule}: {item.what}",
                remedy=f'set {" and ".join(absent)} of rules.{item.rule}, or its mode = "off"',
            )
        layer["rules"] = {**layer.get("rules", {}), item.rule: item.shape}
    return layer


def preset_source(merged: Mapping[str, Any], origins: Mapping[str, str]) -> Source:
    """The presets that accounts name, as one layer below everything that was given. origins: where each given key stands.

    Raises:
        SettingsError: an account names one that does not exist, or does not say what its preset cannot know.
    """
    values: dict[str, Any] = {}
    places: dict[str, str] = {}
    accounts = merged.get("accounts")
    for account, given in accounts.items() if isinstance(accounts, Mapping) else ():
        name = given.get("preset") if isinstance(given, Mapping) else None
        if not isinstance(name, str):
            continue
        where = f"{origins.get(f'accounts.{account}.preset', 'settings')}: accounts.{account}"
        if name not in preset_names():
            known = ", ".join(preset_names())
            raise SettingsError(
                f"{where}.preset: there is no preset {name!r}; known: {known}", remedy="see `risk-manager rules presets`"
            )
        chosen = preset_named(name)
        layer = preset_layer(chosen, given, where)
        values.setdefault("accounts", {})[account] = layer
        places |= {f"accounts.{account}.{key}": f"preset {name} of {chosen.noted}" for key, _ in leaves(layer)}
    return Source("preset", values, places)


def preset_toml(preset: Preset, account: str = "main") -> str:
    """The preset as settings, with its sources as comments, and what is missing to be filled in."""
    lines = [
        f"# {preset.title} ({preset.phase})",
        "# Terms, with their sources and the day they were noted; firms change them, check yours:",
    ]
    for term in preset.terms:
        lines += _comment(f"{term.says} ({term.source}, {term.noted})", "- ")
    lines += ["", f"[accounts.{account}]"]
    lines += toml_lines({key: value for key, value in preset.account.items() if key != "rules"})
    for rule, values in preset.account.get("rules", {}).items():
        lines += ["", f"[accounts.{account}.rules.{rule}]", *toml_lines(values)]
    for item in preset.missing:
        lines += ["", *_comment(f"{item.what}.", "NOT KNOWN HERE, set it yourself: ")]
        lines += _to_be_filled_in(item, account) if item.rule else _comment(item.set, "  ")
    return "\n".join(lines)


def _to_be_filled_in(item: Missing, account: str) -> list[str]:
    known = [f"#   {line}" for line in toml_lines(item.shape)]
    return [f"#   [accounts.{account}.rules.{item.rule}]", *known, *(f"#   {key} = YOURS" for key in item.needs)]


def _comment(text: str, head: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=f"# {head}", subsequent_indent="#   ", break_long_words=False, break_on_hyphens=False
    )
