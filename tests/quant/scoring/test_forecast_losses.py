"""Losses of variance forecasts: hand arithmetic, and Patton's property that noise in the proxy does not change the ranking."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.errors import QuantError
from market_analysis.quant.scoring.losses import floored, qlike, squared_error

POSITIVE = st.floats(1e-9, 1e3)


def test_losses_by_hand() -> None:
    realised, forecast = np.array([2.0, 1.0, 1.0]), np.array([1.0, 2.0, 1.0])
    np.testing.assert_allclose(qlike(realised, forecast), [1.0 - math.log(2.0), math.log(2.0) - 0.5, 0.0], rtol=1e-15)
    np.testing.assert_array_equal(squared_error(realised, forecast), [1.0, 1.0, 0.0])
    np.testing.assert_array_equal(floored(np.array([0.0, 2.0]), np.array([1.0, 1.0])), [1.0, 2.0])


@settings(deadline=None)
@given(st.lists(st.tuples(POSITIVE, POSITIVE), min_size=1, max_size=20), POSITIVE)
def test_qlike_is_never_negative_and_has_no_unit(pairs: list[tuple[float, float]], unit: float) -> None:
    realised, forecast = np.array(pairs).T
    loss = qlike(realised, forecast)
    assert (loss >= -1e-12).all()
    np.testing.assert_allclose(qlike(realised * unit, forecast * unit), loss, rtol=1e-6, atol=1e-9)


def test_an_unbiased_noisy_proxy_ranks_as_the_truth_does() -> None:
    rng = np.random.default_rng(1)
    truth = np.exp(rng.standard_normal(200_000))
    proxy = truth * rng.chisquare(1, truth.size)
    good, bad = truth * np.exp(0.1 * rng.standard_normal(truth.size)), 0.7 * truth
    for loss in (qlike, squared_error):
        assert loss(proxy, good).mean() < loss(proxy, bad).mean()


@pytest.mark.parametrize("loss", [qlike, squared_error])
def test_impossible_variances_are_refused(loss: object) -> None:
    for realised, forecast in (([0.0], [1.0]), ([1.0], [0.0]), ([np.nan], [1.0]), ([1.0, 1.0], [1.0])):
        with pytest.raises(QuantError):
            loss(np.array(realised), np.array(forecast))  # type: ignore[operator]
    with pytest.raises(QuantError, match="below 0"):
        floored(np.array([-1.0]), np.array([1.0]))
