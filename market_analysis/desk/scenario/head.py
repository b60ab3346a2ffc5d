"""A scenario's head: whose rules are tried, on which day, with which contracts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import tomli
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from market_analysis.config_presets import preset_layer, preset_named
from market_analysis.config_sources import overlaid
from market_analysis.errors import SettingsError
from market_analysis.settings import AccountSettings

REMEDY = "see docs/rules.md for what a scenario may say"
FIRST_DAY = date(2026, 3, 2)
"""Where the head names none: a Monday."""
OwnAccount = Callable[[str], AccountSettings]


class Contract(BaseModel):
    """What one contract is worth: money per tick."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    tick_size: Decimal = Field(Decimal("0.01"), gt=0)
    tick_value: Decimal = Field(Decimal("0.01"), gt=0)
    root: str | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """The account whose rules are tried, the first day, the contracts that are worth something else than a dollar per point."""

    account: AccountSettings
    day: date
    contracts: Mapping[str, Contract]


@dataclass(frozen=True, slots=True)
class Instead:
    """Whose rules are tried instead of those that the head names: an account of the user's settings, or a preset."""

    account: str | None = None
    preset: str | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether there are any."""
        return self.account is not None or self.preset is not None


def read_head(text: str, name: str, own: OwnAccount | None, instead: Instead) -> Head:
    """own: accounts of the user's settings. Raises SettingsError naming the file, the key, what is wrong and what is right."""
    head = _table(text, name)
    day = head.pop("date", FIRST_DAY)
    if not isinstance(day, date) or isinstance(day, datetime):
        raise SettingsError(f"{name}: date is {day!r}; write date = 2026-03-02, without quotes", remedy=REMEDY)
    contracts = head.pop("contracts", {})
    if instead.is_wanted:
        kept = {key: head[key] for key in ("initial_balance",) if key in head}
        head = {**kept, **{key: word for key in ("account", "preset") if (word := getattr(instead, key)) is not None}}
    named = head.pop("account", None)
    try:
        found = {str(symbol): Contract.model_validate(values) for symbol, values in dict(contracts).items()}
        below = _own(named, name, own)
        if isinstance(head.get("preset"), str):
            below = overlaid(below, preset_layer(preset_named(head["preset"]), head, name))
        account = AccountSettings.model_validate(overlaid(below, head))
    except (ValidationError, ValueError, TypeError) as error:
        raise SettingsError(f"{name}: {_problems(error)}", remedy="the head holds the keys of [accounts.NAME]") from error
    return Head(account, day, found)


def _own(named: object, name: str, own: OwnAccount | None) -> Mapping[str, Any]:
    """The keys of an account of the user's settings, as they are; a scenario of its own may act, for nothing can come of it."""
    if named is None:
        return {"enforce": True}
    if not isinstance(named, str) or own is None:
        raise SettingsError(f"{name}: account is {named!r}; the name of an account of your settings is meant", remedy=REMEDY)
    return own(named).model_dump()


def _table(text: str, name: str) -> dict[str, Any]:
    try:
        return tomli.loads(text, parse_float=Decimal)
    except (tomli.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"{name}: {error}", remedy="above the dashes stand settings as TOML") from error


def _problems(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    details = error.errors(include_url=False)
    return "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg'].removeprefix('Value error, ')}" for item in details)
