"""Diebold-Mariano and Giacomini-White: hand arithmetic, statsmodels and scipy as judges, size and power by simulation."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import statsmodels.api as sm

from market_analysis.errors import QuantError
from market_analysis.quant.scoring.equal_accuracy import diebold_mariano, giacomini_white


def moving_average(rng: np.random.Generator, cases: int, overlap: int, mean: float = 0.0) -> np.ndarray:
    return mean + np.convolve(rng.standard_normal(cases + overlap - 1), np.ones(overlap), mode="valid") / overlap


def test_one_step_is_the_paired_t_test_of_scipy() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.gamma(2.0, 1.0, 50), rng.gamma(2.0, 1.2, 50)
    ours, theirs = diebold_mariano(first, second), scipy.stats.ttest_rel(first, second)
    # Harvey, Leybourne and Newbold: at h = 1 the factor (n - 1)/n turns the plain variance into the unbiased one.
    assert ours.statistic == pytest.approx(theirs.statistic, rel=1e-12)
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-10)


def test_overlapping_horizons_against_statsmodels() -> None:
    rng = np.random.default_rng(2)
    difference, cases, horizon = moving_average(rng, 400, 4, 0.2), 400, 4
    judge = sm.OLS(difference, np.ones(cases)).fit(
        cov_type="HAC", cov_kwds={"maxlags": horizon - 1, "use_correction": False, "kernel": "uniform"}
    )
    factor = np.sqrt((cases + 1 - 2 * horizon + horizon * (horizon - 1) / cases) / cases)
    ours = diebold_mariano(difference, np.zeros(cases), horizon)
    assert ours.statistic == pytest.approx(judge.tvalues[0] * factor, rel=1e-9)
    assert not ours.bartlett


def test_a_negative_truncated_variance_falls_back_to_newey_west() -> None:
    difference = np.tile([1.0, -1.0], 10) + 0.01
    assert diebold_mariano(difference, np.zeros(20), 2).bartlett


def test_size_and_power() -> None:
    rng = np.random.default_rng(3)
    null = [diebold_mariano(moving_average(rng, 200, 4), np.zeros(200), 4).p_value < 0.1 for _ in range(400)]
    assert 0.05 < np.mean(null) < 0.17
    apart = [diebold_mariano(moving_average(rng, 200, 4, 0.3), np.zeros(200), 4).p_value < 0.1 for _ in range(50)]
    assert np.mean(apart) > 0.9
    conditional = [giacomini_white(rng.standard_normal(200), np.zeros(200)).p_value < 0.1 for _ in range(400)]
    assert 0.05 < np.mean(conditional) < 0.16


def test_giacomini_white_sees_a_difference_that_changes_sign_foreseeably() -> None:
    rng = np.random.default_rng(4)
    regime = np.repeat(np.tile([1.0, -1.0], 20), 10)
    difference = 0.5 * regime + 0.3 * rng.standard_normal(regime.size)
    assert diebold_mariano(difference, np.zeros(regime.size)).p_value > 0.1
    found = giacomini_white(difference, np.zeros(regime.size))
    assert found.p_value < 1e-6
    assert found.degrees == 2
    assert found.share_first_better == pytest.approx(0.5, abs=0.1)


def test_giacomini_white_by_hand() -> None:
    difference = np.array([1.0, -2.0, 3.0, 1.0, 0.5, -1.0, 2.0, 1.0, -0.5, 1.5])
    constant = np.ones((1, 10))
    # One constant instrument: n mean^2 / mean of squares = (sum d)^2 / sum d^2.
    expected = difference.sum() ** 2 / (difference**2).sum()
    assert giacomini_white(difference, np.zeros(10), instruments=constant).statistic == pytest.approx(expected, rel=1e-12)
    # n R^2 of the constant regressed without centring on z is the textbook form for two instruments.
    with pytest.raises(QuantError, match="at least 10"):
        giacomini_white(difference, np.zeros(10))
    longer = np.append(difference, 0.25)
    lagged = np.stack([np.ones(10), longer[:-1]]) * longer[1:]
    fit = sm.OLS(np.ones(10), lagged.T).fit()
    assert giacomini_white(longer, np.zeros(11)).statistic == pytest.approx(10 * (1 - fit.ssr / 10), rel=1e-9)


def test_equal_losses_are_no_evidence() -> None:
    same = np.ones(20)
    assert diebold_mariano(same, same).p_value == 1.0
    assert giacomini_white(same, same).p_value == 1.0
    assert diebold_mariano(same + 1.0, same).p_value == 0.0
    with pytest.raises(QuantError, match="collinear"):
        giacomini_white(np.arange(20.0) + 1.0, np.zeros(20), instruments=np.ones((2, 20)))
    with pytest.raises(QuantError, match="half"):
        diebold_mariano(same + 1.0, same, 11)
