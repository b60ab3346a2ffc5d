"""MaxLoss (document 001, MAX_LOSS_THRESHOLD): what the account is behind, floating, whenever it was opened."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from pydantic import Field

from market_analysis.rules.limit import Limit, Measure
from market_analysis.rules.limit_verdict import limit_verdict
from market_analysis.rules.rule import Direction, Explanation, Looser, Parameters, Rule
from market_analysis.rules.verdict import CloseAll, Response, Verdict
from market_analysis.rules.view import AccountView

NAME = "max_loss"


class MaxLoss(Parameters):
    """Document 001 writes -1000 and tells only."""

    looser: ClassVar[Mapping[str, Direction]] = {"loss": Looser.HIGHER, "close_all": Looser.LOWER, "act_at_frac": Looser.HIGHER}
    loss: Decimal = Field(Decimal(1000), gt=0, description="money that equity may lie below the balance")
    close_all: bool = Field(False, description="close every position; else tell only")
    act_at_frac: Decimal | None = Field(None, gt=0, le=1, description="share of the loss at which the guard acts")


def evaluate(view: AccountView, parameters: MaxLoss) -> tuple[Verdict, ...]:
    """Equity less balance, as the venue states them; reaching the loss is a breach."""
    responses: tuple[Response, ...] = (CloseAll(),) if parameters.close_all else ()
    verdict = limit_verdict(
        view,
        Limit(measure=Measure.FLOATING, amount=parameters.loss, act_at_frac=parameters.act_at_frac),
        rule=NAME,
        title="loss of the account",
        responses=responses,
        lock=None,
        blocks="",
    )
    return (verdict,)


RULE = Rule(
    name=NAME,
    title="Loss of the account",
    source="document 001, MAX_LOSS_THRESHOLD",
    parameters=MaxLoss,
    evaluate=evaluate,
    explanation=Explanation(
        watches="how far equity lies below the balance",
        fires="when that reaches the loss",
        does="tells; closes everything where told to",
        does_not="count closed trades (daily_loss and max_drawdown do), or lock",
    ),
)
