"""Losses of variance forecasts that rank forecasts rightly even when the truth is seen through an unbiased noisy proxy.

Source: Patton (2011), "Volatility forecast comparison using imperfect volatility proxies".
"""

from __future__ import annotations

import numpy as np

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, as_float_1d, as_positive_1d, same_length

__all__ = ["floored", "qlike", "squared_error"]


def qlike(realised: Float1D, forecast: Float1D) -> Float1D:
    """realised / forecast - log(realised / forecast) - 1 for each case (cases,): zero when equal, else above zero.

    Both are variances over the same span in the same units; the loss has none. Understating costs more than overstating.
    Raises QuantError on NaN, unequal lengths or a value that is not above zero (`floored` a proxy that can be zero).
    """
    outcome, said = _pair(realised, forecast)
    ratio = outcome / said
    result: Float1D = ratio - np.log(ratio) - 1.0
    return result


def squared_error(realised: Float1D, forecast: Float1D) -> Float1D:
    """(realised - forecast)^2 for each case (cases,), in squared variance units. Errors as `qlike`."""
    outcome, said = _pair(realised, forecast)
    result: Float1D = (outcome - said) ** 2
    return result


def floored(realised: Float1D, floor: Float1D) -> Float1D:
    """The larger of a realised variance and `floor` (cases,): below one tick squared a price cannot say more.

    Raises QuantError on NaN, a negative realised variance, unequal lengths or a floor that is not above zero.
    """
    outcome, least = as_float_1d("realised", realised), as_positive_1d("floor", floor)
    same_length(realised=outcome, floor=least)
    if outcome.min() < 0.0:
        raise QuantError(f"realised has {outcome.min()}; none may be below 0", parameter="realised")
    return np.maximum(outcome, least)


def _pair(realised: Float1D, forecast: Float1D) -> tuple[Float1D, Float1D]:
    outcome, said = as_positive_1d("realised", realised), as_positive_1d("forecast", forecast)
    same_length(realised=outcome, forecast=said)
    return outcome, said
