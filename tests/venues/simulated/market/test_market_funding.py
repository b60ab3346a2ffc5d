"""Funding: the exchange's formula, its bounds, and each symbol's own interval."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from market_analysis.errors import VenueRejectedError
from market_analysis.venues.simulated.catalogue import make_catalogue
from market_analysis.venues.simulated.market import Market
from market_analysis.venues.simulated.market.funding import FundingRates

MINUTE_MS = 60_000
DAY_MS = 86_400_000


def rates(market: Market, symbol: str, days: int) -> np.ndarray:
    spec = market.spec("linear", symbol)
    step = spec.funding_interval_minutes * MINUTE_MS
    start = int(market.start.timestamp()) * 1000
    return np.array([float(market.funding_rate("linear", symbol, t)) for t in range(start, start + days * DAY_MS, step)])


def test_rates_revert_to_interest_within_bounds(shared_market: Market) -> None:
    series = rates(shared_market, "BTCUSDT", 1200)
    assert len(series) == 3600
    assert np.abs(series).max() <= 0.00375
    assert 0.3 < np.mean(series == 0.0001) < 0.75  # the clamp makes the rate exactly the interest about half of the time
    assert abs(series.mean() - 0.0001) < 5e-5
    assert np.corrcoef(series[:-1], series[1:])[0, 1] > 0.5
    assert abs(np.corrcoef(series[:-60], series[60:])[0, 1]) < 0.15


def test_short_intervals_pay_their_share(shared_market: Market) -> None:
    assert shared_market.spec("linear", "SUIUSDT").funding_interval_minutes == 60
    hourly, four_hourly = rates(shared_market, "SUIUSDT", 60), rates(shared_market, "ARBUSDT", 60)
    assert np.median(hourly) == pytest.approx(0.0001 / 8)
    assert np.median(four_hourly) == pytest.approx(0.0001 / 2)


def test_bounds_hold_a_wild_premium() -> None:
    """At a bound a thousand times tighter nearly every rate stands at it."""
    spec = next(s for s in make_catalogue().instruments if s.symbol == "BTCUSDT" and s.category == "linear")
    tight = replace(spec, upper_funding_rate=Decimal("0.00005"), lower_funding_rate=Decimal("-0.00005"))
    seen = {FundingRates(tight, 1).rate(hour) for hour in range(0, 4000, 8)}
    assert max(seen) == Decimal("0.00005")
    assert min(seen) == Decimal("-0.00005")


def test_a_time_between_two_settlements_belongs_to_the_next(shared_market: Market) -> None:
    start = int(shared_market.start.timestamp()) * 1000
    eight = start + 8 * 3_600_000
    at_eight = shared_market.funding_rate("linear", "ETHUSDT", eight)
    assert shared_market.funding_rate("linear", "ETHUSDT", start + 1) == at_eight
    assert shared_market.next_funding_ms("linear", "ETHUSDT", start) == eight
    assert shared_market.next_funding_ms("linear", "ETHUSDT", eight - 1) == eight
    assert shared_market.next_funding_ms("linear", "SUIUSDT", start) == start + 3_600_000


def test_spot_pays_no_funding(shared_market: Market) -> None:
    with pytest.raises(VenueRejectedError, match="pays no funding"):
        shared_market.funding_rate("spot", "BTCUSDT", int(shared_market.start.timestamp()) * 1000)
