"""First-passage probabilities of Brownian motion with drift: two barriers, finite horizon.

The process starts at zero, has standard deviation `sigma` per square root of the time unit and drift `drift` per time
unit. The barriers lie at `+upper` and `-lower`, both given as positive distances (log prices in this product).
Internally everything is dimensionless: a = upper/v, b = lower/v, delta = drift*sqrt(T)/sigma with v = sigma*sqrt(T), so
L = a + b and the variance is one.

A time-varying deterministic volatility enters as its integral: sigma = sqrt(integrated variance), horizon = 1 (exact
without drift).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_ndtr

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import FloatND

__all__ = [
    "DISCRETE_MONITORING_BETA",
    "BarrierOutcomes",
    "StaticStopProbability",
    "barrier_outcomes",
    "discrete_monitoring_shift",
    "one_sided_hit",
    "probability_upper_first",
    "static_stop_probability",
]

DISCRETE_MONITORING_BETA: Final = 0.5825971579390107
"""-zeta(1/2)/sqrt(2*pi): Broadie, Glasserman and Kou (1997), "A continuity correction for discrete barrier options"."""

# At the switch the first image left out is below exp(-40) and the first eigenfunction below exp(-70) of what is kept.
_SERIES_SWITCH: Final = 0.3
_IMAGES: Final = 2
_EIGEN_TERMS: Final = 6


@dataclass(frozen=True, slots=True, eq=False)
class BarrierOutcomes:
    """Probabilities of the three outcomes within the horizon; same shape each, in [0, 1], summing to one."""

    upper: FloatND
    lower: FloatND
    neither: FloatND


@dataclass(frozen=True, slots=True, eq=False)
class StaticStopProbability:
    """Target, stop or neither for a stop that never moves: the closed-form check and fallback of the simulated
    policy."""

    p_tp: FloatND
    p_sl: FloatND
    p_open: FloatND
    method: str = "static stop"


def probability_upper_first(
    upper: ArrayLike, lower: ArrayLike, sigma: ArrayLike, horizon: ArrayLike = 1.0, drift: ArrayLike = 0.0
) -> FloatND:
    """Probability that `+upper` is touched within the horizon and before `-lower`.

    All arguments broadcast; the result has their common shape. `upper` and `lower` are positive distances and may be
    infinite (no such barrier); `sigma >= 0` per square root of the time unit; `horizon >= 0` and may be infinite;
    `drift` per time unit. A distance <= 0 is a barrier already crossed: 1 for the upper, 0 for the lower, and 0 when
    both are (the lower comes first). With zero variance the path is the straight line of the drift. Absolute error
    below 1e-12.
    Raises QuantError for NaN, a negative sigma or a negative horizon.
    Source: Borodin and Salminen (2002) 2.3.0.2-3.0.2; images by integrating the first-passage density, Girsanov for the
    drift.
    """
    a, b, s, t, mu = _broadcast(upper, lower, sigma, horizon, drift)
    shape = a.shape
    a, b, s, t, mu = (x.ravel() for x in (a, b, s, t, mu))
    out = np.zeros(a.shape)
    open_ = (a > 0.0) & (b > 0.0)
    out[(a <= 0.0) & (b > 0.0)] = 1.0
    still = (s == 0.0) | (t == 0.0)
    _put(out, open_ & still, _straight_line, a, b, s, t, mu)
    random = open_ & ~still & np.isfinite(a)
    one_sided, endless = np.isinf(b), np.isinf(t)
    _put(out, random & one_sided, _one_barrier, a, b, s, t, mu)
    _put(out, random & ~one_sided & endless, _endless, a, b, s, t, mu)
    _put(out, random & ~one_sided & ~endless, _two_barriers, a, b, s, t, mu)
    return np.asarray(np.clip(out, 0.0, 1.0).reshape(shape))


def barrier_outcomes(
    upper: ArrayLike, lower: ArrayLike, sigma: ArrayLike, horizon: ArrayLike = 1.0, drift: ArrayLike = 0.0
) -> BarrierOutcomes:
    """Upper first, lower first, or neither within the horizon. Arguments and errors as `probability_upper_first`.

    Barriers that are both crossed at the start count as the lower one (the stop comes first).
    """
    a, b, s, t, mu = _broadcast(upper, lower, sigma, horizon, drift)
    up = probability_upper_first(a, b, s, t, mu)
    down = probability_upper_first(b, a, s, t, -mu)
    down = np.where((a <= 0.0) & (b <= 0.0), 1.0, down)
    down = np.minimum(down, 1.0 - up)
    return BarrierOutcomes(upper=up, lower=down, neither=np.maximum(1.0 - (up + down), 0.0))


def one_sided_hit(distance: ArrayLike, sigma: ArrayLike, horizon: ArrayLike = 1.0, drift: ArrayLike = 0.0) -> FloatND:
    """Probability that a single barrier at `distance` is touched within the horizon; `drift` is positive towards the
    barrier.

    N((mu*T - d)/v) + exp(2*mu*d/sigma^2) * N((-mu*T - d)/v), v = sigma*sqrt(T); exp(2*mu*d/sigma^2) or 1 for an
    infinite horizon. The p_noise_stop of a stop without a target. Broadcasting, degenerate cases and errors as
    `probability_upper_first`.
    """
    return probability_upper_first(distance, np.inf, sigma, horizon, drift)


def discrete_monitoring_shift(sigma: ArrayLike, step: ArrayLike) -> FloatND:
    """Distance by which a barrier watched only every `step` time units acts farther away: .5826 * sigma * sqrt(step).

    Add it to both distances for levels the tool itself polls; levels held by the exchange are watched continuously.
    """
    s, dt = np.broadcast_arrays(np.asarray(sigma, dtype=np.float64), np.asarray(step, dtype=np.float64))
    _require_at_least_zero("sigma", s)
    _require_at_least_zero("step", dt)
    return np.asarray(DISCRETE_MONITORING_BETA * s * np.sqrt(dt))


def static_stop_probability(
    price: ArrayLike,
    take_profit: ArrayLike,
    stop_loss: ArrayLike,
    side: int,
    sigma_horizon: ArrayLike,
    *,
    log_mode: bool = False,
) -> StaticStopProbability:
    """Closed form for a fixed stop and target over the horizon whose standard deviation of log price is
    `sigma_horizon`.

    Side +1 long, -1 short; prices positive. The null is a flat expected price, log drift -sigma^2/2 (ruling 4);
    `log_mode` uses zero log drift, under which a short with levels mirrored in logs equals the long exactly. A stop
    already crossed counts before the target.
    Raises QuantError for a side other than +-1, a price that is not positive and finite, or a negative sigma.
    """
    if side not in (1, -1):
        raise QuantError(f"side is {side}, must be +1 (long) or -1 (short)", parameter="side")
    p, tp, sl, s = np.broadcast_arrays(*(np.asarray(x, dtype=np.float64) for x in (price, take_profit, stop_loss, sigma_horizon)))
    for name, value in (("price", p), ("take_profit", tp), ("stop_loss", sl)):
        if not np.all((value > 0.0) & np.isfinite(value)):
            raise QuantError(f"{name} must be positive and finite, got {_first_bad(value)}", parameter=name)
    # Differences of logs, not log of the quotient: mirrored levels then give the same two numbers, only signed.
    origin = np.log(p)
    target = side * (np.log(tp) - origin)
    stop = side * (origin - np.log(sl))
    drift = np.zeros(s.shape) if log_mode else -0.5 * side * s * s
    outcome = barrier_outcomes(target, stop, s, 1.0, drift)
    return StaticStopProbability(p_tp=outcome.upper, p_sl=outcome.lower, p_open=outcome.neither)


def _broadcast(*values: ArrayLike) -> tuple[FloatND, FloatND, FloatND, FloatND, FloatND]:
    a, b, s, t, mu = np.broadcast_arrays(*(np.asarray(x, dtype=np.float64) for x in values))
    for name, value in (("upper", a), ("lower", b)):
        if np.any(np.isnan(value)):
            raise QuantError(f"{name} is NaN", parameter=name)
    _require_at_least_zero("sigma", s)
    _require_at_least_zero("horizon", t)
    if not np.all(np.isfinite(s)):
        raise QuantError("sigma must be finite", parameter="sigma")
    if not np.all(np.isfinite(mu)):
        raise QuantError("drift must be finite", parameter="drift")
    return a, b, s, t, mu


def _require_at_least_zero(name: str, value: FloatND) -> None:
    if not np.all(value >= 0.0):
        raise QuantError(f"{name} must be at least 0, got {value[~(value >= 0.0)].flat[0]}", parameter=name)


def _first_bad(value: FloatND) -> float:
    return float(value[~((value > 0.0) & np.isfinite(value))].flat[0])


def _put(out: FloatND, mask: NDArray[np.bool_], kernel: Callable[..., FloatND], *arrays: FloatND) -> None:
    if mask.any():
        out[mask] = kernel(*(x[mask] for x in arrays))


def _straight_line(a: FloatND, b: FloatND, s: FloatND, t: FloatND, mu: FloatND) -> FloatND:
    del b, s
    upwards = mu > 0.0
    return np.where(upwards & (np.where(upwards, mu, 1.0) * t >= a), 1.0, 0.0)


def _one_barrier(a: FloatND, b: FloatND, s: FloatND, t: FloatND, mu: FloatND) -> FloatND:
    del b
    endless = np.isinf(t)
    root = np.sqrt(np.where(endless, 1.0, t))
    d = a / (s * root)
    delta = mu * root / s
    finite = np.exp(log_ndtr(delta - d)) + np.exp(2.0 * delta * d + log_ndtr(-delta - d))
    for_ever = np.exp(np.minimum(2.0 * delta * d, 0.0))
    return np.where(endless, for_ever, finite)


def _endless(a: FloatND, b: FloatND, s: FloatND, t: FloatND, mu: FloatND) -> FloatND:
    del t
    return _limit(a / s, b / s, mu / s)


def _limit(a: FloatND, b: FloatND, delta: FloatND) -> FloatND:
    """Infinite horizon: (1 - exp(-2*delta*b)) / (1 - exp(-2*delta*L)), or b/L without drift; written so that nothing
    overflows."""
    rate = 2.0 * np.abs(delta)
    driftless = rate * (a + b) < 1e-300
    rate = np.where(driftless, 1.0, rate)
    towards_lower = np.where(delta < 0.0, np.exp(-rate * a), 1.0)
    return np.where(driftless, b / (a + b), towards_lower * np.expm1(-rate * b) / np.expm1(-rate * (a + b)))


def _two_barriers(a: FloatND, b: FloatND, s: FloatND, t: FloatND, mu: FloatND) -> FloatND:
    root = np.sqrt(t)
    v = s * root
    x, y, delta = a / v, b / v, mu * root / s
    out = np.empty(a.shape)
    far_apart = (x + y) ** -2.0 < _SERIES_SWITCH
    _put(out, far_apart, _by_images, x, y, delta)
    _put(out, ~far_apart, _by_eigenfunctions, x, y, delta)
    return out


def _by_images(a: FloatND, b: FloatND, delta: FloatND) -> FloatND:
    """Sum of sgn(d) exp(delta*a) [exp(-m|d|) N(m - |d|) + exp(m|d|) N(-m - |d|)] over d = a + 2jL, m = |delta|; terms
    kept in logs."""
    m = np.abs(delta)
    total = np.zeros(a.shape)
    for j in range(-_IMAGES, _IMAGES + 1):
        d = a + 2.0 * j * (a + b)
        size = np.abs(d)
        near = delta * a - m * size + log_ndtr(m - size)
        far = delta * a + m * size + log_ndtr(-m - size)
        total += np.sign(d) * (np.exp(near) + np.exp(far))
    return total


def _by_eigenfunctions(a: FloatND, b: FloatND, delta: FloatND) -> FloatND:
    """p_inf - exp(delta*a) (pi/L^2) sum n (-1)^(n+1) sin(n pi b/L) exp(-k)/k, k = n^2 pi^2/(2 L^2) + delta^2/2."""
    length = a + b
    total = np.zeros(a.shape)
    for n in range(1, _EIGEN_TERMS + 1):
        k = 0.5 * (n * math.pi / length) ** 2 + 0.5 * delta * delta
        total += n * (-1.0) ** (n + 1) * np.sin(n * math.pi * b / length) * np.exp(delta * a - k) / k
    return _limit(a, b, delta) - math.pi / length**2 * total
