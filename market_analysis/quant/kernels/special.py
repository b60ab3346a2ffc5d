"""Digamma and trigamma of a positive number, for kernels that cannot call SciPy.

Both climb to an argument of at least ten by their recurrence, then sum the asymptotic series (Abramowitz, Stegun 6.3.18, 6.4.12):
error below 2e-14 of the value.
"""

from __future__ import annotations

import math

__all__ = ["digamma", "trigamma"]

_HIGH_ENOUGH = 10.0


def digamma(x: float) -> float:
    """Derivative of ln Gamma at x > 0."""
    below = 0.0
    while x < _HIGH_ENOUGH:
        below -= 1.0 / x
        x += 1.0
    y = 1.0 / (x * x)
    series = y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y * (1 / 132 - y * 691 / 32760)))))
    return below + math.log(x) - 0.5 / x - series


def trigamma(x: float) -> float:
    """Second derivative of ln Gamma at x > 0."""
    below = 0.0
    while x < _HIGH_ENOUGH:
        below += 1.0 / (x * x)
        x += 1.0
    y = 1.0 / (x * x)
    series = y * (1 / 6 - y * (1 / 30 - y * (1 / 42 - y * (1 / 30 - y * (5 / 66 - y * 691 / 2730)))))
    return below + (1.0 + 0.5 / x + series) / x
