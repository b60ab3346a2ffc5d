"""Bars as they are served: numbers on the instrument's grid, and the texts an exchange writes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from market_analysis.venues.simulated.catalogue.instrument import InstrumentSpec
from market_analysis.venues.simulated.market.diffusion import Floats
from market_analysis.venues.simulated.market.ticks import FIELDS, TickBars, turnover_step


@dataclass(frozen=True, slots=True)
class BarRows:
    """Bars in rising time order: opening time (ms, UTC), prices, volume and turnover in the instrument's units.

    Volume is in base coin and turnover in quote coin (inverse: USD and base coin). Every float is the nearest to its
    exact decimal, which `texts` writes out.
    """

    open_ms: NDArray[np.int64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    turnover: Floats
    price_decimals: int
    volume_decimals: int
    turnover_decimals: int

    def __len__(self) -> int:
        return len(self.open_ms)

    def texts(self) -> list[list[str]]:
        """Rows of seven texts (time, open, high, low, close, volume, turnover), newest last."""
        price, volume, turnover = (f"%.{n}f" for n in (self.price_decimals, self.volume_decimals, self.turnover_decimals))
        form = (price, price, price, price, volume, turnover)
        columns = [_texts(getattr(self, name), text) for name, text in zip(FIELDS, form, strict=True)]
        return [list(row) for row in zip(map(str, self.open_ms.tolist()), *columns, strict=True)]


@dataclass(frozen=True, slots=True)
class MinuteRows:
    """Minute bars of last and mark price side by side (n values each; `open_ms` is the opening time, ms UTC)."""

    open_ms: NDArray[np.int64]
    last_open: Floats
    last_high: Floats
    last_low: Floats
    last_close: Floats
    mark_open: Floats
    mark_high: Floats
    mark_low: Floats
    mark_close: Floats

    def __len__(self) -> int:
        return len(self.open_ms)


def _texts(values: Floats, form: str) -> list[str]:
    """Each value by the format `form`: in one formatting, for there are tens of thousands."""
    return (f"{form} " * len(values) % tuple(values.tolist())).split()


def join(parts: list[TickBars]) -> TickBars:
    """Bars of several stretches in one."""
    if len(parts) == 1:
        return parts[0]
    return TickBars(*(np.concatenate([getattr(part, name) for part in parts]) for name in FIELDS))


def aggregate(bars: TickBars, first: NDArray[np.int64]) -> TickBars:
    """Longer bars out of shorter ones; `first` holds the position at which each longer bar begins (first[0] = 0)."""
    last = np.append(first[1:], len(bars.open)) - 1
    return TickBars(
        bars.open[first],
        np.maximum.reduceat(bars.high, first),
        np.minimum.reduceat(bars.low, first),
        bars.close[last],
        np.add.reduceat(bars.volume, first),
        np.add.reduceat(bars.turnover, first),
    )


def to_rows(spec: InstrumentSpec, open_ms: NDArray[np.int64], bars: TickBars) -> BarRows:
    """Ticks and lots turned into the instrument's units."""
    step = turnover_step(spec)
    return BarRows(
        open_ms,
        on_grid(bars.open, spec.tick_size),
        on_grid(bars.high, spec.tick_size),
        on_grid(bars.low, spec.tick_size),
        on_grid(bars.close, spec.tick_size),
        on_grid(bars.volume, spec.qty_step),
        on_grid(bars.turnover, step),
        decimals(spec.tick_size),
        decimals(spec.qty_step),
        decimals(step),
    )


def on_grid(counts: NDArray[np.int32] | NDArray[np.int64], step: Decimal) -> Floats:
    """counts * step, each the float nearest to the exact decimal: an integer product divided by a power of ten."""
    scale = 10 ** decimals(step)
    return (counts.astype(np.int64) * int(step * scale)) / float(scale)


def decimals(step: Decimal) -> int:
    """Digits after the point that a multiple of `step` needs."""
    return max(0, -int(step.normalize().as_tuple().exponent))
