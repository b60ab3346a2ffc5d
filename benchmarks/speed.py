"""Bulk fits and a bar close beside arch, statsforecast and the naive loop: `python -m benchmarks.speed [--json FILE]`.

Series: 500 windows of 1,000 real hourly returns from `../shared/data`, or simulated ones where it is absent (the notes say which).
Works are run in turns in one process; a ratio is that of the medians. arch and statsforecast are timed on `--sample` of the series
and scaled up, which favours neither: they fit one series at a time. Likelihoods are compared in arch's own code, at both parameter
sets, with the same backcast and bounds (ruling 35).
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figure import Figure, machine, median_of, ratio_of, seconds
from benchmarks.garch import simulated_returns
from benchmarks.panel_data import DATA, read_folder
from market_analysis.quant import compiled
from market_analysis.quant.arrays import Float2D
from market_analysis.quant.garch import Distribution, Engine, GarchFit, fit_garch_batch
from market_analysis.quant.policy import simulate
from market_analysis.quant.policy_inputs import GarchRecursion, PolicyInputs

SERIES, BARS, SMALL = 500, 1000, 10
FOLDERS = {"binance_spot_1h_2024": 1000, "binance_spot_1h_long": 2500, "binance_perp_1h_long": 2500}
"""Folders and the hours from one window to the next."""
WORSE = 1e-6
DISTRIBUTIONS: tuple[Distribution, ...] = ("normal", "t")


def measure(runs: int = 5, sample: int = 60) -> list[Figure]:
    """Every figure of this module."""
    returns, kind = real_returns()
    figures = odds(returns, kind, runs)  # first, for it is NumPy's only until the kernels are loaded
    for distribution in DISTRIBUTIONS:
        figures += bulk(returns, distribution, kind, runs, sample)
        figures += likelihoods(returns, distribution, kind)
    return figures + without_compiler(returns, kind, runs) + bar_close(returns, kind, runs, sample)


def real_returns() -> tuple[Float2D, str]:
    """(SERIES, BARS + 1) log returns, and where they are from."""
    rows = [
        change[first : first + BARS + 1]
        for folder, step in FOLDERS.items()
        if (DATA / folder).is_dir() and find_spec("pyarrow")
        for bars in read_folder(DATA / folder).values()
        for change in (np.diff(np.log(bars.close)),)
        for first in range(0, change.size - BARS - 1, step)
    ]
    if len(rows) < SERIES:
        return simulated_returns(SERIES, BARS + 1), "simulated"
    chosen = np.random.default_rng(1).permutation(len(rows))[:SERIES]
    return np.array([rows[row] for row in chosen]), "real hours"


def bulk(returns: Float2D, distribution: Distribution, kind: str, runs: int, sample: int) -> list[Figure]:
    """Cold and warm fits of all series, compiled and not, beside arch."""
    before, after = returns[:, :-1].copy(), returns[:, 1:].copy()
    peer_fits = [fit_with_arch(row, distribution) for row in before[:sample]]
    starts = [np.array(fit.params) for fit in peer_fits]
    works: dict[str, Callable[[], object]] = {
        "arch_cold": lambda: [fit_with_arch(row, distribution) for row in before[:sample]],
        "arch_warm": lambda: [fit_with_arch(row, distribution, start) for row, start in zip(after, starts, strict=False)],
        "numpy_cold": partial(fit_garch_batch, before, distribution, engine="numpy"),
    }
    engines: list[Engine] = ["numpy"]
    if compiled.warm():
        engines.append("compiled")
        works["compiled_cold"] = partial(fit_garch_batch, before, distribution, engine="compiled")
    for engine in engines:
        cold = fit_garch_batch(before, distribution, engine=engine)
        works[f"{engine}_warm"] = partial(fit_garch_batch, after, distribution, cold, engine)
    if distribution == "normal" and find_spec("statsforecast"):
        works["statsforecast_cold"] = partial(fit_with_statsforecast, before[:sample])
    taken = in_turns(works, runs, {name: SERIES / sample for name in works if name.startswith(("arch", "statsforecast"))})
    note = f"{SERIES} series x {BARS} bars, {distribution}, {kind}"
    figures = [median_of(f"speed.{distribution}.{name}", values, "s", note) for name, values in taken.items()]
    for name in taken:
        if name.startswith(("numpy", "compiled")):
            peer = "arch_" + name.rsplit("_", 1)[1]
            figures.append(ratio_of(f"speed.{distribution}.{peer}_over_{name}", taken[peer], taken[name], note))
    return figures


def in_turns(works: dict[str, Callable[[], object]], runs: int, scale: dict[str, float]) -> dict[str, list[float]]:
    """Wall seconds of each work, each round running all of them once."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(runs):
        for name, work in works.items():
            taken[name].append(seconds(work, 1)[0] * scale.get(name, 1.0))
    return taken


