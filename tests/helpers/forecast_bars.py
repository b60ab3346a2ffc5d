"""Hourly bars simulated from a known variance, as the forecasts read them."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

HOUR_MS = 3_600_000
START_MS = 1_700_000_000_000 // HOUR_MS * HOUR_MS


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedBars:
    """Satisfies `quant.forecast.bar_arrays.BarArrays`."""

    open_time_ms: np.ndarray
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray
    bar_minutes: int = 60

    def rows(self, part: slice) -> SimulatedBars:
        arrays = {field.name: getattr(self, field.name)[part] for field in fields(self) if field.name != "bar_minutes"}
        return replace(self, **arrays)

    def scaled(self, factor: float) -> SimulatedBars:
        return replace(self, **{name: getattr(self, name) * factor for name in ("open", "high", "low", "close")})


def simulated_bars(
    seed: int, bars: int = 1500, sigma: float | np.ndarray = 0.006, steps: int = 60, price: float = 100.0
) -> SimulatedBars:
    """A driftless walk of `steps` a bar; sigma per bar, one number or one for each bar."""
    rng = np.random.default_rng(seed)
    scale = np.broadcast_to(np.asarray(sigma), (bars,))[:, None] / np.sqrt(steps)
    inside = np.cumsum((rng.standard_normal((bars, steps)) * scale).ravel()).reshape(bars, steps)
    logs = np.log(price) + inside
    opens = np.concatenate([[np.log(price)], logs[:-1, -1]])
    return SimulatedBars(
        START_MS + HOUR_MS * np.arange(bars, dtype=np.int64),
        np.exp(opens),
        np.exp(np.maximum(logs.max(axis=1), opens)),
        np.exp(np.minimum(logs.min(axis=1), opens)),
        np.exp(logs[:, -1]),
        rng.gamma(2.0, 50.0, bars),
    )


def clustered_sigma(seed: int, bars: int, level: float = 0.006) -> np.ndarray:
    """A slowly moving volatility: log sigma is an autoregression with a half-life of a day."""
    rng = np.random.default_rng(seed)
    decay = 0.5 ** (1 / 24)
    logs = np.zeros(bars)
    for bar in range(1, bars):
        logs[bar] = decay * logs[bar - 1] + 0.5 * np.sqrt(1 - decay**2) * rng.standard_normal()
    return level * np.exp(logs)
