"""DailyRealizedProfit (document 002, v34 rule 13): the day's target is made; flat, and locked until the reset."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from pydantic import Field

from market_analysis.rules.limit import Kind, Limit, Measure
from market_analysis.rules.limit_verdict import limit_verdict
from market_analysis.rules.rule import Direction, Explanation, Looser, Parameters, Rule
from market_analysis.rules.verdict import CloseAll, Ends, Lock, Verdict
from market_analysis.rules.view import AccountView

NAME = "daily_realized_profit"


class DailyRealizedProfit(Parameters):
    """The target in money."""

    looser: ClassVar[Mapping[str, Direction]] = {"target": Looser.HIGHER, "costs_in": Looser.HIGHER}
    target: Decimal = Field(Decimal(1000), gt=0, description="money that ends the day once closed trades have made it")
    costs_in: bool = Field(True, description="fees and funding count")


def evaluate(view: AccountView, parameters: DailyRealizedProfit) -> tuple[Verdict, ...]:
    """Reaching the target ends the day: 1000.00 does, 999.99 does not."""
    verdict = limit_verdict(
        view,
        Limit(kind=Kind.PROFIT, measure=Measure.REALIZED, amount=parameters.target, costs_in=parameters.costs_in),
        rule=NAME,
        title="realised profit of the day",
        responses=(CloseAll(),),
        lock=Lock(Ends.RESET, view.day.end),
        blocks="new risk until the reset; what lowers risk is allowed",
    )
    return (verdict,)


RULE = Rule(
    name=NAME,
    title="Daily realised profit",
    source="document 002, v34 RULE-013",
    parameters=DailyRealizedProfit,
    evaluate=evaluate,
    explanation=Explanation(
        watches="the closed profit of the trading day, fees and funding in unless told otherwise",
        fires="when it has reached the target",
        does="cancels what adds risk, closes every position, locks the account until its reset",
        does_not="count floating profit, opening fills, or voided trades",
    ),
)
