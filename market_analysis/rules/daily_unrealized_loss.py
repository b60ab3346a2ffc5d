"""DailyUnrealizedLoss (document 002, rule 4): open positions have lost so much; flat and locked, or that position closed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from pydantic import Field

from market_analysis.domain import Unknown
from market_analysis.rules.book import contracts
from market_analysis.rules.floating import Scope, blind_spot, position_blind_spot
from market_analysis.rules.hedged import Plan, close_together
from market_analysis.rules.limit import Limit, Measure
from market_analysis.rules.limit_verdict import limit_verdict, plain
from market_analysis.rules.measured import WARN_AT, Measured, fine
from market_analysis.rules.rule import Direction, Explanation, Looser, Parameters, Rule, unknown
from market_analysis.rules.verdict import CloseAll, Ends, Lock, Verdict
from market_analysis.rules.view import AccountView, PositionView

NAME = "daily_unrealized_loss"
ZERO = Decimal(0)


class DailyUnrealizedLoss(Parameters):
    """Document 002 writes -300; the amount is a loss either way, above zero here."""

    looser: ClassVar[Mapping[str, Direction]] = {"loss": Looser.HIGHER, "act_at_frac": Looser.HIGHER}
    loss: Decimal = Field(Decimal(300), gt=0, description="money that open positions may lose")
    scope: Scope = Field(Scope.TOTAL, description="total: the account; per_position: each position")
    max_quote_age_seconds: int = Field(10, ge=1, le=3600, description="an older mark is not acted on")
    act_at_frac: Decimal | None = Field(None, gt=0, le=1, description="share of the loss at which the guard acts; total only")


def evaluate(view: AccountView, parameters: DailyUnrealizedLoss) -> tuple[Verdict, ...]:
    """Reaching the limit is a breach: -300.00 is one, -299.99 is not."""
    if parameters.scope is Scope.TOTAL:
        return (_total(view, parameters),)
    if isinstance(view.positions, Unknown):
        return (unknown(NAME, "account", f"floating loss: the positions could not be read: {view.positions.detail}"),)
    items = contracts(view.positions)
    verdicts = tuple(_of_position(view, parameters, item, view.positions) for item in items)
    return verdicts or (fine(NAME, "no position is held"),)


def _total(view: AccountView, parameters: DailyUnrealizedLoss) -> Verdict:
    blind = blind_spot(view, parameters.max_quote_age_seconds)
    if blind:
        return unknown(NAME, "account", f"floating loss: {blind}")
    return limit_verdict(
        view,
        Limit(measure=Measure.UNREALIZED, amount=parameters.loss, act_at_frac=parameters.act_at_frac),
        rule=NAME,
        title="floating loss",
        responses=(CloseAll(),),
        lock=Lock(Ends.RESET, view.day.end),
        blocks="new risk until the reset; what lowers risk is allowed",
    )


def _of_position(
    view: AccountView, parameters: DailyUnrealizedLoss, item: PositionView, positions: tuple[PositionView, ...]
) -> Verdict:
    blind = position_blind_spot(item, view, parameters.max_quote_age_seconds)
    if blind or item.unrealized is None:
        return unknown(NAME, str(item.key), f"floating loss: {blind}")
    lost = max(-item.unrealized, ZERO)
    plan = close_together(positions, (item,)) if lost >= parameters.loss else Plan(())
    measured = Measured(lost, parameters.loss, "money", True, WARN_AT, room=parameters.loss + item.unrealized)
    left = f"limit {plain(parameters.loss)} {view.currency}{plan.note}"
    return measured.verdict(
        NAME, str(item.key), f"{item.key} has lost {plain(lost)} {view.currency}, {left}", responses=plan.responses
    )


RULE = Rule(
    name=NAME,
    title="Floating loss",
    source="document 002, RULE-004",
    parameters=DailyUnrealizedLoss,
    evaluate=evaluate,
    explanation=Explanation(
        watches="the floating profit of open positions at the venue's marks",
        fires="when the account, or one position, has lost the amount",
        does="closes every position and locks until the reset; per position: closes that one, its hedge with it",
        does_not="act on a mark that is missing or old, or count closed trades",
    ),
)
