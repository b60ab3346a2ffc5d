"""Tests of breaches, against published tables and by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, chi2

from market_analysis.errors import QuantError
from market_analysis.quant.value_at_risk.coverage import (
    christoffersen_conditional,
    christoffersen_independence,
    dynamic_quantile,
    kupiec,
    traffic_light,
)


def days(count: int, breaches: int) -> np.ndarray:
    result = np.zeros(count, dtype=np.bool_)
    result[np.linspace(0, count - 1, breaches).astype(int)] = True
    assert result.sum() == breaches
    return result


# Kupiec (1995), table of non-rejection regions at 5 %, as reprinted in Jorion, Value at Risk: x strictly between the two.
@pytest.mark.parametrize(
    ("confidence", "count", "above", "below"),
    [
        (0.99, 255, -1, 7),
        (0.99, 510, 1, 11),
        (0.99, 1000, 4, 17),
        (0.975, 255, 2, 12),
        (0.975, 510, 6, 21),
        (0.975, 1000, 15, 36),
        (0.95, 255, 6, 21),
        (0.95, 510, 16, 36),
        (0.95, 1000, 37, 65),
        (0.925, 1000, 59, 92),
        (0.90, 255, 16, 36),
        (0.90, 1000, 81, 120),
    ],
)
def test_kupiec_rejects_where_the_published_table_does(confidence: float, count: int, above: int, below: int) -> None:
    for breaches in (above + 1, below - 1):
        if breaches:  # zero breaches of 255 at 99 % lie outside by a formula that the table leaves out
            assert (kupiec(days(count, breaches), confidence).p_value or 0.0) > 0.05, breaches
    for breaches in (above, below):
        if breaches > 0:
            assert (kupiec(days(count, breaches), confidence).p_value or 1.0) <= 0.05, breaches


# Basel Committee (1996), supervisory framework for backtesting, table 2: 250 days, 99 %, cumulative probability in percent.
@pytest.mark.parametrize(
    ("breaches", "percent", "zone"),
    [(0, 8.11, "green"), (1, 28.58, "green"), (4, 89.22, "green"), (5, 95.88, "yellow"), (9, 99.97, "yellow"), (10, 99.99, "red")],
)
def test_traffic_light_is_the_committees_table(breaches: int, percent: float, zone: str) -> None:
    found, probability = traffic_light(days(250, breaches))
    assert found == zone
    assert 100 * probability == pytest.approx(percent, abs=0.006)


def test_independence_by_hand() -> None:
    # 1 1 0 0 0 1 0 0 0 0: pairs 11 1, 10 2, 01 1, 00 5.
    breaches = np.array([1, 1, 0, 0, 0, 1, 0, 0, 0, 0], dtype=np.bool_)
    free = 5 * math.log(5 / 6) + math.log(1 / 6) + 2 * math.log(2 / 3) + math.log(1 / 3)
    pooled = 7 * math.log(7 / 9) + 2 * math.log(2 / 9)
    found = christoffersen_independence(breaches)
    assert found.statistic == pytest.approx(2 * (free - pooled))
    assert found.p_value == pytest.approx(chi2.sf(2 * (free - pooled), 1))
    both = christoffersen_conditional(breaches, 0.9)
    assert both.statistic == pytest.approx(found.statistic + kupiec(breaches, 0.9).statistic)
    assert both.p_value == pytest.approx(chi2.sf(both.statistic, 2))


def test_clusters_are_seen_and_scatter_is_not() -> None:
    clustered = np.zeros(500, dtype=np.bool_)
    clustered[100:112] = clustered[300:313] = True
    assert (christoffersen_independence(clustered).p_value or 1) < 1e-6
    assert (christoffersen_independence(days(500, 25)).p_value or 0) > 0.05
    assert (dynamic_quantile(clustered, np.ones(500), 0.95).p_value or 1) < 1e-6


def test_the_dynamic_quantile_test_keeps_its_size_and_sees_a_var_that_foretells() -> None:
    rng = np.random.default_rng(5)
    var = 1.0 + rng.random(600)
    rejected = [(dynamic_quantile(rng.random(600) < 0.05, var, 0.95).p_value or 1) < 0.05 for _ in range(300)]
    assert 0.01 < np.mean(rejected) < 0.12
    foretold = rng.random(600) < np.where(var > 1.8, 0.25, 0.0)
    assert (dynamic_quantile(foretold, var, 0.95).p_value or 1) < 0.001


def test_what_cannot_be_said_is_not_said() -> None:
    none = np.zeros(300, dtype=np.bool_)
    assert christoffersen_independence(none).p_value is None
    assert christoffersen_conditional(none, 0.95).p_value is None
    assert dynamic_quantile(none, np.ones(300), 0.95).p_value is None
    assert dynamic_quantile(days(30, 3), np.ones(30), 0.95).p_value is None
    assert (kupiec(none, 0.95).p_value or 1) < 1e-6


@given(st.integers(1, 400), st.data())
def test_kupiec_is_the_binomial_likelihood_ratio(count: int, data: st.DataObject) -> None:
    breaches = data.draw(st.integers(0, count))
    best = binom.logpmf(breaches, count, breaches / count)
    assert kupiec(days(count, breaches), 0.95).statistic == pytest.approx(
        2 * (best - binom.logpmf(breaches, count, 0.05)), abs=1e-8
    )


def test_wrong_input_is_refused() -> None:
    for call in (
        lambda: kupiec(np.zeros(0, dtype=np.bool_), 0.95),
        lambda: kupiec(np.zeros(3), 0.95),  # type: ignore[arg-type]
        lambda: kupiec(days(10, 1), 1.0),
        lambda: dynamic_quantile(days(10, 1), np.ones(9), 0.95),
    ):
        with pytest.raises(QuantError):
            call()
