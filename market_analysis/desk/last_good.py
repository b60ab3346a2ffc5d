"""What was last known of the parts that could not be read, with its age: said beside them, never in their place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from market_analysis.domain import Account, History, Snapshot, Unknown
from market_analysis.risk.types import Analysis, DataQuality


def with_last_good(analysis: Analysis, snapshot: Snapshot, history: History) -> Analysis:
    """The analysis, its data quality's details naming for each unknown part since when, and how old its last good value is."""
    details = dict(analysis.data.details)
    for name, part in _parts(snapshot, history):
        if isinstance(part, Unknown) and name in analysis.data.parts:
            details[name] = "; ".join(text for text in (details.get(name), _since(snapshot, part)) if text)
    return replace(analysis, data=replace(analysis.data, details=details))


def _since(snapshot: Snapshot, part: Unknown[object]) -> str:
    text = f"unknown since {part.since:%Y-%m-%d %H:%M:%S} UTC"
    if part.last_good_at is None:
        return f"{text}, never read before"
    age = (snapshot.as_of - part.last_good_at).total_seconds()
    return f"{text}, last good {age:.0f} s ago{_what(part.last_good)}"


def _what(value: object) -> str:
    if isinstance(value, tuple):
        return f" ({len(value)} of them)"
    return f" (equity {value.equity:,.2f} USD)" if isinstance(value, Account) else ""


def _parts(snapshot: Snapshot, history: History) -> Iterator[tuple[str, object]]:
    for name in ("account", "positions", "orders", "day"):
        yield name, getattr(snapshot, name)
    keyed: tuple[tuple[str, Mapping[Any, object]], ...] = (
        ("instrument", snapshot.instruments),
        ("quote", snapshot.quotes),
        ("entry", snapshot.entries),
        ("rate", snapshot.usd_rates),
        ("bars", history.hourly),
    )
    for kind, parts in keyed:
        for key, part in parts.items():
            yield f"{kind} {key}", part


def is_readable(quality: DataQuality) -> bool:
    """Whether account and positions were read, however old a quote may be: a look worth falling back on."""
    return all(quality.parts.get(name) == "ok" for name in ("account", "positions"))
