"""The market is a function of its seed: no order, chunk, clock or neighbour changes a byte of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.errors import UsageError, VenueRejectedError
from market_analysis.venues.simulated.catalogue import Catalogue, make_catalogue
from market_analysis.venues.simulated.market import Market, MinuteRows, make_market

START = datetime(2026, 3, 2, tzinfo=UTC)
START_MS = int(START.timestamp()) * 1000
MINUTE_MS = 60_000
SPAN_MINUTES = 14 * 1440
CATALOGUE = make_catalogue()


def fresh(seed: int = 1) -> Market:
    return Market(CATALOGUE, seed=seed, start=START)


def columns(rows: MinuteRows) -> bytes:
    names = ("open_ms", "last_open", "last_high", "last_low", "last_close", "mark_open", "mark_high", "mark_low", "mark_close")
    return b"".join(np.ascontiguousarray(getattr(rows, name)).tobytes() for name in names)


def minutes(market: Market, first: int, end: int, symbol: str = "ETHUSDT") -> MinuteRows:
    return market.minutes("linear", symbol, START_MS + first * MINUTE_MS, START_MS + end * MINUTE_MS)


WHOLE = minutes(fresh(), 0, SPAN_MINUTES)


@settings(deadline=None, max_examples=25)
@given(cuts=st.lists(st.integers(0, SPAN_MINUTES), max_size=6), backwards=st.booleans())
def test_chunks_in_any_order_make_the_whole(cuts: list[int], backwards: bool) -> None:
    market = fresh()
    edges = sorted({0, SPAN_MINUTES, *cuts})
    pieces = list(pairwise(edges))
    parts = {first: minutes(market, first, end) for first, end in (reversed(pieces) if backwards else pieces)}
    for name in ("open_ms", "last_open", "last_high", "last_low", "last_close", "mark_high", "mark_close"):
        joined = np.concatenate([getattr(parts[first], name) for first, _ in pieces])
        assert joined.tobytes() == getattr(WHOLE, name).tobytes()


def test_asking_for_the_far_future_first_changes_nothing() -> None:
    market = fresh()
    for spec in CATALOGUE.instruments:
        market.bars(*spec.key, "D", 0, START_MS + 90 * 86_400_000, START_MS + 90 * 86_400_000)
    assert columns(minutes(market, 0, SPAN_MINUTES)) == columns(WHOLE)


def test_neighbours_in_the_catalogue_change_nothing() -> None:
    wide = Market(make_catalogue(30), seed=1, start=START)
    narrow = Market(Catalogue(tuple(s for s in CATALOGUE.instruments if s.base == "ETH"), CATALOGUE.bases), seed=1, start=START)
    assert columns(minutes(wide, 0, 6000)) == columns(minutes(narrow, 0, 6000)) == columns(minutes(fresh(), 0, 6000))


def test_seeds_differ_and_symbols_differ() -> None:
    assert columns(minutes(fresh(2), 0, 100)) != columns(minutes(fresh(1), 0, 100))
    market = fresh()
    eth, sol = (np.diff(np.log(minutes(market, 0, 5000, s).mark_close)) for s in ("ETHUSDT", "SOLUSDT"))
    assert np.corrcoef(eth, sol)[0, 1] < 0.95


@settings(deadline=None, max_examples=40)
@given(seconds=st.integers(0, SPAN_MINUTES * 60 - 1))
def test_a_price_is_what_the_minute_opened_with(seconds: int) -> None:
    market = MARKET
    at = START + timedelta(seconds=seconds)
    minute = seconds // 60
    assert float(market.last_price("linear", "ETHUSDT", at)) == WHOLE.last_open[minute]
    assert float(market.mark_price("linear", "ETHUSDT", at)) == WHOLE.mark_open[minute]
    assert market.last_price("linear", "ETHUSDT", at) % market.spec("linear", "ETHUSDT").tick_size == 0
    bid, ask = market.best_bid_ask("linear", "ETHUSDT", at)
    assert 0 < bid < ask
    assert market.last_price("linear", "ETHUSDT", at) in (bid, ask)


MARKET = fresh()


def test_day_statistics_are_those_of_the_last_1440_minutes() -> None:
    at = START + timedelta(days=5, hours=7, minutes=11, seconds=30)
    stats = MARKET.day_statistics("linear", "ETHUSDT", at)
    now_ms = int(at.timestamp()) * 1000
    first = now_ms // MINUTE_MS * MINUTE_MS - 1440 * MINUTE_MS
    bars = MARKET.bars("linear", "ETHUSDT", 1, first, now_ms, now_ms)
    assert len(bars) == 1441
    assert float(stats.high_24h) == bars.high.max()
    assert float(stats.low_24h) == bars.low.min()
    assert float(stats.price_24h_ago) == bars.open[0]
    assert float(stats.price_1h_ago) == bars.open[-61]
    assert stats.last_price == MARKET.last_price("linear", "ETHUSDT", at)
    assert float(stats.volume_24h) == pytest.approx(bars.volume.sum(), rel=1e-12)
    assert float(stats.turnover_24h) == pytest.approx(bars.turnover.sum(), rel=1e-12)
    assert float(stats.change_frac) == pytest.approx(bars.close[-1] / bars.open[0] - 1.0, abs=5e-7)


def test_what_cannot_be_answered_is_refused() -> None:
    with pytest.raises(VenueRejectedError, match="no instrument 'NOPEUSDT'"):
        MARKET.last_price("linear", "NOPEUSDT", START)
    with pytest.raises(VenueRejectedError, match="before its first minute"):
        MARKET.mark_price("linear", "BTCUSDT", START - timedelta(seconds=1))
    with pytest.raises(UsageError, match="midnight UTC"):
        Market(CATALOGUE, seed=1, start=START + timedelta(minutes=1))
    with pytest.raises(UsageError, match="midnight UTC"):
        Market(CATALOGUE, seed=1, start=datetime(2026, 3, 2))  # noqa: DTZ001


def test_make_market_reaches_back_far_enough() -> None:
    now = START + timedelta(hours=13)
    market = make_market(CATALOGUE, 3, now, history_days=200)
    assert now - market.start >= timedelta(days=200)
    assert market.last_price("linear", "BTCUSDT", market.start) > 0


def test_open_interest_is_on_the_lot_grid() -> None:
    for spec in CATALOGUE.instruments:
        interest = MARKET.open_interest(*spec.key, START)
        assert interest > 0
        assert interest % spec.qty_step == 0


def test_prices_never_fall_off_the_grid() -> None:
    """A coin whose price rounds to nothing stands at one tick."""
    bases = {**CATALOGUE.bases, "SUI": replace(CATALOGUE.bases["SUI"], start_price=1e-9)}
    market = Market(replace(CATALOGUE, bases=bases), seed=1, start=START)
    assert market.last_price("linear", "SUIUSDT", START) == market.spec("linear", "SUIUSDT").tick_size
