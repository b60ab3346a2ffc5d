"""Scores of probabilities: scikit-learn as the judge, hand arithmetic, and propriety."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, log_loss

from market_analysis.errors import QuantError
from market_analysis.quant.scoring.probability import (
    brier_scores,
    brier_skill,
    expected_calibration_error,
    log_scores,
    reliability_bins,
    two_outcomes,
)


def cases(seed: int, count: int = 500) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    probability = rng.random(count)
    return probability, rng.random(count) < probability


def test_judge_scikit_learn_one_event() -> None:
    probability, happened = cases(1)
    rows, outcome = two_outcomes(probability), np.where(happened, 0, 1)
    assert brier_scores(rows, outcome).mean() == pytest.approx(2.0 * brier_score_loss(happened, probability), rel=1e-12)
    assert log_scores(rows, outcome).mean() == pytest.approx(log_loss(happened, probability), rel=1e-9)


def test_judge_scikit_learn_three_outcomes() -> None:
    rng = np.random.default_rng(2)
    rows = rng.dirichlet([2.0, 3.0, 1.0], 400)
    outcome = np.array([rng.choice(3, p=row) for row in rows])
    assert log_scores(rows, outcome).mean() == pytest.approx(log_loss(outcome, rows), rel=1e-9)
    assert brier_scores(rows, outcome).mean() == pytest.approx(brier_score_loss(outcome, rows, scale_by_half=False), rel=1e-9)


def test_judge_scikit_learn_reliability() -> None:
    probability, happened = cases(3)
    bins = reliability_bins(probability, happened, 8)
    frequency, mean = calibration_curve(happened, probability, n_bins=8)
    np.testing.assert_allclose([part.frequency for part in bins], frequency)
    np.testing.assert_allclose([part.mean_probability for part in bins], mean)
    assert sum(part.cases for part in bins) == 500


def test_scores_by_hand() -> None:
    rows = np.array([[0.7, 0.2, 0.1], [0.0, 1.0, 0.0]])
    np.testing.assert_allclose(brier_scores(rows, np.array([0, 0])), [0.09 + 0.04 + 0.01, 2.0])
    np.testing.assert_allclose(log_scores(rows, np.array([1, 0])), [-math.log(0.2), -math.log(1e-6)])
    assert brier_skill(np.array([0.1, 0.2]), np.array([0.2, 0.4])) == pytest.approx(0.5)
    # Bins [0, .5) and [.5, 1]: |0 - .25| and |.5 - .75|, half the cases each.
    said, came = np.array([0.2, 0.3, 0.5, 1.0]), np.array([False, False, False, True])
    assert expected_calibration_error(said, came, 2) == pytest.approx(0.25)


@settings(deadline=None)
@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_the_truth_has_the_best_expected_score(truth: float, said: float) -> None:
    def expected(score: object, probability: float) -> float:
        rows = two_outcomes(np.full(2, probability))
        return float(np.array([truth, 1.0 - truth]) @ score(rows, np.array([0, 1])))  # type: ignore[operator]

    for score in (brier_scores, log_scores):
        assert expected(score, truth) <= expected(score, said) + 1e-12


def test_a_calibrated_event_has_a_small_error_and_climatology_none_of_the_skill() -> None:
    probability, happened = cases(4, 50_000)
    assert expected_calibration_error(probability, happened) < 0.01
    flat = np.full(happened.size, happened.mean())
    assert expected_calibration_error(flat, happened) < 1e-9
    outcome = np.where(happened, 0, 1)
    own, reference = brier_scores(two_outcomes(probability), outcome), brier_scores(two_outcomes(flat), outcome)
    assert brier_skill(own, reference) == pytest.approx(1.0 / 3.0, abs=0.02)


def test_impossible_probabilities_are_refused() -> None:
    with pytest.raises(QuantError, match="sum to 1"):
        brier_scores(np.array([[0.5, 0.6]]), np.array([0]))
    with pytest.raises(QuantError, match="0 to 1"):
        log_scores(np.array([[0.5, 0.5]]), np.array([2]))
    with pytest.raises(QuantError, match="one per case"):
        brier_scores(np.array([[0.5, 0.5]]), np.array([0, 1]))
    with pytest.raises(QuantError, match="0 to 1"):
        reliability_bins(np.array([1.2]), np.array([True]))
    with pytest.raises(QuantError, match="no error"):
        brier_skill(np.array([0.1]), np.array([0.0]))
