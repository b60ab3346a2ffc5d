"""Curve, recalibration, the network and its coefficient file."""

from __future__ import annotations

import copy
import json
from importlib import resources

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.errors import QuantError
from market_analysis.quant.forecast.curve import cumulative_curve
from market_analysis.quant.forecast.features import FEATURE_NAMES
from market_analysis.quant.forecast.panel import Network, load_panel, panel_from_document
from market_analysis.quant.forecast.recalibration import half_pooled, recent_ratio

KNOTS = (1, 4, 24, 72, 168)


@settings(deadline=None)
@given(st.lists(st.floats(1e-9, 1e3), min_size=5, max_size=5), st.integers(1, 400))
def test_the_curve_rises_everywhere(totals: list[float], hours: int) -> None:
    curve = cumulative_curve(KNOTS, np.array(totals), hours)
    assert curve.shape == (hours,)
    assert (np.diff(curve, prepend=0.0) > 0.0).all()


def test_the_curve_passes_through_consistent_forecasts() -> None:
    totals = np.array([1.0, 3.5, 20.0, 55.0, 120.0])
    curve = cumulative_curve(KNOTS, totals, 200)
    np.testing.assert_allclose(curve[np.array(KNOTS) - 1], totals, rtol=1e-12)
    # The power between 4 and 24 hours, and the last rate beyond 168.
    assert curve[11] == pytest.approx(3.5 * (12 / 4) ** (np.log(20 / 3.5) / np.log(24 / 4)))
    assert curve[199] == pytest.approx(120.0 + 32 * 65 / 96)


def test_a_contradiction_still_rises() -> None:
    curve = cumulative_curve((1, 4), np.array([1.0, 0.5]), 4)
    assert curve[3] == pytest.approx(1.3)
    assert cumulative_curve((2,), np.array([1.0]), 4)[-1] == pytest.approx(2.0)


def test_recent_ratio_by_hand() -> None:
    # One case of 4 h at an age of one half-life weighs 2 hours against the prior's 500.
    found = recent_ratio(np.array([3.0]), np.array([1.0]), np.array([1000]), 4)
    assert found == pytest.approx((500.0 + 2.0 * 3.0) / 502.0)
    assert recent_ratio(np.array([1e9]), np.array([1.0]), np.array([0]), 4) == pytest.approx((500.0 + 80.0) / 504.0)
    assert recent_ratio(np.empty(0), np.empty(0), np.empty(0, dtype=np.int64), 4) == 1.0
    np.testing.assert_allclose(half_pooled(np.array([4.0, 1.0])), [np.sqrt(8.0), np.sqrt(2.0)])
    assert half_pooled(np.array([3.0]))[0] == pytest.approx(3.0)


def test_network_by_hand() -> None:
    net = Network((np.array([[1.0], [0.0]]), np.array([[2.0]])), (np.array([0.5]), np.array([0.1])), np.array([[0.0], [1.0]]))
    np.testing.assert_allclose(net(np.array([[1.0, 3.0]])), [[2.0 * np.tanh(1.5) + 0.1 + 3.0]])


def test_the_shipped_file_says_where_it_comes_from() -> None:
    model = load_panel()
    assert model.horizons == KNOTS
    assert model.provenance["split"] == "all"
    assert {"recipe", "seed", "cases", "symbols", "source", "training"} <= set(model.provenance)
    np.testing.assert_allclose(model.member_weights.sum(axis=1), 1.0)
    assert model.mean.shape == model.scale.shape == (len(FEATURE_NAMES),)
    # At the mean of everything it says about the level: no network is far from one.
    assert (abs(np.log(model.relative_variance(model.mean[None, :]))) < 1.5).all()


def test_a_file_of_another_version_is_refused() -> None:
    text = resources.files("market_analysis.quant.forecast").joinpath("panel.json").read_text(encoding="utf-8")
    document = json.loads(text)
    assert panel_from_document(document).limit == document["limit"]
    for key, value in (("format", 99), ("features", ["other"]), ("members", ["panel"])):
        wrong = copy.copy(document) | {key: value}
        with pytest.raises(QuantError):
            panel_from_document(wrong)
