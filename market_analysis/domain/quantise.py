"""The one way from a computed float back to a tick or a lot (law 3)."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from enum import Enum


class Rounding(Enum):
    """Direction of rounding; the caller names the safe one."""

    DOWN = ROUND_FLOOR
    UP = ROUND_CEILING
    NEAREST = ROUND_HALF_EVEN


def quantise(value: float | Decimal, step: Decimal, rounding: Rounding) -> Decimal:
    """`value` as a multiple of `step`.

    A float is read at 15 significant digits first, so that 0.1 + 0.2 lies on the tick 0.3 and is not pushed to the next one.

    Raises:
        ValueError: value is not finite, or step is not positive.
    """
    if step <= 0 or not step.is_finite():
        raise ValueError(f"step must be a positive number, is {step}")
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"value must be finite, is {value}")
        exact = Decimal(f"{value:.15g}")
    else:
        exact = value
        if not exact.is_finite():
            raise ValueError(f"value must be finite, is {value}")
    return ((exact / step).to_integral_value(rounding=rounding.value) * step).quantize(step)


def stop_price(value: float | Decimal, tick_size: Decimal, side_sign: int) -> Decimal:
    """A stop on the tick grid, never looser: up for a long (side_sign +1), down for a short (-1)."""
    return quantise(value, tick_size, Rounding.UP if side_sign > 0 else Rounding.DOWN)


def target_price(value: float | Decimal, tick_size: Decimal, side_sign: int) -> Decimal:
    """A target on the tick grid, never further away: down for a long (side_sign +1), up for a short (-1)."""
    return quantise(value, tick_size, Rounding.DOWN if side_sign > 0 else Rounding.UP)


def quantity(value: float | Decimal, step: Decimal) -> Decimal:
    """A size on the lot grid, never larger."""
    return quantise(value, step, Rounding.DOWN)
