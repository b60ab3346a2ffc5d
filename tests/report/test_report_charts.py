"""The geometry under the page: scales, ticks, labels that do not overlap, candles, cone, order of the heat map."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import analyses
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.domain import Bars
from market_analysis.report.html.candles import HOUR_MS, candles, cone
from market_analysis.report.html.heat_map import cluster_order, heat_map
from market_analysis.report.html.price_levels import levels_of
from market_analysis.report.html.scale import Scale, round_ticks, spread

D = Decimal
PRICES = st.floats(1e-6, 1e6, allow_nan=False)


def test_a_scale_maps_both_ways_up() -> None:
    axis = Scale(100, 200, 300, 10)
    assert axis.at(100) == 300
    assert axis.at(200) == 10
    assert axis.at(150) == 155
    assert axis.clamped(500) == 10
    assert axis.clamped(0) == 300
    assert axis.covers(100)
    assert not axis.covers(99)


@pytest.mark.parametrize(
    ("low", "high", "count", "ticks"),
    [
        (0, 10, 5, [0, 2, 4, 6, 8, 10]),
        (73000, 84000, 6, [74000, 76000, 78000, 80000, 82000, 84000]),
        (0.105, 0.131, 6, [0.105, 0.11, 0.115, 0.12, 0.125, 0.13]),
        (3, 3, 5, [3]),
    ],
)
def test_ticks_are_round(low: float, high: float, count: int, ticks: list[float]) -> None:
    assert round_ticks(low, high, count) == pytest.approx(ticks)


@settings(deadline=None)
@given(PRICES, st.floats(0.001, 1), st.integers(2, 9))
def test_ticks_lie_inside_and_are_neither_few_nor_many(low: float, width: float, count: int) -> None:
    high = low * (1 + width)
    ticks = round_ticks(low, high, count)
    span = high - low
    assert all(low - span * 1e-6 <= tick <= high + span * 1e-6 for tick in ticks)
    assert count / 3 - 1 <= len(ticks) <= count + 1


@settings(deadline=None)
@given(st.lists(st.floats(0, 300), max_size=12))
def test_labels_keep_apart_in_order_and_inside(wanted: list[float]) -> None:
    placed = spread(wanted, 14, 0, 300)
    assert sorted(range(len(wanted)), key=lambda i: (wanted[i], placed[i])) == sorted(range(len(wanted)), key=lambda i: placed[i])
    ordered = sorted(placed)
    assert all(after - before >= 14 - 1e-6 for before, after in pairwise(ordered))
    assert all(-1e-6 <= place <= 300 + 1e-6 for place in placed)


def test_labels_with_room_stay_where_they_are() -> None:
    assert spread([10, 100, 50], 14, 0, 300) == [10, 100, 50]
    assert spread([100, 104], 14, 0, 300) == [95, 109]
    assert spread([], 14, 0, 300) == []


def _bars(hours: int, first_ms: int = 0) -> Bars:
    times = first_ms + HOUR_MS * np.arange(hours, dtype=np.int64)
    base = 100 + np.arange(hours, dtype=np.float64)
    return Bars(60, times, base, base + 2, base - 3, base + 1, np.ones(hours))


def test_candles_by_hand() -> None:
    made = candles(_bars(9), 0, 9 * HOUR_MS, 4)
    assert [(c.open_ms // HOUR_MS, c.open, c.high, c.low, c.close) for c in made] == [
        (0, 100, 105, 97, 104),
        (4, 104, 109, 101, 108),
        (8, 108, 110, 105, 109),
    ]


def test_candles_see_closed_bars_only_and_nothing_before_the_window() -> None:
    made = candles(_bars(9), 2 * HOUR_MS, 6 * HOUR_MS + 1, 4)
    assert [(c.open_ms // HOUR_MS, c.open, c.close) for c in made] == [(0, 102, 104), (4, 104, 106)]
    assert candles(_bars(3), 5 * HOUR_MS, 9 * HOUR_MS, 4) == []


def test_candles_against_pandas() -> None:
    pandas = pytest.importorskip("pandas")
    bars = analyses.bars(71000.0, hours=240)
    frame = pandas.DataFrame(
        {"open": bars.open, "high": bars.high, "low": bars.low, "close": bars.close},
        index=pandas.to_datetime(bars.open_time_ms, unit="ms", utc=True),
    )
    judged = frame.resample("4h").agg({"open": "first", "high": "max", "low": "min", "close": "last"})
    made = candles(bars, 0, 2**60, 4)
    assert [c.open_ms for c in made] == [int(stamp.timestamp() * 1000) for stamp in judged.index]
    assert [(c.open, c.high, c.low, c.close) for c in made] == [tuple(row) for row in judged.to_numpy()]


def test_the_cone_by_hand() -> None:
    points = cone(100.0, {1: 0.01, 4: 0.02, 72: 0.08, 100: 0.5}, 72, 2.0)
    assert points[0] == (0.0, 100.0, 100.0)
    assert points[-1] == pytest.approx((72, 100 * math.exp(-0.16), 100 * math.exp(0.16)))
    at_one = next(point for point in points if point[0] == 1)
    assert at_one == pytest.approx((1, 100 * math.exp(-0.02), 100 * math.exp(0.02)))
    hours, _, upper = points[2]
    assert upper == pytest.approx(100 * math.exp(2 * math.sqrt(0.0001 + (0.0004 - 0.0001) * (hours - 1) / 3)))


@settings(deadline=None)
@given(PRICES, st.floats(0.0005, 0.05), st.sampled_from([1.0, 2.0]))
def test_the_cone_only_widens(price: float, sigma: float, times: float) -> None:
    points = cone(price, {1: sigma, 4: sigma * 2, 24: sigma * 4.9, 72: sigma * 8.5}, 72, times)
    assert all(after[2] >= before[2] and after[1] <= before[1] and after[0] > before[0] for before, after in pairwise(points))


def test_clusters_stand_together_and_nothing_is_lost() -> None:
    clusters = (replace(analyses.CLUSTER, name="SOL DOGE"), replace(analyses.CLUSTER, name="BTC GONE"), analyses.CLUSTER)
    assert cluster_order(["BTC", "DOGE", "ETH", "SOL", "XRP"], clusters) == [[3, 1], [0], [2], [4]]


def test_the_heat_map_has_a_number_in_every_cell() -> None:
    drawn = heat_map(("A", "B"), ((1.0, -0.256), (-0.256, 1.0)), ())
    assert drawn.count("-.26") == 2
    assert drawn.count(">1.00<") == 2
    assert "frame" not in drawn
    assert 'class="frame"' in heat_map(("BTC", "ETH"), ((1.0, 0.8), (0.8, 1.0)), (analyses.CLUSTER,))


def test_levels_say_what_they_are_without_colour() -> None:
    names = [level.label(D("0.1")) for level in levels_of(analyses.row())]
    assert names == [
        "entry 70200.0",
        "mark 71000.0",
        "STOP 68950.0",
        "plan 69200.0",
        "tp1 72199.5",
        "tp2 74199.0",
        "target 75400.0",
    ]
    half = analyses.row(position_size=D("0.4"), stop_loss=D("68950"), tp1=None, tp2=None, take_profit=None)
    assert [level.name for level in levels_of(half)] == ["entry", "mark", "STOP 50%"]
    asleep = replace(half.protection, stops=(replace(half.protection.stops[0], counts=False, why_not="asleep"),))
    assert [level.name for level in levels_of(replace(half, protection=asleep, stop_loss=None))] == ["entry", "mark", "no stop:"]


def test_bars_of_the_helper_end_at_the_last_close() -> None:
    bars = analyses.bars(100.0)
    assert bars.last_close_time == analyses.LAST_CLOSE
    assert bars.close[-1] == pytest.approx(100.0)
    assert analyses.AS_OF - bars.last_close_time < timedelta(hours=1)
