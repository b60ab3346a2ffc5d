"""Mincer-Zarnowitz and its covariances: statsmodels as the judge, simulated truths for the coverage."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from market_analysis.errors import QuantError
from market_analysis.quant.scoring.long_run import block_covariance, hac_covariance
from market_analysis.quant.scoring.mincer_zarnowitz import mean_ratio, mincer_zarnowitz


def sample(seed: int, cases: int = 600, slope: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Realised variance, forecast, day: errors share a factor within a day."""
    rng = np.random.default_rng(seed)
    days = np.arange(cases) // 12
    forecast = np.exp(0.5 * rng.standard_normal(cases)) * 1e-4
    shared = np.exp(0.5 * rng.standard_normal(days[-1] + 1) - 0.125)
    return slope * forecast * shared[days] * rng.gamma(3.0, 1.0 / 3.0, cases), forecast, days


@pytest.mark.parametrize("weighted", [True, False])
def test_judge_statsmodels_clustered(weighted: bool) -> None:
    realised, forecast, days = sample(1)
    ours = mincer_zarnowitz(realised, forecast, blocks=days, weighted=weighted)
    weights = forecast**-2.0 if weighted else np.ones(forecast.size)
    judge = sm.WLS(realised, sm.add_constant(forecast), weights=weights)
    theirs = judge.fit(cov_type="cluster", cov_kwds={"groups": days, "use_correction": False})
    groups = days[-1] + 1
    assert ours.slope == pytest.approx(theirs.params[1], rel=1e-9)
    assert ours.intercept == pytest.approx(theirs.params[0], rel=1e-7)
    assert ours.slope_standard_error == pytest.approx(theirs.bse[1] * np.sqrt(groups / (groups - 1)), rel=1e-7)


def test_judge_statsmodels_newey_west() -> None:
    realised, forecast, _ = sample(2)
    ours = mincer_zarnowitz(realised, forecast, lags=11, weighted=False)
    theirs = sm.OLS(realised, sm.add_constant(forecast)).fit(cov_type="HAC", cov_kwds={"maxlags": 11, "use_correction": False})
    assert ours.slope_standard_error == pytest.approx(theirs.bse[1], rel=1e-7)
    wald = theirs.wald_test((np.eye(2), np.array([0.0, 1.0])), use_f=False, scalar=True)
    assert ours.p_unbiased == pytest.approx(float(wald.pvalue), rel=1e-6)


def test_the_interval_covers_a_slope_of_one_as_often_as_it_says() -> None:
    covered = [mincer_zarnowitz(*sample(seed)[:2], blocks=sample(seed)[2], confidence=0.9).covers_one for seed in range(200)]
    assert 0.82 < np.mean(covered) < 0.97
    missed = [mincer_zarnowitz(*sample(seed, slope=1.6)[:2], blocks=sample(seed)[2]).covers_one for seed in range(50)]
    assert np.mean(missed) < 0.4


def test_mean_ratio_sees_a_bias_and_its_interval_widens_with_the_blocks() -> None:
    realised, forecast, days = sample(3, 6000, slope=1.5)
    mean, low, high = mean_ratio(realised, forecast, days)
    assert low < 1.5 < high
    _, naive_low, naive_high = mean_ratio(realised, forecast, np.arange(days.size))
    assert high - low > 1.5 * (naive_high - naive_low)
    assert mean == pytest.approx(np.mean(realised / forecast))


def test_covariances_by_hand() -> None:
    scores = np.array([[1.0, -1.0, 2.0]])
    # G_0 = 6/3, G_1 = (-1 - 2)/3.
    assert hac_covariance(scores, 1)[0, 0] == pytest.approx(2.0 + 0.5 * 2 * -1.0)
    assert hac_covariance(scores, 1, bartlett=False)[0, 0] == pytest.approx(2.0 - 2.0)
    # Sums 0 and 2: (0 + 4) * 2/1 / 3.
    assert block_covariance(scores, np.array([7, 7, 9]))[0, 0] == pytest.approx(8.0 / 3.0)


def test_what_cannot_be_scored_is_refused() -> None:
    realised, forecast, days = sample(4, 40)
    with pytest.raises(QuantError, match="the same"):
        mincer_zarnowitz(realised, np.full(40, 0.1))
    with pytest.raises(QuantError, match="at least 10"):
        mincer_zarnowitz(realised[:5], forecast[:5])
    with pytest.raises(QuantError, match="one per case"):
        mean_ratio(realised, forecast, days[:-1])
    with pytest.raises(QuantError, match="at least 2"):
        mean_ratio(realised, forecast, np.zeros(40, dtype=np.int64))
    with pytest.raises(QuantError, match="lags"):
        mincer_zarnowitz(realised, forecast, lags=40)
