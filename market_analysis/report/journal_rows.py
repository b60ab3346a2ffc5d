"""The guard's journal as rows: one a decision, for people and for other programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

__all__ = ["COLUMNS", "as_csv", "rows_of"]

COLUMNS = ("number", "at", "event", "decision", "name", "subject", "text")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\x00")


class Recorded(Protocol):
    """A record of the journal."""

    @property
    def number(self) -> int: ...

    @property
    def at(self) -> str: ...

    @property
    def event(self) -> str: ...

    @property
    def decisions(self) -> str: ...


def rows_of(records: Iterable[Recorded], *, everything: bool) -> Iterator[dict[str, Any]]:
    """name: the rule, cause or code; subject: what it is about. everything: also records that decided nothing."""
    for record in records:
        event = json.loads(record.event).get("$", "")
        decisions = json.loads(record.decisions)
        base = {"number": record.number, "at": record.at, "event": event}
        if not decisions and everything:
            yield {**base, "decision": "", "name": "", "subject": "", "text": ""}
        for item in decisions:
            yield {**base, **_decision(item)}


def as_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """With a first line of names. A text that a spreadsheet would take for a formula begins with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_harmless(row[name]) for name in COLUMNS])
    return out.getvalue()


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _decision(item: Mapping[str, Any]) -> dict[str, str]:
    subject = _first(item, ("subject", "root", "instrument")) or ("account" if item.get("$", "").startswith("Lock") else "")
    text = _first(item, ("text", "reason", "response"))
    if item.get("$") == "Intent":
        text = " ".join(part for part in (_plain(item.get(name)) for name in ("kind", "quantity", "price", "client_id")) if part)
    return {"decision": str(item.get("$", "")), "name": _first(item, ("rule", "cause", "code")), "subject": subject, "text": text}


def _first(item: Mapping[str, Any], names: Sequence[str]) -> str:
    return next((_plain(item[name]) for name in names if item.get(name) is not None), "")


def _plain(value: Any) -> str:
    """A stored value as text: what the codec wrapped is unwrapped."""
    if isinstance(value, dict):
        if "$" in value:
            return str(value.get("symbol", ""))
        inner = next(iter(value.values()), "")
        return str(inner[-1]) if isinstance(inner, list) else str(inner)
    return "" if value is None else str(value)
