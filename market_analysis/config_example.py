"""Writes a settings file from the settings types, so that every key is documented and none is forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from market_analysis.config_toml import toml_value
from market_analysis.settings import AccountSettings, Section, Settings

_HEADER = """\
# Settings of risk-manager. Every key is optional; what stands here are the defaults.
# Copy to settings.toml (or run `risk-manager init`) and change what you need.
# Fractions are fractions: 0.005 is 0.5 %. The `_pct` names are document 003's and hold fractions too.
# Document 004's names (`max_single_position_percent` and the like) are read as well, in percent as it wrote them.
# The environment overrides any key: RISK_MANAGER__RISK__EQUITY_RISK_FRAC=0.004
# API keys do not belong here; put BYBIT_API_KEY and BYBIT_API_SECRET into .env.
# "ruling 20" and the like are explained in docs/decisions.md.
"""
_SYMBOLS = {"Gt": ">", "Ge": ">=", "Lt": "<", "Le": "<="}


def render(values: Mapping[str, Any] | None = None) -> str:
    """The text of a settings file. values: dotted key -> value to write instead of the default."""
    chosen = dict(values or {})
    lines = [_HEADER]
    sections = []
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, Section):
            sections.append((name, type(field.default)))
        elif name != "accounts":
            lines.extend(_entry(name, field, chosen))
    for name, section in sections:
        lines.extend(_section(name, section, chosen))
    lines.extend(_section("accounts.main", AccountSettings, chosen))
    return "\n".join(lines) + "\n"


def _section(name: str, section: type[Section], chosen: Mapping[str, Any]) -> Iterator[str]:
    yield f"\n[{name}]"
    yield f"# {(section.__doc__ or '').strip().splitlines()[0]}"
    for key, field in section.model_fields.items():
        yield from _entry(f"{name}.{key}", field, chosen)


def _entry(dotted: str, field: FieldInfo, chosen: Mapping[str, Any]) -> Iterator[str]:
    key = dotted.rpartition(".")[2]
    default = field.get_default(call_default_factory=True)
    value = chosen.get(dotted, default)
    yield f"# {field.description}{_bounds(field)}"
    if value is None or value is PydanticUndefined:
        yield f"# {key} ="
    else:
        yield f"{key} = {toml_value(value)}"


def _bounds(field: FieldInfo) -> str:
    limits = []
    for item in field.metadata:
        symbol = _SYMBOLS.get(type(item).__name__)
        if symbol is not None:
            limits.append(f"{symbol} {getattr(item, type(item).__name__.lower())}")
    options = getattr(field.annotation, "__args__", ())
    if options and all(isinstance(option, str) for option in options):
        limits.append("one of " + ", ".join(repr(option) for option in options))
    return f" ({' and '.join(limits)})" if limits else ""


if __name__ == "__main__":
    import sys

    sys.stdout.write(render())
