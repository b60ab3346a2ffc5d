"""The data of a backtest, checked once, and the views of it that a decision may see."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from market_analysis.domain import Bars
from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D
from market_analysis.risk.backtest_types import EntryMoment, Funding

MINUTE_MS = 60_000
_PRICE_TOLERANCE_FRAC = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """All that is known at the close of the last bar of `bars`: views of one length (bars so far,), read-only.

    atr: price units; sigma_h: horizon sigma, fraction; both as of each bar's close.
    """

    bars: Bars
    atr: Float1D
    sigma_h: Float1D


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """The whole of the data; only `seen` and the fills of a bar leave it."""

    bars: Bars
    atr: Float1D
    sigma_h: Float1D
    finer: Bars | None
    funding: Funding | None

    def seen(self, row: int) -> Seen:
        """What is known at the close of bar `row`."""
        return Seen(self.bars[: row + 1], self.atr[: row + 1], self.sigma_h[: row + 1])

    def span_ms(self, row: int) -> tuple[int, int]:
        """Open and close time of bar `row`."""
        opened = int(self.bars.open_time_ms[row])
        return opened, opened + self.bars.bar_minutes * MINUTE_MS

    def finer_of(self, row: int) -> Bars | None:
        """The finer bars that make up bar `row`, None unless all are there."""
        if self.finer is None:
            return None
        first, last = np.searchsorted(self.finer.open_time_ms, self.span_ms(row), side="left")
        found = self.finer[int(first) : int(last)]
        return found if len(found) * found.bar_minutes == self.bars.bar_minutes else None

    def funding_rate(self, row: int) -> float:
        """Funding rates that fell due in bar `row`."""
        return 0.0 if self.funding is None else self.funding.rate_within(*self.span_ms(row))


def entry_moment_of(bars: Bars, index: int, price: float, moment: EntryMoment | None) -> tuple[EntryMoment, int]:
    """When in its bar the trade begins (`moment` if given), and the number of the last bar closed by then; QuantError on an
    impossible entry."""
    if not 0 <= index < len(bars):
        raise QuantError(f"entry_index is {index}; it must lie in 0..{len(bars) - 1}", parameter="entry_index")
    low, high = float(bars.low[index]), float(bars.high[index])
    slack = _PRICE_TOLERANCE_FRAC * high
    if not low - slack <= price <= high + slack:
        raise QuantError(
            f"entry_price is {price}; bar {index} traded {low} to {high}",
            parameter="entry_price",
            remedy="give a price at which that bar traded",
        )
    if moment is None:
        at_close, at_open = (abs(price - float(edge[index])) <= slack for edge in (bars.close, bars.open))
        moment = EntryMoment.CLOSE if at_close else EntryMoment.OPEN if at_open else EntryMoment.INSIDE
    if moment is EntryMoment.CLOSE and index == len(bars) - 1:
        raise QuantError(f"entry_index is {index}, the close of the last bar: no bar follows it", parameter="entry_index")
    if moment is not EntryMoment.CLOSE and index == 0:
        raise QuantError("entry_index is 0, but the entry lies before that bar's close", parameter="entry_index")
    return moment, index if moment is EntryMoment.CLOSE else index - 1


def market_of(
    bars: Bars, sigma_h: float | Float1D, atr: Float1D, known: int, finer: Bars | None, funding: Funding | None
) -> Market:
    """The data with `sigma_h` one per bar; QuantError unless it, `atr` and the prices are sound from bar `known` on."""
    _check_prices(bars, known)
    sigmas = np.broadcast_to(np.asarray(sigma_h, dtype=np.float64), (len(bars),)) if np.ndim(sigma_h) == 0 else sigma_h
    series = {"sigma_h": np.asarray(sigmas, dtype=np.float64), "atr": np.asarray(atr, dtype=np.float64)}
    for name, values in series.items():
        if values.shape != (len(bars),):
            raise QuantError(f"{name} has shape {values.shape}; it must have one value per bar, ({len(bars)},)", parameter=name)
        wrong = ~np.isfinite(values[known:]) | (values[known:] < 0.0)
        if name == "sigma_h":
            wrong |= values[known:] == 0.0
        if wrong.any():
            at = known + int(np.argmax(wrong))
            raise QuantError(f"{name}[{at}] is {values[at]}; from the entry on it must be finite and above 0", parameter=name)
    if finer is not None and bars.bar_minutes % finer.bar_minutes:
        message = f"finer bars have {finer.bar_minutes} minutes; they must divide {bars.bar_minutes}"
        raise QuantError(message, parameter="finer")
    frozen = {name: values.view() for name, values in series.items()}
    for view in frozen.values():
        view.flags.writeable = False
    return Market(bars, frozen["atr"], frozen["sigma_h"], finer, funding)


def _check_prices(bars: Bars, known: int) -> None:
    later = bars[known:]
    above, below = np.maximum(later.open, later.close), np.minimum(later.open, later.close)
    sound = (later.low > 0.0) & (later.low <= below) & (later.high >= above) & np.isfinite(later.high)
    if not sound.all():
        at = known + int(np.argmin(sound))
        raise QuantError(f"bar {at} is no bar: NaN, a price at or below 0, or a body outside its range", parameter="bars")
