"""What the policy leads to within the horizon: one simulated run per position (rulings 3 to 5, 7, 10)."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np

from market_analysis.quant.arrays import Float1D, Float2D
from market_analysis.quant.barrier import one_sided_hit, static_stop_probability
from market_analysis.quant.past_windows import Shares, pooled_shares, replay
from market_analysis.quant.policy import simulate
from market_analysis.quant.policy_inputs import PolicyInputs, ScaleOut
from market_analysis.quant.policy_outcome import PolicyOutcome, TargetOutcome
from market_analysis.risk.ratchet import LATE_AFTER_R
from market_analysis.risk.types import ProbabilityReport
from market_analysis.risk.volatility import VolatilityModel
from market_analysis.settings import Settings

SIMULATED, CLOSED_FORM = "policy simulation", "static stop"
UNCALIBRATED, PAST_WINDOWS = "none", "past windows"
_FAR = 1e9


@dataclass(frozen=True, slots=True)
class PolicyState:
    """A position and its levels at one moment, prices > 0. scale_outs: those still to come, nearest first."""

    sign: int
    price: float
    entry: float
    stop: float
    r0: float
    peak: float
    atr: float
    fee_frac: float
    scale_outs: tuple[ScaleOut, ...]

    @property
    def runner_frac(self) -> float:
        """What the scale-outs leave for the target."""
        return max(1.0 - sum(scale_out.fraction for scale_out in self.scale_outs), 0.0)


def seed_for(seed: int, position: str, last_bar_ms: int) -> int:
    """A stable 63-bit seed from the settings' seed, the position's text and its last closed bar (ruling 7)."""
    digest = hashlib.sha256(f"{seed}|{position}|{last_bar_ms}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def run_policy(state: PolicyState, model: VolatilityModel, targets: Float1D, settings: Settings, seed: int) -> PolicyOutcome | None:
    """Simulate `state` over prob.horizon_hours from now; None when the model has too few residuals (closed form instead)."""
    if model.residuals is None:
        return None
    return simulate(_inputs(state, model, model.residuals, targets, settings, seed))


def replay_policy(outcome: PolicyOutcome | None, model: VolatilityModel) -> PolicyOutcome | None:
    """The position of `outcome` lived through the model's past windows; None where there is no outcome or are too few windows."""
    return None if outcome is None or model.windows is None else replay(outcome.inputs, model.windows)


def _inputs(
    state: PolicyState, model: VolatilityModel, residuals: Float2D, targets: Float1D, settings: Settings, seed: int
) -> PolicyInputs:
    better = max if state.sign > 0 else min
    return PolicyInputs(
        side=state.sign,
        price=state.price,
        entry=state.entry,
        stop=state.stop,
        initial_risk=state.r0,
        peak=better(state.peak, state.price),
        atr=state.atr,
        trail_mult_initial=settings.stops.atr_trail_mult_initial,
        trail_mult_late=settings.stops.atr_trail_mult_late,
        breakeven_after_r=settings.stops.breakeven_after_R,
        late_after_r=LATE_AFTER_R,
        fee_frac=state.fee_frac,
        scale_outs=state.scale_outs,
        runner_frac=state.runner_frac,
        target_grid=targets,
        variance_path=model.variance_path[: settings.prob.horizon_hours],
        residuals=residuals,
        garch=model.recursion,
        seed=seed,
        paths=settings.prob.paths,
    )


def static_probabilities(state: PolicyState, model: VolatilityModel, targets: Float1D, settings: Settings) -> Float1D:
    """Closed-form P(target before a stop that never moves) within the horizon, per target price."""
    sigma = model.sigma_over(settings.prob.horizon_hours)
    return static_stop_probability(state.price, targets, state.stop, state.sign, sigma).p_tp


def probability_report(
    state: PolicyState, model: VolatilityModel, target: float | None, outcome: PolicyOutcome | None, settings: Settings
) -> ProbabilityReport:
    """Outcomes of the position now. Without a target p_tp is 0 and the rest says how the stop fares.

    outcome None: the closed form for a static stop, which knows no breakeven. Where the model has past windows, the simulation is
    pooled with their answer, half and half. standard_error: of the simulated half alone, Monte Carlo; windows are data.
    """
    horizon = settings.prob.horizon_hours
    check = None if target is None else float(static_probabilities(state, model, np.array([target]), settings)[0])
    if outcome is None:
        return _closed_form(state, model, target, horizon)
    level = state.price * _FAR**state.sign if target is None else target
    at, past = outcome.outcome_at(level), replay_policy(outcome, model)
    shares, error, noise = shares_of(at), at.standard_error_tp, outcome.p_noise_stop
    if past is not None:
        shares = pooled_shares(shares, shares_of(past.outcome_at(level)))
        error, noise = 0.5 * error, 0.5 * (noise + past.p_noise_stop)
    p_tp, p_sl, p_breakeven, p_open = shares
    return ProbabilityReport(
        horizon_hours=horizon,
        p_tp=p_tp,
        p_sl=p_sl,
        p_breakeven=p_breakeven,
        p_open=p_open,
        standard_error=error,
        p_noise_stop=noise,
        static_stop_p_tp=check,
        paths=outcome.inputs.paths,
        method=SIMULATED,
        calibration=UNCALIBRATED if past is None else PAST_WINDOWS,
    )


def shares_of(at: TargetOutcome) -> Shares:
    """Target, stop at a loss, stop at or above breakeven, still open."""
    return at.p_tp, at.p_sl, at.p_breakeven, at.p_open


def _closed_form(state: PolicyState, model: VolatilityModel, target: float | None, horizon: int) -> ProbabilityReport:
    sigma = model.sigma_over(horizon)
    far = state.price * _FAR**state.sign if target is None else target
    static = static_stop_probability(state.price, far, state.stop, state.sign, sigma)
    distance = state.sign * math.log(state.price / state.stop)
    noise = float(one_sided_hit(distance, sigma, 1.0, 0.5 * state.sign * sigma * sigma))
    return ProbabilityReport(
        horizon_hours=horizon,
        p_tp=float(static.p_tp),
        p_sl=float(static.p_sl),
        p_breakeven=0.0,
        p_open=float(static.p_open),
        standard_error=0.0,
        p_noise_stop=noise,
        static_stop_p_tp=float(static.p_tp),
        paths=0,
        method=CLOSED_FORM,
        calibration=UNCALIBRATED,
    )
