"""The blended model of an instrument, its fallbacks and its refusals."""

from __future__ import annotations

import math
from datetime import timedelta

import books
import numpy as np
import pytest

from market_analysis.domain import Bars, History, Unknown
from market_analysis.quant.garch import fit_garch, forecast_variance_path
from market_analysis.risk.bar_series import BarSeries, aggregated, bar_series
from market_analysis.risk.volatility import VolatilityModel, fit_model, fit_models
from market_analysis.settings import DataSettings, Settings, StopsSettings, VolSettings

BLEND = VolSettings(method="blend", garch_distribution="normal")
SETTINGS = Settings(vol=BLEND)
"""The blend; what the combined forecast makes of the same bars is tested in test_combined_volatility.py."""
ITEM = books.instrument()


def garch_walk(count: int = 2_000, seed: int = 3, last: float = 100.0) -> Bars:
    rng = np.random.default_rng(seed)
    h, returns = 4e-5, np.empty(count)
    for t in range(count):
        returns[t] = math.sqrt(h) * rng.standard_normal()
        h = 1e-6 + 0.08 * returns[t] ** 2 + 0.9 * h
    return books.bars_from_returns(returns, last)


def model_of(bars: Bars, settings: Settings = SETTINGS) -> VolatilityModel:
    found = fit_model(ITEM.id, bars, settings, books.AS_OF)
    assert isinstance(found, VolatilityModel), found
    return found


def refusal(bars: Bars, settings: Settings = SETTINGS) -> str:
    found = fit_model(ITEM.id, bars, settings, books.AS_OF)
    assert isinstance(found, Unknown)
    assert found.since == books.AS_OF
    return found.reason


def test_the_blend_is_the_weighted_mean_of_the_models_in_one_unit() -> None:
    model = model_of(garch_walk())
    weights = {"garch": 0.3, "har": 0.4, "atr": 0.3}
    sigma = {m.name: m.sigma_h for m in model.report.models}
    assert {m.name: m.status for m in model.report.models} == dict.fromkeys(weights, "used")
    assert model.report.sigma_h == pytest.approx(sum(weights[name] * (sigma[name] or 0) for name in weights))
    assert model.report.sigma_ann == pytest.approx(model.report.sigma_h * math.sqrt(365 * 24 / 4))
    assert model.report.fallback_chain == ("garch",)


def test_each_component_by_its_own_formula() -> None:
    bars = garch_walk()
    model = model_of(bars)
    sigma = {m.name: m.sigma_h or 0.0 for m in model.report.models}
    fit = fit_garch(np.diff(np.log(bars.close)))
    assert sigma["garch"] == pytest.approx(math.sqrt(forecast_variance_path(fit, 4).sum()), rel=1e-6)
    longer = aggregated(bars, 4)
    ranges = np.maximum(longer.high[1:], longer.close[:-1]) - np.minimum(longer.low[1:], longer.close[:-1])
    atr = longer.high[0] - longer.low[0]
    for value in ranges:
        atr += (value - atr) / 20
    assert model.atr_abs == pytest.approx(atr)
    assert sigma["atr"] == pytest.approx(0.627 * atr / bars.close[-1])


def test_path_and_term_structure_agree_at_every_horizon() -> None:
    model = model_of(garch_walk())
    assert model.variance_path.size == 120  # five days, for the value at risk
    assert set(model.report.term_structure) == {1, 4, 24, 72}
    for hours, sigma in model.report.term_structure.items():
        assert sigma == pytest.approx(model.sigma_over(hours))
    assert model.report.term_structure[4] == pytest.approx(model.report.sigma_h)
    assert model.sigma_day == pytest.approx(model.report.term_structure[24])


def test_known_volatility_is_found_within_a_tenth() -> None:
    model = model_of(books.walk(100, count=3_000, sigma=0.006, seed=11))
    garch = next(m for m in model.report.models if m.name == "garch")
    assert garch.sigma_ann == pytest.approx(0.006 * math.sqrt(365 * 24), rel=0.1)


