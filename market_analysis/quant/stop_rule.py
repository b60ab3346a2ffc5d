"""Where the policy wants the stop, as a function of the best point a path has reached."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from market_analysis.quant.arrays import Float1D
from market_analysis.quant.policy_inputs import PolicyInputs

__all__ = ["StopRule", "signed_distance"]


@dataclass(frozen=True, slots=True)
class StopRule:
    """Where the policy wants the stop, as a function of the peak; side-signed log distances from the current price.

    From a peak excursion of `breakeven_after_r` on: the tighter of breakeven and the chandelier stop, peak - multiple *
    ATR, whose multiple falls linearly from `trail_mult_initial` at `breakeven_after_r` to `trail_mult_late` at
    `late_after_r`. Excursion, R and ATR are in prices, in log mode in logs (R0 as ln of entry over first stop, ATR as a
    fraction of the current price).
    """

    inputs: PolicyInputs

    @property
    def breakeven(self) -> float:
        """The distance of breakeven, E * (1 + side * 2 * fee)."""
        return float(self._to_distance(np.array([self.breakeven_excursion]))[0])

    @property
    def trigger(self) -> float:
        """The peak at which the stop first moves; infinite where no positive price reaches it."""
        i = self.inputs
        excursion = i.breakeven_after_r * self.initial_risk
        if not i.log_mode and i.entry + i.side * excursion <= 0.0:
            return math.inf
        return float(self._to_distance(np.array([excursion]))[0])

    def candidate(self, peak: Float1D) -> Float1D:
        """Stops for paths whose peak (n,) is at or beyond `trigger`."""
        i = self.inputs
        excursion = self._to_excursion(peak)
        span = i.late_after_r - i.breakeven_after_r
        r = excursion / self.initial_risk
        lateness = np.clip((r - i.breakeven_after_r) / span, 0.0, 1.0) if span > 0.0 else np.ones(peak.shape)
        multiple = i.trail_mult_initial + (i.trail_mult_late - i.trail_mult_initial) * lateness
        atr = i.atr / i.price if i.log_mode else i.atr
        return self._to_distance(np.maximum(self.breakeven_excursion, excursion - multiple * atr))

    @property
    def initial_risk(self) -> float:
        i = self.inputs
        return -i.side * math.log1p(-i.side * i.initial_risk / i.entry) if i.log_mode else i.initial_risk

    @property
    def breakeven_excursion(self) -> float:
        i = self.inputs
        return 2.0 * i.fee_frac * (1.0 if i.log_mode else i.entry)

    def _to_excursion(self, distance: Float1D) -> Float1D:
        i = self.inputs
        if i.log_mode:
            return distance - signed_distance(i, i.entry)
        return np.asarray(i.side * (i.price * np.exp(i.side * distance) - i.entry))

    def _to_distance(self, excursion: Float1D) -> Float1D:
        i = self.inputs
        if i.log_mode:
            return excursion + signed_distance(i, i.entry)
        return np.asarray(i.side * np.log((i.entry + i.side * excursion) / i.price))


def signed_distance(inputs: PolicyInputs, price: float) -> float:
    """side * ln(price / current price): positive is in the position's favour."""
    return inputs.side * (math.log(price) - math.log(inputs.price))
