"""Kelly's fraction and its shrinkage, by hand and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market_analysis.errors import QuantError
from market_analysis.quant.kelly import kelly_edge, kelly_fraction, kelly_shrinkage


def test_by_hand() -> None:
    # Document 004's constants: p .55, b 1.5. edge 2.5 * .55 - 1 = .375, f* = .375 / 1.5 = .25.
    assert kelly_edge(0.55, 1.5) == pytest.approx(0.375)
    assert kelly_fraction(0.55, 1.5) == pytest.approx(0.25)
    # 100 trades: sigma_p^2 = .55 * .45 / 100 = .002475; .140625 / (.140625 + 6.25 * .002475) = .90090...
    assert kelly_shrinkage(0.55, 1.5, 100) == pytest.approx(0.140625 / (0.140625 + 0.01546875))
    assert kelly_fraction(0.4, 1.5) == pytest.approx(0.0, abs=1e-15)
    assert kelly_shrinkage(0.4, 1.5, 100) == pytest.approx(0.0, abs=1e-15)
    assert kelly_fraction(0.3, 1.5) == 0.0
    assert kelly_shrinkage(1.0, 1.5, 100) == 1.0


def test_the_fraction_maximises_growth() -> None:
    p, b = 0.45, 2.0
    grid = np.linspace(0.0, 0.9, 9_001)
    growth = p * np.log1p(b * grid) + (1.0 - p) * np.log1p(-grid)
    assert kelly_fraction(p, b) == pytest.approx(float(grid[np.argmax(growth)]), abs=1e-4)


def test_the_shrunken_bet_grows_faster_out_of_sample() -> None:
    """Where p must be counted, betting the count is too large: the mean true growth is better with the shrunken fraction."""
    rng = np.random.default_rng(1)
    p, b, n = 0.53, 1.0, 100
    counted = rng.binomial(n, p, 4_000) / n

    def growth(shrunk: bool) -> float:
        sizes = np.array([kelly_fraction(q, b) * (kelly_shrinkage(q, b, n) if shrunk else 1.0) for q in counted])
        return float(np.mean(p * np.log1p(b * sizes) + (1.0 - p) * np.log1p(-sizes)))

    assert growth(shrunk=True) > growth(shrunk=False)


@given(st.floats(0.0, 1.0), st.floats(0.05, 20.0), st.integers(2, 5_000))
def test_bounds_and_directions(win_frac: float, payoff: float, trades: int) -> None:
    fraction, trust = kelly_fraction(win_frac, payoff), kelly_shrinkage(win_frac, payoff, trades)
    assert 0.0 <= fraction <= 1.0
    assert 0.0 <= trust <= 1.0
    assert kelly_shrinkage(win_frac, payoff, 2 * trades) >= trust
    assert fraction <= kelly_fraction(min(1.0, win_frac + 0.01), payoff)


@pytest.mark.parametrize(
    ("win_frac", "payoff"), [(-0.1, 1.0), (1.1, 1.0), (math.nan, 1.0), (0.5, 0.0), (0.5, math.inf), (0.5, math.nan)]
)
def test_impossible_odds_are_refused(win_frac: float, payoff: float) -> None:
    with pytest.raises(QuantError, match=r"win_frac|payoff"):
        kelly_fraction(win_frac, payoff)
    with pytest.raises(QuantError, match="trades"):
        kelly_shrinkage(0.5, 1.0, 1)
