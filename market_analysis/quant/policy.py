"""Filtered historical simulation of whole bars under the stop policy the product runs (rulings 1 to 7 and 10).

One run answers every target: a path's greatest favourable excursion before its stop does not depend on the target, so
p(m) = share of paths whose excursion reaches m, monotone by construction.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np

from market_analysis.quant.arrays import Float1D
from market_analysis.quant.bar_paths import SimulatedBar, draw_rows, simulated_bars
from market_analysis.quant.compiled import is_ready
from market_analysis.quant.policy_inputs import PolicyInputs
from market_analysis.quant.policy_outcome import PolicyOutcome, binomial_standard_error
from market_analysis.quant.stop_rule import StopRule, signed_distance

__all__ = ["simulate"]


_DROP_SHARE: Final = 0.2


def simulate(inputs: PolicyInputs) -> PolicyOutcome:
    """Run the policy over `inputs.paths` simulated paths of `len(variance_path)` bars.

    The stop moves at each simulated close only, by `StopRule` and never looser; inside a bar the stop comes before the
    target; a stop that a close has already passed fills at the next open, which is that close. A stop already crossed
    now stops every path at once. Deterministic in `inputs.seed`. Standard errors are binomial: at most .005 with 10,000
    paths.
    """
    rows = draw_rows(inputs.seed, inputs.variance_path.size, inputs.paths, inputs.residuals.shape[0])
    rule = StopRule(inputs)
    if is_ready():
        from market_analysis.quant.policy_compiled import run_compiled

        run = _Run(*run_compiled(inputs, rows, rule))
    else:
        run = _run(inputs, simulated_bars(inputs, rows), rule)
    targets = inputs.side * (np.log(inputs.target_grid) - math.log(inputs.price))
    hits = inputs.paths - np.searchsorted(np.sort(run.reached), targets, side="left")
    noise = np.array([np.count_nonzero(run.lowest <= signed_distance(inputs, inputs.stop))])
    return PolicyOutcome(
        inputs=inputs,
        p_target_by_grid=hits / inputs.paths,
        standard_error=binomial_standard_error(hits, inputs.paths),
        p_noise_stop=float(noise[0] / inputs.paths),
        p_noise_stop_standard_error=float(binomial_standard_error(noise, inputs.paths)[0]),
        breakeven_level=rule.breakeven,
        reached=run.reached,
        exit_level=run.exit_level,
        last_close=run.last_close,
    )


class _Run(NamedTuple):
    """Per path (paths,): best point before the stop or the horizon, the stop's fill (NaN: none), last close, worst
    point of all."""

    reached: Float1D
    exit_level: Float1D
    last_close: Float1D
    lowest: Float1D


def _run(inputs: PolicyInputs, bars: Iterable[SimulatedBar], rule: StopRule) -> _Run:
    trigger = rule.trigger
    first_stop = signed_distance(inputs, inputs.stop)
    first_peak = max(signed_distance(inputs, inputs.peak), 0.0)
    close = np.zeros(inputs.paths)
    lowest = np.full(inputs.paths, np.inf)
    reached = np.full(inputs.paths, -np.inf)
    exit_level = np.full(inputs.paths, np.nan)
    path = np.arange(inputs.paths)
    stop = np.full(inputs.paths, first_stop)
    peak = np.full(inputs.paths, first_peak)
    # A stop crossed from the start comes before everything, also before a target that is crossed too.
    best_so_far = np.full(inputs.paths, 0.0 if first_stop < 0.0 else -np.inf)
    finished = 0
    first_bar = True
    for bar in bars:
        np.minimum(lowest, bar.worst, out=lowest)
        hit = np.flatnonzero(bar.worst.take(path) <= stop)
        stopped = path.take(hit)
        exit_level[stopped] = np.minimum(stop.take(hit), close.take(stopped))
        reached[stopped] = best_so_far.take(hit)
        # A finished path stays as one that can neither be stopped nor make a new peak, until enough of them are worth dropping.
        stop[hit], peak[hit] = -np.inf, np.inf
        finished += hit.size
        if finished > _DROP_SHARE * path.size:
            keep = np.flatnonzero(stop > -np.inf)
            path, finished = path.take(keep), 0
            stop, peak, best_so_far = (x.take(keep) for x in (stop, peak, best_so_far))
        best = bar.best.take(path)
        np.maximum(best_so_far, best, out=best_so_far)
        moved = (best > peak) & (best >= trigger)
        np.maximum(peak, best, out=peak)
        if first_bar:
            moved |= (peak >= trigger) & (peak < np.inf)
        at = np.flatnonzero(moved)
        stop[at] = np.maximum(stop.take(at), rule.candidate(peak.take(at)))
        close = bar.close
        first_bar = False
    running = np.flatnonzero(stop > -np.inf)
    reached[path.take(running)] = best_so_far.take(running)
    return _Run(reached, exit_level, close, lowest)
