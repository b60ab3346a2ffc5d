"""Batched GARCH(1,1) log-likelihood with analytic score and expected information.

For series i (rows) and bars t (columns), zero mean, with the backcast b_i standing in for both r_{-1}^2 and h_{-1}:

    h_t = omega + alpha r_{t-1}^2 + beta h_{t-1}

Normal:     ll_t = -(log 2 pi + log h_t + z_t^2) / 2,                     z_t^2 = r_t^2 / h_t
Student-t:  ll_t = c(nu) - log(h_t)/2 - (nu+1)/2 log(1 + z_t^2/(nu-2)),   unit variance, nu > 2
            c(nu) = log Gamma((nu+1)/2) - log Gamma(nu/2) - log(pi (nu-2))/2

Every derivative of h obeys the same recursion y_t = x_t + beta y_{t-1} as h itself.

Sources: Bollerslev (1986); Fiorentini, Calzolari and Panattoni (1996) for the analytic derivatives. Expected information
of the unit-variance Student-t per bar in (log h, nu):
    I_hh = nu / (2 (nu+3)),  I_h_nu = 3 / ((nu+1)(nu-2)(nu+3)),
    I_nu_nu = (psi'(nu/2) - psi'((nu+1)/2))/4 + nu/(2 (nu-2)^2 (nu+3)) - 1/((nu+1)(nu-2)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
from scipy.special import gammaln, psi, zeta

from market_analysis.quant.arrays import Float1D, Float2D, FloatND
from market_analysis.quant.recursion import bidiagonal, first_order_filter, solve_bidiagonal

__all__ = ["SUMS", "LikelihoodPoint", "conditional_variance", "evaluate", "from_sums", "lagged", "likelihood_sums"]

LOG_2_PI = float(np.log(2.0 * np.pi))


SUMS = 16
"""Columns of the sums over bars: log h; log d, d = (nu - 2) h + x (Student-t); weighted shocks; score (3); relative slopes g (3);
their products g g' (6: 00 01 02 11 12 22); and, no sum, the variance of the bar after the last."""
_PRODUCTS = [9, 10, 11, 10, 12, 13, 11, 13, 14]


@dataclass(frozen=True, slots=True)
class LikelihoodPoint:
    """Log-likelihood (series,), score (series, k) and expected information (series, k, k); k parameters as given.

    next_variance (series,) is that of the bar after the last.
    """

    log_likelihood: Float1D
    score: Float2D
    information: FloatND
    next_variance: Float1D


def conditional_variance(squared: Float2D, backcast: Float1D, natural: Float2D) -> Float2D:
    """h (series, bars) from squared returns, backcast (series,) and rows (omega, alpha, beta, ...)."""
    omega, alpha, beta = natural[:, 0], natural[:, 1], natural[:, 2]
    inputs = omega[:, None] + alpha[:, None] * lagged(squared, backcast)
    inputs[:, 0] += beta * backcast
    return first_order_filter(inputs, beta)


def lagged(values: Float2D, first: Float1D) -> Float2D:
    """Shift each row right by one bar; `first` fills the left column."""
    shifted = np.empty_like(values)
    shifted[:, 0] = first
    shifted[:, 1:] = values[:, :-1]
    return shifted


def evaluate(squared: Float2D, backcast: Float1D, natural: Float2D) -> LikelihoodPoint:
    """Likelihood, score and information at `natural` = rows (omega, alpha, beta) or (omega, alpha, beta, nu)."""
    return from_sums(likelihood_sums(squared, backcast, natural), natural, squared.shape[1])


def from_sums(sums: Float2D, natural: Float2D, bars: int) -> LikelihoodPoint:
    """The same from the sums over bars (series, SUMS), whoever made them."""
    log_h, shock, score, following = sums[:, 0], sums[:, 2], sums[:, 3:6], sums[:, 15]
    products = sums[:, _PRODUCTS].reshape(-1, 3, 3)
    if natural.shape[1] == 3:
        return LikelihoodPoint(-0.5 * (bars * LOG_2_PI + log_h + shock), score, 0.5 * products, following)
    nu = natural[:, 3]
    sum_log_tail = sums[:, 1] - log_h - bars * np.log(nu - 2.0)
    full = np.column_stack([score, _score_of_nu(nu, bars, sum_log_tail, shock)])
    value = _student_value(nu, bars, log_h, sum_log_tail)
    return LikelihoodPoint(value, full, _student_information(products, sums[:, 6:9], nu, bars), following)


