"""What a rule is: a name, parameters with bounds, a pure function, and an explanation that the trader reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from market_analysis.rules.verdict import Status, Verdict
from market_analysis.rules.view import AccountView


class Parameters(BaseModel):
    """Frozen; unknown keys are refused; every field has bounds and a description. `enabled` belongs to whoever lists the rules."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class Explanation:
    """`rules explain`: one sentence each. does_not: what a reader might expect and should not."""

    watches: str
    fires: str
    does: str
    does_not: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. evaluate(view, parameters) -> verdicts: pure; at least one verdict, and UNKNOWN ones where it could not tell.

    parameters: the type of its second argument. source: document and rule number, or who asked for it.
    """

    name: str
    title: str
    source: str
    parameters: type[Parameters]
    evaluate: Callable[[AccountView, Any], tuple[Verdict, ...]]
    explanation: Explanation


def unknown(rule: str, subject: str, message: str) -> Verdict:
    """The verdict of a rule that could not read what it needs: nothing new is allowed on its account, nothing is closed by it."""
    return Verdict(rule=rule, code=f"{rule}_unknown", status=Status.UNKNOWN, subject=subject, message=message)
