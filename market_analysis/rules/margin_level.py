"""MarginLevel (documents 000 and 001): equity over the margin that is used; none where nothing is used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import ClassVar

from pydantic import Field, model_validator

from market_analysis.domain import Unknown
from market_analysis.rules.book import Enforcement
from market_analysis.rules.limit import Limit, Measure
from market_analysis.rules.limit_verdict import limit_verdict
from market_analysis.rules.rule import Direction, Explanation, Looser, Parameters, Rule
from market_analysis.rules.verdict import CloseAll, Ends, Lock, Response, Verdict
from market_analysis.rules.view import AccountView

NAME = "margin_level"


class MarginLevel(Parameters):
    """Document 001: warning at 150 %, critical at 100 %. 1 means that all equity is used as margin."""

    looser: ClassVar[Mapping[str, Direction]] = {
        "level": Looser.LOWER,
        "warn_level": Looser.LOWER,
        "enforcement": ("close", "reduce", "block", "alert"),
    }
    level: Decimal = Field(Decimal(1), gt=0, description="equity over used margin at which it is critical")
    warn_level: Decimal = Field(Decimal("1.5"), gt=0, description="equity over used margin at which it warns")
    enforcement: Enforcement = Field(Enforcement.ALERT, description="alert, block, close (everything)")

    @model_validator(mode="after")
    def _consistent(self) -> MarginLevel:
        if self.warn_level <= self.level:
            raise ValueError(f"warn_level {self.warn_level} must be above level {self.level}")
        if self.enforcement is Enforcement.REDUCE:
            raise ValueError("enforcement must be alert, block or close: margin is the account's, not one position's")
        return self


def evaluate(view: AccountView, parameters: MarginLevel) -> tuple[Verdict, ...]:
    """Reaching the level is a breach. room: what equity may lose until then, margin unchanged."""
    enforcement = parameters.enforcement
    responses: tuple[Response, ...] = (CloseAll(),) if enforcement is Enforcement.CLOSE else ()
    verdict = limit_verdict(
        view,
        Limit(measure=Measure.MARGIN_LEVEL, amount=parameters.level, warn_at=(parameters.level / parameters.warn_level,)),
        rule=NAME,
        title="margin level",
        responses=responses,
        lock=None if enforcement is Enforcement.ALERT else Lock(Ends.CONDITION, None),
        blocks="" if enforcement is Enforcement.ALERT else "new risk while at the level",
    )
    money = view.money
    if verdict.measure is None or isinstance(money, Unknown) or money.margin_used is None:
        return (verdict,)
    return (replace(verdict, room=money.equity - parameters.level * money.margin_used),)


RULE = Rule(
    name=NAME,
    title="Margin level",
    source="documents 000 and 001",
    parameters=MarginLevel,
    evaluate=evaluate,
    explanation=Explanation(
        watches="equity over used margin",
        fires="when it has fallen to the level",
        does="tells; blocks new risk or closes everything where told to",
        does_not="exist while no margin is used: a flat account has no margin level",
    ),
)
