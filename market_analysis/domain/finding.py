"""What is wrong or worth knowing, as data (law 11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is; UNKNOWN means that it cannot be told, which is not good news."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One observation about the book or a position.

    code: stable, machine-readable (`naked_position`, `cluster_over_cap`, ...). subject: `book`, `account`, a position key's
    text or a cluster's name. rule: the one-line statement that was tested. inputs: the numbers it was tested on, already
    in presentation units (Decimal and float as str or number). action: what to do, short, "" when nothing.
    """

    code: str
    severity: Severity
    subject: str
    message: str
    rule: str = ""
    inputs: Mapping[str, str | float | None] = field(default_factory=dict)
    threshold: str | float | None = None
    action: str = ""
