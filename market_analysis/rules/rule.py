"""What a rule is: a name, parameters with bounds, a pure function, and an explanation that the trader reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, TypeAlias

from pydantic import BaseModel, ConfigDict

from market_analysis.rules.verdict import Status, Verdict
from market_analysis.rules.view import AccountView


class Looser(StrEnum):
    """Which value of a parameter allows more. FEWER: of a collection, one that lacks something. No value at all (None) is the
    loosest of each."""

    HIGHER = "higher"
    LOWER = "lower"
    FEWER = "fewer"


Direction: TypeAlias = Looser | tuple[str, ...]
"""Or the values of an enumeration, the strictest first."""


class Parameters(BaseModel):
    """Frozen; unknown keys are refused; every field has bounds and a description. `enabled` belongs to whoever lists the rules.

    looser: which way each parameter allows more, those of base classes in; any change of one that is not named counts as loosening.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    looser: ClassVar[Mapping[str, Direction]] = {}


def loosened(before: Parameters, after: Parameters) -> tuple[str, ...]:
    """The parameters that allow more than before."""
    names = type(after).model_fields
    return tuple(name for name in names if _allows_more(direction(type(after), name), getattr(before, name), getattr(after, name)))


def direction(parameters: type[Parameters], name: str) -> Direction | None:
    """Which way a parameter loosens; None: any way."""
    found = (vars(base).get("looser", {}).get(name) for base in parameters.__mro__ if issubclass(base, Parameters))
    return next((item for item in found if item is not None), None)


def _allows_more(way: Direction | None, before: Any, after: Any) -> bool:
    if before == after:
        return False
    if way is None or before is None or after is None:
        return way is None or after is None
    if isinstance(way, tuple):
        return way.index(str(after)) > way.index(str(before))
    if way is Looser.FEWER:
        return not set(before) <= set(after)
    return bool(after > before if way is Looser.HIGHER else after < before)


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
