"""Where the trade's loss is taken: your stop, else a multiple of the day's sigma, else the default distance."""

from __future__ import annotations

from decimal import Decimal

from market_analysis.domain import Rounding, quantise, stop_price
from market_analysis.risk.sizing_engine.types import Refusal, SizingRequest, Stop, exact
from market_analysis.settings import SizingSettings

FRACTION_STEP = Decimal("1e-10")
"""Grain of the loss per dollar; rounded up, so that no loss is understated."""


def choose_stop(request: SizingRequest, settings: SizingSettings) -> Stop | Refusal:
    """The stop on the tick grid; for a short above the price. Yours is never looser than named, the engine's own never nearer than
    its sigmas, both within the bounds.

    A distance of your own outside [min_stop_frac, max_stop_frac] is refused; one from volatility is brought within and says so.
    Refusals: stop_outside_bounds, stop_not_possible (the tick is too coarse for it).
    """
    low, high = settings.min_stop_frac, settings.max_stop_frac
    if request.stop_frac is not None:
        return _yours(request, request.stop_frac, low, high)
    if request.sigma_day is None:
        return _own(request, settings.default_stop_frac, high, "default", "no volatility is known: default_stop_frac")
    wanted = settings.stop_sigmas * request.sigma_day
    distance = min(max(wanted, low), high)
    moved = "" if distance == wanted else f"{settings.stop_sigmas:g} sigma is {wanted:.4g}, brought to {distance:g}"
    return _own(request, distance, high, "volatility", moved)


def _yours(request: SizingRequest, distance: float, low: float, high: float) -> Stop | Refusal:
    """Rounded towards the price. Where that takes half of the distance away or more, it is another stop than yours."""
    if not low <= distance <= high:
        where = f"the stop is {distance:.4g} away, min_stop_frac {low:g} to max_stop_frac {high:g}"
        return Refusal("stop_outside_bounds", where)
    stop = _at(request, distance, inwards=True)
    return _stop(request, stop, "yours", "") if 2 * _away(request, stop) > exact(distance) else _too_coarse(request, distance)


def _own(request: SizingRequest, distance: float, high: float, source: str, note: str) -> Stop | Refusal:
    """Rounded away from the price, unless that is beyond max_stop_frac."""
    stop = _at(request, distance, inwards=False)
    if _away(request, stop) > exact(high):
        stop = _at(request, distance, inwards=True)
    return _stop(request, stop, source, note) if _away(request, stop) > 0 else _too_coarse(request, distance)


def _at(request: SizingRequest, distance: float, *, inwards: bool) -> Decimal:
    sign = request.side.sign
    price = request.price * (1 - sign * exact(distance))
    return stop_price(price, request.instrument.tick_size, sign if inwards else -sign)


def _away(request: SizingRequest, stop: Decimal) -> Decimal:
    """Distance on the loss side, fraction of the price; bounds below one keep every stop above zero."""
    return request.side.sign * (request.price - stop) / request.price


def _too_coarse(request: SizingRequest, distance: float) -> Refusal:
    tick = request.instrument.tick_size
    return Refusal("stop_not_possible", f"at a tick of {tick} there is no stop {distance:.4g} away from {request.price}")


def _stop(request: SizingRequest, stop: Decimal, source: str, note: str) -> Stop:
    price = request.price
    fee, slip = request.instrument.taker_fee_frac, exact(request.slippage_frac)
    # An inverse contract's notional is dollars at any price; a linear one's moves with the price, and so does the fee on it.
    exit_ratio = Decimal(1) if request.instrument.is_inverse else stop / price
    distance_frac = quantise(_away(request, stop), FRACTION_STEP, Rounding.UP)
    return Stop(stop, distance_frac, quantise(fee + (fee + slip) * exit_ratio, FRACTION_STEP, Rounding.UP), source, note)
