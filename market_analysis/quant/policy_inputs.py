"""What a simulated policy run needs: the position, its stop rules, and the distribution of the bars to come."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, Float2D, as_float_1d
from market_analysis.quant.residuals import CLOSE, HIGH, LOW

__all__ = ["GarchRecursion", "PolicyInputs", "ScaleOut"]


@dataclass(frozen=True, slots=True)
class GarchRecursion:
    """h_(t+1) = omega + (alpha * z_t^2 + beta) * h_t inside each path; `variance` is h of the first simulated bar.

    Only the shape of h matters: each bar's level is scaled so that the mean over paths is the forecast `variance_path`.
    """

    omega: float
    alpha: float
    beta: float
    variance: float


@dataclass(frozen=True, slots=True)
class ScaleOut:
    """A partial exit: `fraction` of the initial size at `price`; `done` once it has been filled."""

    price: float
    fraction: float
    done: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class PolicyInputs:
    """One position, its policy and its market; validated at construction (QuantError names the field).

    side            +1 long, -1 short
    price           current price; the origin of every path
    entry           E, average entry
    stop            the stop as it rests now (or the planned one), price
    initial_risk    R0 = |E - first stop|, price units, frozen since entry
    peak            best price since entry (highest for a long)
    atr             average true range held at today's, price units
    trail_mult_initial, trail_mult_late
                    ATR multiples of the chandelier stop at `breakeven_after_r` and from `late_after_r` on, linear
                    between
    breakeven_after_r, late_after_r
                    peak excursion in R from which stop moves begin, and from which the trail is at its late multiple
    fee_frac        fee of one fill, fraction of notional: breakeven is E * (1 + side * 2 * fee_frac)
    scale_outs, runner_frac
                    partial exits and what is left for the target; fractions of the initial size, summing to one
    target_grid     target prices (m,) whose probabilities are wanted
    variance_path   forecast variance of each bar to come (bars,), squared log units
    residuals       whole-bar residuals (n, 3) of `standardised_bar_residuals`
    garch           variance recursion inside each path; None: every path has `variance_path`
    seed            all randomness derives from it
    paths           number of simulated paths; 10,000 keep every standard error at or below .005
    log_mode        zero mean log return and policy distances in logs, so that long and short mirror exactly
    """

    side: int
    price: float
    entry: float
    stop: float
    initial_risk: float
    peak: float
    atr: float
    trail_mult_initial: float
    trail_mult_late: float
    breakeven_after_r: float
    fee_frac: float
    scale_outs: tuple[ScaleOut, ...]
    runner_frac: float
    target_grid: Float1D
    variance_path: Float1D
    residuals: Float2D
    seed: int
    late_after_r: float = 2.0
    garch: GarchRecursion | None = None
    paths: int = 10_000
    log_mode: bool = False

    def __post_init__(self) -> None:
        if self.side not in (1, -1):
            raise QuantError(f"side is {self.side}, must be +1 (long) or -1 (short)", parameter="side")
        for name in ("price", "entry", "stop", "initial_risk", "peak"):
            _require(name, getattr(self, name), above_zero=True)
        for name in (
            "atr",
            "trail_mult_initial",
            "trail_mult_late",
            "breakeven_after_r",
            "late_after_r",
            "runner_frac",
        ):
            _require(name, getattr(self, name), above_zero=False)
        if not 0.0 <= self.fee_frac < 0.25:
            raise QuantError(f"fee_frac is {self.fee_frac}, must lie in [0, .25)", parameter="fee_frac")
        if self.side * (self.peak - self.price) < 0.0:
            raise QuantError(f"peak {self.peak} is worse than price {self.price}", parameter="peak")
        if self.side > 0 and self.initial_risk >= self.entry:
            raise QuantError(
                f"initial_risk {self.initial_risk} puts the first stop of a long at or below zero",
                parameter="initial_risk",
            )
        if self.paths < 1:
            raise QuantError(f"paths is {self.paths}, must be at least 1", parameter="paths")
        if self.seed < 0:
            raise QuantError(f"seed is {self.seed}, must be at least 0", parameter="seed")
        _check_fractions(self.scale_outs, self.runner_frac)
        _check_arrays(self.target_grid, self.variance_path, self.residuals)
        if self.garch is not None:
            _check_garch(self.garch)


def _require(name: str, value: float, *, above_zero: bool) -> None:
    if not (math.isfinite(value) and (value > 0.0 if above_zero else value >= 0.0)):
        bound = "positive" if above_zero else "at least 0"
        raise QuantError(f"{name} is {value}, must be finite and {bound}", parameter=name)


def _check_fractions(scale_outs: tuple[ScaleOut, ...], runner_frac: float) -> None:
    for scale_out in scale_outs:
        _require("scale_outs.price", scale_out.price, above_zero=True)
        _require("scale_outs.fraction", scale_out.fraction, above_zero=False)
    total = sum(scale_out.fraction for scale_out in scale_outs) + runner_frac
    if abs(total - 1.0) > 1e-9:
        raise QuantError(f"fractions of scale_outs and runner_frac sum to {total}, must sum to 1", parameter="scale_outs")
    if sum(scale_out.fraction for scale_out in scale_outs if not scale_out.done) + runner_frac <= 0.0:
        raise QuantError("all scale-outs are done and no runner is left: there is no position", parameter="scale_outs")


def _check_arrays(target_grid: Float1D, variance_path: Float1D, residuals: Float2D) -> None:
    if not np.all(as_float_1d("target_grid", target_grid, minimum_length=0) > 0.0):
        raise QuantError("target_grid has a price that is not positive", parameter="target_grid")
    if not np.all(as_float_1d("variance_path", variance_path) >= 0.0):
        raise QuantError("variance_path has a negative variance", parameter="variance_path")
    if residuals.ndim != 2 or residuals.shape[0] < 1 or residuals.shape[1] != 3 or not np.isfinite(residuals).all():
        raise QuantError(f"residuals has shape {residuals.shape}, must be finite (n, 3) with n >= 1", parameter="residuals")
    body_high, body_low = np.maximum(residuals[:, CLOSE], 0.0), np.minimum(residuals[:, CLOSE], 0.0)
    if (residuals[:, HIGH] < body_high).any() or (residuals[:, LOW] > body_low).any():
        raise QuantError("residuals has a high below or a low above the bar's body", parameter="residuals")


def _check_garch(garch: GarchRecursion) -> None:
    for name in ("omega", "alpha", "beta"):
        _require(f"garch.{name}", getattr(garch, name), above_zero=False)
    _require("garch.variance", garch.variance, above_zero=True)
    if garch.omega + garch.alpha + garch.beta <= 0.0:
        raise QuantError("garch has no variance: omega, alpha and beta are all 0", parameter="garch")
