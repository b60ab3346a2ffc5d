"""CooldownAfterLoss (document 002, rule 7): after a losing trade the account rests; the longer the larger the loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from pydantic import Field, model_validator

from market_analysis.domain import Unknown
from market_analysis.rules.limit_verdict import plain
from market_analysis.rules.measured import fine
from market_analysis.rules.rule import Direction, Explanation, Looser, Parameters, Rule, unknown
from market_analysis.rules.verdict import Ends, Lock, Status, Verdict
from market_analysis.rules.view import AccountView, TradeView

NAME = "cooldown_after_loss"
ZERO = Decimal(0)


class LossThreshold(Parameters):
    """A loss of at least so much is followed by so long a rest."""

    loss: Decimal = Field(gt=0, description="money that one trade loses")
    cooldown_seconds: int = Field(ge=1, le=86_400, description="rest after it")


_DEFAULT = tuple(
    LossThreshold(loss=Decimal(loss), cooldown_seconds=seconds) for loss, seconds in ((100, 300), (200, 900), (300, 1800))
)


class CooldownAfterLoss(Parameters):
    """Document 002's losses are negative; above zero here."""

    looser: ClassVar[Mapping[str, Direction]] = {"costs_in": Looser.LOWER, "count_guard_fills": Looser.LOWER}
    loss_thresholds: tuple[LossThreshold, ...] = Field(_DEFAULT, min_length=1, description="losses and rests, both rising")
    costs_in: bool = Field(True, description="fees count")
    count_guard_fills: bool = Field(False, description="a loss that the guard closed counts too")

    @model_validator(mode="after")
    def _rising(self) -> CooldownAfterLoss:
        losses = [item.loss for item in self.loss_thresholds]
        rests = [item.cooldown_seconds for item in self.loss_thresholds]
        if losses != sorted(set(losses)) or rests != sorted(rests):
            raise ValueError("loss_thresholds must rise: a larger loss, no shorter a rest")
        return self

    def rest_after(self, result: Decimal) -> timedelta:
        """The rest after a trade's result; a loss that equals a threshold reaches it."""
        if -result < self.loss_thresholds[0].loss:
            return timedelta(0)
        reached = [item.cooldown_seconds for item in self.loss_thresholds if -result >= item.loss]
        return timedelta(seconds=max(reached, default=0))


@dataclass(frozen=True, slots=True)
class _Exit:
    """All that one order closed, and when its last fill was."""

    order_id: str
    at: datetime
    result: Decimal


def evaluate(view: AccountView, parameters: CooldownAfterLoss) -> tuple[Verdict, ...]:
    """The rest that ends last holds: a longer one replaces a shorter, never the other way round."""
    if isinstance(view.trades, Unknown):
        return (unknown(NAME, "account", f"losses: the trades could not be read: {view.trades.detail}"),)
    exits = _exits(view.trades, parameters)
    if not exits:
        return (fine(NAME, "no trade was closed"),)
    ends = {item.order_id: item.at + parameters.rest_after(item.result) for item in exits}
    cause = max(exits, key=lambda item: (ends[item.order_id], item.at, item.order_id))
    until = ends[cause.order_id]
    rests = until > view.now and parameters.rest_after(cause.result) > timedelta(0)
    shown = cause if rests else exits[-1]
    first = parameters.loss_thresholds[0].loss
    tail = f"; rests until {until:%H:%M:%S} UTC" if rests else ""
    return (
        Verdict(
            rule=NAME,
            code=NAME,
            status=Status.BREACH if rests else Status.OK,
            subject="account",
            message=f"trade {shown.order_id} closed with {plain(shown.result)} {view.currency}{tail}",
            measure=shown.result,
            threshold=-first,
            distance=shown.result + first,
            used=max(-shown.result, ZERO) / first,
            lock=Lock(Ends.TIME, until) if rests else None,
            blocks="new risk until the rest ends; what lowers risk is allowed" if rests else "",
            inputs={"order_id": shown.order_id, "closed_at": shown.at.isoformat()},
        ),
    )


def _exits(trades: Sequence[TradeView], parameters: CooldownAfterLoss) -> tuple[_Exit, ...]:
    """Closed profit by order, oldest first: a loss that was filled in parts is one loss."""
    found: dict[str, _Exit] = {}
    for trade in trades:
        own = trade.by_guard and not parameters.count_guard_fills
        if trade.voided or own or trade.realized is None:
            continue
        result = trade.realized - (trade.costs if parameters.costs_in else ZERO)
        before = found.get(trade.order_id, _Exit(trade.order_id, trade.time, ZERO))
        found[trade.order_id] = _Exit(trade.order_id, max(before.at, trade.time), before.result + result)
    return tuple(sorted(found.values(), key=lambda item: (item.at, item.order_id)))


RULE = Rule(
    name=NAME,
    title="Rest after a loss",
    source="document 002, RULE-007",
    parameters=CooldownAfterLoss,
    evaluate=evaluate,
    explanation=Explanation(
        watches="what each closing order made, all its fills together",
        fires="when one has lost at least the smallest amount of the list",
        does="locks the account for the rest that the loss asks for, counted from its last fill",
        does_not="close anything, shorten a rest that runs, or count opening fills and voided trades",
    ),
)
