"""The book's verdict and the exit status that says it (rulings 37 and 38)."""

from __future__ import annotations

from collections.abc import Iterable

from market_analysis.domain import Finding, Severity
from market_analysis.errors import (
    EXIT_AUTHENTICATION,
    EXIT_CRITICAL,
    EXIT_OK,
    EXIT_UNKNOWN,
    EXIT_VENUE,
    EXIT_WARNING,
    AuthenticationError,
)
from market_analysis.risk.data_quality import OK, STALE
from market_analysis.risk.types import Analysis, DataQuality, Verdict

_WORST_FIRST = (
    (Severity.CRITICAL, Verdict.CRITICAL),
    (Severity.UNKNOWN, Verdict.UNKNOWN),
    (Severity.WARNING, Verdict.WARNING),
)
_EXIT = {
    Verdict.CRITICAL: EXIT_CRITICAL,
    Verdict.UNKNOWN: EXIT_UNKNOWN,
    Verdict.WARNING: EXIT_WARNING,
    Verdict.NORMAL: EXIT_OK,
}


def verdict(findings: Iterable[Finding], quality: DataQuality) -> Verdict:
    """The worst of the findings; never NORMAL or WARNING where a part of the data is unknown or stale."""
    severities = {finding.severity for finding in findings}
    if any(state != OK for state in quality.parts.values()):
        severities.add(Severity.UNKNOWN)
    return next((result for severity, result in _WORST_FIRST if severity in severities), Verdict.NORMAL)


def exit_status(analysis: Analysis) -> int:
    """0 normal, 1 warning, 2 critical, 3 a part unknown or stale, 6 neither positions nor equity read, 5 refused for its key.

    Precedence 5 > 6 > 3 > 2 > 1: a critical finding on stale data exits 3, for it may be worse than it looks.
    """
    parts = analysis.data.parts
    if AuthenticationError.code in parts.values():
        return EXIT_AUTHENTICATION
    if all(parts.get(name, "") not in (OK, STALE) for name in ("account", "positions")):
        return EXIT_VENUE
    unknown = any(state != OK for state in parts.values()) or any(
        finding.severity is Severity.UNKNOWN for finding in analysis.findings
    )
    return EXIT_UNKNOWN if unknown else _EXIT[analysis.verdict]
