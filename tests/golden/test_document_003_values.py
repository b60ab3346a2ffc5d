"""Figures that document 003's own tests asserted (systems.md 1.3), with the origin of each number."""

from __future__ import annotations

import pandas as pd
import pytest

from market_analysis.garch_vol_triggers import (
    approx_liq_price,
    atr_trailing_stop,
    atr_wilder,
    bars_per_year_from_interval,
    blended_sigma_h,
    check_liq_buffer,
    compute_atr,
    compute_levels,
    compute_trailing_stop,
    dynamic_levels_from_state,
    position_size_usdt,
    probability_hit_tp_before_sl,
    sl_tp_and_size,
    true_range,
)

SAMPLE = pd.DataFrame(
    [
        (16550, 16450, 16520), (16600, 16510, 16580), (16620, 16480, 16500), (16530, 16400, 16420), (16700, 16410, 16680),
        (16800, 16650, 16750), (16770, 16700, 16720), (16750, 16680, 16700), (16710, 16550, 16580), (16650, 16570, 16630),
    ],
    columns=["high", "low", "close"],
)  # fmt: skip


def test_atr_of_document_003s_ten_bars() -> None:
    # 118.15 in document 003's tests; 118.1509 recomputed in systems.md with the recursion seeded by the first high - low.
    assert compute_atr(SAMPLE, period=5).iloc[-1] == pytest.approx(118.1509, abs=5e-5)
    assert atr_wilder(SAMPLE, 5).equals(compute_atr(SAMPLE, 5))


def test_atr_is_pandas_own_exponential_mean() -> None:
    # Independent judge: TR.ewm(alpha=1/period, adjust=False), as the document's formula says.
    ranges = true_range(SAMPLE)
    expected = ranges.ewm(alpha=1 / 5, adjust=False).mean()
    assert compute_atr(SAMPLE, 5).to_numpy() == pytest.approx(expected.to_numpy())
    # By hand: bar 4 of high 16700, low 16410 after a close of 16420 stays 290; the first is its own range.
    assert list(ranges.iloc[[0, 4]]) == [100.0, 290.0]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((100, 0.05, 2, 3, "long", 50, 0.01), {"SL": 90.0, "TP": 115.0, "SL_distance": 10.0, "TP_distance": 15.0, "Q": 5.0}),
        ((200, 0.1, 1.5, 2.5, "short", 150, 0.1), {"SL": 230.0, "TP": 150.0, "SL_distance": 30.0, "TP_distance": 50.0, "Q": 5.0}),
        ((100, 0.0, 2, 3, "long", 50, 0.01), {"SL": 100.0, "TP": 100.0, "SL_distance": 0.0, "TP_distance": 0.0, "Q": 0.0}),
    ],
)
def test_sl_tp_and_size(arguments: tuple[float, float, float, float, str, float, float], expected: dict[str, float]) -> None:
    assert sl_tp_and_size(*arguments) == pytest.approx(expected)


def test_symmetric_levels_are_a_coin_toss_and_the_nearer_target_more_likely() -> None:
    for side, tp, sl in (("long", 102.0, 98.0), ("short", 98.0, 102.0)):
        assert 0.45 <= probability_hit_tp_before_sl(100.0, tp, sl, 1.0, side) <= 0.55
    assert probability_hit_tp_before_sl(100.0, 101.0, 97.0, 1.0, "long") > 0.5
    # k = 2, m = 3.5: exactly 2 / 5.5 = .364 (systems.md 1.8, item 9); document 003's logistic said .18.
    assert probability_hit_tp_before_sl(100.0, 103.5, 98.0, 1.0, "long") == pytest.approx(2 / 5.5)


def test_a_long_beyond_breakeven_has_its_stop_at_entry_or_better() -> None:
    found = dynamic_levels_from_state(106.0, 100.0, "long", 0.02, 1.0, 2.0, 3.5, {})
    assert found["r_unreal"] > 1.0
    assert found["SL"] is not None
    assert found["SL"] >= 100.0


def test_a_shorts_levels_enclose_the_price() -> None:
    found = dynamic_levels_from_state(98.0, 100.0, "short", 0.02, 1.0, 2.0, 3.5, {})
    assert found["TP"] is not None
    assert found["SL"] is not None
    assert found["TP"] < 98.0 < found["SL"]


def test_atr_levels() -> None:
    long, short = compute_levels(2000, 50, 1.5, 3, "long"), compute_levels(300, 10, 2, 4, "short")
    assert (long.sl_price, long.tp_price, long.rr) == (1925.0, 2150.0, 2.0)
    assert (short.sl_price, short.tp_price) == (320.0, 260.0)


def test_position_size() -> None:
    assert position_size_usdt(100, 25) == 4.0
    with pytest.raises(ValueError, match="sl_distance"):
        position_size_usdt(100, 0)


def test_the_trail_only_tightens() -> None:
    stop = atr_trailing_stop(1000, 20, 2, "long", None)
    assert stop == 960.0
    stop = atr_trailing_stop(1010, 20, 2, "long", stop)
    assert stop == 970.0
    assert atr_trailing_stop(990, 20, 2, "long", stop) == 970.0
    stop = atr_trailing_stop(500, 10, 3, "short", None)
    assert stop == 530.0
    stop = atr_trailing_stop(490, 10, 3, "short", stop)
    assert stop == 520.0
    assert atr_trailing_stop(510, 10, 3, "short", stop) == 520.0


def test_formulas_by_hand() -> None:
    # entry (1 -/+ max(1/lev - mmf, .001)): 10x gives 9.5 %, 500x the floor.
    assert approx_liq_price(100, "long", 10) == pytest.approx(90.5)
    assert approx_liq_price(100, "short", 10) == pytest.approx(109.5)
    assert approx_liq_price(100, "long", 500) == pytest.approx(99.9)
    assert check_liq_buffer(100, 96, 90, "long") == pytest.approx(1.5)
    assert check_liq_buffer(100, 104, 103, "short") == pytest.approx(-0.25)
    assert compute_trailing_stop(100, "long", 2.0, {}, 0.0) == 96.0
    assert compute_trailing_stop(100, "short", 2.0, {}, 2.0) == 103.0
    assert (bars_per_year_from_interval("1h"), bars_per_year_from_interval("1d")) == (8760, 365)


def test_the_blend_is_in_one_unit() -> None:
    # By hand: 4 h of a year is 1/2190; GARCH .8765, ATR 1 of 100 on 1 h bars: .01 * .627 * 2 = .01254; weights .3 and .3.
    garch = 0.8765 / 2190**0.5
    assert blended_sigma_h(0.8765, None, 1.0, 100.0, {}) == pytest.approx((garch + 0.01254) / 2)
    # Document 003 with the same input said .3 * ATR / price = .003 plus a hundredth of GARCH: GARCH had no effect.
    # With everything: the outlier guard leaves GARCH 30 % of its weight when it is above twice HAR's.
    har = 0.3 / 2190**0.5
    weights = (0.09, 0.4, 0.3)
    expected = (weights[0] * garch + weights[1] * har + weights[2] * 0.01254) / sum(weights)
    assert blended_sigma_h(0.8765, 0.3, 1.0, 100.0, {}) == pytest.approx(expected)
