"""Prices made to order: every instrument of the coin follows, nobody else does, and the past stays."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest

from market_analysis.errors import UsageError
from market_analysis.venues.simulated.market import Market, PriceMove, PricePath

BTC_KEYS = (("linear", "BTCUSDT"), ("linear", "BTCPERP"), ("inverse", "BTCUSD"), ("spot", "BTCUSDT"))
HOUR = timedelta(hours=1)
HALF_HOUR = timedelta(minutes=30)


def ratio(market: Market, base_market: Market, key: tuple[str, str], hours: float) -> float:
    at = base_market.start + hours * HOUR
    return float(market.index_price(*key, at) / base_market.index_price(*key, at))


@pytest.mark.parametrize("key", BTC_KEYS)
@pytest.mark.parametrize("hours", [30.0, 95.8, 96.0])  # the last two straddle and meet a block's end
def test_a_crash_of_twelve_percent_in_thirty_minutes(shared_market: Market, key: tuple[str, str], hours: float) -> None:
    begin = shared_market.start + hours * HOUR
    market = shared_market.with_script(PriceMove("BTC", begin, math.log(0.88), over=HALF_HOUR))
    assert ratio(market, shared_market, key, hours) == pytest.approx(1.0)
    assert ratio(market, shared_market, key, hours + 0.25) == pytest.approx(math.sqrt(0.88), rel=1e-4)
    for later in (0.5, 1.0, 100.0, 1000.0):
        assert ratio(market, shared_market, key, hours + later) == pytest.approx(0.88, rel=1e-4)
    now_ms = int((begin + HOUR).timestamp()) * 1000
    low = market.bars(*key, 60, 0, now_ms, now_ms).low.min()
    assert low <= float(market.last_price(*key, begin + HALF_HOUR))


def test_a_shock_that_does_not_persist_is_taken_back(shared_market: Market) -> None:
    at = shared_market.start + 50 * HOUR
    market = shared_market.shock("ETH", at, -0.2, persist=False)
    key = ("linear", "ETHUSDT")
    assert ratio(market, shared_market, key, 50 + 1 / 60) == pytest.approx(math.exp(-0.2), rel=1e-4)
    assert ratio(market, shared_market, key, 50 + 2 / 60) == pytest.approx(1.0)


def test_other_coins_and_the_past_are_untouched(shared_market: Market) -> None:
    at = shared_market.start + 50 * HOUR
    market = shared_market.shock("BTC", at, -0.3)
    end_ms = int((at + 200 * HOUR).timestamp()) * 1000
    for key in (("linear", "ETHUSDT"), ("spot", "SOLUSDT")):
        assert market.bars(*key, 15, 0, end_ms, end_ms).texts() == shared_market.bars(*key, 15, 0, end_ms, end_ms).texts()
    before_ms = int(at.timestamp()) * 1000
    assert market.bars("linear", "BTCUSDT", 1, 0, before_ms, before_ms).texts() == (
        shared_market.bars("linear", "BTCUSDT", 1, 0, before_ms, before_ms).texts()
    )


def test_moves_add_up(shared_market: Market) -> None:
    at = shared_market.start + 10 * HOUR
    market = shared_market.shock("BTC", at, -0.1).shock("BTC", at + HOUR, 0.25)
    assert ratio(market, shared_market, BTC_KEYS[0], 12) == pytest.approx(math.exp(0.15), rel=1e-5)


def test_a_given_path_is_exact_in_every_price_kind(shared_market: Market) -> None:
    begin = shared_market.start + timedelta(days=8) - 10 * timedelta(minutes=1)  # across a block's end
    points = ((begin, 70000.0), (begin + HALF_HOUR, 61600.0), (begin + 2 * HALF_HOUR, 61600.0))
    market = shared_market.with_script(PricePath("BTC", points))
    for key in BTC_KEYS:
        for moment, price in points:
            expected = Decimal(str(price))
            assert market.index_price(*key, moment) == expected
            assert market.mark_price(*key, moment) == expected
            assert market.last_price(*key, moment) == expected
        middle = market.mark_price(*key, begin + HALF_HOUR / 2)
        assert float(middle) == pytest.approx(math.sqrt(70000.0 * 61600.0), abs=0.06)
    window = (int(begin.timestamp()) * 1000, int((begin + 2 * HALF_HOUR).timestamp()) * 1000)
    rows = market.minutes("linear", "BTCUSDT", *window)
    assert np.array_equal(rows.last_high, np.maximum(rows.last_open, rows.last_close)), "no wicks"
    assert np.array_equal(rows.mark_low, np.minimum(rows.mark_open, rows.mark_close))
    assert np.array_equal(rows.last_close, rows.mark_close)


def test_after_a_given_path_the_coin_goes_on_from_its_end(shared_market: Market) -> None:
    begin = shared_market.start + 20 * HOUR
    path = PricePath("ETH", ((begin, 3000.0), (begin + HOUR, 3300.0)))
    market = shared_market.with_script(PriceMove("ETH", begin - HOUR, 0.05), path, PriceMove("ETH", begin + 3 * HOUR, -0.1))
    key = ("linear", "ETHUSDT")
    own = float(shared_market.index_price(*key, begin + HOUR))
    for hours in (2, 2.9, 90, 300):
        at = begin + hours * HOUR
        later = math.exp(-0.1) if hours > 3 else 1.0
        expected = 3300.0 * later * float(shared_market.index_price(*key, at)) / own
        assert float(market.index_price(*key, at)) == pytest.approx(expected, rel=2e-5)
    assert ratio(market, shared_market, key, 19.5) == pytest.approx(math.exp(0.05), rel=1e-5)


def test_scripted_bars_stay_well_formed(shared_market: Market) -> None:
    begin = shared_market.start + 95 * HOUR
    market = shared_market.with_script(
        PriceMove("BTC", begin, -0.9), PricePath("BTC", ((begin + HOUR, 5.0), (begin + 2 * HOUR, 90000.0)))
    )
    end_ms = int((begin + 5 * HOUR).timestamp()) * 1000
    for kind in ("last", "mark", "index"):
        bars = market.bars("linear", "BTCUSDT", 1, 0, end_ms, end_ms, kind)
        assert np.all(bars.high >= np.maximum(bars.open, bars.close))
        assert np.all(bars.low <= np.minimum(bars.open, bars.close))
        assert bars.low.min() > 0.0
        assert np.array_equal(bars.open[1:], bars.close[:-1])


def test_impossible_scripts_are_refused(shared_market: Market) -> None:
    start = shared_market.start
    for item, message in (
        (PriceMove("NOPE", start, 0.1), "unknown coin 'NOPE'"),
        (PriceMove("BTC", start - HOUR, 0.1), "before"),
        (PriceMove("BTC", start + timedelta(seconds=5), 0.1), "minute grid"),
    ):
        with pytest.raises(UsageError, match=message):
            shared_market.with_script(item)
    with pytest.raises(UsageError, match="one minute or more"):
        PriceMove("BTC", start, 0.1, over=timedelta(seconds=30))
    with pytest.raises(UsageError, match="rising time order"):
        PricePath("BTC", ((start, 1.0),))
    with pytest.raises(UsageError, match="rising time order"):
        PricePath("BTC", ((start + HOUR, 1.0), (start, 2.0)))
    for price in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(UsageError, match="prices above 0"):
            PricePath("BTC", ((start, 1.0), (start + HOUR, price)))
