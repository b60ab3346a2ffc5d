"""EWMA, blend, horizon sigmas, aggregation of bars, arch variants."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from arch.univariate import EWMAVariance, ZeroMean
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_returns import garch_returns

from market_analysis.errors import QuantError
from market_analysis.quant.blend import blend, blended_variance_path
from market_analysis.quant.ewma import ewma_variance
from market_analysis.quant.horizon_sigma import annualised, atr_sigma, flat_variance_path, term_structure
from market_analysis.quant.resample import aggregate_bars
from market_analysis.quant.variants import VariantModel, fit_variant

WEIGHTS = {"garch": 0.3, "har": 0.4, "atr": 0.3}
HOUR = 3_600_000


def test_ewma_is_the_loop() -> None:
    returns = garch_returns(1, 600, omega=2e-6, alpha=0.1, beta=0.88)
    variances = ewma_variance(returns)
    assert variances.shape == (601,)
    expected = [variances[0]]
    for value in returns:
        expected.append(0.94 * expected[-1] + 0.06 * value**2)
    np.testing.assert_allclose(variances, expected, rtol=1e-12)


def test_ewma_agrees_with_arch() -> None:
    returns = garch_returns(2, 600, omega=2e-6, alpha=0.1, beta=0.88)
    fixed = ZeroMean(100.0 * returns, volatility=EWMAVariance(0.94), rescale=False).fix([])
    variances = ewma_variance(returns)
    np.testing.assert_allclose(variances[:-1] * 1e4, fixed.conditional_volatility**2, rtol=1e-9)
    expected = fixed.forecast(horizon=3, reindex=False).variance.to_numpy()[-1]
    np.testing.assert_allclose(flat_variance_path(float(variances[-1]), 3) * 1e4, expected, rtol=1e-9)


def test_ewma_scale_and_refusals() -> None:
    returns = garch_returns(3, 100, omega=2e-6, alpha=0.1, beta=0.88)
    np.testing.assert_allclose(ewma_variance(3.0 * returns, 0.97), 9.0 * ewma_variance(returns, 0.97), rtol=1e-12)
    for decay in (0.0, 1.0, float("nan")):
        with pytest.raises(QuantError, match="decay is"):
            ewma_variance(returns, decay)


def test_blend_by_hand() -> None:
    result = blend({"garch": 0.02, "har": 0.03, "atr": 0.01}, WEIGHTS, 2.0)
    assert result.sigma == pytest.approx(0.3 * 0.02 + 0.4 * 0.03 + 0.3 * 0.01)
    assert result.dropped == ()
    assert not result.outlier_guard_applied


def test_blend_renormalises_over_what_is_present() -> None:
    result = blend({"har": 0.03, "atr": 0.01}, {**WEIGHTS, "unused": 0.0}, 2.0)
    assert result.weights_used == pytest.approx({"har": 4 / 7, "atr": 3 / 7})
    assert result.sigma == pytest.approx((4 * 0.03 + 3 * 0.01) / 7)
    assert result.dropped == ("garch",)


def test_outlier_guard_one_way_and_only_above_the_ratio() -> None:
    guarded = blend({"garch": 0.0601, "har": 0.03}, {"garch": 0.5, "har": 0.5}, 2.0)
    assert guarded.outlier_guard_applied
    assert guarded.weights_used == pytest.approx({"garch": 0.15 / 0.65, "har": 0.5 / 0.65})
    assert guarded.sigma == pytest.approx((0.15 * 0.0601 + 0.5 * 0.03) / 0.65)
    assert not blend({"garch": 0.0599, "har": 0.03}, WEIGHTS, 2.0).outlier_guard_applied
    assert not blend({"garch": 0.01, "har": 0.09}, WEIGHTS, 2.0).outlier_guard_applied
    assert not blend({"garch": 0.09, "atr": 0.01}, WEIGHTS, 2.0).outlier_guard_applied


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(st.sampled_from(sorted(WEIGHTS)), st.floats(1e-4, 0.5), min_size=1),
    st.floats(1.0, 4.0),
    st.floats(0.1, 10.0),
)
def test_blend_lies_between_its_components_and_scales(components: dict[str, float], ratio: float, scale: float) -> None:
    result = blend(components, WEIGHTS, ratio)
    assert min(components.values()) * (1 - 1e-12) <= result.sigma <= max(components.values()) * (1 + 1e-12)
    assert sum(result.weights_used.values()) == pytest.approx(1.0)
    scaled = blend({name: scale * sigma for name, sigma in components.items()}, WEIGHTS, ratio)
    if scaled.outlier_guard_applied == result.outlier_guard_applied:
        assert scaled.sigma == pytest.approx(scale * result.sigma)


@pytest.mark.parametrize(
    ("components", "weights", "ratio", "message"),
    [
        ({}, WEIGHTS, 2.0, "sum to 0"),
        ({"garch": 0.1}, {"garch": 0.0, "har": 1.0}, 2.0, "sum to 0"),
        ({"garch": float("nan")}, WEIGHTS, 2.0, "garch sigma is nan"),
        ({"garch": 0.0}, WEIGHTS, 2.0, "garch sigma is 0"),
        ({"lstm": 0.1}, WEIGHTS, 2.0, "lstm has no weight"),
        ({"garch": 0.1}, {"garch": -0.3}, 2.0, "garch weight is -0.3"),
        ({"garch": 0.1}, WEIGHTS, 0.0, "garch_har_outlier_ratio is 0.0"),
    ],
)
def test_blend_refusals(components: dict[str, float], weights: dict[str, float], ratio: float, message: str) -> None:
    with pytest.raises(QuantError, match=message):
        blend(components, weights, ratio)


def test_blended_path_is_the_blend_at_every_horizon() -> None:
    rng = np.random.default_rng(0)
    paths = {"garch": rng.uniform(0.5, 2.0, 72), "har": rng.uniform(0.1, 3.0, 72), "atr": np.full(72, 1.2)}
    path = blended_variance_path(paths, WEIGHTS)
    assert (path > 0.0).all()
    for horizon in (1, 4, 24, 72):
        sigmas = {name: float(np.sqrt(part[:horizon].sum())) for name, part in paths.items()}
        expected = blend(sigmas, WEIGHTS, 100.0).sigma
        assert np.sqrt(path[:horizon].sum()) == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(blended_variance_path({"har": paths["har"]}, WEIGHTS), paths["har"], rtol=1e-9)


def test_blended_path_refusals() -> None:
    with pytest.raises(QuantError, match="lengths differ"):
        blended_variance_path({"garch": np.ones(3), "har": np.ones(4)}, WEIGHTS)
    with pytest.raises(QuantError, match="none may be below 0"):
        blended_variance_path({"garch": -np.ones(3)}, WEIGHTS)
    with pytest.raises(QuantError, match="sum to 0"):
        blended_variance_path({}, WEIGHTS)


def test_horizon_sigmas_by_hand() -> None:
    assert atr_sigma(0.02, 4.0) == pytest.approx(0.02 * np.sqrt(np.pi / 8.0) * 2.0)
    assert atr_sigma(0.02, 4.0, 1.0) == pytest.approx(0.04)
    assert annualised(0.01, 1.0, 8760.0) == pytest.approx(0.01 * np.sqrt(8760.0))
    assert annualised(0.02, 4.0, 8760.0) == pytest.approx(0.01 * np.sqrt(8760.0))
    np.testing.assert_allclose(term_structure(np.array([1.0, 3.0, 5.0]), (1, 2, 3)), [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(flat_variance_path(0.25, 3), [0.25] * 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: atr_sigma(float("nan"), 4.0), "atr_frac is nan"),
        (lambda: atr_sigma(-0.1, 4.0), "atr_frac is -0.1"),
        (lambda: atr_sigma(0.1, 0.0), "horizon_bars_of_atr is 0.0"),
        (lambda: atr_sigma(0.1, 1.0, float("inf")), "factor is inf"),
        (lambda: annualised(-1.0, 1.0, 1.0), "sigma is -1.0"),
        (lambda: annualised(1.0, 0.0, 1.0), "bars is 0.0"),
        (lambda: annualised(1.0, 1.0, -1.0), "bars_per_year is -1.0"),
        (lambda: term_structure(np.ones(3), (4,)), "horizon is 4; it must lie in 1..3"),
        (lambda: term_structure(np.ones(3), (0,)), "horizon is 0"),
        (lambda: term_structure(-np.ones(3), (1,)), "none may be below 0"),
        (lambda: flat_variance_path(-1.0, 3), "variance is -1.0"),
        (lambda: flat_variance_path(1.0, 0), "steps is 0"),
    ],
)
def test_horizon_sigma_refusals(call: Any, message: str) -> None:
    with pytest.raises(QuantError, match=message):
        call()


def hours(count: int, start: int = 0, seed: int = 0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    body = rng.uniform(90.0, 110.0, (count, 2))
    high, low = body.max(axis=1) + rng.random(count), body.min(axis=1) - rng.random(count)
    times = start + HOUR * np.arange(count, dtype=np.int64)
    return times, body[:, 0], high, low, body[:, 1], rng.random(count)


def test_aggregation_agrees_with_pandas() -> None:
    columns = hours(100, start=3 * HOUR)
    bars = aggregate_bars(*columns, bar_minutes_in=60, bar_minutes_out=240)
    frame = pd.DataFrame(dict(zip(("open", "high", "low", "close", "volume"), columns[1:], strict=True)))
    frame.index = pd.to_datetime(columns[0], unit="ms", utc=True)
    rule = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    expected = frame.resample("4h").agg(rule)[frame.open.resample("4h").count() == 4]
    for name in rule:
        np.testing.assert_allclose(getattr(bars, name), expected[name].to_numpy(), rtol=1e-12)
    assert bars.ts_ms[0] == 4 * HOUR
    assert not bars.follows_gap.any()
    np.testing.assert_array_equal(bars.incomplete_ts_ms, [0, 100 * HOUR])


def test_aggregation_drops_what_is_incomplete_and_flags_the_next() -> None:
    columns = hours(72)
    missing = [column[np.arange(72) != 30] for column in columns]
    bars = aggregate_bars(*missing, bar_minutes_in=60, bar_minutes_out=1440)
    np.testing.assert_array_equal(bars.ts_ms, [0, 48 * HOUR])
    np.testing.assert_array_equal(bars.follows_gap, [False, True])
    np.testing.assert_array_equal(bars.incomplete_ts_ms, [24 * HOUR])
    assert bars.volume[1] == pytest.approx(columns[5][48:].sum())


def test_aggregation_to_the_same_length_and_of_nothing() -> None:
    columns = hours(5)
    same = aggregate_bars(*columns, bar_minutes_in=60, bar_minutes_out=60)
    np.testing.assert_array_equal(same.close, columns[4])
    none = aggregate_bars(*(column[:0] for column in columns), bar_minutes_in=60, bar_minutes_out=240)
    assert none.ts_ms.size == none.close.size == none.incomplete_ts_ms.size == none.follows_gap.size == 0


def test_aggregation_refusals() -> None:
    times, *rest = hours(8)
    with pytest.raises(QuantError, match="bar_minutes_out is 90"):
        aggregate_bars(times, *rest, bar_minutes_in=60, bar_minutes_out=90)
    with pytest.raises(QuantError, match="bar_minutes_in is 0"):
        aggregate_bars(times, *rest, bar_minutes_in=0, bar_minutes_out=90)
    with pytest.raises(QuantError, match="not aligned"):
        aggregate_bars(times + 1, *rest, bar_minutes_in=60, bar_minutes_out=240)
    with pytest.raises(QuantError, match="strictly increasing"):
        aggregate_bars(times[::-1], *rest, bar_minutes_in=60, bar_minutes_out=240)
    with pytest.raises(QuantError, match="integer vector"):
        aggregate_bars(times.astype(float), *rest, bar_minutes_in=60, bar_minutes_out=240)
    with pytest.raises(QuantError, match="lengths differ"):
        aggregate_bars(times[:-1], *rest, bar_minutes_in=60, bar_minutes_out=240)


@pytest.mark.parametrize("model", ["gjr", "egarch", "figarch"])
def test_variants_forecast_in_fractions(model: VariantModel) -> None:
    returns = garch_returns(4, 1500, omega=2e-6, alpha=0.08, beta=0.90)
    fit = fit_variant(returns, model, 24, seed=7)
    assert fit.converged
    assert fit.variance_path.shape == (24,)
    assert 0.3 * returns.var() < fit.variance_path.mean() < 3.0 * returns.var()
    assert fit.log_likelihood == pytest.approx(-0.5 * 1500 * np.log(2 * np.pi * np.e * returns.var()), rel=0.02)
    again = fit_variant(returns, model, 24, seed=7)
    np.testing.assert_array_equal(fit.variance_path, again.variance_path)


def test_egarch_depends_on_the_seed_only_beyond_the_first_bar() -> None:
    returns = garch_returns(5, 600, omega=2e-6, alpha=0.08, beta=0.90)
    one, other = (fit_variant(returns, "egarch", 5, seed=seed).variance_path for seed in (1, 2))
    assert one[0] == other[0]
    assert (one[1:] != other[1:]).all()
    np.testing.assert_allclose(one, other, rtol=0.1)


def test_variant_refusals() -> None:
    with pytest.raises(QuantError, match="known are gjr, egarch, figarch"):
        fit_variant(np.ones(300), "arma", 3)  # type: ignore[arg-type]
    with pytest.raises(QuantError, match="at least 250"):
        fit_variant(np.ones(249), "gjr", 3)
    with pytest.raises(QuantError, match="zero throughout"):
        fit_variant(np.zeros(300), "gjr", 3)
    with pytest.raises(QuantError, match="steps is 0"):
        fit_variant(np.ones(300), "gjr", 0)
