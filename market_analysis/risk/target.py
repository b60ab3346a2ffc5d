"""Scale-outs, reward to risk in money, and the choice of the target multiple (rulings 3, 5, 6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market_analysis.quant.arrays import Float1D
from market_analysis.quant.logit import choose_target_multiple
from market_analysis.quant.policy_inputs import ScaleOut
from market_analysis.risk.probability import PolicyState, run_policy, static_probabilities
from market_analysis.risk.ratchet import FARTHEST_LOG
from market_analysis.risk.valuation import Valuer
from market_analysis.risk.volatility import VolatilityModel
from market_analysis.settings import Settings, StopsSettings

_DONE_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class TargetChoice:
    """m_eff: the multiple; reachable: whether any multiple met both conditions (else m_eff is the base); why: one line."""

    m_eff: float
    reachable: bool
    why: str


def scale_out_prices(sign: int, entry: float, r0: float, stops: StopsSettings) -> tuple[float | None, float | None]:
    """tp1 and tp2 = E + sign * r * R0, None where that is no price."""
    first, second = (entry + sign * r * r0 for r in (stops.scaleout_r1, stops.scaleout_r2))
    return (first if first > 0.0 else None), (second if second > 0.0 else None)


def scale_outs_ahead(
    sign: int,
    price: float,
    target: float | None,
    levels: tuple[float | None, float | None],
    closed_frac: float,
    stops: StopsSettings,
) -> tuple[ScaleOut | None, ScaleOut | None]:
    """The two partial exits still to come, as fractions of the size held now; None for one that is void.

    Void: already made (the position was reduced by its fraction), behind the price, at or beyond the target (ruling 3; its
    fraction then goes to the target), or of no size.
    """
    first_done = stops.scaleout_frac1 > 0.0 and closed_frac >= stops.scaleout_frac1 - _DONE_TOLERANCE
    both = stops.scaleout_frac1 + stops.scaleout_frac2
    second_done = both > 0.0 and closed_frac >= both - _DONE_TOLERANCE
    held = 1.0 - (both if second_done else stops.scaleout_frac1 if first_done else 0.0)
    fractions = (0.0 if first_done else stops.scaleout_frac1, 0.0 if second_done else stops.scaleout_frac2)

    def ahead(level: float | None, fraction: float) -> ScaleOut | None:
        if level is None or fraction <= 0.0 or sign * (level - price) <= 0.0:
            return None
        if target is not None and sign * (target - level) <= 0.0:
            return None
        return ScaleOut(level, min(fraction / held, 1.0))

    return ahead(levels[0], fractions[0]), ahead(levels[1], fractions[1])


def reward(valuer: Valuer, sign: int, quantity: float, price: float, target: float, scale_outs: tuple[ScaleOut, ...]) -> float:
    """Quote currency gained from `price` if every scale-out and then the target fills; exit fees in, no slippage (limits)."""
    parts = [(quantity * scale_out.fraction, scale_out.price) for scale_out in scale_outs]
    left = max(quantity - sum(part for part, _ in parts), 0.0)
    return sum(
        valuer.in_quote(valuer.profit(sign, part, price, level) - valuer.fill_cost(part, level, slips=False), level)
        for part, level in (*parts, (left, target))
    )


def reward_to_risk(
    valuer: Valuer, sign: int, price: float, stop: float, target: float, scale_outs: tuple[ScaleOut, ...]
) -> float | None:
    """Reward over the loss at the stop, money after costs, from `price`; None when the stop loses nothing."""
    loss = valuer.in_quote(valuer.loss_after_costs(sign, 1.0, price, stop), stop)
    return reward(valuer, sign, 1.0, price, target, scale_outs) / loss if loss > 0.0 else None


def multiple_grid(settings: Settings) -> Float1D:
    """m_min, m_min + m_step, ... up to m_max."""
    prob = settings.prob
    count = int((prob.m_max - prob.m_min) / prob.m_step + 1e-9) + 1
    return np.asarray(prob.m_min + prob.m_step * np.arange(count))


def choose_target(
    state: PolicyState, sigma_h: float, base_m: float, model: VolatilityModel, valuer: Valuer, settings: Settings, seed: int
) -> TargetChoice:
    """The largest m whose target E * exp(sign * m * sigma_h) has p >= prob_target and reward to risk >= min_reward_risk.

    p is that of the policy within prob.horizon_hours (static stop where the model has too few residuals). None: base_m.
    """
    grid = multiple_grid(settings)
    prices = state.entry * np.exp(state.sign * np.minimum(grid * sigma_h, FARTHEST_LOG))
    outcome = run_policy(state, model, prices, settings, seed)
    p = static_probabilities(state, model, prices, settings) if outcome is None else outcome.p_target_by_grid
    ratios = np.array([_ratio_at(state, float(price), valuer, settings) for price in prices])
    prob = settings.prob
    at = choose_target_multiple(
        grid, p, ratios, prob_target=prob.prob_target, min_reward_risk=prob.min_reward_risk, prob_alpha=prob.prob_alpha
    )
    bounds = f"P(target) >= {prob.prob_target:g} within {prob.horizon_hours} h and reward to risk >= {prob.min_reward_risk:g}"
    if at is None:
        return TargetChoice(base_m, False, f"no multiple in {grid[0]:g}..{grid[-1]:g} has {bounds}; base m {base_m:g} stays")
    return TargetChoice(float(grid[at]), True, f"m {grid[at]:g} is the largest with {bounds}")


def _ratio_at(state: PolicyState, target: float, valuer: Valuer, settings: Settings) -> float:
    levels = scale_out_prices(state.sign, state.entry, state.r0, settings.stops)
    ahead = scale_outs_ahead(state.sign, state.price, target, levels, 0.0, settings.stops)
    if state.sign * (target - state.price) <= 0.0:
        return 0.0
    ratio = reward_to_risk(valuer, state.sign, state.price, state.stop, target, tuple(s for s in ahead if s is not None))
    return 0.0 if ratio is None else ratio
