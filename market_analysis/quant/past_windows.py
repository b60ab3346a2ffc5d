"""Historical simulation of whole windows: the policy lived through what really followed past forecasts.

Bars drawn one by one know neither how wrong a forecast of the horizon's variance tends to be, nor what hours have to do with each
other. A past window, in units of the sigma that was forecast for it then, carries both: its use is a recalibration on the market's
own past. Windows are few and overlap, so their answer is pooled with that of the drawn bars (`pooled_shares`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, Float2D, Int1D, as_float_1d
from market_analysis.quant.bar_paths import SimulatedBar

# The loop over bars is the simulation's own, fed with other bars: one rule, one place.
from market_analysis.quant.policy import _run
from market_analysis.quant.policy_inputs import PolicyInputs
from market_analysis.quant.policy_outcome import PolicyOutcome, binomial_standard_error, exact_shares
from market_analysis.quant.stop_rule import StopRule, signed_distance

__all__ = ["PastWindows", "Shares", "cut_windows", "joined_windows", "pooled_shares", "replay"]

_UNIT: Final = 1 << 53

Shares = tuple[float, float, float, float]
"""Target, stop at a loss, stop at or above breakeven, still open; their sum is one."""


@dataclass(frozen=True, slots=True, eq=False)
class PastWindows:
    """close, high, low (hours, windows): log price relative to the window's start, over the sigma forecast for the whole window."""

    close: Float2D
    high: Float2D
    low: Float2D

    @property
    def hours(self) -> int:
        """Bars of a window."""
        return len(self.close)

    @property
    def count(self) -> int:
        """How many windows."""
        return len(self.close[0])


def cut_windows(close: Float1D, high: Float1D, low: Float1D, starts: Int1D, sigma: Float1D, hours: int) -> PastWindows:
    """The `hours` bars after the close of each bar number in `starts`, in units of `sigma` (starts,), forecast at that close.

    close, high, low: (bars,), prices > 0. Raises QuantError where a window leaves the bars or a sigma is not above zero.
    """
    places, scale = np.asarray(starts, dtype=np.int64), as_float_1d("sigma", sigma, 0)
    if places.size and not (places.min() >= 0 and places.max() + hours < close.size):
        raise QuantError(f"starts reach to {places.max()}; {hours} hours after it leave the {close.size} bars", parameter="starts")
    if scale.shape != places.shape or not (scale > 0.0).all():
        raise QuantError("sigma must be above zero, one for each start", parameter="sigma")
    rows = np.arange(1, hours + 1)[:, None] + places
    origin = np.log(close[places])
    parts = ((np.log(prices[rows]) - origin) / scale for prices in (close, high, low))
    return PastWindows(*parts)


def joined_windows(parts: Sequence[PastWindows]) -> PastWindows:
    """All windows and their mirror images (close -> -close, high -> -low, low -> -high): they know no direction."""
    close, high, low = (np.concatenate([getattr(part, name) for part in parts], axis=1) for name in ("close", "high", "low"))
    return PastWindows(
        np.concatenate([close, -close], axis=1), np.concatenate([high, -low], axis=1), np.concatenate([low, -high], axis=1)
    )


def replay(inputs: PolicyInputs, windows: PastWindows) -> PolicyOutcome:
    """The policy of `simulate` over the windows, scaled by the sigma of `inputs.variance_path`; residuals and seed play no part.

    The mean price over windows is the current one at every hour (log mode: the mean log price). Standard errors are binomial as if
    windows were independent, which they are not. Raises QuantError when the windows are not as long as the variance path.
    """
    if windows.hours != inputs.variance_path.size:
        raise QuantError(f"windows have {windows.hours} bars, variance_path {inputs.variance_path.size}", parameter="windows")
    over = replace(inputs, paths=windows.count)
    rule = StopRule(over)
    run = _run(over, _bars(over, windows), rule)
    targets = over.side * (np.log(over.target_grid) - np.log(over.price))
    hits = over.paths - np.searchsorted(np.sort(run.reached), targets, side="left")
    noise = np.array([np.count_nonzero(run.lowest <= signed_distance(over, over.stop))])
    return PolicyOutcome(
        inputs=over,
        p_target_by_grid=hits / over.paths,
        standard_error=binomial_standard_error(hits, over.paths),
        p_noise_stop=float(noise[0] / over.paths),
        p_noise_stop_standard_error=float(binomial_standard_error(noise, over.paths)[0]),
        breakeven_level=rule.breakeven,
        reached=run.reached,
        exit_level=run.exit_level,
        last_close=run.last_close,
    )


def pooled_shares(one: Shares, other: Shares) -> Shares:
    """The mean of two answers that sum to exactly one, as multiples of 2^-53; it sums to exactly one again.

    Equal weights hedge: half of either's error is taken out, and nothing was fitted. Source: Stone (1961), "The opinion pool".
    """
    first, second, third, fourth = exact_shares([round(a * _UNIT) + round(b * _UNIT) for a, b in zip(one, other, strict=True)])
    return first, second, third, fourth


def _bars(inputs: PolicyInputs, windows: PastWindows) -> Iterator[SimulatedBar]:
    """The windows bar by bar, as side-signed log distances (windows,)."""
    sigma = float(np.sqrt(inputs.variance_path.sum()))
    for close, high, low in zip(windows.close, windows.high, windows.low, strict=True):
        logs = sigma * close
        shift = 0.0 if inputs.log_mode else float(np.log(np.exp(logs).mean()))
        best, worst = (high, low) if inputs.side > 0 else (low, high)
        yield SimulatedBar(*(inputs.side * (part - shift) for part in (logs, sigma * best, sigma * worst)))
