"""Document 002's YAML (`risk_config.yaml` and its kin) as settings of an account: `risk-manager config import`."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from market_analysis.config_import_rules import CONVERTERS
from market_analysis.config_import_sessions import clock
from market_analysis.config_import_taken import Note, Taken, Values, Words
from market_analysis.config_import_timers import ACCOUNTS, TIMERS, take_timers
from market_analysis.config_import_yaml import REMEDY, Entry, read_yaml
from market_analysis.config_toml import toml_lines
from market_analysis.errors import SettingsError
from market_analysis.rules.registry import rule_named
from market_analysis.settings import AccountSettings

_SPECIAL = ("rules", "global")
_NEW_YORK = ("17:00", "America/New_York")


@dataclass(frozen=True, slots=True)
class Imported:
    """account: keys of [accounts.NAME]. notes: how words were understood. lost: what has no place here."""

    account: Mapping[str, Any]
    notes: tuple[Note, ...]
    lost: tuple[str, ...]


def import_yaml(*files: tuple[str, str]) -> Imported:
    """(text, name) of each file; together they are one configuration: rules, timers, holidays, accounts, in any of them.

    Rules may stand at the top level or under `rules`.

    Raises:
        SettingsError: it is no YAML, no table of rules, a value is of another kind than the document's, or what comes of it would
        not load; names file, line, key and fix.
    """
    tables: dict[str, Entry] = {}
    for text, name in files:
        for key, entry in read_yaml(text, name).table().items():
            if key in tables:
                raise SettingsError(f"{entry.where}: {key} was given at {tables[key].where} already", remedy="keep one of the two")
            tables[key] = entry
    words = Words()
    account: Values = {}
    rules: dict[str, Values] = {}
    places: dict[str, tuple[str, Mapping[str, str]]] = {}
    for rule, entry in _rule_tables(tables, words).items():
        taken = Taken(rule, entry.table(), words)
        rules[rule] = _rule(taken, account)
        places[rule] = (entry.where, taken.places)
    if not rules:
        known = ", ".join(CONVERTERS)
        raise SettingsError(
            f"{files[0][1]}: none of its keys is a rule; known: {known}", remedy=f"give a risk_config.yaml: {REMEDY}"
        )
    take_timers(tables, rules, account, words)
    _note_topstep(account, words)
    for rule, values in rules.items():
        _check(rule, values, *places[rule])
    _check_account(account, tables, files[0][1])
    return Imported({**account, "rules": rules}, tuple(words.notes), tuple(words.lost))


def _rule_tables(tables: Mapping[str, Entry], words: Words) -> dict[str, Entry]:
    """Rules by name, from both places; what is no rule is lost."""
    inner = tables["rules"].table() if "rules" in tables else {}
    found: dict[str, Entry] = {}
    for key, entry in {**tables, **inner}.items():
        if key in CONVERTERS and key in inner and key in tables:
            raise SettingsError(f"{entry.where}: {key} was given at {tables[key].where} already", remedy="keep one of the two")
        if key in CONVERTERS and entry.value is not None:
            found[key] = entry
        elif key not in (*_SPECIAL, *TIMERS, *ACCOUNTS):
            close = difflib.get_close_matches(key, CONVERTERS, n=1)
            meant = f"; did you mean {close[0]}?" if close else ""
            words.lost.append(
                f"{entry.where}: {key}: no rule of that name{meant}" if entry.value is not None else f"{entry.where}: {key}: empty"
            )
    return found


def _rule(taken: Taken, account: Values) -> Values:
    """Its mode, the account's reset if it names one, its parameters."""
    enabled = taken.flag("enabled")
    if taken.rule != "session_block_outside":
        _reset(taken, account)
    converted = CONVERTERS[taken.rule](taken)
    taken.rest()
    return {"mode": "enforce", **converted} if enabled is not False else {**converted, "mode": "off"}


def _reset(taken: Taken, account: Values) -> None:
    """The document repeats the reset in every rule; here it is the account's."""
    at, zone = taken.take("reset_time"), taken.take("timezone")
    own = {} if at is None else {"reset_time": clock(at)}
    own |= {} if zone is None else {"reset_zone": zone.text()}
    for key, value in own.items():
        if account.setdefault(key, value) != value:
            taken.lose(f"its own {key} {value}: the account's, {account[key]}, counts for all rules")


def _note_topstep(account: Mapping[str, Any], words: Words) -> None:
    if (account.get("reset_time"), account.get("reset_zone")) == _NEW_YORK:
        text = "the document's reset; Topstep's own is 17:00 in Chicago, an hour later: see `rules presets topstep-combine`"
        words.notes.append(Note("", text))


def _check(rule: str, values: Values, where: str, places: Mapping[str, str]) -> None:
    """What comes of it must load: a value out of its bounds is said here, where it stands."""
    given = {key: value for key, value in values.items() if key != "mode"}
    try:
        rule_named(rule).parameters.model_validate(given)
    except ValidationError as error:
        problems = []
        for detail in error.errors(include_url=False):
            key = str(detail["loc"][0]) if detail["loc"] else ""
            named = ".".join(map(str, detail["loc"]))
            place = places.get(key, f"{where}: {rule}")
            problems.append(f"{place}{f' ({named})' if named else ''}: {detail['msg'].removeprefix('Value error, ')}")
        raise SettingsError("\n  ".join(problems), remedy=f"see `risk-manager rules explain {rule}` for what it may be") from error


def _check_account(account: Mapping[str, Any], tables: Mapping[str, Entry], name: str) -> None:
    try:
        AccountSettings.model_validate(account)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        where = _written_at(str(account.get(str(detail["loc"][0]))), tables.values()) or name
        raise SettingsError(
            f"{where}: {detail['msg'].removeprefix('Value error, ')}", remedy="write an IANA zone such as America/Chicago"
        ) from error


def _written_at(raw: str, entries: Any) -> str:
    """Where a word stands."""
    for entry in entries:
        if isinstance(entry.value, Mapping):
            found = _written_at(raw, entry.value.values())
        elif isinstance(entry.value, list):
            found = _written_at(raw, entry.value)
        else:
            found = f"{entry.where}: {entry.key}" if entry.raw == raw else ""
        if found:
            return found
    return ""


def as_toml(imported: Imported, account: str) -> str:
    """The account as settings; notes as comments where they belong, and what was lost."""
    lines = ["# Imported from document 002's settings. Rules act only with enforce = true and a key that trades."]
    lines += [f"# NOT CARRIED OVER: {_one_line(item)}" for item in imported.lost]
    lines += ["", *_notes(imported.notes, ""), f"[accounts.{account}]"]
    lines += toml_lines({key: value for key, value in imported.account.items() if key != "rules"})
    for rule, values in sorted(imported.account["rules"].items()):
        lines += ["", *_notes(imported.notes, rule), f"[accounts.{account}.rules.{rule}]", *toml_lines(values)]
    return "\n".join(lines)


def _notes(notes: Sequence[Note], rule: str) -> list[str]:
    return [f"# {_one_line(note.text)}" for note in notes if note.rule == rule]


def _one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)
