"""ScaleOuts (document 003's tp1 and tp2): part of the profit is taken by resting reduce-only limit orders where the analysis wants
it. One that rests is amended by its order id, never posted again (ruling 15), and never further away (law 7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from pydantic import Field

from market_analysis.domain import ExecutionStyle, Order, OrderSide, Side, Unknown
from market_analysis.rules.book import is_exempt, lots_down
from market_analysis.rules.limit_verdict import plain
from market_analysis.rules.measured import fine
from market_analysis.rules.rule import Explanation, Parameters, Rule, unknown
from market_analysis.rules.verdict import SetExit, Status, Verdict
from market_analysis.rules.view import AccountView, PositionView

NAME = "scale_outs"
Planned = tuple[Decimal, Decimal]


class ScaleOuts(Parameters):
    """The guard's own exits only: an order of the trader's is never touched."""

    least_move_ticks: Decimal = Field(Decimal(1), ge=1, description="smaller moves of an exit are not sent")
    max_analysis_age_seconds: int = Field(600, ge=1, le=86_400, description="an older analysis places nothing")


def evaluate(view: AccountView, parameters: ScaleOuts) -> tuple[Verdict, ...]:
    """ACT with one exit to be placed or amended, per position; the next one follows when that is done."""
    if isinstance(view.positions, Unknown) or isinstance(view.orders, Unknown):
        return (unknown(NAME, "account", "exits: positions and orders could not be read"),)
    if view.positions and not view.orders_match:
        return (unknown(NAME, "account", "exits: positions and orders are of different reads"),)
    if not view.positions:
        return (fine(NAME, "no position is held"),)
    if view.analysis is None:
        return (unknown(NAME, "account", "exits: no analysis yet"),)
    age = (view.now - view.analysis.at).total_seconds()
    if age > parameters.max_analysis_age_seconds:
        return (unknown(NAME, "account", f"exits: the analysis is {age:.0f} s old"),)
    own = [order for order in view.orders if order.order_id in view.own_orders]
    verdicts = [_judge(parameters, item, own) for item in view.positions if not is_exempt(item)]
    return tuple(verdicts) or (fine(NAME, "no position takes profit in part"),)


def _judge(parameters: ScaleOuts, item: PositionView, own: Sequence[Order]) -> Verdict:
    subject = str(item.key)
    planned = [(price, lots_down(quantity, item)) for price, quantity in item.planned_exits or ()]
    planned = [(price, quantity) for price, quantity in planned if quantity > 0]
    if item.exit_refused:
        return Verdict(NAME, f"{NAME}_refused", Status.WARN, subject, f"{subject}: the venue refused an exit; place it yourself")
    wanted = _change(parameters, item, planned, list(_exits_of(item, own)))
    if wanted is None:
        return fine(NAME, f"{subject}: {len(planned)} exits planned, nothing to do", subject)
    verb = "amended" if wanted.order_id else "placed"
    return Verdict(
        rule=NAME,
        code=NAME,
        status=Status.ACT,
        subject=subject,
        message=f"{subject}: an exit of {plain(wanted.quantity)} at {plain(wanted.price)} to be {verb}",
        measure=wanted.quantity,
        unit="contracts",
        responses=(wanted,),
        inputs={"planned": ", ".join(f"{plain(quantity)} at {plain(price)}" for price, quantity in planned)},
    )


def _change(parameters: ScaleOuts, item: PositionView, planned: list[Planned], resting: list[Order]) -> SetExit | None:
    """What differs first, nearest exit first: each planned one takes the resting order that lies nearest to it."""
    sign = item.side.sign
    for price, quantity in sorted(planned, key=lambda exit_: sign * exit_[0]):
        if not resting:
            return SetExit(item.key, price, quantity)
        match = min(resting, key=lambda order: (abs(_limit(order) - price), order.order_id))
        resting.remove(match)
        nearer = min(_limit(match), price, key=lambda level: sign * level)
        moved = abs(nearer - _limit(match)) / item.tick_size >= parameters.least_move_ticks
        if moved or match.quantity != quantity:
            return SetExit(item.key, nearer if moved else _limit(match), quantity, match.order_id)
    return None


def _exits_of(item: PositionView, orders: Iterable[Order]) -> Iterable[Order]:
    closing = OrderSide.SELL if item.side is Side.LONG else OrderSide.BUY
    for order in orders:
        here = order.instrument == item.key.instrument and order.position_index == item.key.position_index
        rests = order.style is ExecutionStyle.LIMIT and order.trigger_price is None and order.limit_price is not None
        if here and rests and order.reduce_only and order.side is closing:
            yield order


def _limit(order: Order) -> Decimal:
    return order.limit_price or Decimal(0)


RULE = Rule(
    name=NAME,
    title="Profit taken in parts",
    source="document 003, tp1 and tp2; rulings 3 and 15",
    parameters=ScaleOuts,
    evaluate=evaluate,
    explanation=Explanation(
        watches="the analysis's partial exits of each position, and the guard's own orders that rest for them",
        fires="when one is missing, or belongs nearer, or has another size",
        does="places a reduce-only limit order, or amends the one that rests",
        does_not="move an exit further away, place a second one for the same part, or touch an order of yours",
    ),
)
