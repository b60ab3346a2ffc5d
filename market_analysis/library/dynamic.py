"""State-anchored levels of one position: the product's policy in one call (rulings 1 to 6)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, TypedDict

import numpy as np

from market_analysis.domain import Side
from market_analysis.library.arguments import ArgumentError, Config, above_zero, at_least_zero, settings_from, side_of
from market_analysis.quant.barrier import static_stop_probability
from market_analysis.quant.logit import choose_target_multiple
from market_analysis.risk.ratchet import RatchetRules
from market_analysis.risk.target import multiple_grid, reward_to_risk, scale_out_prices, scale_outs_ahead
from market_analysis.risk.valuation import BASIS_POINT, Valuer
from market_analysis.settings import Settings

TAKER_FEE_FRAC: Final = 0.00055
"""Bybit's standard taker fee of linear contracts; pass the account's own where it is known."""


class DynamicLevels(TypedDict):
    """SL, TP: prices, None where the level lies behind the price (`reasons` says so). r_unreal: >= 0, in R of the planned stop.

    p_tp: unsoftened, within p_horizon_hours, at the current distances, None without both levels. sigma_price: over
    horizon_hours, price units.
    """

    SL: float | None
    TP: float | None
    k_eff: float
    m_eff: float
    p_tp: float | None
    p_horizon_hours: int
    p_method: str
    r_unreal: float
    reasons: list[str]
    sigma_price: float
    horizon_hours: int
    sigma_source: str


@dataclass(frozen=True, slots=True)
class _Plan:
    """A position's fixed facts. risk: R0, price units; sigma_p: over prob.horizon_hours."""

    entry: float
    sigma_h: float
    sigma_p: float
    stop: float
    k_eff: float
    risk: float
    rules: RatchetRules
    valuer: Valuer
    settings: Settings


def dynamic_levels_from_state(
    current_price: float,
    entry_price: float,
    side: str,
    sigma_H: float,
    atr: float,
    base_k: float,
    base_m: float,
    cfg: Config,
    *,
    peak_price: float | None = None,
    previous_stop: float | None = None,
    previous_target: float | None = None,
    taker_fee_frac: float = TAKER_FEE_FRAC,
) -> DynamicLevels:
    """Stop and target as they stand now. Levels are in logs and anchored at the entry; sigma_H (fraction) is used as given.

    SL: the tightest of E exp(-s k_eff sigma_H), with k_eff = base_k raised to at least min_stop_atr_multiple ATR and
    min_stop_cost_multiple round trips; from breakeven_after_R on E (1 + s 2 fee) and the trail behind the peak; `previous_stop`.
    TP: E exp(s m_eff sigma_H), or `previous_target` if nearer. m_eff: the largest m of the [prob] grid that, at the entry, has
    p >= prob_target (softened by prob_alpha) within [prob] horizon_hours and reward to risk >= min_reward_risk after costs; none:
    base_m. p is the closed form for a static stop, sigma over the horizon sigma_H sqrt(hours / [vol] horizon_hours).

    peak_price: best price since the entry, by default the current one. The function keeps no memory: pass the last answer's SL and
    TP as previous_stop and previous_target, or a stop can loosen when sigma_H or the peak do. cfg: full settings, {} for defaults.
    Raises ArgumentError for numbers out of their bounds or an ATR that leaves no room for a stop.
    """
    settings, direction = settings_from(cfg, "prob"), side_of(side)
    now, atr_now = above_zero("current_price", current_price), at_least_zero("atr", atr)
    plan = _plan(entry_price, direction, sigma_H, atr_now, base_k, taker_fee_frac, settings)
    rules, reasons = plan.rules, list[str]()
    stop = _stop(plan, now if peak_price is None else rules.better(now, above_zero("peak_price", peak_price)), atr_now, reasons)
    if previous_stop is not None:
        stop = rules.tighter(stop, above_zero("previous_stop", previous_stop))
    m_eff = _choose_multiple(plan, above_zero("base_m", base_m), reasons)
    anchor = now if settings.stops.tp_anchor == "price" else plan.entry
    target = rules.target(anchor, m_eff, plan.sigma_h)
    if previous_target is not None:
        target = rules.nearer(target, above_zero("previous_target", previous_target))
    sl = _ahead(-direction.sign * (stop - now), stop, "stop_passed: the stop lies behind the price; exit or set your own", reasons)
    tp = _ahead(direction.sign * (target - now), target, "target_passed: the price is beyond the target", reasons)
    p_tp = None
    if sl is not None and tp is not None:
        p_tp = float(static_stop_probability(now, tp, sl, direction.sign, plan.sigma_p).p_tp)
    return {
        "SL": sl,
        "TP": tp,
        "k_eff": plan.k_eff,
        "m_eff": m_eff,
        "p_tp": p_tp,
        "p_horizon_hours": settings.prob.horizon_hours,
        "p_method": "static stop",
        "r_unreal": max(rules.reached_r(plan.entry, plan.risk, now), 0.0),
        "reasons": reasons,
        "sigma_price": now * plan.sigma_h,
        "horizon_hours": settings.vol.horizon_hours,
        "sigma_source": "caller",
    }


