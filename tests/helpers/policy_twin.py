"""A slow, obvious twin of the policy simulation: one path, one bar, one price at a time; and positions to run it on."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from market_analysis.quant.policy_inputs import PolicyInputs, ScaleOut


def gaussian_bars(seed: int, count: int, substeps: int) -> np.ndarray:
    """Unit-variance Brownian bars (count, 3), close, high, low, in antithetic pairs so that the mean is exactly zero."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.standard_normal((count // 2, substeps)) / math.sqrt(substeps), axis=1)
    walk = np.vstack((walk, -walk))
    walk /= math.sqrt(np.mean(walk[:, -1] ** 2))
    return np.column_stack((walk[:, -1], np.maximum(walk.max(axis=1), 0.0), np.minimum(walk.min(axis=1), 0.0)))


def fat_bars(seed: int, count: int = 600) -> np.ndarray:
    """Fat-tailed, skewed residual bars of zero mean and unit variance."""
    rng = np.random.default_rng(seed)
    close = rng.standard_t(4, count) + 0.3 * rng.exponential(1.0, count)
    close = (close - close.mean()) / close.std()
    high = np.maximum(close, 0.0) + rng.exponential(0.4, count)
    low = np.minimum(close, 0.0) - rng.exponential(0.4, count)
    return np.column_stack((close, high, low))


def position(**changes: Any) -> PolicyInputs:
    """A long at 100 with k = 2 and the default policy, 4h sigma 1.2 %, 72 bars of 1h; `changes` override fields."""
    side = changes.get("side", 1)
    entry, sigma_h = 100.0, 0.012
    stop = entry * math.exp(-side * 2.0 * sigma_h)
    risk = abs(entry - stop)
    fields: dict[str, Any] = {
        "side": side,
        "price": entry,
        "entry": entry,
        "stop": stop,
        "initial_risk": risk,
        "peak": entry,
        "atr": 1.4,
        "trail_mult_initial": 2.0,
        "trail_mult_late": 1.5,
        "breakeven_after_r": 1.0,
        "fee_frac": 0.00055,
        "scale_outs": (ScaleOut(entry + side * 1.5 * risk, 0.4), ScaleOut(entry + side * 3.0 * risk, 0.3)),
        "runner_frac": 0.3,
        "target_grid": entry * np.exp(side * np.arange(2.0, 6.01, 0.25) * sigma_h),
        "variance_path": np.full(72, 0.006**2),
        "residuals": fat_bars(1),
        "seed": 7,
        "paths": 2_000,
    }
    return PolicyInputs(**(fields | changes))


def static(**changes: Any) -> PolicyInputs:
    """The same position with a stop that never moves and no scale-outs."""
    return position(breakeven_after_r=1e9, late_after_r=1e9, scale_outs=(), runner_frac=1.0, **changes)


def run_path(inputs: PolicyInputs, draws: list[int]) -> dict[str, float]:
    """Walk one path in prices; returns the best and exit prices, the last close, and whether the placed stop was touched."""
    s, log_mode = inputs.side, inputs.log_mode
    close, stop, peak, best, touched = inputs.price, inputs.stop, inputs.peak, inputs.price, False
    exited: float | None = None
    crossed = s * (stop - inputs.price) >= 0
    h = mean_h = inputs.garch.variance if inputs.garch else 1.0
    for variance, row in zip(inputs.variance_path.tolist(), draws, strict=True):
        sigma = math.sqrt(variance * h / mean_h)
        z, up, down = inputs.residuals[row].tolist()
        drift = (
            0.0 if log_mode else math.log(math.fsum(math.exp(sigma * x) for x in inputs.residuals[:, 0]) / len(inputs.residuals))
        )
        opened, close = close, close * math.exp(sigma * z - drift)
        high = max(opened, close) * math.exp(sigma * (up - max(z, 0.0)))
        low = min(opened, close) * math.exp(-sigma * (min(z, 0.0) - down))
        worst, good = (low, high) if s > 0 else (high, low)
        touched = touched or s * (worst - inputs.stop) <= 0
        if exited is None:
            if s * (worst - stop) <= 0:
                exited = stop if s * (stop - opened) <= 0 else opened
            else:
                best = good if s * (good - best) > 0 else best
                peak = good if s * (good - peak) > 0 else peak
                stop = _moved_stop(inputs, stop, peak)
        if inputs.garch:
            g = inputs.garch
            h = g.omega + g.alpha * h * z * z + g.beta * h
            mean_h = g.omega + (g.alpha + g.beta) * mean_h
    return {
        "reached": math.nan if crossed else best,
        "exit": math.nan if exited is None else exited,
        "last": close,
        "touched": float(touched),
    }


@lru_cache(maxsize=100_000)
def _log_mean_growth(sigma: float, shocks: tuple[float, ...]) -> float:
    return math.log(math.fsum(math.exp(sigma * x) for x in shocks) / len(shocks))


def _moved_stop(inputs: PolicyInputs, stop: float, peak: float) -> float:
    s, i = inputs.side, inputs
    if i.log_mode:
        r = s * math.log(peak / i.entry) / abs(math.log((i.entry - s * i.initial_risk) / i.entry))
    else:
        r = s * (peak - i.entry) / i.initial_risk
    if r < i.breakeven_after_r:
        return stop
    if r >= i.late_after_r:
        multiple = i.trail_mult_late
    else:
        share = (r - i.breakeven_after_r) / (i.late_after_r - i.breakeven_after_r)
        multiple = i.trail_mult_initial + share * (i.trail_mult_late - i.trail_mult_initial)
    if i.log_mode:
        candidates = [stop, i.entry * math.exp(s * 2 * i.fee_frac), peak * math.exp(-s * multiple * i.atr / i.price)]
    else:
        candidates = [stop, i.entry * (1 + s * 2 * i.fee_frac), peak - s * multiple * i.atr]
    return max(candidates) if s > 0 else min(candidates)
