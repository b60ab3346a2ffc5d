"""The planned levels of a position now: rebuilt from its fills and the closed bars since, or carried on from memory (ruling 8).

Memory is a cache. With it only the bars after `through_ms` are taken in; without it everything is rebuilt, to the same state:
parameters are fitted once, on the ANCHOR_FIT_BARS hours closed before the anchoring fill, and filtered forward.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from market_analysis.domain import Bars, PositionMemory, Unknown, from_milliseconds, to_milliseconds
from market_analysis.risk.anchor import ENTRY_TOLERANCE_FRAC, AnchorEvent
from market_analysis.risk.bar_series import HOUR_MS, BarSeries
from market_analysis.risk.ratchet import BarFacts, RatchetRules, advance, re_anchor, start
from market_analysis.risk.sigma_filter import horizon_sigmas
from market_analysis.risk.target import TargetChoice
from market_analysis.risk.volatility import VolatilityModel, fit_model
from market_analysis.settings import Settings

ANCHOR_FIT_BARS = 1_000
"""Hours before the anchor that its parameters are fitted on: a fixed window, so that a longer history changes nothing."""

ChooseTarget = Callable[["AnchorMoment"], TargetChoice]
"""Chooses the target multiple as of the anchor."""


@dataclass(frozen=True, slots=True, eq=False)
class AnchorMoment:
    """What is known at the anchor: its fill, the planned stop, sigma_H and ATR of the last bar closed before it, the model then.

    price: where the choice is made from: the fill's own, at first sight the last close.
    """

    event: AnchorEvent
    stop: float
    sigma_h: float
    atr: float
    price: float
    model: VolatilityModel


@dataclass(frozen=True, slots=True, eq=False)
class AnchorInputs:
    """What the plan is a function of. bars: closed hourly bars up to now; finer: closed finer bars of the entry hour, or None."""

    events: tuple[AnchorEvent, ...]
    first_sight: AnchorEvent
    series: BarSeries
    finer: Bars | None
    model: VolatilityModel
    rules: RatchetRules
    settings: Settings


@dataclass(frozen=True, slots=True)
class Anchored:
    """The plan, and the choice of its target if it was made in this very run (None: remembered)."""

    memory: PositionMemory
    choice: TargetChoice | None


def anchored_plan(inputs: AnchorInputs, memory: PositionMemory | None, choose: ChooseTarget) -> Anchored | None:
    """The planned levels as of the last closed bar; None when no stop is possible (an ATR as large as the price).

    Order: memory of these very fills is carried on; else fills and bars rebuild it, keeping a remembered stop of the same position
    if that is tighter and a remembered target if that is nearer; else memory of an anchor that can no longer be rebuilt is carried
    on; else first sight, `anchor_estimated`.
    """
    if memory is not None and _carries_on(memory, inputs):
        return Anchored(_carry_on(memory, inputs), None)
    if inputs.events:
        model = _anchor_model(inputs, inputs.events[0].time_ms)
        if model is not None:
            same = _same_position(memory, inputs)
            return _from(inputs.events, model, _as_tight(inputs, same), same, choose, estimated=False)
    sight = inputs.first_sight
    side = sight.anchor_id.split("|")[:2]
    kept = memory if memory is not None and memory.anchor_id.split("|")[:2] == side else None
    model = _anchor_model(inputs, sight.time_ms) or inputs.model
    return _from((sight,), model, _as_tight(inputs, kept), kept, choose, estimated=True)


def _as_tight(inputs: AnchorInputs, kept: PositionMemory | None) -> AnchorInputs:
    """The inputs with the tightest k that the position has had: leverage that was lowered since does not loosen its plan."""
    if kept is None or kept.base_k is None or kept.base_k >= inputs.rules.base_k:
        return inputs
    return replace(inputs, rules=replace(inputs.rules, base_k=kept.base_k))


def _carries_on(memory: PositionMemory, inputs: AnchorInputs) -> bool:
    """Whether the remembered anchor is the present one and nothing it rests on has changed (leverage that was raised asks for a
    nearer stop; lowered leverage changes nothing)."""
    if inputs.events and not memory.anchor_estimated:
        risk = inputs.rules.protective_risk(memory.entry)
        tightened = memory.base_k is not None and inputs.rules.base_k < memory.base_k
        return memory.anchor_id == inputs.events[-1].anchor_id and (risk is None or risk == memory.r0) and not tightened
    if inputs.events and _anchor_model(inputs, inputs.events[0].time_ms) is not None:
        return False
    return _same_entry(memory, inputs) and (memory.anchor_id == inputs.first_sight.anchor_id or not memory.anchor_estimated)


def _carry_on(memory: PositionMemory, inputs: AnchorInputs) -> PositionMemory:
    if int(inputs.series.bars.open_time_ms[-1]) <= memory.through_ms:
        return memory
    first_ms = inputs.events[0].time_ms if inputs.events and not memory.anchor_estimated else to_milliseconds(memory.anchor_time)
    return _take_in(memory, (), inputs, _anchor_model(inputs, first_ms) or inputs.model)


def _same_entry(memory: PositionMemory, inputs: AnchorInputs) -> bool:
    return abs(memory.entry - inputs.first_sight.entry) <= ENTRY_TOLERANCE_FRAC * inputs.first_sight.entry


def _same_position(memory: PositionMemory | None, inputs: AnchorInputs) -> PositionMemory | None:
    """Memory of an earlier anchor of this position: its stop may not be loosened."""
    if memory is None:
        return None
    estimated = memory.anchor_estimated and memory.anchor_id == inputs.first_sight.anchor_id
    return memory if estimated or memory.anchor_id in {event.anchor_id for event in inputs.events} else None


def _anchor_model(inputs: AnchorInputs, moment_ms: int) -> VolatilityModel | None:
    """The model as of `moment_ms`, from bars closed by then; None when they do not reach back far enough."""
    seen = inputs.series.bars.closed_before(moment_ms)[-ANCHOR_FIT_BARS:]
    model = fit_model(inputs.model.instrument, seen, inputs.settings, from_milliseconds(moment_ms), inputs.model.panel)
    return None if isinstance(model, Unknown) else model


def _from(
    events: Sequence[AnchorEvent],
    model: VolatilityModel,
    inputs: AnchorInputs,
    kept: PositionMemory | None,
    choose: ChooseTarget,
    *,
    estimated: bool,
) -> Anchored | None:
    """Start at the first event, then take in the later ones and every bar closed since."""
    first, rules = events[0], inputs.rules
    row = _last_closed_row(inputs.series.bars, first.time_ms)
    sigma_h, atr = float(horizon_sigmas(model, inputs.series, (row,), inputs.settings.vol)[0]), float(inputs.series.atr[row])
    stop = rules.planned_stop(first.entry, sigma_h, atr)
    if stop is None:
        return None
    price = float(inputs.series.bars.close[row]) if estimated else first.price
    choice = choose(AnchorMoment(first, stop, sigma_h, atr, price, model))
    through = int(inputs.series.bars.open_time_ms[row])
    state = start(first, stop, rules, sigma_h, choice.m_eff, through, target_reachable=choice.reachable)
    if estimated:
        state = replace(state, anchor_estimated=True, peak=rules.better(state.peak, price))
    if kept is not None:
        state = replace(state, stop=rules.tighter(state.stop, kept.stop), target=_nearer_target(state, kept, rules))
    return Anchored(_take_in(state, events[1:], inputs, model), choice)


def _nearer_target(state: PositionMemory, kept: PositionMemory, rules: RatchetRules) -> float | None:
    """A target that was printed for this position does not recede because its anchor is worked out again (ruling 2)."""
    if state.target is None or kept.target is None:
        return state.target
    return rules.nearer(state.target, kept.target)


def _take_in(state: PositionMemory, events: Sequence[AnchorEvent], inputs: AnchorInputs, model: VolatilityModel) -> PositionMemory:
    """Advance `state` over every bar closed after `through_ms`, re-anchoring where later fills fall.

    Bars at the very start of the history, before its first ATR, teach nothing (memory older than the history).
    """
    bars, series = inputs.series.bars, inputs.series
    rows = [int(row) for row in np.flatnonzero((bars.open_time_ms > state.through_ms) & np.isfinite(series.atr)) if row > 0]
    before = rows[0] - 1 if rows else len(bars) - 1
    span = [max(before, 1), *rows]
    sigmas = dict(zip(span, (float(s) for s in horizon_sigmas(model, series, span, inputs.settings.vol)), strict=True))
    pending = list(events)
    for row in rows:
        close_ms = int(bars.open_time_ms[row]) + HOUR_MS
        while pending and pending[0].time_ms < close_ms:
            state = re_anchor(state, pending.pop(0), inputs.rules, sigmas[max(row - 1, 1)], float(series.atr[row - 1]))
        best = _best_price(row, to_milliseconds(state.anchor_time), inputs)
        facts = BarFacts(int(bars.open_time_ms[row]), best, float(series.atr[row]), sigmas[row])
        state = advance(state, facts, inputs.rules)
    last = len(bars) - 1
    for event in pending:
        state = re_anchor(state, event, inputs.rules, sigmas[max(last, 1)], float(series.atr[last]))
    return state


def _best_price(row: int, anchor_ms: int, inputs: AnchorInputs) -> float:
    """The best price of a bar that is known to lie after the anchor.

    Of the bar in which the fill fell only finer bars that opened after it count, and the close, which comes after everything.
    """
    bars, rules = inputs.series.bars, inputs.rules
    extremes = bars.high if rules.sign > 0 else bars.low
    open_ms = int(bars.open_time_ms[row])
    if open_ms >= anchor_ms:
        return float(extremes[row])
    best = float(bars.close[row])
    if inputs.finer is None:
        return best
    finer = inputs.finer
    known = (finer.open_time_ms >= anchor_ms) & (finer.open_time_ms >= open_ms)
    known &= finer.open_time_ms + finer.bar_minutes * 60_000 <= open_ms + HOUR_MS
    prices = (finer.high if rules.sign > 0 else finer.low)[known]
    return best if prices.size == 0 else rules.better(best, float(prices.max() if rules.sign > 0 else prices.min()))


def _last_closed_row(bars: Bars, moment_ms: int) -> int:
    """Number of the last bar closed by `moment_ms`, at least 1 (the first bar has no return)."""
    return max(int(np.searchsorted(bars.open_time_ms + HOUR_MS, moment_ms, side="right")) - 1, 1)