def _plan(
    entry_price: float, side: Side, sigma_h: float, atr: float, base_k: float, taker_fee_frac: float, settings: Settings
) -> _Plan:
    entry, sigma = above_zero("entry_price", entry_price), above_zero("sigma_H", sigma_h)
    slippage = settings.risk.slippage_bps * BASIS_POINT
    rules = RatchetRules(
        side.sign, above_zero("base_k", base_k), at_least_zero("taker_fee_frac", taker_fee_frac), slippage, settings.stops
    )
    k_eff = rules.k_eff(entry, sigma, atr)
    if k_eff is None:
        raise ArgumentError(
            f"atr is {atr} at entry price {entry}: no price is far enough for a stop",
            parameter="atr",
            remedy="check the unit of atr (price units), or lower [stops] min_stop_atr_multiple",
        )
    stop = entry * math.exp(-side.sign * k_eff * sigma)
    sigma_p = sigma * math.sqrt(settings.prob.horizon_hours / settings.vol.horizon_hours)
    valuer = Valuer(False, 1.0, rules.taker_fee_frac, slippage, 1.0)
    return _Plan(entry, sigma, sigma_p, stop, k_eff, abs(entry - stop), rules, valuer, settings)


def _stop(plan: _Plan, peak: float, atr: float, reasons: list[str]) -> float:
    """The planned stop, or breakeven and the trail behind the peak where these are tighter."""
    trailed = plan.rules.trailed_stop(plan.entry, plan.risk, peak, atr)
    if trailed is None:
        return plan.stop
    reasons.append(f"stop at breakeven or on the trail: the peak is {plan.rules.reached_r(plan.entry, plan.risk, peak):.2f} R")
    return plan.rules.tighter(plan.stop, trailed)


def _choose_multiple(plan: _Plan, base_m: float, reasons: list[str]) -> float:
    """m_eff, chosen as of the entry."""
    sign, prob = plan.rules.sign, plan.settings.prob
    grid = multiple_grid(plan.settings)
    targets = plan.entry * np.exp(sign * grid * plan.sigma_h)
    p = static_stop_probability(plan.entry, targets, plan.stop, sign, plan.sigma_p).p_tp
    ratios = np.array([_reward_to_risk(plan, float(target)) for target in targets])
    at = choose_target_multiple(
        grid, p, ratios, prob_target=prob.prob_target, min_reward_risk=prob.min_reward_risk, prob_alpha=prob.prob_alpha
    )
    bounds = f"P(target) >= {prob.prob_target:g} within {prob.horizon_hours} h and reward to risk >= {prob.min_reward_risk:g}"
    if at is None:
        reasons.append(f"target_unreachable: no multiple has {bounds}; base m {base_m:g} stays")
        return base_m
    reasons.append(f"m {grid[at]:g} is the largest with {bounds}")
    return float(grid[at])


def _reward_to_risk(plan: _Plan, target: float) -> float:
    sign, stops = plan.rules.sign, plan.settings.stops
    prices = scale_out_prices(sign, plan.entry, plan.risk, stops)
    ahead = scale_outs_ahead(sign, plan.entry, target, prices, 0.0, stops)
    ratio = reward_to_risk(plan.valuer, sign, plan.entry, plan.stop, target, tuple(taken for taken in ahead if taken is not None))
    return 0.0 if ratio is None else ratio


def _ahead(distance: float, level: float, why_not: str, reasons: list[str]) -> float | None:
    if distance > 0.0:
        return level
    reasons.append(why_not)
    return None
