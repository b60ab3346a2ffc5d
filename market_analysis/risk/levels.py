"""The levels of a position as they stand now, on the tick grid: planned stop, target, scale-outs, trail, static levels."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from market_analysis.domain import MarginMode, PositionMemory, stop_price, target_price
from market_analysis.quant.policy_inputs import ScaleOut
from market_analysis.risk.liquidation_buffer import LiquidationBuffer, liquidation_buffer
from market_analysis.risk.ratchet import RatchetRules
from market_analysis.risk.target import scale_out_prices, scale_outs_ahead
from market_analysis.settings import Settings


@dataclass(frozen=True, slots=True)
class LevelInputs:
    """Everything levels depend on. mark, liquidation: prices now; sigma_h, atr: as of the last closed bar.

    resting_stop: where the resting stops have closed the whole size, None when they do not. closed_frac: share of the largest size
    that was closed again.
    """

    memory: PositionMemory
    rules: RatchetRules
    mark: float
    sigma_h: float
    atr: float
    base_m: float
    tick_size: Decimal
    resting_stop: float | None
    liquidation: float | None
    margin_mode: MarginMode
    closed_frac: float


@dataclass(frozen=True, slots=True)
class Levels:
    """Prices on the tick grid, None where there is none that is possible.

    stop: the plan, or the resting stop if that is tighter. planned: the plan alone. stop_passed, target_passed: behind the mark.
    scale_outs: those ahead, as fractions of the size held (unrounded prices). static_advice: the static stop and target where they
    may be advised: the stop never looser than what rests, both on their own side of the mark.
    """

    stop: Decimal | None
    planned: Decimal
    target: Decimal | None
    stop_passed: bool
    target_passed: bool
    buffer: LiquidationBuffer
    tp1: Decimal | None
    tp2: Decimal | None
    scale_outs: tuple[ScaleOut | None, ScaleOut | None]
    trail: Decimal | None
    breakeven: Decimal
    k_eff: float | None
    static_stop: Decimal | None
    static_target: Decimal | None
    static_advice: tuple[Decimal | None, Decimal | None]


def levels_now(inputs: LevelInputs, settings: Settings) -> Levels:
    """Levels as of the mark. A stop behind the mark or beyond isolated liquidation is no level: None, and the flag says why."""
    state, rules, sign, tick = inputs.memory, inputs.rules, inputs.rules.sign, inputs.tick_size
    planned = stop_price(state.stop, tick, sign)
    tightest = state.stop if inputs.resting_stop is None else rules.tighter(state.stop, inputs.resting_stop)
    stop = stop_price(tightest, tick, sign)
    stop_passed = sign * (inputs.mark - float(planned)) <= 0.0
    buffer = liquidation_buffer(
        sign, state.entry, float(stop), inputs.liquidation, inputs.margin_mode, settings.risk.liquidation_buffer_multiple
    )
    valid = not stop_passed and not buffer.stop_is_beyond and sign * (inputs.mark - float(stop)) > 0.0
    raw_target = _target(inputs, settings)
    target_passed = sign * (inputs.mark - raw_target) >= 0.0
    target = None if target_passed or not valid else _above_zero(target_price(raw_target, tick, sign))
    if target is not None and sign * (float(target) - inputs.mark) <= 0.0:
        target, target_passed = None, True
    ahead = _scale_outs(inputs, target, settings)
    k_eff = rules.k_eff(state.entry, inputs.sigma_h, inputs.atr)
    distance = state.entry * inputs.sigma_h
    raw_static = None if k_eff is None else state.entry - sign * k_eff * distance
    static_stop = None if raw_static is None or raw_static <= 0.0 else _above_zero(stop_price(raw_static, tick, sign))
    static_target = _above_zero(target_price(state.entry + sign * inputs.base_m * distance, tick, sign))
    return Levels(
        stop=stop if valid else None,
        planned=planned,
        target=target,
        stop_passed=stop_passed,
        target_passed=target_passed,
        buffer=buffer,
        tp1=_at(ahead[0], tick, sign) if valid else None,
        tp2=_at(ahead[1], tick, sign) if valid else None,
        scale_outs=ahead,
        trail=_trail(inputs),
        breakeven=stop_price(rules.breakeven(state.entry), tick, sign),
        k_eff=k_eff,
        static_stop=static_stop,
        static_target=static_target,
        static_advice=_static_advice(inputs, static_stop, static_target, settings),
    )


def _static_advice(
    inputs: LevelInputs, stop: Decimal | None, target: Decimal | None, settings: Settings
) -> tuple[Decimal | None, Decimal | None]:
    """(stop, target) of document 003's static set as they may be advised now; a stop behind the mark takes the target with it."""
    sign, state = inputs.rules.sign, inputs.memory
    if stop is None:
        return None, None
    if inputs.resting_stop is not None:
        stop = stop_price(inputs.rules.tighter(float(stop), inputs.resting_stop), inputs.tick_size, sign)
    multiple = settings.risk.liquidation_buffer_multiple
    buffer = liquidation_buffer(sign, state.entry, float(stop), inputs.liquidation, inputs.margin_mode, multiple)
    if buffer.stop_is_beyond or sign * (inputs.mark - float(stop)) <= 0.0:
        return None, None
    return stop, target if target is not None and sign * (float(target) - inputs.mark) > 0.0 else None


def _target(inputs: LevelInputs, settings: Settings) -> float:
    """The ratcheted target from entry, or with tp_anchor = "price" one measured from the mark (advice only)."""
    state, rules = inputs.memory, inputs.rules
    from_entry = rules.target(state.entry, state.m_eff, inputs.sigma_h)
    if settings.stops.tp_anchor == "price":
        return rules.target(inputs.mark, state.m_eff, inputs.sigma_h)
    return from_entry if state.target is None else state.target


def _scale_outs(inputs: LevelInputs, target: Decimal | None, settings: Settings) -> tuple[ScaleOut | None, ScaleOut | None]:
    state, sign = inputs.memory, inputs.rules.sign
    prices = scale_out_prices(sign, state.entry, state.r0, settings.stops)
    limit = None if target is None else float(target)
    return scale_outs_ahead(sign, inputs.mark, limit, prices, inputs.closed_frac, settings.stops)


def _trail(inputs: LevelInputs) -> Decimal | None:
    """The trail's stop at today's peak and ATR, never looser than the plan; None before breakeven or behind the mark."""
    state, rules = inputs.memory, inputs.rules
    trailed = rules.trailed_stop(state.entry, state.r0, rules.better(state.peak, inputs.mark), inputs.atr)
    if trailed is None:
        return None
    stop = rules.tighter(trailed, state.stop)
    return stop_price(stop, inputs.tick_size, rules.sign) if rules.sign * (inputs.mark - stop) > 0.0 else None


def _at(scale_out: ScaleOut | None, tick: Decimal, sign: int) -> Decimal | None:
    return None if scale_out is None else _above_zero(target_price(scale_out.price, tick, sign))


def _above_zero(price: Decimal) -> Decimal | None:
    return price if price > 0 else None
