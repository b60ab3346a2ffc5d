"""Random paths by the hour, grown chunk by chunk: mean-reverting knots, and log prices with stochastic volatility."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from market_analysis.venues.simulated.market.seasons import HOURLY_VARIANCE
from market_analysis.venues.simulated.market.streams import (
    BLOCKS_PER_CHUNK,
    HOURS_PER_BLOCK,
    HOURS_PER_CHUNK,
    HOURS_PER_DAY,
    MINUTES_PER_HOUR,
    stream,
)

Floats = NDArray[np.float64]

TAIL_DEGREES = 5.0  # of the Student t that hourly shocks follow
JUMP_EVERY_DAYS = 15.0
JUMP_VARIANCE_SHARE = 0.08
_MINUTE_FRACTION = np.arange(MINUTES_PER_HOUR) / MINUTES_PER_HOUR


class OrnsteinUhlenbeck:
    """A stationary mean-zero AR(1) at hour boundaries: x' = phi x + sd sqrt(1 - phi^2) e, phi = 2^(-1/half_life)."""

    def __init__(self, seed: int, purpose: str, half_life_hours: float, sd: float) -> None:
        self._seed = seed
        self._purpose = purpose
        self._phi = math.exp2(-1.0 / half_life_hours)
        self._innovation_sd = sd * math.sqrt(1.0 - self._phi**2)
        self.sd = sd
        self._last = float(stream(seed, purpose + "/first", 0).standard_normal()) * sd
        self._chunks: list[Floats] = []

    def knots(self, block: int) -> Floats:
        """Values at the HOURS_PER_BLOCK + 1 hour boundaries of a block; the last one is the next block's first."""
        number, position = divmod(block, BLOCKS_PER_CHUNK)
        first = position * HOURS_PER_BLOCK
        return self.chunk(number)[first : first + HOURS_PER_BLOCK + 1]

    def chunk(self, number: int) -> Floats:
        """Values at the HOURS_PER_CHUNK + 1 hour boundaries of a chunk, growing the path up to it."""
        while len(self._chunks) <= number:
            draws = stream(self._seed, self._purpose, len(self._chunks)).standard_normal(HOURS_PER_CHUNK)
            phi, value = self._phi, self._last
            path = [value]
            for innovation in (draws * self._innovation_sd).tolist():
                value = phi * value + innovation
                path.append(value)
            self._last = value
            self._chunks.append(np.array(path))
        return self._chunks[number]


@dataclass(frozen=True, slots=True)
class HourBlock:
    """A stretch of a log-price component: boundary values (n + 1) and what happens in each hour (n).

    `level` is the component's log value, `variance_sum` the variance spent since the start (half of it is the drift
    that keeps the expected price flat), `variance` the diffusive variance of the hour, `jump` what falls in its
    minute `jump_minute`, `jump_variance` the variance it was drawn with.
    """

    level: Floats
    variance_sum: Floats
    variance: Floats
    jump: Floats
    jump_variance: Floats
    jump_minute: NDArray[np.int64]

    def part(self, first: int, hours: int) -> HourBlock:
        """The stretch of `hours` from hour `first` on."""
        end = first + hours
        return HourBlock(
            self.level[first : end + 1],
            self.variance_sum[first : end + 1],
            self.variance[first:end],
            self.jump[first:end],
            self.jump_variance[first:end],
            self.jump_minute[first:end],
        )


class Diffusion:
    """A driftless log-price component: hourly normals scaled by OU log-volatility, t tails, season and rare jumps.

    Each hour's variance is drawn first (chi-square mixing makes the hourly return a Student t), then the return and the
    minutes inside it are normal given that variance, so every horizon agrees with every other.
    """

    def __init__(self, seed: int, purpose: str, daily_vol_frac: float, log_volatility: Sequence[OrnsteinUhlenbeck]) -> None:
        self._seed = seed
        self._purpose = purpose
        self._hourly_variance = (1.0 - JUMP_VARIANCE_SHARE) * daily_vol_frac**2 / HOURS_PER_DAY
        self._jump_sd = daily_vol_frac * math.sqrt(JUMP_VARIANCE_SHARE * JUMP_EVERY_DAYS)
        self._log_volatility = tuple(log_volatility)
        self._centre = sum(path.sd**2 for path in self._log_volatility)
        self._chunks: list[HourBlock] = []

    def block(self, number: int) -> HourBlock:
        """The hours of block `number`, growing the path up to it."""
        chunk, position = divmod(number, BLOCKS_PER_CHUNK)
        while len(self._chunks) <= chunk:
            self._chunks.append(self._grow(len(self._chunks)))
        return self._chunks[chunk].part(position * HOURS_PER_BLOCK, HOURS_PER_BLOCK)

    def _grow(self, number: int) -> HourBlock:
        random = stream(self._seed, self._purpose, number)
        log_volatility = sum((path.chunk(number)[:-1] for path in self._log_volatility), np.zeros(HOURS_PER_CHUNK))
        mixing = (TAIL_DEGREES - 2.0) / random.chisquare(TAIL_DEGREES, HOURS_PER_CHUNK)
        variance = self._hourly_variance * HOURLY_VARIANCE * np.exp(2.0 * (log_volatility - self._centre)) * mixing
        jumps = random.random(HOURS_PER_CHUNK) < 1.0 / (JUMP_EVERY_DAYS * HOURS_PER_DAY)
        jump = np.where(jumps, self._jump_sd * random.standard_normal(HOURS_PER_CHUNK), 0.0)
        jump_variance = np.where(jumps, self._jump_sd**2, 0.0)
        jump_minute = random.integers(0, MINUTES_PER_HOUR, HOURS_PER_CHUNK)
        step = np.sqrt(variance) * random.standard_normal(HOURS_PER_CHUNK) + jump
        before = self._chunks[-1] if self._chunks else None
        level = _running(float(before.level[-1]) if before else 0.0, step)
        variance_sum = _running(float(before.variance_sum[-1]) if before else 0.0, variance + jump_variance)
        return HourBlock(level, variance_sum, variance, jump, jump_variance, jump_minute)

    def minutes(self, number: int) -> tuple[Floats, Floats]:
        """Level and variance sum at the MINUTES_PER_BLOCK + 1 minute boundaries: Brownian bridges between the hours."""
        hours = self.block(number)
        draws = stream(self._seed, self._purpose + "/minutes", number).standard_normal((HOURS_PER_BLOCK, MINUTES_PER_HOUR))
        walk = np.cumsum(draws, axis=1)
        end = walk[:, -1:].copy()
        walk[:, 1:] = walk[:, :-1]
        walk[:, 0] = 0.0
        walk -= end * _MINUTE_FRACTION
        walk *= np.sqrt(hours.variance / MINUTES_PER_HOUR)[:, None]
        walk += (np.diff(hours.level) - hours.jump)[:, None] * _MINUTE_FRACTION + hours.level[:-1, None]
        spent = hours.variance[:, None] * _MINUTE_FRACTION + hours.variance_sum[:-1, None]
        for hour in np.flatnonzero(hours.jump_variance):
            after = int(hours.jump_minute[hour]) + 1
            walk[hour, after:] += hours.jump[hour]
            spent[hour, after:] += hours.jump_variance[hour]
        return np.append(walk.ravel(), hours.level[-1]), np.append(spent.ravel(), hours.variance_sum[-1])


def _running(start: float, steps: Floats) -> Floats:
    return np.cumsum(np.concatenate(([start], steps)))
