"""Features of the pooled model: a slow twin, no look-ahead, no unit, the market by hand."""

from __future__ import annotations

import numpy as np
import pytest
from forecast_bars import START_MS, SimulatedBars, clustered_sigma, simulated_bars

from market_analysis.errors import QuantError
from market_analysis.quant.forecast.features import FEATURE_NAMES, MARKET_NAMES, FeatureRows, SymbolFeatures, market_terms
from market_analysis.quant.forecast.measure import HOUR_MS, TYPICAL_RATIO, Trailing, hourly_measure

OWN = len(FEATURE_NAMES) - len(MARKET_NAMES) - 1


def features(bars: SimulatedBars, rows: list[int]) -> FeatureRows:
    return SymbolFeatures(hourly_measure(bars)).at(np.array(rows))


def column(rows: FeatureRows, name: str) -> np.ndarray:
    return rows.own[:, FEATURE_NAMES.index(name)]


@pytest.fixture(scope="module")
def bars() -> SimulatedBars:
    return simulated_bars(1, 1200, clustered_sigma(1, 1200))


def test_slow_twin(bars: SimulatedBars) -> None:
    measure, row = hourly_measure(bars), 1003
    ratio, past = measure.ratio[row], slice(None, row + 1)
    level = np.mean(measure.range_variance[past][-720:]) * ratio
    floor = 0.02 * level
    found = features(bars, [row])
    assert found.log_level[0] == pytest.approx(np.log(level))

    def mean(values: np.ndarray, window: int) -> float:
        return float(np.mean(values[past][-window:]))

    squared, returns = measure.squared, measure.returns
    assert column(found, "variance_24")[0] == pytest.approx(np.log((mean(measure.range_variance, 24) * ratio + floor) / level))
    jump = (mean(squared, 4) + floor) / (mean(measure.range_variance, 4) * ratio + floor)
    assert column(found, "jump_4")[0] == pytest.approx(np.log(jump))
    downside = mean(np.where(returns < 0, squared, 0.0), 168) / (mean(squared, 168) + floor) - 0.5
    assert column(found, "downside_168")[0] == pytest.approx(downside)
    sigma = np.sqrt(mean(measure.range_variance, 24) * ratio + floor)
    assert column(found, "return_24")[0] == pytest.approx(returns[past][-24:].sum() / np.sqrt(24) / sigma)
    assert column(found, "return_size_24")[0] == pytest.approx(abs(column(found, "return_24")[0]))
    assert column(found, "volume_4")[0] == pytest.approx(np.log(mean(bars.volume, 4) / mean(bars.volume, 720) + 0.02))
    largest = max(measure.variance[row - 23 : row + 1])
    assert column(found, "largest_24")[0] == pytest.approx(np.log(largest / level + 0.02))
    same_hour = np.mean([measure.variance[row - 23 - 24 * day] for day in range(7)])
    assert column(found, "same_hour_week")[0] == pytest.approx(np.log(same_hour / level + 0.02))


def test_the_calendar_is_that_of_the_next_hour() -> None:
    bars = simulated_bars(2, 400)
    found = features(bars, list(range(300, 348)))
    following = (found.open_time_ms + HOUR_MS).astype("datetime64[ms]")
    hours = following.astype("datetime64[h]").astype(int) % 24
    weekdays = np.array([moment.astype("datetime64[D]").item().weekday() for moment in following])
    table = np.stack([column(found, f"hour_{hour}") for hour in range(1, 24)])
    np.testing.assert_array_equal(table, hours == np.arange(1, 24)[:, None])
    table = np.stack([column(found, f"weekday_{day}") for day in range(1, 7)])
    np.testing.assert_array_equal(table, weekdays == np.arange(1, 7)[:, None])


def test_a_row_does_not_change_when_later_bars_come(bars: SimulatedBars) -> None:
    full = features(bars, [250, 800, 1000])
    for at, row in enumerate([250, 800, 1000]):
        cut = features(bars.rows(slice(None, row + 1)), [row])
        np.testing.assert_array_equal(cut.own[0], full.own[at])
        assert cut.log_level[0] == full.log_level[at]


def test_prices_and_volumes_have_no_unit(bars: SimulatedBars) -> None:
    other = features(bars.scaled(1e-5), [900])
    np.testing.assert_allclose(other.own, features(bars, [900]).own, atol=1e-7)


def test_a_bar_that_did_not_move_is_finite() -> None:
    bars = simulated_bars(3, 400)
    still = bars.close[350]
    for values in (bars.open, bars.high, bars.low, bars.close):
        values[351:] = still
    bars.volume[351:] = 0.0
    assert np.isfinite(features(bars, [398, 399]).own).all()


def test_market_by_hand() -> None:
    def rows(times: list[int], value: float) -> FeatureRows:
        return FeatureRows(START_MS + HOUR_MS * np.array(times), np.full((len(times), OWN), value), np.zeros(len(times)))

    terms = market_terms([rows([0, 1], 1.0), rows([0, 1], 2.0), rows([1, 2], 6.0)])
    # Three symbols have hour 1 only; two are no market.
    np.testing.assert_array_equal(terms[0][:, 0], [0.0, 3.0])
    np.testing.assert_array_equal(terms[0][:, -1], [0.0, 1.0])
    np.testing.assert_array_equal(terms[2], [[3.0] * len(MARKET_NAMES) + [1.0], [0.0] * (len(MARKET_NAMES) + 1)])


def test_measure_is_at_the_level_of_squared_returns() -> None:
    measure = hourly_measure(simulated_bars(4, 4000, 0.01))
    assert measure.ratio[0] == pytest.approx(TYPICAL_RATIO, abs=0.01)
    assert measure.variance[-2000:].mean() == pytest.approx(measure.squared[-2000:].mean(), rel=0.03)
    assert measure.variance.mean() == pytest.approx(1e-4, rel=0.05)
    # The range sees what squared returns cannot: five times less noise (Garman and Klass: 7.4).
    assert measure.variance.var() < measure.squared.var() / 4.0


def test_trailing_means_by_hand() -> None:
    values = Trailing(np.array([1.0, 3.0, 5.0, 7.0]))
    np.testing.assert_array_equal(values.mean(2, np.array([0, 1, 3])), [1.0, 2.0, 6.0])


def test_bars_that_cannot_be_measured_are_refused() -> None:
    bars = simulated_bars(5, 300)
    bars.volume[3] = -1.0
    with pytest.raises(QuantError, match="volume"):
        hourly_measure(bars)
    with pytest.raises(QuantError, match="hourly"):
        hourly_measure(
            SimulatedBars(*(getattr(bars, name) for name in ("open_time_ms", "open", "high", "low", "close", "volume")), 5)
        )
