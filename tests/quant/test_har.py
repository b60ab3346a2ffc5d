"""Log-HAR: statsmodels-free judges (numpy lstsq, known truths), bias, floor, path."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_returns import garch_returns

from market_analysis.errors import QuantError
from market_analysis.quant.har import FLOOR_SHARE, HarFit, fit_har, har_variance_path

HORIZONS = (1, 4, 24, 72)


def clustered_variance(seed: int, bars: int = 3000) -> np.ndarray:
    """A noisy proxy of a moving variance: squared GARCH returns averaged with a chi-square of ten degrees."""
    returns = garch_returns(seed, bars, omega=2e-6, alpha=0.1, beta=0.88)
    level = np.convolve(returns**2, np.full(10, 0.1), mode="same") + 1e-6
    return level * np.random.default_rng(seed).chisquare(10, bars) / 10.0


def test_independent_normal_returns_give_the_true_variance() -> None:
    sigma = 0.01
    ratios, naive = [], []
    for seed in range(12):
        squared = (sigma * np.random.default_rng(seed).standard_normal(4000)) ** 2
        fit = fit_har(squared, HORIZONS)
        ratios.append([fit.forecast_cumulative(h) / (h * sigma**2) for h in HORIZONS])
        naive.append(fit.mean_variances[0] / fit.bias_factors[0] / sigma**2)
    np.testing.assert_allclose(np.mean(ratios, axis=0), 1.0, atol=0.04)
    # exp(E log chi2_1) = 0.281, sigma 0.53: the floor lifts it only a little, so the correction is what repairs it.
    assert 0.25 < np.mean(naive) < 0.45


def test_mean_forecast_is_mean_realised_in_sample() -> None:
    variance = clustered_variance(1)
    fit = fit_har(variance, (4,))
    logs = np.log(np.maximum(variance, fit.floor))
    forecasts, realised = [], []
    for end in range(168, variance.size - 3):
        means = [max(variance[end - w : end].mean(), fit.floor) for w in fit.windows]
        forecasts.append(fit.bias_factors[0] * np.exp(np.dot(fit.coefficients[0], [1.0, *np.log(means)])))
        realised.append(variance[end : end + 4].mean())
    assert logs.min() >= np.log(fit.floor)
    assert fit.observations == (len(realised),)
    assert np.mean(forecasts) == pytest.approx(np.mean(realised), rel=1e-9)


def test_coefficients_agree_with_lstsq_row_by_row() -> None:
    variance = clustered_variance(2, 1200)
    fit = fit_har(variance, HORIZONS, (1, 4, 24))
    for place, horizon in enumerate(HORIZONS):
        rows, targets = [], []
        for end in range(24, variance.size - horizon + 1):
            rows.append([1.0, *(np.log(max(variance[end - w : end].mean(), fit.floor)) for w in (1, 4, 24))])
            targets.append(np.log(max(variance[end : end + horizon].mean(), fit.floor)))
        design, target = np.array(rows), np.array(targets)
        expected, residual, *_ = np.linalg.lstsq(design, target, rcond=None)
        np.testing.assert_allclose(fit.coefficients[place], expected, rtol=1e-5, atol=1e-7)
        assert fit.r_squared[place] == pytest.approx(1.0 - residual[0] / (target.var() * target.size), rel=1e-6)
        latest = [1.0, *(np.log(max(variance[-w:].mean(), fit.floor)) for w in (1, 4, 24))]
        forecast = np.exp(latest @ expected) * fit.bias_factors[place]
        assert fit.mean_variances[place] == pytest.approx(forecast, rel=1e-6)


def test_follows_the_level_of_volatility() -> None:
    variance = clustered_variance(3)
    calm, stormy = variance.copy(), variance.copy()
    calm[-24:] *= 0.2
    stormy[-24:] *= 5.0
    low, high = fit_har(calm, HORIZONS), fit_har(stormy, HORIZONS)
    assert (np.array(low.mean_variances) < np.array(high.mean_variances)).all()
    assert high.mean_variances[0] > high.mean_variances[-1]
    assert fit_har(variance, HORIZONS).r_squared[0] > 0.3


@settings(deadline=None, max_examples=10)
@given(scale=st.floats(1e-6, 1e6))
def test_scale_invariance(scale: float) -> None:
    variance = clustered_variance(4, 900)
    one, other = fit_har(variance, HORIZONS), fit_har(scale * variance, HORIZONS)
    np.testing.assert_allclose(other.mean_variances, scale * np.array(one.mean_variances), rtol=1e-6)
    np.testing.assert_allclose(other.r_squared, one.r_squared, rtol=1e-6)


def test_bars_that_did_not_move_are_no_outliers() -> None:
    variance = clustered_variance(5)
    still = variance.copy()
    still[::50] = 0.0
    one, other = fit_har(variance, HORIZONS), fit_har(still, HORIZONS)
    assert other.floor == pytest.approx(FLOOR_SHARE * np.median(still[still > 0.0]))
    np.testing.assert_allclose(other.mean_variances, one.mean_variances, rtol=0.25)


def test_constant_variance_is_forecast_as_itself() -> None:
    fit = fit_har(np.full(600, 4e-5), HORIZONS)
    np.testing.assert_allclose(fit.mean_variances, 4e-5, rtol=1e-9)
    assert fit.r_squared == (0.0,) * 4
    np.testing.assert_allclose(har_variance_path(fit, 90), 4e-5, rtol=1e-9)


def test_path_meets_every_fitted_horizon() -> None:
    fit = fit_har(clustered_variance(6), HORIZONS)
    path = har_variance_path(fit, 100)
    assert (path > 0.0).all()
    for horizon in HORIZONS:
        assert path[:horizon].sum() == pytest.approx(fit.forecast_cumulative(horizon), rel=1e-10)
    np.testing.assert_allclose(path[72:], path[72], rtol=1e-9)
    np.testing.assert_allclose(har_variance_path(fit, 10), path[:10], rtol=1e-12)


def crafted(horizons: tuple[int, ...], means: tuple[float, ...]) -> HarFit:
    fit = fit_har(np.full(600, 1.0), horizons)
    return replace(fit, mean_variances=means)


def test_path_before_the_first_horizon_is_flat() -> None:
    path = har_variance_path(crafted((4, 8), (2.0, 3.0)), 12)
    np.testing.assert_allclose(path[:4], 2.0)
    assert path[4:8].sum() == pytest.approx(16.0)
    np.testing.assert_allclose(path[8:], 4.0)


def test_path_stays_positive_where_forecasts_contradict() -> None:
    # 4 bars hold 4.0, 8 bars are said to hold only 2.4: the path goes on at a tenth of the rate instead of falling.
    path = har_variance_path(crafted((4, 8), (1.0, 0.3)), 8)
    assert path[:4].sum() == pytest.approx(4.0)
    assert path[4:].sum() == pytest.approx(0.4)
    assert (path > 0.0).all()


@settings(deadline=None, max_examples=40)
@given(st.tuples(*(st.floats(0.01, 100.0) for _ in HORIZONS)))
def test_path_is_always_positive_and_first_horizon_exact(means: tuple[float, ...]) -> None:
    path = har_variance_path(crafted(HORIZONS, means), 80)
    assert (path > 0.0).all()
    assert path[0] == pytest.approx(means[0])


def test_refusals() -> None:
    variance = np.full(600, 1e-4)
    with pytest.raises(QuantError, match="horizon_bars is 5; fitted are 1, 4, 24, 72") as caught:
        fit_har(variance, HORIZONS).forecast_cumulative(5)
    assert caught.value.remedy
    with pytest.raises(QuantError, match="has 438 values; at least 439"):
        fit_har(variance[:438], HORIZONS)
    assert fit_har(variance[:439], HORIZONS).observations[-1] == 200
    with pytest.raises(QuantError, match="none may be below 0"):
        fit_har(-variance, HORIZONS)
    with pytest.raises(QuantError, match="zero throughout"):
        fit_har(np.zeros(600), HORIZONS)
    for wrong in ((), (0, 4), (4, 4), (24, 4)):
        with pytest.raises(QuantError, match="horizons is"):
            fit_har(variance, wrong)
    with pytest.raises(QuantError, match="windows is"):
        fit_har(variance, HORIZONS, (4, 1))
    with pytest.raises(QuantError, match="steps is 0"):
        har_variance_path(fit_har(variance, HORIZONS), 0)
