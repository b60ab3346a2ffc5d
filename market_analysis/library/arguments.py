"""What callers of the library hand over, checked once: sides, numbers, settings in any of document 003's shapes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from market_analysis.domain import Side
from market_analysis.errors import QuantError, SettingsError
from market_analysis.settings import Section, Settings

Config = Mapping[str, Any] | Section
"""Full settings, or one section's table, as a mapping or as the typed object."""


class ArgumentError(QuantError, ValueError):
    """An argument outside its bound. Also a ValueError, which is what document 003's callers catch."""


def side_of(side: str) -> Side:
    """`long` or `short`, in any case; ArgumentError otherwise."""
    try:
        return Side(side.lower())
    except (ValueError, AttributeError):
        raise ArgumentError(f"side is {side!r}; it must be 'long' or 'short'", parameter="side") from None


def above_zero(name: str, value: float) -> float:
    """`value` as a float; ArgumentError unless it is finite and above zero."""
    number = float(value)
    if not (math.isfinite(number) and number > 0.0):
        raise ArgumentError(f"{name} is {value}; it must be finite and above 0", parameter=name)
    return number


def at_least_zero(name: str, value: float) -> float:
    """`value` as a float; ArgumentError unless it is finite and at least zero."""
    number = float(value)
    if not (math.isfinite(number) and number >= 0.0):
        raise ArgumentError(f"{name} is {value}; it must be finite and at least 0", parameter=name)
    return number


def settings_from(cfg: Config, section: str) -> Settings:
    """Settings out of what document 003's callers pass as `cfg`.

    cfg: full settings (`market_analysis.config.settings`, or any part of its sections), the bare table of `section` ("vol",
    "stops", "prob"), {} for the defaults, or the typed objects. What is absent has its default.

    Raises:
        SettingsError: an unknown key or a value out of its bound.
    """
    if isinstance(cfg, Settings):
        return cfg
    whole: Mapping[str, Any]
    if isinstance(cfg, Section):
        whole = {name: cfg for name, field in Settings.model_fields.items() if field.annotation is type(cfg)}
    else:
        whole = cfg if all(key in Settings.model_fields for key in cfg) else {section: cfg}
    try:
        return Settings.model_validate(whole)
    except ValidationError as error:
        problems = "; ".join(
            ".".join(str(part) for part in detail["loc"]) + ": " + detail["msg"] for detail in error.errors(include_url=False)
        )
        raise SettingsError(f"cfg: {problems}", remedy="every key is explained in settings.example.toml") from None
