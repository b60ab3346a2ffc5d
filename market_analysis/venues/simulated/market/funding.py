"""Funding rates, by the exchange's own formula on a premium that reverts to the interest."""

from __future__ import annotations

from decimal import Decimal

from market_analysis.venues.simulated.catalogue.instrument import InstrumentSpec
from market_analysis.venues.simulated.market.diffusion import OrnsteinUhlenbeck
from market_analysis.venues.simulated.market.intervals import MINUTE_MS
from market_analysis.venues.simulated.market.streams import HOURS_PER_BLOCK

INTEREST_PER_8H = 1e-4
_CLAMP = 5e-4
_PREMIUM_SD = 7e-4
_PREMIUM_HALF_LIFE_HOURS = 30.0
_STEP = Decimal("0.00000001")


class FundingRates:
    """The funding rates of one perpetual.

    rate = (P + clamp(I - P, -0.05 %, 0.05 %)) * interval / 8 h, within the instrument's bounds; P the premium index, I
    the interest of 0.01 % per 8 h (Bybit's help centre, funding rate). So the rate is exactly I about half of the time.
    """

    def __init__(self, spec: InstrumentSpec, seed: int) -> None:
        self._spec = spec
        self._premium = OrnsteinUhlenbeck(seed, f"premium/{spec.symbol}/{spec.settle}", _PREMIUM_HALF_LIFE_HOURS, _PREMIUM_SD)

    def rate(self, hour: int) -> Decimal:
        """The rate paid `hour` hours after the start, a fraction of position value; positive: longs pay shorts."""
        block, position = divmod(hour, HOURS_PER_BLOCK)
        premium = INTEREST_PER_8H + float(self._premium.knots(block)[position])
        rate = premium + min(_CLAMP, max(-_CLAMP, INTEREST_PER_8H - premium))
        exact = Decimal(repr(rate * self._spec.funding_interval_minutes / 480.0)).quantize(_STEP)
        return max(self._spec.lower_funding_rate, min(self._spec.upper_funding_rate, exact))


def next_funding_ms(spec: InstrumentSpec, at_ms: int) -> int:
    """The first funding time at or after `at_ms`; intervals are counted from midnight UTC."""
    length = spec.funding_interval_minutes * MINUTE_MS
    return -(-at_ms // length) * length
