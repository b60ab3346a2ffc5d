"""From a fitted model to a position's plan: anchored levels, probabilities, size."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from market_analysis.domain import Bars, EntryHistory, Instrument
from market_analysis.quant.policy_inputs import ScaleOut
from market_analysis.risk.anchor import AnchorEvent, first_sight_event, known_events, scaled_out_frac
from market_analysis.risk.anchoring import Anchored, AnchorInputs, AnchorMoment, ChooseTarget, anchored_plan
from market_analysis.risk.bar_series import aggregated
from market_analysis.risk.confidence import Confidence, confidence_score, risk_fraction
from market_analysis.risk.levels import LevelInputs, Levels, levels_now
from market_analysis.risk.multiples import Multiples, base_multiples
from market_analysis.risk.position_inputs import PositionInputs
from market_analysis.risk.probability import PolicyState, probability_report, run_policy, seed_for
from market_analysis.risk.protection import Coverage
from market_analysis.risk.ratchet import RatchetRules
from market_analysis.risk.sizing import SizePlan, SizeRequest, loss_per_contract_usd, plan_size
from market_analysis.risk.target import TargetChoice, choose_target, reward, reward_to_risk, scale_out_prices, scale_outs_ahead
from market_analysis.risk.types import ProbabilityReport
from market_analysis.risk.volatility import VolatilityModel
from market_analysis.settings import Settings

CONFIDENCE_BAR_HOURS = 4


@dataclass(frozen=True, slots=True)
class Money:
    """Dollars of the plan, None where there is no level or no rate. planned_*: of the planned size; current_*: of the size held."""

    planned_risk: float | None
    planned_reward: float | None
    current_risk: float | None
    current_reward: float | None
    reward_to_risk: float | None


@dataclass(frozen=True, slots=True, eq=False)
class PositionPlan:
    """Everything computed for a modelled position."""

    anchored: Anchored
    rules: RatchetRules
    multiples: Multiples
    levels: Levels
    probabilities: ProbabilityReport | None
    confidence: Confidence | None
    risk_frac: float
    size: SizePlan
    money: Money
    events: tuple[AnchorEvent, ...]


def plan_position(
    inputs: PositionInputs,
    instrument: Instrument,
    covered: Coverage,
    finer: Bars | None,
    model: VolatilityModel,
    as_of_ms: int,
    settings: Settings,
) -> PositionPlan | None:
    """The plan of one position; None when no stop is possible at its volatility."""
    multiples = base_multiples(inputs.position.leverage, settings.stops)
    rules = _rules(inputs, multiples, settings)
    events = known_events(inputs.entry, inputs.position, is_inverse=instrument.is_inverse)
    sight = first_sight_event(inputs.position, as_of_ms)
    anchor = AnchorInputs(events, sight, model.series, finer, model, rules, settings)
    anchored = anchored_plan(anchor, inputs.memory, _chooser(inputs, multiples, rules, settings))
    if anchored is None:
        return None
    level_inputs = _level_inputs(inputs, instrument, covered, model, anchored, multiples, rules)
    levels = levels_now(level_inputs, settings)
    confidence = confidence_score(aggregated(model.series.bars, CONFIDENCE_BAR_HOURS), inputs.sign, model.garch_to_har)
    risk_frac = risk_fraction(None if confidence is None else confidence.score, settings.risk)
    size = _size(inputs, instrument, anchored, levels, risk_frac, settings)
    return PositionPlan(
        anchored=anchored,
        rules=rules,
        multiples=multiples,
        levels=levels,
        probabilities=plan_probabilities(inputs, anchored, levels, model, settings),
        confidence=confidence,
        risk_frac=risk_frac,
        size=size,
        money=_money(inputs, anchored, levels, size, settings),
        events=events,
    )


def _rules(inputs: PositionInputs, multiples: Multiples, settings: Settings) -> RatchetRules:
    stop = inputs.entry.first_protective_stop if isinstance(inputs.entry, EntryHistory) else None
    valuer = inputs.valuer
    first_stop = None if stop is None else float(stop)
    return RatchetRules(inputs.sign, multiples.k, valuer.taker_fee_frac, valuer.slippage_frac, settings.stops, first_stop)


def _chooser(inputs: PositionInputs, multiples: Multiples, rules: RatchetRules, settings: Settings) -> ChooseTarget:
    def choose(moment: AnchorMoment) -> TargetChoice:
        if inputs.sign * (moment.price - moment.stop) <= 0.0:
            return TargetChoice(multiples.m, True, f"base m {multiples.m:g}: the planned stop lies behind the price at first sight")
        r0, _ = rules.initial_risk(moment.event.entry, moment.stop, moment.stop)
        levels = scale_out_prices(inputs.sign, moment.event.entry, r0, settings.stops)
        ahead = scale_outs_ahead(inputs.sign, moment.price, None, levels, 0.0, settings.stops)
        state = PolicyState(
            sign=inputs.sign,
            price=moment.price,
            entry=moment.event.entry,
            stop=moment.stop,
            r0=r0,
            peak=rules.better(moment.event.price, moment.price),
            atr=moment.atr,
            fee_frac=inputs.valuer.taker_fee_frac,
            scale_outs=_present(ahead),
        )
        seed = seed_for(settings.seed, str(inputs.position.key), moment.model.last_bar_ms)
        return choose_target(state, moment.sigma_h, multiples.m, moment.model, inputs.valuer, settings, seed)

    return choose


def _present(scale_outs: tuple[ScaleOut | None, ScaleOut | None]) -> tuple[ScaleOut, ...]:
    return tuple(scale_out for scale_out in scale_outs if scale_out is not None)


def _level_inputs(
    inputs: PositionInputs,
    instrument: Instrument,
    covered: Coverage,
    model: VolatilityModel,
    anchored: Anchored,
    multiples: Multiples,
    rules: RatchetRules,
) -> LevelInputs:
    return LevelInputs(
        memory=anchored.memory,
        rules=rules,
        mark=float(inputs.mark),
        sigma_h=model.report.sigma_h,
        atr=model.atr_abs,
        base_m=multiples.m,
        tick_size=instrument.tick_size,
        resting_stop=None if covered.full_stop is None else float(covered.full_stop),
        liquidation=inputs.liquidation,
        margin_mode=inputs.position.margin_mode,
        closed_frac=scaled_out_frac(inputs.entry, inputs.position),
    )


def plan_probabilities(
    inputs: PositionInputs, anchored: Anchored, levels: Levels, model: VolatilityModel, settings: Settings
) -> ProbabilityReport | None:
    """The policy's outcomes from the mark with the levels as printed; None without a stop."""
    if levels.stop is None:
        return None
    memory = anchored.memory
    state = PolicyState(
        sign=inputs.sign,
        price=float(inputs.mark),
        entry=memory.entry,
        stop=float(levels.stop),
        r0=memory.r0,
        peak=memory.peak,
        atr=model.atr_abs,
        fee_frac=inputs.valuer.taker_fee_frac,
        scale_outs=_present(levels.scale_outs),
    )
    target = None if levels.target is None else float(levels.target)
    seed = seed_for(settings.seed, str(inputs.position.key), model.last_bar_ms)
    outcome = run_policy(state, model, np.empty(0), settings, seed)
    return probability_report(state, model, target, outcome, settings)