def fit_with_arch(returns: Any, distribution: Distribution, start: Any = None) -> Any:
    """arch's fit of one series in percent, zero mean, its own starting values unless given."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return arch_of(returns, distribution).fit(disp="off", starting_values=start, show_warning=False)


def arch_of(returns: Any, distribution: Distribution) -> Any:
    """arch's model of one series, in percent."""
    from arch import arch_model

    return arch_model(returns * 100, mean="Zero", vol="GARCH", p=1, q=1, dist=distribution, rescale=False)


def fit_with_statsforecast(returns: Float2D) -> None:
    """statsforecast's GARCH(1,1), normal; no dependency of this project: measured where somebody installed it."""
    models = import_module("statsforecast.models")
    for row in returns:
        models.GARCH(1, 1).fit(row * 100)


def likelihoods(returns: Float2D, distribution: Distribution, kind: str) -> list[Figure]:
    """Share of series on which ours is worse than arch's optimum, and on which arch is stuck, by more than WORSE."""
    engine: Engine = "compiled" if compiled.available() else "numpy"
    rows = returns[:, :-1]
    ours = fit_garch_batch(rows, distribution, engine=engine)
    difference = []
    for row, fit in zip(rows, ours, strict=True):
        model, theirs = arch_of(row, distribution), fit_with_arch(row, distribution)
        backcast = model.volatility.backcast(row * 100)
        reached = [
            float(np.sum(model._loglikelihood(np.array(at), np.ones(BARS), backcast, model.volatility.variance_bounds(row * 100))))
            for at in (arch_parameters(fit), list(theirs.params))
        ]
        difference.append((reached[1] - reached[0]) / abs(reached[1]))  # arch returns the negative log-likelihood
    gain = np.array(difference)
    note = f"{SERIES} series, {distribution}, {kind}, in arch's likelihood, {engine} engine"
    worst = f"{note}; worst {gain.min():+.1e}, best {gain.max():+.1e}"
    return [
        median_of(f"likelihood.{distribution}.not_worse", [float(np.mean(gain >= -WORSE))], "share", worst),
        median_of(f"likelihood.{distribution}.arch_stuck", [float(np.mean(gain > WORSE))], "share", note),
    ]


def arch_parameters(fit: GarchFit) -> list[float]:
    """Ours in percent squared."""
    return [fit.omega * 1e4, fit.alpha, fit.beta, *(() if fit.nu is None else (fit.nu,))]


def without_compiler(returns: Float2D, kind: str, runs: int) -> list[Figure]:
    """A one-shot run's fits: few symbols, NumPy, beside arch."""
    few = returns[:SMALL, :-1].copy()
    works: dict[str, Callable[[], object]] = {
        "arch": lambda: [fit_with_arch(row, "normal") for row in few],
        "numpy": partial(fit_garch_batch, few, "normal", engine="numpy"),
    }
    taken = in_turns(works, 3 * runs, {})
    note = f"{SMALL} series x {BARS} bars, normal, cold, {kind}"
    return [
        median_of("speed.small.numpy_cold", taken["numpy"], "s", note),
        ratio_of("speed.small.arch_over_numpy", taken["arch"], taken["numpy"], note),
    ]


def odds(returns: Float2D, kind: str, runs: int) -> list[Figure]:
    """Odds of one position over 72 hours, 10,000 paths: NumPy and, once loaded, the compiled kernel."""
    shocks = returns[0] / returns[0].std()
    residuals = np.column_stack([shocks, np.maximum(shocks, 0.0) + 0.3, np.minimum(shocks, 0.0) - 0.3])
    residuals[:, 0] -= shocks.mean()
    inputs = PolicyInputs(
        side=1,
        price=100.0,
        entry=100.0,
        stop=97.6,
        initial_risk=2.4,
        peak=100.0,
        atr=1.4,
        trail_mult_initial=2.0,
        trail_mult_late=1.5,
        breakeven_after_r=1.0,
        fee_frac=0.00055,
        scale_outs=(),
        runner_frac=1.0,
        target_grid=100.0 * np.exp(np.arange(2.0, 6.01, 0.25) * 0.012),
        variance_path=np.full(72, 0.006**2),
        residuals=residuals,
        garch=GarchRecursion(1e-6, 0.03, 0.94, 3.6e-5),
        seed=7,
    )
    note = f"one position, 72 hours, {inputs.paths} paths, standard error at most .005, {kind}"
    figures = [] if compiled.is_ready() else [median_of("speed.odds.numpy", seconds(lambda: simulate(inputs), 5 * runs), "s", note)]
    if compiled.warm():
        figures.append(median_of("speed.odds.compiled", seconds(lambda: simulate(inputs), 5 * runs), "s", note))
    return figures


