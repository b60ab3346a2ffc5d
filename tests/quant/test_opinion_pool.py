"""The pool of a model's odds and recent outcomes: by hand, its laws, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market_analysis.errors import QuantError
from market_analysis.quant.opinion_pool import HALF_LIFE_HOURS, pool_with_recent, recent_frequencies


def test_frequencies_by_hand() -> None:
    # One fresh target, one fresh stop, two stops a half-life old: 1, 1 and 2 / 2.
    recent = recent_frequencies(np.array([0, 1, 1, 1]), np.array([0.0, 0.0, HALF_LIFE_HOURS, HALF_LIFE_HOURS]), 3)
    assert recent.cases == pytest.approx(3.0)
    assert recent.shares.tolist() == pytest.approx([1 / 3, 2 / 3, 0.0])
    assert recent.weight == pytest.approx(0.5 * 3 / 103)


def test_pool_by_hand() -> None:
    recent = recent_frequencies(np.array([0] * 25 + [1] * 75), np.zeros(100), 2)
    assert recent.weight == 0.25
    assert pool_with_recent(np.array([[0.65, 0.35]]), recent)[0].tolist() == pytest.approx([0.55, 0.45])


def test_without_a_past_the_model_speaks_alone() -> None:
    said = np.array([[0.2, 0.5, 0.3]])
    recent = recent_frequencies(np.empty(0, dtype=np.int64), np.empty(0), 3)
    assert pool_with_recent(said, recent).tolist() == said.tolist()


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0.01, 1)), min_size=2, max_size=5),
    st.lists(st.tuples(st.integers(0, 2), st.floats(0, 1e5)), max_size=30),
)
def test_rows_stay_distributions_and_keep_their_order(rows: list[tuple[float, ...]], past: list[tuple[int, float]]) -> None:
    said = np.array(rows)
    said /= said.sum(axis=1, keepdims=True)
    came, ages = np.array([item[0] for item in past], dtype=np.int64), np.array([item[1] for item in past])
    pooled = pool_with_recent(said, recent_frequencies(came, ages, 3))
    assert pooled.min() >= 0.0
    assert pooled.sum(axis=1) == pytest.approx(1.0, abs=1e-12)
    assert (np.diff(pooled[np.argsort(said[:, 0], kind="stable"), 0]) >= -1e-15).all()


def test_what_is_no_past_is_refused() -> None:
    with pytest.raises(QuantError, match="ages must be at least 0"):
        recent_frequencies(np.array([0]), np.array([-1.0]), 2)
    with pytest.raises(QuantError, match="within 0 to 1"):
        recent_frequencies(np.array([2]), np.array([1.0]), 2)
    with pytest.raises(QuantError, match="2 outcomes, recent has 3"):
        pool_with_recent(np.array([[0.5, 0.5]]), recent_frequencies(np.array([0]), np.array([1.0]), 3))
