"""GARCH(1,1) fits beside the arch package: the same simulated returns, in turns, in one process."""

from __future__ import annotations

import numpy as np

from benchmarks.figure import Figure, median_of, paired_seconds, ratio_of, seconds
from market_analysis.quant.arrays import Float2D

SEED = 20_250_920
SERIES = 10
BARS = 4_000


def simulated_returns(series: int, bars: int) -> Float2D:
    """Log returns (series, bars) of GARCH(1,1) processes with Student-t innovations, hourly size."""
    rng = np.random.default_rng(SEED)
    shocks = rng.standard_t(5, size=(series, bars)) * np.sqrt(3 / 5)
    returns: Float2D = np.empty((series, bars))
    alpha, beta, level = 0.08, 0.90, 0.006**2
    variance = np.full(series, level)
    for bar in range(bars):
        returns[:, bar] = np.sqrt(variance) * shocks[:, bar]
        variance = level * (1 - alpha - beta) + alpha * returns[:, bar] ** 2 + beta * variance
    return returns


def measure(runs: int) -> list[Figure]:
    """Cold fits one by one and in a batch against arch, and the likelihood both reach."""
    from arch import arch_model

    from market_analysis.quant.garch import fit_garch, fit_garch_batch

    returns = simulated_returns(SERIES, BARS)

    def theirs() -> list[float]:
        models = (arch_model(row * 100, mean="Zero", vol="GARCH", p=1, q=1, rescale=False) for row in returns)
        return [float(model.fit(disp="off").loglikelihood) for model in models]

    def ours_one_by_one() -> list[float]:
        return [fit_garch(row).log_likelihood for row in returns]

    ours, reached = np.array(ours_one_by_one()), np.array(theirs()) + BARS * np.log(100)
    worst = float(np.min(ours - reached))
    arch_single, ours_single = paired_seconds(theirs, ours_one_by_one, runs)
    arch_batch, ours_batch = paired_seconds(theirs, lambda: fit_garch_batch(returns), runs)
    warm = fit_garch_batch(returns[:, :-1])
    rewarm = seconds(lambda: fit_garch_batch(returns[:, 1:], starts=warm), runs)
    kind = f"{SERIES} series x {BARS} bars, normal innovations"
    return [
        median_of("garch.arch", arch_single, "s", kind + ", arch one by one"),
        median_of("garch.ours_single", ours_single, "s", kind + ", one by one"),
        median_of("garch.ours_batch", ours_batch, "s", kind + ", as a batch"),
        median_of("garch.ours_batch_warm", rewarm, "s", kind + ", as a batch, started from the fits of one bar before"),
        ratio_of("garch.arch_over_ours_single", arch_single, ours_single, "cold, both one by one"),
        ratio_of("garch.arch_over_ours_batch", arch_batch, ours_batch, f"cold; our worst log-likelihood less arch's: {worst:+.2e}"),
    ]
