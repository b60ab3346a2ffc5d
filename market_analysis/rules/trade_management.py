"""TradeManagement (document 002, rule 12): the stop goes to breakeven, then trails; it only ever tightens (law 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from functools import reduce

from pydantic import Field

from market_analysis.domain import Order, Unknown, stop_price
from market_analysis.rules.book import is_exempt, mark_problem
from market_analysis.rules.limit_verdict import plain
from market_analysis.rules.measured import fine
from market_analysis.rules.protection import Protection, protection, tighter
from market_analysis.rules.rule import Explanation, Parameters, Rule, unknown
from market_analysis.rules.verdict import SetStop, Status, Verdict
from market_analysis.rules.view import AccountView, PositionView

NAME = "trade_management"


class AutoBreakeven(Parameters):
    """Once the best price is so many ticks ahead of the entry, the stop is at the entry and `offset_ticks` more."""

    enabled: bool = Field(False, description="whether it is used")
    profit_trigger_ticks: Decimal = Field(Decimal(10), gt=0, description="ticks ahead of the entry")
    offset_ticks: Decimal = Field(Decimal(0), description="ticks from the entry to the profit side")


class TrailingStop(Parameters):
    """Once the best price is so many ticks ahead, the stop is `trail_distance_ticks` behind the best price."""

    enabled: bool = Field(False, description="whether it is used")
    activation_ticks: Decimal = Field(Decimal(20), gt=0, description="ticks ahead of the entry")
    trail_distance_ticks: Decimal = Field(Decimal(10), gt=0, description="ticks behind the best price")


class AutoStopLoss(Parameters):
    """A position gets a stop so many ticks behind its entry."""

    enabled: bool = Field(False, description="whether it is used")
    stop_loss_ticks: Decimal = Field(Decimal(10), gt=0, description="ticks from the entry to the loss side")


class DynamicStop(Parameters):
    """The stop goes where the last analysis wants it: the dynamic level of document 003, ratchet and trail in."""

    enabled: bool = Field(False, description="whether it is used")
    max_analysis_age_seconds: int = Field(600, ge=1, le=86_400, description="an older analysis moves no stop")


class TradeManagement(Parameters):
    """All parts are off until switched on: the safest default. Each is a place for the stop; the tightest counts."""

    auto_breakeven: AutoBreakeven = Field(AutoBreakeven.model_validate({}), description="stop to the entry")
    trailing_stop: TrailingStop = Field(TrailingStop.model_validate({}), description="stop behind the best price")
    auto_stop_loss: AutoStopLoss = Field(AutoStopLoss.model_validate({}), description="first stop")
    dynamic_stop: DynamicStop = Field(DynamicStop.model_validate({}), description="stop where the analysis wants it")
    least_move_ticks: Decimal = Field(Decimal(1), ge=1, description="smaller moves of the stop are not sent")
    max_mark_age_seconds: int = Field(10, ge=1, le=3600, description="an older mark moves no stop")


def evaluate(view: AccountView, parameters: TradeManagement) -> tuple[Verdict, ...]:
    """ACT with the stop's new place, per position; tagged hedges and holdings are left alone."""
    parts = (parameters.auto_breakeven, parameters.trailing_stop, parameters.auto_stop_loss, parameters.dynamic_stop)
    if not any(part.enabled for part in parts):
        return (fine(NAME, "nothing is switched on"),)
    if isinstance(view.positions, Unknown) or isinstance(view.orders, Unknown):
        return (unknown(NAME, "account", "stops: positions and orders could not be read"),)
    if view.positions and not view.orders_match:
        return (unknown(NAME, "account", "stops: positions and orders are of different reads"),)
    verdicts = []
    for item in (_advised(view, parameters.dynamic_stop, held) for held in view.positions):
        if is_exempt(item):
            continue
        problem = mark_problem(item, view.now, parameters.max_mark_age_seconds)
        if problem or isinstance(item.mark, Unknown):
            verdicts.append(unknown(NAME, str(item.key), f"stops: {problem}"))
        else:
            verdicts.append(_manage(parameters, item, item.mark.price, view.orders))
    return tuple(verdicts) or (fine(NAME, "no position is managed"),)


