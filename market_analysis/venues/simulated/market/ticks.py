"""Minute bars of one instrument in whole ticks and lots: index, mark and last price laid around the coin's index."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from market_analysis.venues.simulated.catalogue.instrument import InstrumentSpec
from market_analysis.venues.simulated.market.coins import CoinBlock, CoinPaths
from market_analysis.venues.simulated.market.diffusion import Floats, OrnsteinUhlenbeck
from market_analysis.venues.simulated.market.seasons import HOURLY_VOLUME
from market_analysis.venues.simulated.market.streams import (
    HOURS_PER_BLOCK,
    HOURS_PER_DAY,
    MINUTES_PER_BLOCK,
    MINUTES_PER_HOUR,
    stream,
)

Integers = NDArray[np.int64]
Ticks = NDArray[np.int32]
PriceKind = Literal["last", "mark", "index"]

BASIS_SD_FRAC = 3e-4  # mark over index of a perpetual
BASIS_HALF_LIFE_HOURS = 10.0
SPOT_BASIS_SD_FRAC = 1.2e-4
_TRADE_NOISE_SHARE = 0.1  # of a minute's volatility: how far trades are printed from the mark
_LEAST_TRADE_NOISE_FRAC = 3e-5
_MARKET_SHARE = {"USDT": 1.0, "USDC": 0.06}
_INVERSE_SHARE = 0.08
_SPOT_SHARE = 0.3
_MINUTES_PER_DAY = HOURS_PER_DAY * MINUTES_PER_HOUR
_NOTHING = np.zeros(MINUTES_PER_BLOCK, dtype=np.int64)
_NOTHING.setflags(write=False)
_MINUTE_VOLUME = np.repeat(HOURLY_VOLUME, MINUTES_PER_HOUR)


@dataclass(frozen=True, slots=True)
class TickBars:
    """Bars in whole numbers: prices in ticks, volume in quantity steps, turnover in steps of `turnover_step`."""

    open: Ticks
    high: Ticks
    low: Ticks
    close: Ticks
    volume: Integers
    turnover: Integers

    def between(self, first: int, end: int) -> TickBars:
        """The bars of positions first to end - 1."""
        return TickBars(*(getattr(self, name)[first:end] for name in FIELDS))


FIELDS = ("open", "high", "low", "close", "volume", "turnover")


def turnover_step(spec: InstrumentSpec) -> Decimal:
    """The unit turnover is counted in."""
    return Decimal("0.00000001") if spec.category == "inverse" else Decimal("0.0001")


class InstrumentTicks:
    """The minutes of one instrument, block by block."""

    def __init__(self, spec: InstrumentSpec, coins: CoinPaths, seed: int, daily_turnover_usd: float) -> None:
        self._spec = spec
        self._coins = coins
        self._seed = seed
        self._name = f"{spec.category}/{spec.symbol}"
        self._ticks_per_unit = float(1 / spec.tick_size)
        self._bounds = float(spec.min_price / spec.tick_size), float(spec.max_price / spec.tick_size)
        sd = BASIS_SD_FRAC if spec.is_perpetual else SPOT_BASIS_SD_FRAC
        self._basis = OrnsteinUhlenbeck(seed, f"basis/{self._name}", BASIS_HALF_LIFE_HOURS, sd)
        minute_vol = coins.daily_vol_frac(spec.base) / _MINUTES_PER_DAY**0.5
        self._noise_sd = max(_TRADE_NOISE_SHARE * minute_vol, _LEAST_TRADE_NOISE_FRAC)
        share = _SPOT_SHARE if spec.category == "spot" else _INVERSE_SHARE
        self._turnover_per_minute = daily_turnover_usd / _MINUTES_PER_DAY * _MARKET_SHARE.get(spec.settle, share)

    def bars(self, kind: PriceKind, number: int) -> TickBars:
        """The minute bars of block `number`; only last prices have volume."""
        coin = self._coins.block(self._spec.base, number)
        price = np.exp(coin.log_price + self._offset(kind, coin, number))
        boundary = self._to_ticks(price)
        start, end = boundary[:-1], boundary[1:]
        high = np.maximum(self._to_ticks(np.maximum(price[:-1], price[1:]) * (1.0 + coin.upper_wick)), np.maximum(start, end))
        low = np.minimum(self._to_ticks(np.minimum(price[:-1], price[1:]) * (1.0 - coin.lower_wick)), np.minimum(start, end))
        if kind != "last":
            return TickBars(start, high, low, end, _NOTHING, _NOTHING)
        mean_price = (0.25 * start + 0.25 * high + 0.25 * low + 0.25 * end) / self._ticks_per_unit
        volume, turnover = self._traded(number, coin, mean_price)
        return TickBars(start, high, low, end, volume, turnover)

    def _to_ticks(self, price: Floats) -> Ticks:
        return np.clip(np.rint(price * self._ticks_per_unit), *self._bounds).astype(np.int32)

    def _offset(self, kind: PriceKind, coin: CoinBlock, number: int) -> Floats | float:
        if kind == "index" or (kind == "mark" and not self._spec.is_perpetual):
            return 0.0
        hours = np.arange(HOURS_PER_BLOCK + 1, dtype=np.float64)
        offset = np.interp(np.arange(MINUTES_PER_BLOCK + 1) / MINUTES_PER_HOUR, hours, self._basis.knots(number))
        if kind == "last":
            # Block boundaries carry no noise, so that neighbouring blocks agree on the price they share.
            draws = stream(self._seed, f"trades/{self._name}", number).standard_normal(MINUTES_PER_BLOCK - 1)
            offset[1:-1] += self._noise_sd * draws
        return offset if coin.quiet is None else np.where(coin.quiet, 0.0, offset)

    def _traded(self, number: int, coin: CoinBlock, mean_price: Floats) -> tuple[Integers, Integers]:
        draws = stream(self._seed, f"volume/{self._name}", number).standard_normal(MINUTES_PER_BLOCK)
        activity = np.exp(0.6 * draws - 0.18) * np.sqrt(coin.variance_ratio) * _MINUTE_VOLUME
        value = self._turnover_per_minute * activity
        qty_step, step = float(self._spec.qty_step), float(turnover_step(self._spec))
        if self._spec.category == "inverse":
            lots = np.rint(value / qty_step)
            return lots.astype(np.int64), np.rint(lots * qty_step / mean_price / step).astype(np.int64)
        lots = np.rint(value / (mean_price * qty_step))
        return lots.astype(np.int64), np.rint(lots * qty_step * mean_price / step).astype(np.int64)
