"""Price-linear levels and size, the trailing stop, and the probability of target before stop."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TypedDict

from market_analysis.domain import Side, stop_price, target_price
from market_analysis.library.arguments import Config, above_zero, at_least_zero, settings_from, side_of
from market_analysis.quant.barrier import probability_upper_first
from market_analysis.quant.logit import soften
from market_analysis.risk.ratchet import LATE_AFTER_R
from market_analysis.settings import StopsSettings


class StopAndSize(TypedDict):
    SL: float
    TP: float
    SL_distance: float
    TP_distance: float
    Q: float


def sl_tp_and_size(
    entry_price: float,
    sigma_H: float,
    k: float = 1.2,
    m: float = 2.0,
    side: str = "long",
    R: float = 100.0,
    tick_size: float | None = None,
) -> StopAndSize:
    """SL = E (1 - s k sigma_H), TP = E (1 + s m sigma_H), price-linear, and the size Q = R / SL_distance that loses R at the stop.

    sigma_H: fraction; R: money, before costs. With a tick the stop is rounded never looser and the target never further away; the
    distances and Q follow the rounded levels. A distance of zero gives Q = 0. A level at or below zero raises ArgumentError.
    """
    entry, sign = above_zero("entry_price", entry_price), side_of(side).sign
    sigma = at_least_zero("sigma_H", sigma_H)
    stop = above_zero("stop loss", entry * (1.0 - sign * above_zero("k", k) * sigma))
    target = above_zero("take profit", entry * (1.0 + sign * above_zero("m", m) * sigma))
    if tick_size is not None:
        tick = Decimal(repr(above_zero("tick_size", tick_size)))
        stop, target = float(stop_price(stop, tick, sign)), float(target_price(target, tick, sign))
        above_zero("stop loss on the tick grid", stop)
        above_zero("take profit on the tick grid", target)
    sl_distance, tp_distance = max(sign * (entry - stop), 0.0), max(sign * (target - entry), 0.0)
    size = at_least_zero("R", R) / sl_distance if sl_distance > 0.0 else 0.0
    return {"SL": stop, "TP": target, "SL_distance": sl_distance, "TP_distance": tp_distance, "Q": size}


def trail_multiple(reached_r: float, stops: StopsSettings) -> float:
    """ATR multiple of the trail: atr_trail_mult_initial up to breakeven_after_R, linear to atr_trail_mult_late at 2 R."""
    span = LATE_AFTER_R - stops.breakeven_after_R
    reached = reached_r - stops.breakeven_after_R
    lateness = min(max(reached / span, 0.0), 1.0) if span > 0.0 else float(reached >= 0.0)
    return stops.atr_trail_mult_initial + (stops.atr_trail_mult_late - stops.atr_trail_mult_initial) * lateness


def compute_trailing_stop(entry: float, direction: str, atr: float, cfg: Config, r_unrealized: float) -> float:
    """entry - s mu atr: the chandelier stop below (long) or above (short) the price given as `entry`.

    mu falls linearly from atr_trail_mult_initial (up to breakeven_after_R) to atr_trail_mult_late (from 2 R) in `r_unrealized`.
    cfg: full settings, the [stops] table, or {}. A stop at or below zero raises ArgumentError.
    """
    stops = settings_from(cfg, "stops").stops
    distance = trail_multiple(r_unrealized, stops) * at_least_zero("atr", atr)
    return above_zero("trailing stop", above_zero("entry", entry) - side_of(direction).sign * distance)


def probability_hit_tp_before_sl(
    price: float, tp: float, sl: float, sigma_price: float, side: str, alpha: float = 1.0, *, horizons: float = math.inf
) -> float:
    """Probability that `tp` is touched before `sl`, 0..1, for a static stop and a flat expected price.

    sigma_price: standard deviation of the price over one horizon, price units. horizons: how many such horizons the position may
    live. By default for ever, where first passage of a driftless price gives (price - sl) / (tp - sl) = d_sl / (d_sl + d_tp)
    whatever sigma is, as long as it is not zero; with a finite number the two-barrier formula of `quant.barrier` (log prices, log
    drift -sigma^2 / 2). A level already crossed counts at once, the stop before the target: 0, else 1. sigma 0: neither is ever
    touched, 0. alpha softens, expit(logit(p) / alpha): the figure that is compared with prob_target; at 1 it is the probability.
    """
    at, direction = above_zero("price", price), side_of(side)
    target, stop = math.log(above_zero("tp", tp) / at), math.log(above_zero("sl", sl) / at)
    if direction is Side.SHORT:
        target, stop = -target, -stop
    sigma = at_least_zero("sigma_price", sigma_price) / at
    p = probability_upper_first(target, -stop, sigma, horizons, -0.5 * direction.sign * sigma**2)
    return float(soften(p, alpha))
