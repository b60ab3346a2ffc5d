"""NoStopLossGrace (document 002, rule 8; ruling 27): a position without a whole stop gets the planned one, else it is closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import ClassVar

from pydantic import Field

from market_analysis.domain import Order, Unknown, stop_price
from market_analysis.rules.book import is_exempt, is_holding, mark_problem
from market_analysis.rules.hedged import Plan, close_together
from market_analysis.rules.limit_verdict import plain
from market_analysis.rules.measured import fine
from market_analysis.rules.protection import Protection, protection, tighter
from market_analysis.rules.rule import Direction, Explanation, Looser, Parameters, Rule, unknown
from market_analysis.rules.verdict import SetStop, Status, Verdict
from market_analysis.rules.view import AccountView, PositionView

NAME = "no_stop_loss_grace"
ZERO = Decimal(0)


class NoStopLossGrace(Parameters):
    """Document 002: 30 seconds, then the position is closed."""

    looser: ClassVar[Mapping[str, Direction]] = {
        "grace_period_seconds": Looser.HIGHER,
        "attach_planned_stop": Looser.LOWER,
        "close_without_stop": Looser.LOWER,
    }
    grace_period_seconds: int = Field(30, ge=0, le=86_400, description="seconds that a position may lack a stop")
    attach_planned_stop: bool = Field(True, description="put the planned stop first; close only without one, or if it is refused")
    close_without_stop: bool = Field(True, description="close where no stop can be put; else tell only")
    max_mark_age_seconds: int = Field(10, ge=1, le=3600, description="an older mark tells no stop's side")


def evaluate(view: AccountView, parameters: NoStopLossGrace) -> tuple[Verdict, ...]:
    """One verdict per position. At the end of the grace it acts. Orders must be of the same read as the positions."""
    if isinstance(view.positions, Unknown):
        return (unknown(NAME, "account", f"stops: the positions could not be read: {view.positions.detail}"),)
    if isinstance(view.orders, Unknown):
        return (unknown(NAME, "account", f"stops: the orders could not be read: {view.orders.detail}"),)
    if view.positions and not view.orders_match:
        return (unknown(NAME, "account", "stops: positions and orders are of different reads"),)
    verdicts = []
    for item in view.positions:
        problem = mark_problem(item, view.now, parameters.max_mark_age_seconds)
        if is_exempt(item):
            tag = "holding" if is_holding(item) else "hedge"
            verdicts.append(fine(NAME, f"{item.key} needs no stop: tagged {tag}", str(item.key)))
        elif problem or isinstance(item.mark, Unknown):
            verdicts.append(unknown(NAME, str(item.key), f"stops: {problem}"))
        else:
            verdicts.append(_judge(view, parameters, item, item.mark.price, view.orders, view.positions))
    return tuple(verdicts) or (fine(NAME, "no position is held"),)


def _judge(
    view: AccountView,
    parameters: NoStopLossGrace,
    item: PositionView,
    mark: Decimal,
    orders: Sequence[Order],
    positions: Sequence[PositionView],
) -> Verdict:
    rests = protection(item, orders, mark)
    if rests.uncovered == 0:
        return fine(NAME, f"{item.key} is stopped at {plain(rests.whole or ZERO)} or better", str(item.key))
    # Without a moment since when the stop lacks, the grace begins now: nothing is closed on what is not known.
    since = view.now if item.unprotected_since is None else max(item.unprotected_since, item.opened_at)
    elapsed = max(Decimal(int((view.now - since).total_seconds())), ZERO)
    grace = Decimal(parameters.grace_period_seconds)
    over = elapsed >= grace and item.unprotected_since is not None
    price = planned_stop(item, mark, rests) if parameters.attach_planned_stop else None
    plan = Plan(())
    if over and price is not None:
        plan = Plan((SetStop(item.key, price),))
    elif over and parameters.close_without_stop:
        plan = close_together(positions, (item,))
    what = "no stop" if rests.covered == 0 else f"a stop for {plain(rests.covered)} of {plain(item.quantity)}"
    ignored = f" ({'; '.join(rests.ignored)})" if rests.ignored else ""
    return Verdict(
        rule=NAME,
        code=NAME,
        status=Status.BREACH if over else Status.WARN,
        subject=str(item.key),
        message=f"{item.key} has {what}{ignored} since {plain(elapsed)} s, grace {plain(grace)} s{plan.note}",
        measure=elapsed,
        threshold=grace,
        unit="seconds",
        distance=grace - elapsed,
        used=elapsed / grace if grace > 0 else None,
        responses=plan.responses,
        blocks="nothing; the position needs a stop" if over else "",
        inputs={"uncovered": plain(rests.uncovered), "planned_stop": "none" if price is None else plain(price)},
    )


def planned_stop(item: PositionView, mark: Decimal, rests: Protection) -> Decimal | None:
    """Where the stop can be put now: the planned one on its tick, or a tighter one that rests for a part; None where the venue has
    refused it, none is planned, or the price has passed it."""
    if item.planned_stop is None or NAME in item.stops_refused:
        return None
    sign = item.side.sign
    wanted = stop_price(item.planned_stop, item.tick_size, sign)
    if rests.tightest is not None:
        wanted = tighter(wanted, rests.tightest, sign)
    return wanted if wanted > 0 and sign * (mark - wanted) > 0 else None


RULE = Rule(
    name=NAME,
    title="Stop within a grace period",
    source="document 002, RULE-008; ruling 27",
    parameters=NoStopLossGrace,
    evaluate=evaluate,
    explanation=Explanation(
        watches="whether active market stops on the loss side of the mark cover each position whole",
        fires="when a position has lacked one for the grace period",
        does="puts the planned stop; where there is none or it was refused, closes the position with its hedge",
        does_not="count limit orders, targets or sleeping trailing stops; touch tagged hedges and holdings",
    ),
)