def test_scale_of_the_price_changes_nothing_but_the_atr() -> None:
    one, many = model_of(garch_walk(last=100.0)), model_of(garch_walk(last=60_000.0))
    assert many.report.sigma_h == pytest.approx(one.report.sigma_h)
    assert many.atr_abs == pytest.approx(600 * one.atr_abs)


def test_too_few_bars_for_garch_fall_back_to_ewma_in_the_open() -> None:
    model = model_of(garch_walk(count=499))
    by_name = {m.name: m for m in model.report.models}
    assert by_name["garch"].status == "dropped"
    assert by_name["garch"].issues == ("too_short",)
    assert by_name["ewma"].status == "fallback"
    assert by_name["ewma"].weight == pytest.approx(0.3)
    assert model.report.fallback_chain == ("garch", "ewma")
    assert model.garch is None
    assert model.garch_to_har is None
    assert model.recursion.alpha == pytest.approx(0.06)
    assert model_of(garch_walk(count=500)).garch is not None


def test_the_demanded_number_of_bars_is_the_settings() -> None:
    longer = SETTINGS.model_copy(update={"vol": VolSettings(method="blend", min_bars=1_000)})
    shorter = SETTINGS.model_copy(update={"vol": VolSettings(method="blend", min_bars=200)})
    assert model_of(garch_walk(count=800), longer).garch is None
    assert model_of(garch_walk(count=300), shorter).garch is not None


def test_har_without_enough_rows_is_dropped_and_says_why() -> None:
    model = model_of(garch_walk(count=300))
    har = next(m for m in model.report.models if m.name == "har")
    assert (har.status, har.sigma_h, har.weight) == ("dropped", None, 0.0)
    assert "439" in har.issues[0]
    assert model.har is None


def test_too_few_residuals_leave_the_closed_form() -> None:
    assert model_of(garch_walk(count=200)).residuals is None
    residuals = model_of(garch_walk(count=201)).residuals
    assert residuals is not None
    assert residuals.shape == (200, 3)


def test_a_residual_is_a_bar_over_the_volatility_forecast_before_it() -> None:
    """EWMA stands in at 300 bars, so the whole standardisation can be redone by hand."""
    bars = garch_walk(count=300)
    found = model_of(bars).residuals
    assert found is not None
    returns = np.diff(np.log(bars.close))
    weights = 0.94 ** np.arange(75)
    variance = float(weights @ returns[:75] ** 2 / weights.sum())
    raw = []
    for value in returns:
        raw.append(value / math.sqrt(variance))
        variance = 0.94 * variance + 0.06 * value**2
    expected = (np.array(raw) - np.mean(raw)) / np.std(raw)
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-9, atol=1e-12)


def test_a_longer_bar_counts_from_the_hour_that_closes_it() -> None:
    bars = garch_walk(count=600)
    at_eight = bars[:-2]  # ends 08:00, which closes a 4h bar
    assert at_eight.last_close_time.hour == 8
    series, without = bar_series(at_eight, SETTINGS), bar_series(at_eight[:-1], SETTINGS)
    assert isinstance(series, BarSeries)
    assert isinstance(without, BarSeries)
    assert series.atr_bars == without.atr_bars + 1
    assert series.atr[-1] != without.atr[-1]
    assert series.atr[-2] == without.atr[-1]


def test_a_market_that_woke_up_trips_the_outlier_guard_in_the_open() -> None:
    model = model_of(garch_walk(), SETTINGS.model_copy(update={"vol": VolSettings(method="blend", garch_har_outlier_ratio=1.0001)}))
    ratio = model.garch_to_har
    assert ratio is not None
    guarded = "garch_har_outlier_guard" in model.report.fallback_chain
    assert guarded is (ratio > 1.0001)
    weight = next(m.weight for m in model.report.models if m.name == "garch")
    assert weight == pytest.approx(0.09 / 0.79 if guarded else 0.3)


