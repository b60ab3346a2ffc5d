"""What `rules test` needs of the settings, and its result as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from market_analysis.cli.common import Common
from market_analysis.cli.sessions import configuration_of
from market_analysis.desk.scenario.head import OwnAccount
from market_analysis.desk.scenario.run import Passed
from market_analysis.desk.session import account_settings
from market_analysis.report.text_scenario import deeds
from market_analysis.rules.verdict import Verdict
from market_analysis.settings import AccountSettings


def own_account(common: Common) -> OwnAccount:
    """Accounts of the user's settings by name, which are read when one is asked for."""

    def read(name: str) -> AccountSettings:
        return account_settings(configuration_of(common).settings, name)

    return read


def scenario_document(name: str, passed: Sequence[Passed]) -> dict[str, Any]:
    """One object a row; money as strings, None where it is not known."""
    judged = [item for item in passed if item.met is not None]
    return {
        "scenario": name,
        "met": all(item.met for item in judged),
        "expectations": len(judged),
        "lines": [_row(item) for item in passed],
    }


def _row(item: Passed) -> dict[str, Any]:
    return {
        "line": None if item.line is None else item.line.number,
        "at": item.at.isoformat(),
        "text": None if item.line is None else item.line.text,
        "equity": str(item.equity),
        "verdicts": [_verdict(verdict) for verdict in item.verdicts],
        "done": deeds(item.decisions, item.refused),
        "met": item.met,
        "found": item.found or None,
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "rule": verdict.rule,
        "subject": verdict.subject,
        "status": verdict.status.value,
        "left": _money(verdict.room),
        "used": None if verdict.used is None else float(verdict.used),
        "message": verdict.message,
    }


def _money(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