def _size(
    inputs: PositionInputs, instrument: Instrument, anchored: Anchored, levels: Levels, risk_frac: float, settings: Settings
) -> SizePlan:
    if levels.stop_passed:
        return SizePlan(None, "stop_passed", f"the planned stop {levels.planned} lies behind the mark", None, None, None)
    request = _size_request(inputs, anchored, risk_frac, settings)
    return plan_size(request, instrument, inputs.valuer, settings.risk)


def _size_request(inputs: PositionInputs, anchored: Anchored, risk_frac: float, settings: Settings) -> SizeRequest:
    """Sized from the entry to the wider of R0 and the planned stop: a stop that has moved up does not buy a larger size."""
    memory = anchored.memory
    distance = max(memory.r0, inputs.sign * (memory.entry - memory.stop))
    hours = settings.prob.horizon_hours
    return SizeRequest(
        sign=inputs.sign,
        entry=memory.entry,
        stop=memory.entry - inputs.sign * distance,
        equity_usd=inputs.equity_usd,
        notional_usd=inputs.notional_usd,
        risk_frac=risk_frac,
        leverage=inputs.leverage,
        margin_mode=inputs.position.margin_mode,
        liquidation=inputs.liquidation,
        funding_frac=inputs.funding_frac,
        funding_intervals=math.floor(inputs.funding_intervals(hours)),
        is_held=True,
    )


def _money(inputs: PositionInputs, anchored: Anchored, levels: Levels, size: SizePlan, settings: Settings) -> Money:
    valuer, sign, memory, held = inputs.valuer, inputs.sign, anchored.memory, float(inputs.position.quantity)
    loss = None
    if not levels.stop_passed:
        each = loss_per_contract_usd(_size_request(inputs, anchored, 0.0, settings), valuer)
        loss = None if each is None else held * each
    if levels.target is None or levels.stop is None:
        return Money(size.loss_usd, None, loss, None, None)
    target, stop, mark = float(levels.target), float(levels.stop), float(inputs.mark)
    ahead = _present(levels.scale_outs)
    fresh = scale_out_prices(sign, memory.entry, memory.r0, settings.stops)
    from_entry = _present(scale_outs_ahead(sign, memory.entry, target, fresh, 0.0, settings.stops))
    planned = None
    if size.quantity is not None:
        planned = valuer.quote_usd(reward(valuer, sign, float(size.quantity), memory.entry, target, from_entry))
    return Money(
        planned_risk=size.loss_usd,
        planned_reward=planned,
        current_risk=loss,
        current_reward=valuer.quote_usd(reward(valuer, sign, held, mark, target, ahead)),
        reward_to_risk=reward_to_risk(valuer, sign, mark, stop, target, ahead),
    )