def _advised(view: AccountView, dynamic: DynamicStop, item: PositionView) -> PositionView:
    """The position without its planned stop where that is not wanted, or of an analysis that is too old."""
    fresh = view.analysis is not None and (view.now - view.analysis.at).total_seconds() <= dynamic.max_analysis_age_seconds
    return item if dynamic.enabled and fresh else replace(item, planned_stop=None)


def wanted_stop(parameters: TradeManagement, item: PositionView, mark: Decimal) -> Decimal | None:
    """The tightest place that a part asks for, on its tick in the safe direction; None while none does. planned_stop counts where
    it is there."""
    sign, tick, entry = item.side.sign, item.tick_size, item.entry_price
    best = mark if item.best_price is None else tighter(item.best_price, mark, sign)
    ahead = sign * (best - entry) / tick
    places = []
    breakeven, trail, first = parameters.auto_breakeven, parameters.trailing_stop, parameters.auto_stop_loss
    if breakeven.enabled and ahead >= breakeven.profit_trigger_ticks:
        places.append(entry + sign * breakeven.offset_ticks * tick)
    if trail.enabled and ahead >= trail.activation_ticks:
        places.append(best - sign * trail.trail_distance_ticks * tick)
    if first.enabled:
        places.append(entry - sign * first.stop_loss_ticks * tick)
    if item.planned_stop is not None:
        places.append(item.planned_stop)
    if not places:
        return None
    return stop_price(reduce(lambda one, other: tighter(one, other, sign), places), tick, sign)


def _manage(parameters: TradeManagement, item: PositionView, mark: Decimal, orders: Sequence[Order]) -> Verdict:
    """The stop moves only from a looser place, or from a part of the position to the whole; never behind the mark."""
    sign, subject = item.side.sign, str(item.key)
    rests = protection(item, orders, mark)
    wanted = wanted_stop(parameters, item, mark)
    if wanted is None or not _better(parameters, item, rests, wanted):
        return fine(NAME, f"{subject}: the stop stays", subject)
    price = wanted if rests.tightest is None else tighter(wanted, rests.tightest, sign)
    if price <= 0 or sign * (mark - price) <= 0:
        text = f"{subject}: the price has passed {plain(price)}, where the stop belongs; exit or set your own"
        return Verdict(NAME, f"{NAME}_passed", Status.WARN, subject, text)
    if item.stops_refused.get(NAME) == price:
        return Verdict(NAME, f"{NAME}_refused", Status.WARN, subject, f"{subject}: the venue refused a stop at {plain(price)}")
    was = "none" if rests.whole is None else plain(rests.whole)
    return Verdict(
        rule=NAME,
        code=NAME,
        status=Status.ACT,
        subject=subject,
        message=f"{subject}: stop from {was} to {plain(price)}",
        measure=sign * (mark - price) / item.tick_size,
        unit="ticks",
        responses=(SetStop(item.key, price),),
        inputs={"mark": plain(mark), "best": "unknown" if item.best_price is None else plain(item.best_price), "stop": was},
    )


def _better(parameters: TradeManagement, item: PositionView, rests: Protection, wanted: Decimal) -> bool:
    if rests.whole is None:
        return True
    return item.side.sign * (wanted - rests.whole) / item.tick_size >= parameters.least_move_ticks


RULE = Rule(
    name=NAME,
    title="Stops moved for you",
    source="document 002, RULE-012",
    parameters=TradeManagement,
    evaluate=evaluate,
    explanation=Explanation(
        watches="the best mark since each position was opened, the analysis's stop, and the stop that rests",
        fires="when breakeven, the trail, the first or the analysis's stop belongs at a tighter place",
        does="moves the stop there, for the whole position, on the tick in the safe direction",
        does_not="loosen a stop, put one behind the mark, close anything, or touch tagged hedges and holdings",
    ),
)
