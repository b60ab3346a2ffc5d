"""JointLiquidation (rulings 13 and 37): would the account be liquidated with every position at its stop."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from pydantic import Field

from market_analysis.rules.book import Enforcement
from market_analysis.rules.limit_verdict import plain
from market_analysis.rules.measured import Measured, fine
from market_analysis.rules.rule import Direction, Explanation, Looser, Parameters, Rule, unknown
from market_analysis.rules.verdict import CloseAll, Ends, Lock, Response, Verdict
from market_analysis.rules.view import AccountView

NAME = "joint_liquidation"


class JointLiquidation(Parameters):
    """At 1 the venue liquidates: the stops would come too late."""

    looser: ClassVar[Mapping[str, Direction]] = {"margin_rate": Looser.HIGHER, "enforcement": ("close", "reduce", "block", "alert")}
    margin_rate: Decimal = Field(Decimal(1), gt=0, le=1, description="maintenance margin over margin balance, all at their stops")
    enforcement: Enforcement = Field(Enforcement.BLOCK, description="alert, block, close (everything)")
    max_age_seconds: int = Field(600, ge=1, le=86_400, description="an older analysis is not acted on")


def evaluate(view: AccountView, parameters: JointLiquidation) -> tuple[Verdict, ...]:
    """Reaching the rate is a breach. Nothing held: nothing to liquidate."""
    if view.positions == ():
        return (fine(NAME, "no position is held"),)
    made = view.analysis
    if made is None or made.margin_rate_at_stops is None:
        return (unknown(NAME, "account", "joint liquidation: the margin rate at the stops is not known"),)
    age = (view.now - made.at).total_seconds()
    if age > parameters.max_age_seconds:
        return (unknown(NAME, "account", f"joint liquidation: the analysis is {age:.0f} s old"),)
    rate = made.margin_rate_at_stops
    responses: tuple[Response, ...] = (CloseAll(),) if parameters.enforcement is Enforcement.CLOSE else ()
    alerts = parameters.enforcement is Enforcement.ALERT
    measured = Measured(rate, parameters.margin_rate, "fraction", reaches=True)
    return (
        measured.verdict(
            NAME,
            "account",
            f"with every position at its stop {plain(rate)} of the margin balance is maintenance margin",
            responses=responses,
            lock=None if alerts else Lock(Ends.CONDITION, None),
            blocks="" if alerts else "new risk while the stops lie behind the liquidation",
        ),
    )


RULE = Rule(
    name=NAME,
    title="Joint liquidation",
    source="rulings 13 and 37",
    parameters=JointLiquidation,
    evaluate=evaluate,
    explanation=Explanation(
        watches="the margin rate with every position at its stop, by the last analysis",
        fires="when the account would be liquidated before its stops are filled",
        does="tells and denies new risk; closes everything where told to",
        does_not="use the liquidation price of a single position under cross margin",
    ),
)
