"""Bars of all lengths are the same minutes; the forming bar knows nothing of what comes."""

from __future__ import annotations

import calendar
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.errors import VenueRejectedError
from market_analysis.venues.simulated.catalogue import make_catalogue
from market_analysis.venues.simulated.market import MINUTE_INTERVALS, BarRows, Interval, Market, PriceKind, parse_interval
from market_analysis.venues.simulated.market.ticks import turnover_step

MINUTE_MS = 60_000
DAY_MS = 86_400_000
INTERVALS: tuple[Interval, ...] = (*MINUTE_INTERVALS, "D", "W", "M")
Rows = list[tuple[int, list[Decimal]]]
KEYS = (("linear", "BTCUSDT"), ("linear", "1000PEPEUSDT"), ("inverse", "BTCUSD"), ("spot", "USDCUSDT"), ("linear", "ALT001USDT"))


def start_ms(market: Market) -> int:
    return int(market.start.timestamp()) * 1000


def decimal_rows(bars: BarRows) -> Rows:
    return [(int(row[0]), [Decimal(text) for text in row[1:]]) for row in bars.texts()]


def calendar_open(moment: datetime, interval: Interval) -> datetime:
    """Where a bar opens, the slow way: by the calendar."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if interval == "M":
        return midnight.replace(day=1)
    if interval == "W":
        return midnight - timedelta(days=midnight.weekday())
    if interval == "D":
        return midnight
    return midnight + (moment - midnight) // timedelta(minutes=interval) * timedelta(minutes=interval)


def slow_bars(minutes: Rows, interval: Interval) -> Rows:
    """Longer bars by hand, in exact decimals, from the one-minute bars."""
    grouped: dict[int, list[Decimal]] = {}
    for open_ms, (start, high, low, end, volume, turnover) in minutes:
        moment = datetime.fromtimestamp(open_ms / 1000, tz=UTC)
        key = calendar.timegm(calendar_open(moment, interval).timetuple()) * 1000
        if key not in grouped:
            grouped[key] = [start, high, low, end, volume, turnover]
            continue
        bar = grouped[key]
        grouped[key] = [bar[0], max(bar[1], high), min(bar[2], low), end, bar[4] + volume, bar[5] + turnover]
    return list(grouped.items())


@pytest.mark.parametrize("key", KEYS)
def test_every_length_is_the_exact_aggregate_of_its_minutes(shared_market: Market, key: tuple[str, str]) -> None:
    begin = start_ms(shared_market)
    now = begin + 8 * DAY_MS + 13 * 3_600_000 + 37 * MINUTE_MS + 21_000
    minutes = decimal_rows(shared_market.bars(*key, 1, begin, now, now))
    for interval in INTERVALS:
        if interval != "M":
            longer = decimal_rows(shared_market.bars(*key, interval, begin, now, now))
            assert longer == slow_bars(minutes, interval), interval


def test_a_month_is_the_exact_aggregate_of_its_minutes(shared_market: Market) -> None:
    begin = start_ms(shared_market)
    now = begin + 33 * DAY_MS + 5 * MINUTE_MS
    months = decimal_rows(shared_market.bars("linear", "BTCUSDT", "M", begin, now, now))
    assert [datetime.fromtimestamp(open_ms / 1000, tz=UTC).day for open_ms, _ in months] == [1]
    assert months == slow_bars(decimal_rows(shared_market.bars("linear", "BTCUSDT", 1, months[0][0], now, now)), "M")


@pytest.mark.parametrize("kind", ["last", "mark", "index"])
@pytest.mark.parametrize("key", KEYS)
def test_rows_are_well_formed(shared_market: Market, key: tuple[str, str], kind: PriceKind) -> None:
    begin = start_ms(shared_market)
    now = begin + 12 * DAY_MS
    bars = shared_market.bars(*key, 1, begin, now, now, kind)
    assert np.array_equal(bars.open_ms, begin + np.arange(12 * 1440 + 1) * MINUTE_MS)
    assert bars.low.min() > 0.0
    assert np.all(bars.high >= np.maximum(bars.open, bars.close))
    assert np.all(bars.low <= np.minimum(bars.open, bars.close))
    assert np.array_equal(bars.open[1:], bars.close[:-1]), "each bar opens at the close before it, across blocks too"
    spec = shared_market.spec(*key)
    for _, row in decimal_rows(bars)[:: 12 * 60]:
        assert all(price % spec.tick_size == 0 for price in row[:4])
        assert row[4] % spec.qty_step == 0
        assert row[5] % turnover_step(spec) == 0
    assert bool(bars.volume.any()) is (kind == "last")


def test_turnover_is_volume_at_a_price_inside_the_bar(shared_market: Market) -> None:
    begin = start_ms(shared_market)
    now = begin + DAY_MS
    linear = shared_market.bars("linear", "ETHUSDT", 60, begin, now - 1, now)
    assert np.all((linear.turnover / linear.volume >= linear.low) & (linear.turnover / linear.volume <= linear.high))
    inverse = shared_market.bars("inverse", "ETHUSD", 60, begin, now - 1, now)
    assert np.all((inverse.volume / inverse.turnover >= inverse.low) & (inverse.volume / inverse.turnover <= inverse.high))


@settings(deadline=None, max_examples=40)
@given(
    interval=st.sampled_from(INTERVALS),
    offset=st.integers(0, 20 * DAY_MS),
    length=st.integers(0, 3 * DAY_MS),
    ahead=st.integers(0, 30 * DAY_MS),
    key=st.sampled_from(KEYS),
)
def test_the_future_changes_no_bar_that_was_closed(
    shared_market: Market, interval: Interval, offset: int, length: int, ahead: int, key: tuple[str, str]
) -> None:
    """What was closed at `now` is the same seen later; what was forming holds only the minutes before now."""
    now = start_ms(shared_market) + offset
    seen = shared_market.bars(*key, interval, now - length, now, now).texts()
    later = shared_market.bars(*key, interval, now - length, now, now + ahead).texts()
    assert [row[0] for row in seen] == [row[0] for row in later]
    if seen:
        assert seen[:-1] == later[:-1]
        forming = shared_market.bars(*key, 1, int(seen[-1][0]), now, now)
        assert decimal_rows(forming)[0][1][0] == Decimal(seen[-1][1])
        assert Decimal(seen[-1][4]) == shared_market.last_price(*key, datetime.fromtimestamp(now // 1000, tz=UTC))
        assert seen[-1][1:] == texts_of(slow_total(forming), forming)


def slow_total(minutes: BarRows) -> list[Decimal]:
    rows = [row for _, row in decimal_rows(minutes)]
    volume, turnover = (sum((row[column] for row in rows), Decimal(0)) for column in (4, 5))
    return [rows[0][0], max(row[1] for row in rows), min(row[2] for row in rows), rows[-1][3], volume, turnover]


def texts_of(values: list[Decimal], like: BarRows) -> list[str]:
    places = [like.price_decimals] * 4 + [like.volume_decimals, like.turnover_decimals]
    return [f"{value:.{digits}f}" for value, digits in zip(values, places, strict=True)]


def test_the_forming_minute_stands_still(shared_market: Market) -> None:
    now = start_ms(shared_market) + 5 * DAY_MS + 42_000
    row = decimal_rows(shared_market.bars("linear", "BTCUSDT", 1, now - MINUTE_MS, now, now))[-1]
    assert row[0] == now - 42_000
    assert len(set(row[1][:4])) == 1
    assert row[1][4:] == [0, 0]


def test_window_bounds_are_opening_times(shared_market: Market) -> None:
    begin = start_ms(shared_market)
    hour = 3_600_000
    bars = shared_market.bars("linear", "BTCUSDT", 60, begin + 1, begin + 3 * hour, begin + 40 * hour)
    assert bars.open_ms.tolist() == [begin + hour, begin + 2 * hour, begin + 3 * hour]
    assert len(shared_market.bars("linear", "BTCUSDT", 60, begin + 5 * hour, begin + 9 * hour, begin + 4 * hour)) == 0
    assert len(shared_market.bars("linear", "BTCUSDT", 60, begin - 9 * hour, begin - hour, begin + hour)) == 0
    assert len(shared_market.bars("linear", "BTCUSDT", 60, 0, begin, begin - 1)) == 0


def test_weeks_begin_on_monday_and_months_on_the_first(shared_market: Market) -> None:
    begin = start_ms(shared_market)
    now = begin + 100 * DAY_MS
    weeks = [datetime.fromtimestamp(t / 1000, tz=UTC) for t in shared_market.bars("linear", "BTCUSDT", "W", 0, now, now).open_ms]
    assert weeks[0] == shared_market.start
    assert {week.weekday() for week in weeks} == {0}
    assert {later - earlier for earlier, later in pairwise(weeks)} == {timedelta(days=7)}
    months = shared_market.bars("linear", "BTCUSDT", "M", 0, now, now).open_ms
    assert [datetime.fromtimestamp(t / 1000, tz=UTC).date().isoformat() for t in months] == [
        "2026-03-01", "2026-04-01", "2026-05-01", "2026-06-01"
    ]  # fmt: skip


def test_an_instrument_begins_at_its_launch(shared_market: Market) -> None:
    catalogue = make_catalogue()
    launch = shared_market.start + timedelta(days=2, hours=3, minutes=7)
    young = tuple(replace(s, launch_time=launch) if s.symbol == "SUIUSDT" else s for s in catalogue.instruments)
    market = Market(replace(catalogue, instruments=young), seed=shared_market.seed, start=shared_market.start)
    launch_ms = int(launch.timestamp()) * 1000
    now = launch_ms + DAY_MS
    hours = market.bars("linear", "SUIUSDT", 60, 0, now, now)
    assert hours.open_ms[0] == launch_ms // 3_600_000 * 3_600_000
    assert decimal_rows(hours) == slow_bars(decimal_rows(market.bars("linear", "SUIUSDT", 1, 0, now, now)), 60)
    assert market.minutes("linear", "SUIUSDT", 0, now).open_ms[0] == launch_ms
    with pytest.raises(VenueRejectedError, match="SUIUSDT has no price"):
        market.last_price("linear", "SUIUSDT", launch - timedelta(seconds=1))


def test_intervals_by_their_bybit_names() -> None:
    assert [parse_interval(text) for text in ("1", "720", "D", "W", "M")] == [1, 720, "D", "W", "M"]
    for wrong in ("2", "60m", "", "d", "1440"):
        with pytest.raises(VenueRejectedError, match="is not one of"):
            parse_interval(wrong)
