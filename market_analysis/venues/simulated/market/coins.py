"""The index path of every coin: common factor, sector factor and own noise added up, then the script laid over it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from market_analysis.errors import UsageError
from market_analysis.venues.simulated.catalogue.bases import COMMON_DAILY_VOL_FRAC, BaseProfile
from market_analysis.venues.simulated.market.diffusion import Diffusion, Floats, OrnsteinUhlenbeck
from market_analysis.venues.simulated.market.recent import Recent
from market_analysis.venues.simulated.market.script import PriceMove, PricePath, ScriptItem
from market_analysis.venues.simulated.market.streams import (
    HOURS_PER_DAY,
    MINUTES_PER_BLOCK,
    MINUTES_PER_HOUR,
    stream,
)

_MINUTE = timedelta(minutes=1)
_SHARED_BLOCKS_KEPT = 400


@dataclass(frozen=True, slots=True)
class CoinBlock:
    """One block of a coin's index: log price at n + 1 minute boundaries, wicks and volatility of the n minutes.

    `upper_wick` and `lower_wick` are fractions by which the minute reached beyond its open and close; `variance_ratio`
    is each minute's diffusive variance over the coin's average; `quiet` marks boundaries inside a given price path.
    """

    log_price: Floats
    upper_wick: Floats
    lower_wick: Floats
    variance_ratio: Floats
    quiet: NDArray[np.bool_] | None


@dataclass(frozen=True, slots=True)
class _Factor:
    loading: float
    diffusion: Diffusion
    shared: bool


class CoinPaths:
    """Index paths by coin and block, computed on demand from the seed."""

    def __init__(
        self,
        profiles: Mapping[str, BaseProfile],
        seed: int,
        start: datetime,
        script: Sequence[ScriptItem],
        blocks_kept: int,
    ) -> None:
        self._profiles = profiles
        self._seed = seed
        self._start = start
        self._volatility = (
            OrnsteinUhlenbeck(seed, "volatility/slow", half_life_hours=200.0, sd=0.30),
            OrnsteinUhlenbeck(seed, "volatility/fast", half_life_hours=5.0, sd=0.35),
        )
        self._factors: dict[str, Diffusion] = {}
        self._coins: dict[str, tuple[_Factor, ...]] = {}
        self._shared: Recent[tuple[Diffusion, int], tuple[Floats, Floats]] = Recent(_SHARED_BLOCKS_KEPT)
        self._blocks: Recent[tuple[str, int], CoinBlock] = Recent(blocks_kept)
        self._script: dict[str, list[ScriptItem]] = {}
        for item in script:
            self._script.setdefault(item.base, []).append(item)
        self._joins: dict[tuple[str, int], float] = {}
        self._check_script()

    def daily_vol_frac(self, base: str) -> float:
        """The coin's average daily volatility as a fraction."""
        profile = self._profiles[base]
        common = profile.beta * COMMON_DAILY_VOL_FRAC
        return math.sqrt(common**2 + profile.sector_vol_frac**2 + profile.own_vol_frac**2)

    def block(self, base: str, number: int) -> CoinBlock:
        """Block `number` of the coin's index, script included."""
        return self._blocks.get((base, number), lambda: self._make_block(base, number))

    def _make_block(self, base: str, number: int) -> CoinBlock:
        factors = self._factors_of(base)
        log_price, hour_variance = self._own_path(base, factors, number)
        minute_variance = np.repeat(hour_variance / MINUTES_PER_HOUR, MINUTES_PER_HOUR)
        upper, lower = _wicks(stream(self._seed, f"wicks/{base}", number), np.diff(log_price), minute_variance)
        quiet: NDArray[np.bool_] | None = None
        script = self._script.get(base, ())
        for position, item in enumerate(script):
            log_price, given = self._apply(item, position, log_price, number)
            if given is not None:
                quiet = given if quiet is None else quiet | given
        if quiet is not None:
            loud = ~(quiet[:-1] & quiet[1:])
            upper, lower = upper * loud, lower * loud
        mean_variance = self.daily_vol_frac(base) ** 2 / (HOURS_PER_DAY * MINUTES_PER_HOUR)
        ratio = minute_variance / mean_variance if mean_variance > 0.0 else np.ones(MINUTES_PER_BLOCK)
        return CoinBlock(log_price, upper, lower, ratio, quiet)

    def _factors_of(self, base: str) -> tuple[_Factor, ...]:
        if base not in self._coins:
            profile = self._profiles[base]
            wanted = (
                (profile.beta * COMMON_DAILY_VOL_FRAC, "common", True),
                (profile.sector_vol_frac, f"sector/{profile.sector}", True),
                (profile.own_vol_frac, f"coin/{base}", False),
            )
            self._coins[base] = tuple(
                _Factor(loading, self._diffusion(name), shared) for loading, name, shared in wanted if loading > 0.0
            )
        return self._coins[base]

    def _diffusion(self, name: str) -> Diffusion:
        """The factor of that name with unit daily volatility; loadings carry the scale."""
        if name not in self._factors:
            own = OrnsteinUhlenbeck(self._seed, f"volatility/{name}", half_life_hours=36.0, sd=0.30)
            self._factors[name] = Diffusion(self._seed, name, 1.0, (*self._volatility, own))
        return self._factors[name]

    def _minutes(self, factor: _Factor, number: int) -> tuple[Floats, Floats]:
        if not factor.shared:
            return factor.diffusion.minutes(number)
        return self._shared.get((factor.diffusion, number), lambda: factor.diffusion.minutes(number))

    def _own_path(self, base: str, factors: Sequence[_Factor], number: int) -> tuple[Floats, Floats]:
        log_price = np.full(MINUTES_PER_BLOCK + 1, math.log(self._profiles[base].start_price))
        hour_variance = np.zeros(MINUTES_PER_BLOCK // MINUTES_PER_HOUR)
        for factor in factors:
            level, spent = self._minutes(factor, number)
            log_price += factor.loading * level - (0.5 * factor.loading**2) * spent
            hour_variance += factor.loading**2 * factor.diffusion.block(number).variance
        return log_price, hour_variance

    def _apply(self, item: ScriptItem, position: int, log_price: Floats, number: int) -> tuple[Floats, NDArray[np.bool_] | None]:
        first = number * MINUTES_PER_BLOCK
        minutes = np.arange(first, first + MINUTES_PER_BLOCK + 1, dtype=np.float64)
        if isinstance(item, PriceMove):
            begin, length = self._minute(item.at), item.over / _MINUTE
            ramp = np.clip((minutes - begin) / length, 0.0, 1.0)
            back = 0.0 if item.persist else np.clip((minutes - begin - length) / length, 0.0, 1.0)
            return log_price + item.log_move * (ramp - back), None
        at = [self._minute(moment) for moment, _ in item.points]
        given = (minutes >= at[0]) & (minutes <= at[-1])
        path = np.interp(minutes, at, [math.log(price) for _, price in item.points])
        joined = log_price if minutes[-1] <= at[-1] else log_price + (minutes > at[-1]) * self._join(item, position)
        return np.where(given, path, joined), given

    def _join(self, item: PricePath, position: int) -> float:
        """The shift after a given path: its last price over what the path before it in the script has there."""
        key = (item.base, position)
        if key not in self._joins:
            moment, price = item.points[-1]
            number, offset = divmod(int(self._minute(moment)), MINUTES_PER_BLOCK)
            level, _ = self._own_path(item.base, self._factors_of(item.base), number)
            for earlier, before in enumerate(self._script[item.base][:position]):
                level, _ = self._apply(before, earlier, level, number)
            self._joins[key] = math.log(price) - float(level[offset])
        return self._joins[key]

    def _minute(self, moment: datetime) -> float:
        return (moment - self._start) / _MINUTE

    def _check_script(self) -> None:
        for base, items in self._script.items():
            if base not in self._profiles:
                raise UsageError(f"script names the unknown coin {base!r}", remedy=f"use one of {', '.join(self._profiles)}")
            for item in items:
                moments = [item.at] if isinstance(item, PriceMove) else [moment for moment, _ in item.points]
                for moment in moments:
                    minute = self._minute(moment)
                    if minute < 0.0 or not minute.is_integer():
                        raise UsageError(
                            f"script time {moment.isoformat()} of {base} is off the minute grid"
                            f" or before {self._start.isoformat()}",
                            remedy="use whole minutes after the market's start",
                        )


def _wicks(random: np.random.Generator, moves: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """How far a Brownian bridge goes beyond its ends: (sqrt(d^2 + 2 v E) - |d|) / 2 with E a unit exponential.

    d is the move from end to end, v the variance. This inverts the law of the bridge's maximum,
    P(M >= m) = exp(-2 m (m - d) / v) for m >= max(0, d) (Karatzas and Shreve 1991, 4.3.40), for each side on its own.
    """
    squared, size = moves**2, np.abs(moves)
    upper = 0.5 * (np.sqrt(squared + 2.0 * variance * random.standard_exponential(len(moves))) - size)
    lower = 0.5 * (np.sqrt(squared + 2.0 * variance * random.standard_exponential(len(moves))) - size)
    return upper, lower
