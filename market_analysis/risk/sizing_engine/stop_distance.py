"""Where the trade's loss is taken: your stop, else a multiple of the day's sigma, else the default distance."""

from __future__ import annotations

from decimal import Decimal

from market_analysis.domain import Rounding, quantise, stop_price
from market_analysis.risk.sizing_engine.types import Refusal, SizingRequest, Stop, exact
from market_analysis.settings import SizingSettings

FRACTION_STEP = Decimal("1e-10")
"""Grain of the loss per dollar; rounded up, so that no loss is understated."""


def choose_stop(request: SizingRequest, settings: SizingSettings) -> Stop | Refusal:
    """The stop on the tick grid, never looser than chosen; for a short above the price.

    A distance of your own outside [min_stop_frac, max_stop_frac] is refused; one from volatility is brought within and says so.
    Refusals: stop_outside_bounds, stop_not_possible (not above zero, or no tick between it and the price).
    """
    low, high = settings.min_stop_frac, settings.max_stop_frac
    if request.stop_frac is not None:
        if not low <= request.stop_frac <= high:
            return Refusal(
                "stop_outside_bounds", f"the stop is {request.stop_frac:.4g} away, min_stop_frac {low:g} to max_stop_frac {high:g}"
            )
        return _placed(request, request.stop_frac, "yours", "")
    if request.sigma_day is None:
        return _placed(request, settings.default_stop_frac, "default", "no volatility is known: default_stop_frac")
    wanted = settings.stop_sigmas * request.sigma_day
    distance = min(max(wanted, low), high)
    moved = "" if distance == wanted else f"{settings.stop_sigmas:g} sigma is {wanted:.4g}, brought to {distance:g}"
    return _placed(request, distance, "volatility", moved)


def _placed(request: SizingRequest, distance: float, source: str, note: str) -> Stop | Refusal:
    price, sign = request.price, request.side.sign
    stop = stop_price(price * (1 - sign * exact(distance)), request.instrument.tick_size, sign)
    if stop <= 0 or sign * (price - stop) <= 0:
        return Refusal(
            "stop_not_possible", f"a stop {distance:.4g} away from {price} rounds to {stop}, which is not on its loss side"
        )
    fee, slip = request.instrument.taker_fee_frac, exact(request.slippage_frac)
    # An inverse contract's notional is dollars at any price; a linear one's moves with the price, and so does the fee on it.
    exit_ratio = Decimal(1) if request.instrument.is_inverse else stop / price
    distance_frac = quantise(abs(price - stop) / price, FRACTION_STEP, Rounding.UP)
    return Stop(stop, distance_frac, quantise(fee + (fee + slip) * exit_ratio, FRACTION_STEP, Rounding.UP), source, note)
