"""The policy simulation compiled by numba, path by path: the optional extra `[fast]`. Same draws and rules as `policy`, its twin.

Where the compiler's exponential differs from NumPy's in the last bit a path may end another way; nothing else differs.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from market_analysis.quant.arrays import Float1D, Float2D
from market_analysis.quant.bar_paths import GrowthTable, bar_shapes, log_mean_growth
from market_analysis.quant.compiled import in_threads
from market_analysis.quant.policy_inputs import GarchRecursion, PolicyInputs
from market_analysis.quant.stop_rule import StopRule, signed_distance

__all__ = ["run_compiled", "warm_up"]

THREADING_PAYS_PATHS: Final = 500


def run_compiled(inputs: PolicyInputs, rows: NDArray[np.unsignedinteger], rule: StopRule) -> Float2D:
    """Rows reached, exit_level, last_close, lowest (4, paths), as `policy._run` gives them.

    Of a path whose stop has filled, last_close and lowest stand as of its end, which is not before the stop as placed was hit.
    """
    from market_analysis.quant.kernels.policy import paths_kernel

    results = np.empty((4, inputs.paths))
    shapes, market = bar_shapes(inputs), _Market(inputs)
    policy = _policy_numbers(inputs, rule)

    def blocks(first: int, last: int) -> float:
        return float(paths_kernel(rows, shapes, market.numbers, market.growth, market.garch, policy, first, last, results))

    while max(in_threads(blocks, inputs.paths, least=THREADING_PAYS_PATHS)) > market.top:
        market = market.reaching_further()
    return results


def warm_up() -> None:
    """Compile or load the kernel."""
    steady = np.array([[0.1, 0.2, -0.1], [-0.1, 0.1, -0.2]])
    inputs = PolicyInputs(
        side=1,
        price=1.0,
        entry=1.0,
        stop=0.9,
        initial_risk=0.1,
        peak=1.0,
        atr=0.1,
        trail_mult_initial=2.0,
        trail_mult_late=1.5,
        breakeven_after_r=1.0,
        fee_frac=0.0,
        scale_outs=(),
        runner_frac=1.0,
        target_grid=np.array([1.1]),
        variance_path=np.full(2, 1e-4),
        residuals=steady,
        garch=GarchRecursion(1e-6, 0.05, 0.9, 1e-4),
        seed=0,
        paths=2,
    )
    for kind in (np.uint16, np.uint32):
        run_compiled(inputs, np.zeros((2, 2), dtype=kind), StopRule(inputs))


class _Market:
    """The bars to come as arrays: `numbers` (bars, 3) = variance, mean of the GARCH state, K(sigma) where sigma is the path's own;
    `growth` (2, knots) = the table of K and its slopes, up to sigma = `top`; `garch` = omega, alpha, beta, first h, 1 / knot."""

    def __init__(self, inputs: PolicyInputs, top: float = 0.0) -> None:
        shocks = np.ascontiguousarray(inputs.residuals[:, 0])
        deviations = np.sqrt(inputs.variance_path)
        self._inputs = inputs
        self.numbers = np.zeros((inputs.variance_path.size, 3))
        self.numbers[:, 0] = inputs.variance_path
        recursion = inputs.garch
        if recursion is None:
            self.numbers[:, 2] = log_mean_growth(deviations, shocks)
            self.growth, self.top, self.garch = np.zeros((2, 1)), math.inf, np.array([0.0, 0.0, 0.0, 1.0, 0.0])
            return
        mean = recursion.variance
        for bar in range(len(self.numbers)):
            self.numbers[bar, 1] = mean
            mean = recursion.omega + mean * (recursion.alpha + recursion.beta)
        table = GrowthTable(shocks, top or GrowthTable.usual_top(deviations))
        self.growth, self.top = table.arrays()
        per_sigma = self.growth.shape[1] / self.top
        self.garch = np.array([recursion.omega, recursion.alpha, recursion.beta, recursion.variance, per_sigma])

    def reaching_further(self) -> _Market:
        return _Market(self._inputs, 4.0 * self.top)


def _policy_numbers(inputs: PolicyInputs, rule: StopRule) -> Float1D:
    """What the kernel needs of the policy, in the order in which it takes them."""
    log_mode = inputs.log_mode
    return np.array(
        [
            inputs.side,
            log_mode,
            inputs.garch is not None,
            signed_distance(inputs, inputs.stop),
            max(signed_distance(inputs, inputs.peak), 0.0),
            rule.trigger,
            inputs.price,
            inputs.entry,
            signed_distance(inputs, inputs.entry),
            rule.initial_risk,
            inputs.breakeven_after_r,
            inputs.late_after_r - inputs.breakeven_after_r,
            inputs.trail_mult_initial,
            inputs.trail_mult_late - inputs.trail_mult_initial,
            rule.breakeven_excursion,
            inputs.atr / inputs.price if log_mode else inputs.atr,
        ]
    )
