"""Findings with the rule that was tested, its inputs, its threshold and what to do."""

from __future__ import annotations

from collections.abc import Mapping

from market_analysis.domain import Finding
from market_analysis.report.layout import note, pairs
from market_analysis.report.numbers import UNKNOWN, plain
from market_analysis.risk.types import PositionReport


def verdict_section(row: PositionReport) -> str:
    """Every finding of the position, the worst first; the first one's verdict is the position's."""
    if not row.findings:
        return "  No finding: every rule for a position was tested and holds."
    return "\n".join(_finding(finding) for finding in row.findings)


def _finding(finding: Finding) -> str:
    details = [
        ("    rule", plain(finding.rule)) if finding.rule else None,
        ("    inputs", _inputs(finding.inputs)) if finding.inputs else None,
        ("    threshold", _value(finding.threshold)) if finding.threshold is not None else None,
        ("    action", plain(finding.action)) if finding.action else None,
    ]
    head = note(f"{finding.severity.value.upper()} {finding.code}: {plain(finding.message)}")
    body = pairs([detail for detail in details if detail is not None], indent=0)
    return f"{head}\n{body}" if body else head


def _inputs(inputs: Mapping[str, str | float | None]) -> str:
    return ", ".join(f"{plain(name)} = {_value(value)}" for name, value in sorted(inputs.items()))


def _value(value: str | float | None) -> str:
    if value is None:
        return UNKNOWN
    return plain(value) if isinstance(value, str) else f"{value:.6g}"
