"""The report of one position out of its computed parts: document 003's names, prices on the tick grid."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from market_analysis.domain import Finding, PositionMemory, from_milliseconds
from market_analysis.risk.lots import split_lots
from market_analysis.risk.multiples import CONFIDENCE_ADJUSTMENT, VOLATILITY_ADJUSTMENT
from market_analysis.risk.position_findings import action_of, verdict_of
from market_analysis.risk.position_inputs import PositionInputs
from market_analysis.risk.position_plan import PositionPlan
from market_analysis.risk.types import PositionReport, ProtectionReport, VolatilityReport
from market_analysis.risk.valuation import dollars
from market_analysis.risk.variance_mixture import GARCH, HAR
from market_analysis.risk.volatility import VolatilityModel
from market_analysis.settings import Settings

_SIGNIFICANT = 8


@dataclass(frozen=True, slots=True, eq=False)
class ReportParts:
    """What a report is drawn from; plan and model None where the position could not be modelled."""

    inputs: PositionInputs
    protection: ProtectionReport
    plan: PositionPlan | None
    model: VolatilityModel | None
    findings: tuple[Finding, ...]
    settings: Settings


def position_report(parts: ReportParts) -> PositionReport:
    """Assemble the report."""
    stops = parts.settings.stops
    fields: dict[str, Any] = {
        **_identity(parts),
        **_volatility(parts),
        **_levels(parts),
        **_scale_outs(parts),
        **_size(parts),
    }
    return PositionReport(
        **fields,
        scaleout_frac1=stops.scaleout_frac1,
        scaleout_frac2=stops.scaleout_frac2,
        leave_runner_frac=stops.leave_runner_frac,
        volatility_adjustment=VOLATILITY_ADJUSTMENT,
        confidence_adjustment=CONFIDENCE_ADJUSTMENT,
        portfolio_scale=1.0,
        protection=parts.protection,
        position_health=verdict_of(parts.findings),
        action_required=action_of(parts.findings),
        portfolio_note=None,
        findings=parts.findings,
    )


def _identity(parts: ReportParts) -> dict[str, object]:
    inputs, position, plan = parts.inputs, parts.inputs.position, parts.plan
    value, pnl = inputs.notional_usd, inputs.valuer.usd(float(position.unrealized_pnl))
    memory = plan.anchored.memory if plan else None
    move = inputs.sign * (float(inputs.mark) - float(position.entry_price))
    return {
        "key": position.key,
        "symbol": position.instrument.symbol,
        "side": position.side,
        "entry_price": position.entry_price,
        "current_price": inputs.mark,
        "position_size": position.quantity,
        "notional": dollars(value),
        "leverage": position.leverage,
        "margin_mode": position.margin_mode,
        "current_pnl": dollars(pnl),
        "current_pnl_frac": pnl / value if pnl is not None and value else None,
        "r_multiple": move / memory.r0 if memory else None,
        "liquidation_price": position.liquidation_price,
        "adl_rank": position.adl_rank,
        "funding_per_day_usd": dollars(inputs.funding_per_day_usd),
        "tick_size": inputs.instrument.tick_size if inputs.instrument else None,
        "money_currency": "USD",
        "opened_at": from_milliseconds(plan.events[0].time_ms) if plan and plan.events else None,
        "anchor_entry": _price(memory.entry if memory else None),
        "anchor_estimated": memory.anchor_estimated if memory else False,
        "r0": _price(memory.r0 if memory else None),
        "r0_source": memory.r0_source if memory else None,
    }


def _volatility(parts: ReportParts) -> dict[str, object]:
    model, mark = parts.model, float(parts.inputs.mark)
    report = model.report if model else None
    return {
        "atr": _price(model.atr_abs if model else None),
        "atr_frac": model.atr_abs / mark if model else None,
        "volatility_method": report.method if report else None,
        "sigma_H": report.sigma_h if report else None,
        "sigma_H_abs": _price(report.sigma_h * mark if report else None),
        "har_sigma_ann": _annual(report, HAR),
        "garch_sigma_ann": _annual(report, GARCH),
        "volatility": report,
    }


def _annual(report: VolatilityReport | None, name: str) -> float | None:
    models = report.models if report else ()
    return next((model.sigma_ann for model in models if model.name == name), None)


def _levels(parts: ReportParts) -> dict[str, object]:
    plan, mark = parts.plan, parts.inputs.mark
    levels = plan.levels if plan else None
    dynamic = (levels.stop, levels.target) if levels else (None, None)
    static = (levels.static_stop, levels.static_target) if levels else (None, None)
    advice = levels.static_advice if levels else (None, None)
    stop, target = dynamic if parts.settings.stops.use_state_anchored else advice
    return {
        "stop_loss": stop,
        "take_profit": target,
        "sl_distance": _distance(stop, mark),
        "tp_distance": _distance(target, mark),
        "sl_frac": _share(stop, mark),
        "tp_frac": _share(target, mark),
        "k_multiplier": plan.multiples.k if plan else None,
        "m_multiplier": plan.multiples.m if plan else None,
        "k_eff": levels.k_eff if levels else None,
        "m_eff": plan.anchored.memory.m_eff if plan else None,
        "static_stop_loss": static[0],
        "static_take_profit": static[1],
        "static_sl_distance": _distance(static[0], parts.inputs.position.entry_price),
        "static_tp_distance": _distance(static[1], parts.inputs.position.entry_price),
        "dynamic_stop_loss": dynamic[0],
        "dynamic_take_profit": dynamic[1],
        "dynamic_sl_distance": _distance(dynamic[0], mark),
        "dynamic_tp_distance": _distance(dynamic[1], mark),
        "dynamic_p_tp": plan.probabilities.p_tp if plan and plan.probabilities and dynamic[1] is not None else None,
        "dynamic_reasons": _reasons(parts),
        "trail_stop_suggestion": levels.trail if levels else None,
        "breakeven_price": levels.breakeven if levels else None,
        "probabilities": plan.probabilities if plan else None,
        "liquidation_buffer_safe": levels.buffer.safe if levels else None,
        "liquidation_buffer_ratio": levels.buffer.ratio if levels else None,
    }


def _reasons(parts: ReportParts) -> tuple[str, ...]:
    """Why the levels lie where they do, one short line each."""
    plan = parts.plan
    if plan is None:
        return ()
    memory, levels = plan.anchored.memory, plan.levels
    lines = [f"R0 {_price(memory.r0)} from {memory.r0_source}"]
    if memory.anchor_estimated:
        lines.append("anchor_estimated: fills or bars do not reach back to the entry")
    if levels.k_eff is not None and levels.k_eff > plan.multiples.k:
        lines.append(f"k raised from {plan.multiples.k:g} to {levels.k_eff:.3g}: at least 1 ATR or 3 times the costs away")
    if plan.rules.reached_r(memory.entry, memory.r0, memory.peak) >= parts.settings.stops.breakeven_after_R:
        lines.append("peak beyond breakeven_after_R: stop at breakeven or trailed")
    if levels.stop is not None and levels.stop != levels.planned:
        lines.append(f"the resting stop {levels.stop} is tighter than the plan {levels.planned} and stays")
    if levels.stop_passed:
        lines.append("stop_passed: the planned stop lies behind the mark")
    if levels.target_passed:
        lines.append("target_passed: the target lies behind the mark")
    choice = plan.anchored.choice
    lines.append(choice.why if choice else _remembered_choice(memory))
    if parts.settings.stops.tp_anchor == "price":
        lines.append('tp_anchor = "price": the target is measured from the mark, advice only')
    return tuple(lines)


def _remembered_choice(memory: PositionMemory) -> str:
    if memory.target_reachable:
        return f"m {memory.m_eff:g} as chosen at the anchor"
    return f"base m {memory.m_eff:g}: at the anchor no multiple had the wanted probability and reward to risk"


def _scale_outs(parts: ReportParts) -> dict[str, object]:
    """tp1, tp2 and the quantities of the size held; a void scale-out has no price and its lots go to the runner."""
    plan, instrument = parts.plan, parts.inputs.instrument
    if plan is None or instrument is None:
        return dict.fromkeys(("tp1", "tp2", "tp1_quantity", "tp2_quantity", "runner_quantity"))
    levels = plan.levels
    first, second = (
        out.fraction if out and price is not None else 0.0
        for out, price in zip(levels.scale_outs, (levels.tp1, levels.tp2), strict=True)
    )
    fractions = (first, second, max(1.0 - first - second, 0.0))
    lots = split_lots(parts.inputs.position.quantity, instrument.quantity_step, fractions)
    return {
        "tp1": levels.tp1,
        "tp2": levels.tp2,
        "tp1_quantity": lots[0] if levels.tp1 is not None else None,
        "tp2_quantity": lots[1] if levels.tp2 is not None else None,
        "runner_quantity": lots[2],
    }


def _size(parts: ReportParts) -> dict[str, object]:
    plan, held = parts.plan, parts.inputs.position.quantity
    size, money = (plan.size, plan.money) if plan else (None, None)
    optimal = size.quantity if size else None
    return {
        "regime_score": plan.confidence.score if plan and plan.confidence else None,
        "confidence_factors": plan.confidence.factors if plan and plan.confidence else (),
        "risk_target_frac": plan.risk_frac if plan else None,
        "optimal_position_size": optimal,
        "size_refusal": size.refusal if size else "not_modelled",
        "dollar_risk": dollars(money.planned_risk) if money else None,
        "dollar_reward": dollars(money.planned_reward) if money else None,
        "current_dollar_risk": dollars(money.current_risk) if money else None,
        "current_dollar_reward": dollars(money.current_reward) if money else None,
        "risk_reward_ratio": money.reward_to_risk if money else None,
        "risk_deviation_ratio": float(held / optimal) if optimal else None,
    }


def _price(value: float | None) -> Decimal | None:
    """A computed price that is no order level: eight significant digits."""
    return None if value is None else Decimal(f"{value:.{_SIGNIFICANT}g}")


def _distance(level: Decimal | None, origin: Decimal) -> Decimal | None:
    return None if level is None else abs(level - origin)


def _share(level: Decimal | None, origin: Decimal) -> float | None:
    return None if level is None else float(abs(level - origin) / origin)