def test_student_t_names_its_degrees_of_freedom() -> None:
    model = model_of(garch_walk(), SETTINGS.model_copy(update={"vol": VolSettings(method="blend", garch_distribution="t")}))
    assert next(m for m in model.report.models if m.name == "garch").parameters["nu"] > 2


def test_only_the_last_bars_asked_for_are_used() -> None:
    settings = SETTINGS.model_copy(update={"vol": VolSettings(method="blend", bars=600)})
    assert model_of(garch_walk(), settings).report.bars == 600


def test_a_batch_equals_fits_one_by_one() -> None:
    ids = [books.instrument(name).id for name in ("BTC", "ETH", "SOL")]
    bars = dict(zip(ids, (garch_walk(seed=1), garch_walk(seed=2), garch_walk(count=900, seed=3)), strict=True))
    together = fit_models(books.history(bars), [*ids, ids[0]], SETTINGS, books.AS_OF)
    for instrument, series in bars.items():
        alone = fit_model(instrument, series, SETTINGS, books.AS_OF)
        both = together[instrument]
        assert isinstance(alone, VolatilityModel)
        assert isinstance(both, VolatilityModel)
        assert both.report.sigma_h == pytest.approx(alone.report.sigma_h, rel=1e-6)


def cut(bars: Bars, missing: slice) -> Bars:
    keep = np.ones(len(bars), dtype=bool)
    keep[missing] = False
    names = ("open_time_ms", "open", "high", "low", "close", "volume")
    return Bars(60, *(getattr(bars, name)[keep] for name in names))


def test_refusals_have_names() -> None:
    flat = books.bars_from_returns(np.zeros(600), 100)
    assert refusal(garch_walk(count=99)) == "not_enough_bars"
    assert refusal(cut(garch_walk(count=600), slice(100, 120))) == "too_many_gaps"
    assert refusal(flat) == "no_movement"
    assert (
        refusal(Bars(5, *(getattr(flat, name) for name in ("open_time_ms", "open", "high", "low", "close", "volume"))))
        == "bars_unusable"
    )
    broken = garch_walk(count=600)
    high = broken.high.copy()
    high[7] = broken.low[7] * 0.5
    assert refusal(Bars(60, broken.open_time_ms, broken.open, high, broken.low, broken.close, broken.volume)) == "bars_unusable"


def test_no_whole_day_bar_is_not_enough() -> None:
    settings = SETTINGS.model_copy(update={"stops": StopsSettings(atr_timeframe="1d"), "data": DataSettings(max_gap_frac=0.5)})
    sparse = cut(garch_walk(count=160), slice(3, 160, 23))
    assert isinstance(bar_series(sparse, settings), BarSeries) is (aggregated(sparse, 24).close.size > 0)
    assert refusal(sparse, settings) == "not_enough_bars"


def test_a_few_gaps_are_allowed_and_counted() -> None:
    assert model_of(cut(garch_walk(count=1_000), slice(100, 104))).report.gaps == 4


def test_unreadable_bars_keep_their_reason() -> None:
    unread: Unknown[Bars] = Unknown("venue_unavailable", "timeout", books.AS_OF)
    other = books.instrument("ETH").id
    found = fit_models(History({ITEM.id: unread}, {}), [ITEM.id, other], SETTINGS, books.AS_OF)
    reasons = [model.reason for model in found.values() if isinstance(model, Unknown)]
    assert reasons == ["venue_unavailable", "not_read"]


def test_later_bars_do_not_exist_for_an_earlier_model() -> None:
    bars = garch_walk()
    moment = int(bars.open_time_ms[1_500])
    seen = bars.closed_before(moment)
    assert len(seen) == 1_500
    assert model_of(seen).last_bar_ms == int(bars.open_time_ms[1_499])
    as_of = seen.last_close_time + timedelta(minutes=59)
    then, alone = (fit_model(ITEM.id, some, SETTINGS, as_of) for some in (bars, seen))
    assert isinstance(then, VolatilityModel)
    assert isinstance(alone, VolatilityModel)
    assert then.report == alone.report
