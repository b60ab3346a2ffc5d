"""The policy simulation, path by path: what `policy._run` does to arrays of paths, for one path after the other."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from market_analysis.quant.arrays import Float1D, Float2D
from market_analysis.quant.compiled import APART, compiled

__all__ = ["paths_kernel"]

BLOCK: Final = 64
"""Paths that are gone through together, bar by bar, so that the drawn rows are read in their own order."""


def _candidate(peak: float, policy: Float1D) -> float:
    """`StopRule.candidate` of one peak."""
    side, price, entry, distance = policy[0], policy[6], policy[7], policy[8]
    excursion = peak - distance if policy[1] != 0.0 else side * (price * math.exp(side * peak) - entry)
    span, lateness = policy[11], 1.0
    if span > 0.0:
        lateness = min(max((excursion / policy[9] - policy[10]) / span, 0.0), 1.0)
    wanted = max(policy[14], excursion - (policy[12] + policy[13] * lateness) * policy[15])
    stop: float = wanted + distance if policy[1] != 0.0 else side * math.log((entry + side * wanted) / price)
    return stop


def _growth(sigma: float, per_sigma: float, table: Float2D) -> float:
    """`GrowthTable.__call__` of one sigma within the table."""
    place = sigma * per_sigma
    cell = min(int(place), table.shape[1] - 1)
    ratio: float = table[0, cell] + (place - cell) * table[1, cell]
    return sigma * sigma * ratio


def _fill(state: Float1D, h: float, close: float, stop: float, peak: float, best: float, low: float) -> None:
    """A block of paths at their start, all running and watched."""
    for k in range(BLOCK):
        state[k], state[BLOCK + k], state[2 * BLOCK + k], state[3 * BLOCK + k] = h, close, stop, peak
        state[4 * BLOCK + k], state[5 * BLOCK + k], state[6 * BLOCK + k], state[7 * BLOCK + k] = best, low, 1.0, 1.0


def _move(before: float, sigma: float, drift: float, shape: Float1D) -> tuple[float, float, float]:
    """Close, best and worst point of a bar that opens at `before`; shape: its close and its wicks in sigmas."""
    now = before + (sigma * shape[0] - drift)
    return now, max(now, before) + sigma * shape[1], min(now, before) - sigma * shape[2]


_moved, _candidate_of, _growth_of, _set = compiled(_move), compiled(_candidate), compiled(_growth), compiled(_fill)


def _paths(
    rows: NDArray[np.unsignedinteger],
    shapes: Float2D,
    numbers: Float2D,
    table: Float2D,
    garch: Float1D,
    policy: Float1D,
    first: int,
    last: int,
    results: Float2D,
) -> float:
    first_stop, trigger, bars = policy[3], policy[5], numbers.shape[0]
    recursive, signed = policy[2] != 0.0, policy[0] if policy[1] == 0.0 else 0.0
    highest, top = 0.0, table.shape[1] / garch[4] if recursive else 1e300
    state = np.empty(8 * BLOCK + 2 * APART)[APART:]
    h, close, stop, peak = state[:BLOCK], state[BLOCK:], state[2 * BLOCK :], state[3 * BLOCK :]
    best, low, running, watched = state[4 * BLOCK :], state[5 * BLOCK :], state[6 * BLOCK :], state[7 * BLOCK :]
    for begin in range(first, last, BLOCK):
        count = min(BLOCK, last - begin)
        for k in range(count):
            h[k], close[k], stop[k], peak[k], low[k], running[k], watched[k] = (
                garch[3],
                0.0,
                first_stop,
                policy[4],
                np.inf,
                1.0,
                1.0,
            )
            # A stop crossed from the start comes before everything, also before a target that is crossed too.
            best[k] = 0.0 if first_stop < 0.0 else -np.inf
        for bar in range(bars):
            variance, mean, known_growth = numbers[bar, 0], numbers[bar, 1], numbers[bar, 2]
            for k in range(count):
                if watched[k] == 0.0:
                    continue
                row = rows[bar, begin + k]
                z, sigma, drift = shapes[row, 0], math.sqrt(variance), known_growth
                if recursive:
                    sigma = math.sqrt(h[k] * (variance / mean))
                    highest = max(highest, sigma)
                    drift = _growth_of(min(sigma, top), garch[4], table)
                    h[k] = garch[0] + h[k] * (garch[1] * (z * z) + garch[2])
                now, upper, lower = _moved(close[k], sigma, signed * drift, shapes[row])
                low[k] = min(low[k], lower)
                if running[k] > 0.0 and lower <= stop[k]:
                    running[k] = 0.0
                    results[0, begin + k], results[1, begin + k] = best[k], min(stop[k], close[k])
                elif running[k] > 0.0:
                    best[k] = max(best[k], upper)
                    rises, peak[k] = upper > peak[k] and upper >= trigger, max(peak[k], upper)
                    if rises or (bar == 0 and peak[k] >= trigger):
                        stop[k] = max(stop[k], _candidate_of(peak[k], policy))
                close[k] = now
                watched[k] = 1.0 if running[k] > 0.0 or low[k] > first_stop else 0.0
        for k in range(count):
            if running[k] > 0.0:
                results[0, begin + k], results[1, begin + k] = best[k], np.nan
            results[2, begin + k], results[3, begin + k] = close[k], low[k]
    return highest


paths_kernel: Any = compiled(_paths, cached=True)
