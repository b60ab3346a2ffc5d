"""Equal risk contributions: two lines by hand, any book by its own definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.errors import QuantError
from market_analysis.quant.equal_risk import equal_risk_weights


def test_two_lines_are_weighed_by_inverse_volatility_whatever_their_correlation() -> None:
    """w_1 s_1 = w_2 s_2 (Maillard, Roncalli, Teiletche 2010, section 2.2)."""
    for rho in (-0.9, 0.0, 0.5, 0.99):
        covariance = np.array([[0.04, rho * 0.2 * 0.1], [rho * 0.2 * 0.1, 0.01]])
        weights = equal_risk_weights(covariance)
        assert weights[0] / weights[1] == pytest.approx(0.5, rel=1e-9)
        assert weights @ covariance @ weights == pytest.approx(1.0)


def test_equal_correlations_are_weighed_by_inverse_volatility() -> None:
    sigma = np.array([0.1, 0.2, 0.4, 0.8])
    correlation = np.full((4, 4), 0.6) + 0.4 * np.eye(4)
    weights = equal_risk_weights(correlation * np.outer(sigma, sigma))
    np.testing.assert_allclose(weights * sigma, (weights * sigma)[0], rtol=1e-9)


@settings(deadline=None, max_examples=80)
@given(seed=st.integers(0, 2**32 - 1), lines=st.integers(1, 12), scale=st.floats(1e-4, 10.0))
def test_contributions_are_equal(seed: int, lines: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal((lines, lines + 2))
    sides = rng.choice([-1.0, 1.0], lines)
    covariance = scale * (factor @ factor.T) * np.outer(sides, sides)
    weights = equal_risk_weights(covariance)
    contributions = weights * (covariance @ weights)
    assert (weights > 0.0).all()
    np.testing.assert_allclose(contributions, 1.0 / lines, rtol=1e-8)


@pytest.mark.parametrize("wrong", [[[1.0, 0.5]], [[1.0, 0.5], [0.4, 1.0]], [[0.0]], [[1.0, -1.0], [-1.0, 1.0]]])
def test_what_has_no_such_book_is_refused(wrong: list[list[float]]) -> None:
    with pytest.raises(QuantError):
        equal_risk_weights(np.array(wrong))
