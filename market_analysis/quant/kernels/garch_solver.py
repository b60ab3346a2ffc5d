"""`garch_solver.maximise` point by point: the same steps, tests and rivalry, LANES points under way at a time.

A lane that has finished takes the next point, so that the likelihood's vector lanes stay full. Names, formulas and bounds are
those of the NumPy solver, the twin; what each step means is said there.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from market_analysis.quant import garch_solver as twin
from market_analysis.quant.arrays import Float1D, Float2D, FloatND, Int1D
from market_analysis.quant.compiled import compiled
from market_analysis.quant.garch_likelihood import LOG_2_PI, SUMS
from market_analysis.quant.kernels.garch import LANES, normal_blocks, student_blocks
from market_analysis.quant.kernels.special import digamma, trigamma

__all__ = ["maximise_points"]

_LOWER, _UPPER, _LARGEST_STEP = twin.LOWER, twin.UPPER, twin.LARGEST_STEP
_SECANT_GAIN, _GAIN_TOLERANCE, _UNEXPECTED_RISE = twin.SECANT_GAIN, twin.GAIN_TOLERANCE, twin.UNEXPECTED_RISE
_DAMPING_START, _DAMPING_LOWEST, _DAMPING_HIGHEST = twin.DAMPING_START, twin.DAMPING_LOWEST, twin.DAMPING_HIGHEST
_DAMPING_DOWN, _DAMPING_UP, _AFTER_REFUSAL = twin.DAMPING_DOWN, twin.DAMPING_UP, twin.DAMPING_AFTER_REFUSAL
_MAXIMUM_ITERATIONS = twin.MAXIMUM_ITERATIONS


def _natural(box: Float1D, natural: Float1D) -> None:
    natural[0] = math.exp(box[0])
    natural[1] = box[1] * box[2]
    natural[2] = box[2] - natural[1]
    if box.size == 4:
        natural[3] = 1.0 / box[3]


def _information(sums: Float1D, natural: Float1D, bars: int, score: Float1D, information: Float2D) -> float:
    """`garch_likelihood.from_sums` of one point: fills score and information, returns the log-likelihood."""
    place = 9
    for i in range(3):
        score[i] = sums[3 + i]
        for j in range(i, 3):
            information[i, j] = information[j, i] = sums[place]
            place += 1
    if natural.size == 3:
        information *= 0.5
        return float(-0.5 * (bars * LOG_2_PI + sums[0] + sums[2]))
    nu = natural[3]
    log_tail = sums[1] - sums[0] - bars * math.log(nu - 2.0)
    score[3] = 0.5 * (bars * (_digamma(0.5 * (nu + 1.0)) - _digamma(0.5 * nu) - 1.0 / (nu - 2.0)) - log_tail + sums[2] / (nu - 2.0))
    share, cross = nu / (2.0 * (nu + 3.0)), 3.0 / ((nu + 1.0) * (nu - 2.0) * (nu + 3.0))
    for i in range(3):
        information[i, 3] = information[3, i] = cross * sums[6 + i]
        for j in range(3):
            information[i, j] *= share
    gap = 0.25 * (_trigamma(0.5 * nu) - _trigamma(0.5 * (nu + 1.0)))
    tail = nu / (2.0 * (nu - 2.0) ** 2 * (nu + 3.0)) - 1.0 / ((nu + 1.0) * (nu - 2.0))
    information[3, 3] = bars * (gap + tail)
    constant = math.lgamma(0.5 * (nu + 1.0)) - math.lgamma(0.5 * nu) - 0.5 * math.log(math.pi * (nu - 2.0))
    return float(bars * constant - 0.5 * sums[0] - 0.5 * (nu + 1.0) * log_tail)


def _into_box(box: Float1D, row: Float1D) -> None:
    """Derivatives by natural parameters to derivatives by box coordinates, in place."""
    alpha, beta = row[1], row[2]
    row[0] *= math.exp(box[0])
    row[1] = box[2] * (alpha - beta)
    row[2] = beta + box[1] * (alpha - beta)
    if box.size == 4:
        row[3] /= -(box[3] * box[3])


def _secant(step: Float1D, change: Float1D, before: Float2D, curvature: Float2D) -> None:
    """BFGS update of `before` into `curvature`, which keeps the fresh information where the update would lose sign."""
    width = step.size
    product = before @ step
    along, predicted = 0.0, 0.0
    for i in range(width):
        along += step[i] * change[i]
        predicted += step[i] * product[i]
    if predicted > 0.0 and along > 1e-3 * predicted:
        for i in range(width):
            for j in range(width):
                curvature[i, j] = before[i, j] + change[i] * change[j] / along - product[i] * product[j] / predicted


def _step(box: Float1D, score: Float1D, curvature: Float2D, damping: float, matrix: Float2D, step: Float1D) -> float:
    """Fills `step`, returns the rise it promises."""
    width = box.size
    largest = 1e-300
    for i in range(width):
        largest = max(largest, curvature[i, i] + 1e-300)
    for i in range(width):
        held = (box[i] <= _LOWER[i] and score[i] <= 0.0) or (box[i] >= _UPPER[i] and score[i] >= 0.0)
        step[i] = 0.0 if held else score[i]
        for j in range(width):
            other = (box[j] <= _LOWER[j] and score[j] <= 0.0) or (box[j] >= _UPPER[j] and score[j] >= 0.0)
            matrix[i, j] = 0.0 if held or other else curvature[i, j]
        matrix[i, i] = largest if held else curvature[i, i] * (1.0 + damping) + 1e-12 * largest
    _eliminate(matrix, step)
    excess = 1.0
    for i in range(width):
        excess = max(excess, abs(step[i]) / _LARGEST_STEP[i])
    gain = 0.0
    for i in range(width):
        step[i] /= excess
        gain += 0.5 * step[i] * score[i]
    return gain


def _solve(matrix: Float2D, x: Float1D) -> None:
    """x of matrix x = x, in place, by elimination without pivots."""
    width = x.size
    for pivot in range(width):
        for below in range(pivot + 1, width):
            factor = matrix[below, pivot] / matrix[pivot, pivot]
            for j in range(pivot, width):
                matrix[below, j] -= factor * matrix[pivot, j]
            x[below] -= factor * x[pivot]
    for pivot in range(width - 1, -1, -1):
        for known in range(pivot + 1, width):
            x[pivot] -= matrix[pivot, known] * x[known]
        x[pivot] /= matrix[pivot, pivot]


def _beaten(point: int, gain: float, owner: Int1D, box: Float2D, value: Float1D, curvature: FloatND) -> bool:
    """Whether the likeliest point of the series makes this one needless."""
    if gain >= _SECANT_GAIN:
        return False
    leader, first = point, point
    while first > 0 and owner[first - 1] == owner[point]:
        first -= 1
    rival = first
    while rival < owner.size and owner[rival] == owner[point]:
        if value[rival] > value[leader] or (value[rival] == value[leader] and rival < leader):
            leader = rival
        rival += 1
    if leader == point:
        return False
    between = 0.0
    for i in range(box.shape[1]):
        for j in range(box.shape[1]):
            between += 0.5 * (box[leader, i] - box[point, i]) * curvature[point, i, j] * (box[leader, j] - box[point, j])
    return between < _SECANT_GAIN or value[point] + _UNEXPECTED_RISE * gain < value[leader]


_natural_of, _information_of, _boxed = compiled(_natural), compiled(_information), compiled(_into_box)
_eliminate, _learn, _is_beaten = compiled(_solve), compiled(_secant), compiled(_beaten)
_digamma, _trigamma, _next_step = compiled(digamma), compiled(trigamma), compiled(_step)


def _take(
    point: int,
    sums: Float1D,
    bars: int,
    trial: Float1D,
    box: Float2D,
    value: Float1D,
    score: Float2D,
    curvature: FloatND,
    gain: float,
) -> bool:
    """The likelihood of one trial is known: accept it if it is better. gain: what was promised, infinite for a starting point."""
    width = trial.size
    natural, fresh, information = np.empty(width), np.empty(width), np.empty((width, width))
    _natural_of(trial, natural)
    reached = _information_of(sums, natural, bars, fresh, information)
    if not reached > value[point]:
        return False
    _boxed(trial, fresh)
    for i in range(width):
        _boxed(trial, information[i])
    for i in range(width):
        _boxed(trial, information[:, i])
    if gain < _SECANT_GAIN:
        _learn(trial - box[point], score[point] - fresh, curvature[point].copy(), information)
    value[point] = reached
    box[point, :], score[point, :], curvature[point, :, :] = trial, fresh, information
    return True


_taken = compiled(_take)


def _maximise(
    squared: Float2D, backcast: Float1D, start: Float2D, owner: Int1D, first: int, last: int, box: Float2D, numbers: Float2D
) -> None:
    points, width, bars = start.shape[0], start.shape[1], squared.shape[1]
    value, damping, gain = np.full(points, -np.inf), np.full(points, _DAMPING_START), np.full(points, np.inf)
    score, curvature, trial = np.zeros((points, width)), np.zeros((points, width, width)), start.copy()
    lane, natural, rows = np.full(LANES, -1), np.empty((LANES, width)), np.zeros(LANES, dtype=np.int64)
    sums, matrix, step = np.empty((LANES, SUMS)), np.empty((width, width)), np.empty(width)
    coming, busy = first, 0
    while True:
        for k in range(LANES):
            if lane[k] < 0 and coming < last:
                lane[k] = coming
                coming += 1
                busy += 1
            _natural_of(trial[max(lane[k], first)], natural[k])  # an idle lane repeats the first point
            rows[k] = owner[max(lane[k], first)]
        if busy == 0:
            return
        if width == 4:
            student_blocks(squared, backcast, natural, rows, 0, 1, sums)
        else:
            normal_blocks(squared, backcast, natural, rows, 0, 1, sums)
        for k in range(LANES):
            point = lane[k]
            if point < 0:
                continue
            if _taken(point, sums[k], bars, trial[point], box, value, score, curvature, gain[point]):
                numbers[point, 0], numbers[point, 1] = value[point], sums[k, SUMS - 1]
                change = _DAMPING_DOWN * damping[point]
            else:
                change = max(_DAMPING_UP * damping[point], _AFTER_REFUSAL)
            if gain[point] < np.inf:
                damping[point] = min(max(change, _DAMPING_LOWEST), _DAMPING_HIGHEST)
                numbers[point, 2] += 1.0
            gain[point] = _next_step(box[point], score[point], curvature[point], damping[point], matrix, step)
            converged = gain[point] <= _GAIN_TOLERANCE * (1.0 + abs(value[point]))
            over = numbers[point, 2] >= _MAXIMUM_ITERATIONS or not gain[point] < np.inf
            if converged or over or _is_beaten(point, gain[point], owner, box, value, curvature):
                numbers[point, 3] = 1.0 if converged else 0.0
                lane[k] = -1
                busy -= 1
            else:
                for i in range(width):
                    trial[point, i] = min(max(box[point, i] + step[i], _LOWER[i]), _UPPER[i])


maximise_points: Any = compiled(_maximise, cached=True)
"""(squared, backcast, start, owner, first, last, box, numbers): points [first, last), which are all points of their series; fills
box (points, k) and numbers (points, 4) = log-likelihood, next variance, iterations, converged."""
