"""What a simulated policy run says: the curve over all targets, and the whole outcome at one of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D
from market_analysis.quant.policy_inputs import PolicyInputs

__all__ = ["PolicyOutcome", "TargetOutcome", "binomial_standard_error"]


@dataclass(frozen=True, slots=True)
class TargetOutcome:
    """Outcome of the position with one target, over the horizon of the run.

    The four probabilities sum to exactly one: target; stopped at a loss; stopped at or above breakeven; still open.
    `p_scale_outs` has one entry per scale-out: None if it is done, or null because it lies at or beyond the target.
    `mean_payoff` is in price units per unit of the size still open, before costs and against the current price, open
    paths valued at their last close.
    """

    target: float
    p_tp: float
    p_sl: float
    p_breakeven: float
    p_open: float
    standard_error_tp: float
    standard_error_sl: float
    standard_error_breakeven: float
    standard_error_open: float
    p_scale_outs: tuple[float | None, ...]
    mean_payoff: float
    standard_error_payoff: float


@dataclass(frozen=True, slots=True, eq=False)
class PolicyOutcome:
    """One run of the policy. `p_target_by_grid` (m,) follows `inputs.target_grid`, with `standard_error` (m,).

    `p_noise_stop`: the probability that the stop as placed, never moved and without a target, is hit within the horizon
    (ruling 10). Per path (paths,), as side-signed log distances from the current price: `reached` before the stop or
    the horizon, `exit_level` of the stop's fill (NaN if not stopped), `last_close`.
    """

    inputs: PolicyInputs
    p_target_by_grid: Float1D
    standard_error: Float1D
    p_noise_stop: float
    p_noise_stop_standard_error: float
    breakeven_level: float
    reached: Float1D
    exit_level: Float1D
    last_close: Float1D

    def outcome_at(self, target_price: float) -> TargetOutcome:
        """The full outcome with a target at `target_price`, from the same paths. Raises QuantError unless it is
        positive and finite."""
        i = self.inputs
        if not (math.isfinite(target_price) and target_price > 0.0):
            raise QuantError(f"target_price is {target_price}, must be positive and finite", parameter="target_price")
        target = i.side * (math.log(target_price) - math.log(i.price))
        hit = self.reached >= target
        stopped = ~hit & ~np.isnan(self.exit_level)
        at_breakeven = stopped & (self.exit_level >= self.breakeven_level)
        counts = [int(np.count_nonzero(x)) for x in (hit, stopped & ~at_breakeven, at_breakeven, ~hit & ~stopped)]
        shares = exact_shares(counts)
        errors = binomial_standard_error(np.array(counts), i.paths).tolist()
        mean_payoff, standard_error_payoff, p_scale_outs = self._payoff(target, hit, stopped)
        return TargetOutcome(
            target=float(target_price),
            p_tp=shares[0],
            p_sl=shares[1],
            p_breakeven=shares[2],
            p_open=shares[3],
            standard_error_tp=errors[0],
            standard_error_sl=errors[1],
            standard_error_breakeven=errors[2],
            standard_error_open=errors[3],
            p_scale_outs=p_scale_outs,
            mean_payoff=mean_payoff,
            standard_error_payoff=standard_error_payoff,
        )

    def _payoff(
        self, target: float, hit: NDArray[np.bool_], stopped: NDArray[np.bool_]
    ) -> tuple[float, float, tuple[float | None, ...]]:
        i = self.inputs
        last = np.where(hit, max(target, 0.0), np.where(stopped, self.exit_level, self.last_close))
        rest = i.runner_frac + sum(s.fraction for s in i.scale_outs if not s.done)
        open_frac = rest
        total = np.zeros(self.reached.shape)
        shares: list[float | None] = []
        for scale_out in i.scale_outs:
            level = i.side * (math.log(scale_out.price) - math.log(i.price))
            if scale_out.done or level >= target:
                shares.append(None)
                continue
            filled = self.reached >= level
            shares.append(int(np.count_nonzero(filled)) / i.paths)
            total += scale_out.fraction * np.where(filled, self._profit(max(level, 0.0)), self._profit(last))
            rest -= scale_out.fraction
        total = (total + rest * self._profit(last)) / open_frac
        error = float(total.std() / math.sqrt(i.paths))
        return float(total.mean()), error, tuple(shares)

    def _profit(self, level: Float1D | float) -> Float1D:
        i = self.inputs
        return np.asarray(i.side * i.price * np.expm1(i.side * np.asarray(level)))


def binomial_standard_error(counts: NDArray[np.int64], paths: int) -> Float1D:
    """sqrt(q (1 - q) / n) with q = (count + 1/2) / (n + 1): at most .5/sqrt(n), and not zero at counts of 0 and n."""
    q = (counts + 0.5) / (paths + 1.0)
    return np.asarray(np.sqrt(q * (1.0 - q) / paths))


def exact_shares(counts: list[int]) -> tuple[float, ...]:
    """Shares of a total that sum to exactly 1.0 in any order: multiples of 2^-53, the remainder in the largest."""
    unit = 1 << 53
    total = sum(counts)
    parts = [(unit * count + total // 2) // total for count in counts]
    parts[counts.index(max(counts))] += unit - sum(parts)
    return tuple(part / unit for part in parts)