def likelihood_sums(squared: Float2D, backcast: Float1D, natural: Float2D) -> Float2D:
    """The sums over bars (series, SUMS) at `natural`, by whole-array operations; `garch_compiled` makes the same."""
    variance, relative = _variance_and_slopes(squared, backcast, natural)
    sums = np.zeros((len(natural), SUMS))
    shocks = squared / variance
    sums[:, 0] = _sum_log(variance)
    if natural.shape[1] == 4:
        nu = natural[:, 3, None]
        tail = 1.0 + shocks / (nu - 2.0)
        sums[:, 1] = sums[:, 0] + squared.shape[1] * np.log(nu[:, 0] - 2.0) + _sum_log(tail)
        shocks *= (nu + 1.0) / ((nu - 2.0) * tail)
        sums[:, 6:9] = relative.sum(axis=2)
    sums[:, 2] = shocks.sum(axis=1)
    sums[:, 3:6] = (relative @ (0.5 * (shocks - 1.0))[:, :, None])[:, :, 0]
    products = relative @ relative.transpose(0, 2, 1)
    sums[:, 9:15] = products[:, [0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2]]
    sums[:, 15] = natural[:, 0] + natural[:, 1] * squared[:, -1] + natural[:, 2] * variance[:, -1]
    return sums


def _variance_and_slopes(squared: Float2D, backcast: Float1D, natural: Float2D) -> tuple[Float2D, FloatND]:
    """h (series, bars) and d log h / d (omega, alpha, beta) as (series, 3, bars)."""
    omega, alpha, beta = natural[:, 0, None], natural[:, 1, None], natural[:, 2]
    start = backcast[:, None]
    slopes = np.empty((squared.shape[0], 3, squared.shape[1]))
    system = bidiagonal(beta, squared.shape[1])
    slopes[:, 0] = solve_bidiagonal(system, np.ones_like(squared))
    slopes[:, 1] = solve_bidiagonal(system, lagged(squared, backcast))
    # beta^(t+1) = 1 - (1-beta) * sum_{j<=t} beta^j, so h needs no filter of its own.
    variance = start + (omega - (1.0 - beta[:, None]) * start) * slopes[:, 0] + alpha * slopes[:, 1]
    slopes[:, 2] = solve_bidiagonal(system, lagged(variance, backcast))
    slopes /= variance[:, None, :]
    return variance, slopes


def _student_value(nu: Float1D, bars: int, sum_log_variance: Float1D, sum_log_tail: Float1D) -> Float1D:
    constant = gammaln((nu + 1.0) / 2.0) - gammaln(nu / 2.0) - 0.5 * np.log(np.pi * (nu - 2.0))
    return bars * constant - 0.5 * sum_log_variance - 0.5 * (nu + 1.0) * sum_log_tail


def _score_of_nu(nu: Float1D, bars: int, sum_log_tail: Float1D, sum_weighted: Float1D) -> Float1D:
    digamma_gap = psi((nu + 1.0) / 2.0) - psi(nu / 2.0) - 1.0 / (nu - 2.0)
    result: Float1D = 0.5 * (bars * digamma_gap - sum_log_tail + sum_weighted / (nu - 2.0))
    return result


def _student_information(products: FloatND, slopes: Float2D, nu: Float1D, bars: int) -> FloatND:
    """products (series, 3, 3) and slopes (series, 3): sums over bars of g g' and g, g = d log h / d (omega, alpha, beta)."""
    information = np.empty((len(nu), 4, 4))
    information[:, :3, :3] = (nu / (2.0 * (nu + 3.0)))[:, None, None] * products
    cross = (3.0 / ((nu + 1.0) * (nu - 2.0) * (nu + 3.0)))[:, None] * slopes
    information[:, :3, 3] = cross
    information[:, 3, :3] = cross
    # trigamma(x) = zeta(2, x); polygamma takes twice as long.
    trigamma_gap = 0.25 * (zeta(2.0, nu / 2.0) - zeta(2.0, (nu + 1.0) / 2.0))
    tail_part = nu / (2.0 * (nu - 2.0) ** 2 * (nu + 3.0)) - 1.0 / ((nu + 1.0) * (nu - 2.0))
    information[:, 3, 3] = bars * (trigamma_gap + tail_part)
    return information


def _sum_log(values: Float2D) -> Float1D:
    """Row sums of log(values); three pairwise products first, because a product is far cheaper than a logarithm."""
    total = np.zeros(values.shape[0])
    for _ in range(3):
        half = values.shape[1] // 2
        if values.shape[1] % 2:
            total += np.log(values[:, -1])
        values = values[:, :half] * values[:, half : 2 * half]
    return cast(Float1D, total + np.log(values).sum(axis=1))
