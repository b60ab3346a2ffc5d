"""Filtered historical simulation of whole bars under the stop policy the product runs (rulings 1 to 7 and 10).

One run answers every target: a path's greatest favourable excursion before its stop does not depend on the target, so
p(m) = share of paths whose excursion reaches m, monotone by construction.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from market_analysis.quant.arrays import Float1D
from market_analysis.quant.bar_paths import SimulatedBar, draw_rows, simulated_bars
from market_analysis.quant.policy_inputs import PolicyInputs
from market_analysis.quant.policy_outcome import PolicyOutcome, binomial_standard_error

__all__ = ["StopRule", "simulate"]


_DROP_SHARE: Final = 0.2


@dataclass(frozen=True, slots=True)
class StopRule:
    """Where the policy wants the stop, as a function of the peak; side-signed log distances from the current price.

    From a peak excursion of `breakeven_after_r` on: the tighter of breakeven and the chandelier stop, peak - multiple *
    ATR, whose multiple falls linearly from `trail_mult_initial` at `breakeven_after_r` to `trail_mult_late` at
    `late_after_r`. Excursion, R and ATR are in prices, in log mode in logs (R0 as ln of entry over first stop, ATR as a
    fraction of the current price).
    """

    inputs: PolicyInputs

    @property
    def breakeven(self) -> float:
        """The distance of breakeven, E * (1 + side * 2 * fee)."""
        return float(self._to_distance(np.array([self._breakeven_excursion]))[0])

    @property
    def trigger(self) -> float:
        """The peak at which the stop first moves; infinite where no positive price reaches it."""
        i = self.inputs
        excursion = i.breakeven_after_r * self._initial_risk
        if not i.log_mode and i.entry + i.side * excursion <= 0.0:
            return math.inf
        return float(self._to_distance(np.array([excursion]))[0])

    def candidate(self, peak: Float1D) -> Float1D:
        """Stops for paths whose peak (n,) is at or beyond `trigger`."""
        i = self.inputs
        excursion = self._to_excursion(peak)
        span = i.late_after_r - i.breakeven_after_r
        r = excursion / self._initial_risk
        lateness = np.clip((r - i.breakeven_after_r) / span, 0.0, 1.0) if span > 0.0 else np.ones(peak.shape)
        multiple = i.trail_mult_initial + (i.trail_mult_late - i.trail_mult_initial) * lateness
        atr = i.atr / i.price if i.log_mode else i.atr
        return self._to_distance(np.maximum(self._breakeven_excursion, excursion - multiple * atr))

    @property
    def _initial_risk(self) -> float:
        i = self.inputs
        return -i.side * math.log1p(-i.side * i.initial_risk / i.entry) if i.log_mode else i.initial_risk

    @property
    def _breakeven_excursion(self) -> float:
        i = self.inputs
        return 2.0 * i.fee_frac * (1.0 if i.log_mode else i.entry)

    def _to_excursion(self, distance: Float1D) -> Float1D:
        i = self.inputs
        if i.log_mode:
            return distance - signed_distance(i, i.entry)
        return np.asarray(i.side * (i.price * np.exp(i.side * distance) - i.entry))

    def _to_distance(self, excursion: Float1D) -> Float1D:
        i = self.inputs
        if i.log_mode:
            return excursion + signed_distance(i, i.entry)
        return np.asarray(i.side * np.log((i.entry + i.side * excursion) / i.price))


def signed_distance(inputs: PolicyInputs, price: float) -> float:
    """side * ln(price / current price): positive is in the position's favour."""
    return inputs.side * (math.log(price) - math.log(inputs.price))


def simulate(inputs: PolicyInputs) -> PolicyOutcome:
    """Run the policy over `inputs.paths` simulated paths of `len(variance_path)` bars.

    The stop moves at each simulated close only, by `StopRule` and never looser; inside a bar the stop comes before the
    target; a stop that a close has already passed fills at the next open, which is that close. A stop already crossed
    now stops every path at once. Deterministic in `inputs.seed`. Standard errors are binomial: at most .005 with 10,000
    paths.
    """
    rows = draw_rows(inputs.seed, inputs.variance_path.size, inputs.paths, inputs.residuals.shape[0])
    rule = StopRule(inputs)
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