def bar_close(returns: Float2D, kind: str, runs: int, sample: int) -> list[Figure]:
    """An hour closes: the naive loop over all symbols, beside ours from arrays, warm."""
    from market_analysis.quant.average_true_range import average_true_range
    from market_analysis.quant.clusters import cluster
    from market_analysis.quant.har import fit_har_batch
    from market_analysis.quant.range_variance import garman_klass

    close = 100 * np.exp(np.cumsum(returns, axis=1))
    high, low, opened = close * 1.004, close * 0.996, close * 1.001
    frames = [np.column_stack([opened[i], high[i], low[i], close[i]]).tolist() for i in range(SERIES)]
    engine: Engine = "compiled" if compiled.available() else "numpy"
    cold = fit_garch_batch(returns[:, :-1].copy(), engine=engine)

    def ours() -> None:
        for row in range(SERIES):
            average_true_range(high[row], low[row], close[row], 14)
        change = np.diff(np.log(close), axis=1)
        fit_garch_batch(change, "normal", cold, engine)
        fit_har_batch(np.stack([garman_klass(opened[i], high[i], low[i], close[i]) for i in range(SERIES)]), (4,))
        cluster(np.corrcoef(change), 0.7)

    part = frames[:sample]
    taken = in_turns({"naive": lambda: naive_close(part), "ours": ours}, runs, {"naive": SERIES / sample})
    note = f"{SERIES} symbols x {BARS} bars, {kind}: ATR, GARCH(1,1), HAR, correlation, clusters; naive timed on {sample}"
    return [
        median_of("speed.bar_close.ours", taken["ours"], "s", f"{note}; {engine}, warm"),
        ratio_of("speed.bar_close.naive_over_ours", taken["naive"], taken["ours"], note),
    ]


def naive_close(rows: Sequence[list[list[float]]]) -> None:
    """Rows to frames, pandas ATR, arch, HAR by lstsq, DataFrame.corr: what a first version does each loop."""
    import pandas as pd

    closes = {}
    for number, bars in enumerate(rows):
        frame = pd.DataFrame(bars, columns=["open", "high", "low", "close"])
        before = frame["close"].shift()
        span = pd.concat([frame["high"] - frame["low"], (frame["high"] - before).abs(), (frame["low"] - before).abs()], axis=1)
        span.max(axis=1).ewm(alpha=1 / 14, adjust=False).mean()
        change = np.log(frame["close"]).diff().dropna()
        fit_with_arch(change.to_numpy(), "normal")
        realised = change**2
        design = pd.concat([realised.rolling(window).mean() for window in (1, 4, 24, 168)], axis=1)
        ahead = realised.rolling(4).mean().shift(-4)
        usable = design.notna().all(axis=1) & ahead.notna()
        matrix = np.column_stack([np.ones(int(usable.sum())), design[usable].to_numpy()])
        np.linalg.lstsq(matrix, ahead[usable].to_numpy(), rcond=None)
        closes[number] = change
    pd.DataFrame(closes).corr()


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--sample", type=int, default=60, help="series that the peers are timed on")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    arguments = parser.parse_args()
    where = machine()
    print("  ".join(f"{name} {value}" for name, value in where.items()), flush=True)
    figures = measure(arguments.runs, arguments.sample)
    for figure in figures:
        low, high = figure.spread
        print(f"{figure.name:44} {figure.value:9.4g} {figure.unit:6} [{low:.4g} .. {high:.4g}] n={figure.runs:<3} {figure.note}")
    if arguments.json is not None:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(
            json.dumps({"machine": where, "figures": [asdict(figure) for figure in figures]}, indent=2) + "\n"
        )


if __name__ == "__main__":
    main()
