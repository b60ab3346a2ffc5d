"""DailyRealizedLoss (document 002, rule 3): the day's closed trades have lost so much; flat, and locked until the reset."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from pydantic import Field

from market_analysis.rules.limit import Limit, Measure
from market_analysis.rules.limit_verdict import limit_verdict
from market_analysis.rules.rule import Direction, Explanation, Looser, Parameters, Rule
from market_analysis.rules.verdict import CloseAll, Ends, Lock, Verdict
from market_analysis.rules.view import AccountView

NAME = "daily_realized_loss"


class DailyRealizedLoss(Parameters):
    """Document 002 writes -500 or 500; the amount is a loss either way, above zero here."""

    looser: ClassVar[Mapping[str, Direction]] = {"loss": Looser.HIGHER, "costs_in": Looser.LOWER, "act_at_frac": Looser.HIGHER}
    loss: Decimal = Field(Decimal(500), gt=0, description="money that a day's closed trades may lose")
    costs_in: bool = Field(True, description="fees and funding count")
    act_at_frac: Decimal | None = Field(None, gt=0, le=1, description="share of the loss at which the guard acts")


def evaluate(view: AccountView, parameters: DailyRealizedLoss) -> tuple[Verdict, ...]:
    """Reaching the limit is a breach: -500.00 is one, -499.99 is not."""
    limit = Limit(
        measure=Measure.REALIZED, amount=parameters.loss, costs_in=parameters.costs_in, act_at_frac=parameters.act_at_frac
    )
    verdict = limit_verdict(
        view,
        limit,
        rule=NAME,
        title="realised loss of the day",
        responses=(CloseAll(),),
        lock=Lock(Ends.RESET, view.day.end),
        blocks="new risk until the reset; what lowers risk is allowed",
    )
    return (verdict,)


RULE = Rule(
    name=NAME,
    title="Daily realised loss",
    source="document 002, RULE-003",
    parameters=DailyRealizedLoss,
    evaluate=evaluate,
    explanation=Explanation(
        watches="the closed profit of the trading day, fees and funding in unless told otherwise",
        fires="when it has reached minus the loss",
        does="cancels what adds risk, closes every position, locks the account until its reset",
        does_not="count floating losses, opening fills, or voided trades",
    ),
)
