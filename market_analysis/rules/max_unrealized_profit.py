"""MaxUnrealizedProfit (document 002, rule 5): take the floating profit at a target, or do not let it fall back to nothing."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from pydantic import Field, model_validator

from market_analysis.domain import Unknown
from market_analysis.rules.book import contracts
from market_analysis.rules.floating import Scope, blind_spot, position_blind_spot, profit_at
from market_analysis.rules.hedged import Plan, close_together
from market_analysis.rules.limit import Kind, Limit, Measure
from market_analysis.rules.limit_verdict import limit_verdict, plain
from market_analysis.rules.measured import WARN_AT, Measured, fine
from market_analysis.rules.rule import Direction, Explanation, Looser, Parameters, Rule, unknown
from market_analysis.rules.verdict import CloseAll, Ends, Lock, Status, Verdict
from market_analysis.rules.view import AccountView, PositionView

NAME = "max_unrealized_profit"
ZERO = Decimal(0)


class ProfitMode(StrEnum):
    """profit_target: close at the profit. breakeven: once a position was `arm_at` ahead, close it when it is back at nothing."""

    PROFIT_TARGET = "profit_target"
    BREAKEVEN = "breakeven"


class MaxUnrealizedProfit(Parameters):
    """Off unless its owner wants it (ruling 31). As document 002 writes it, breakeven would fire at the entry itself."""

    looser: ClassVar[Mapping[str, Direction]] = {"profit": Looser.HIGHER}
    fires_at: ProfitMode = Field(ProfitMode.PROFIT_TARGET, description="profit_target or breakeven")
    profit: Decimal = Field(Decimal(1000), gt=0, description="money at which the profit is taken")
    arm_at: Decimal = Field(Decimal(100), gt=0, description="best floating profit from which breakeven is armed")
    scope: Scope = Field(Scope.TOTAL, description="total: the account; per_position: each position")
    max_quote_age_seconds: int = Field(10, ge=1, le=3600, description="an older mark is not acted on")

    @model_validator(mode="after")
    def _position_by_position(self) -> MaxUnrealizedProfit:
        if self.fires_at is ProfitMode.BREAKEVEN and self.scope is Scope.TOTAL:
            raise ValueError("breakeven watches each position; set scope = per_position")
        return self


def evaluate(view: AccountView, parameters: MaxUnrealizedProfit) -> tuple[Verdict, ...]:
    """Reaching the profit takes it: 1000.00 does, 999.99 does not."""
    if parameters.scope is Scope.TOTAL:
        return (_total(view, parameters),)
    positions = view.positions
    if isinstance(positions, Unknown):
        return (unknown(NAME, "account", f"floating profit: the positions could not be read: {positions.detail}"),)
    judge = _target if parameters.fires_at is ProfitMode.PROFIT_TARGET else _breakeven
    verdicts = []
    for item in contracts(positions):
        blind = position_blind_spot(item, view, parameters.max_quote_age_seconds)
        if blind or item.unrealized is None:
            verdicts.append(unknown(NAME, str(item.key), f"floating profit: {blind}"))
        else:
            verdicts.append(judge(view, parameters, item, item.unrealized, positions))
    return tuple(verdicts) or (fine(NAME, "no position is held"),)


def _total(view: AccountView, parameters: MaxUnrealizedProfit) -> Verdict:
    blind = blind_spot(view, parameters.max_quote_age_seconds)
    if blind:
        return unknown(NAME, "account", f"floating profit: {blind}")
    return limit_verdict(
        view,
        Limit(kind=Kind.PROFIT, measure=Measure.UNREALIZED, amount=parameters.profit),
        rule=NAME,
        title="floating profit",
        responses=(CloseAll(),),
        lock=Lock(Ends.RESET, view.day.end),
        blocks="new risk until the reset; what lowers risk is allowed",
    )


def _target(
    view: AccountView, parameters: MaxUnrealizedProfit, item: PositionView, profit: Decimal, positions: tuple[PositionView, ...]
) -> Verdict:
    gained = max(profit, ZERO)
    plan = close_together(positions, (item,)) if gained >= parameters.profit else Plan(())
    measured = Measured(gained, parameters.profit, "money", True, WARN_AT, room=parameters.profit - profit)
    text = f"{item.key} is {plain(gained)} {view.currency} ahead, taken at {plain(parameters.profit)}{plan.note}"
    return measured.verdict(NAME, str(item.key), text, responses=plan.responses)


def _breakeven(
    view: AccountView, parameters: MaxUnrealizedProfit, item: PositionView, profit: Decimal, positions: tuple[PositionView, ...]
) -> Verdict:
    best = None if item.best_price is None else profit_at(item, item.best_price)
    if best is None:
        return unknown(NAME, str(item.key), f"breakeven: the best profit of {item.key} is not known")
    armed = max(best, profit) >= parameters.arm_at
    fires = armed and profit <= 0
    plan = close_together(positions, (item,)) if fires else Plan(())
    state = f"back at {plain(profit)}" if fires else "armed" if armed else "not armed"
    return Verdict(
        rule=NAME,
        code=NAME,
        status=Status.BREACH if fires else Status.OK,
        subject=str(item.key),
        message=f"breakeven of {item.key}: best {plain(best)} {view.currency}, {state}{plan.note}",
        measure=profit,
        threshold=ZERO,
        distance=profit,
        room=profit,
        responses=plan.responses,
        inputs={"best": plain(best), "arm_at": plain(parameters.arm_at)},
    )


RULE = Rule(
    name=NAME,
    title="Floating profit taken",
    source="document 002, RULE-005",
    parameters=MaxUnrealizedProfit,
    evaluate=evaluate,
    explanation=Explanation(
        watches="the floating profit of the account or of each position",
        fires="when it reaches the target; breakeven: when a position that was far enough ahead is back at nothing",
        does="closes every position and locks until the reset; per position: closes that one, its hedge with it",
        does_not="act on a mark that is missing or old; breakeven does not fire at entry",
    ),
)
