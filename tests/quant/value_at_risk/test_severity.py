"""Z1, Z2 and FZ0: by hand, and by what they are for."""

from __future__ import annotations

import math

import numpy as np
import pytest

from market_analysis.errors import QuantError
from market_analysis.quant.value_at_risk.severity import CRITICAL_Z2_5_PERCENT, acerbi_szekely, fz0

VAR_975, ES_975 = 1.959964, 2.337803
"""Of the standard normal distribution; printed in any table."""


def test_by_hand() -> None:
    profit = np.array([1.0, -3.0, 0.5, -5.0])
    found = acerbi_szekely(profit, np.full(4, 2.0), np.array([2.5, 3.0, 2.5, 4.0]), 0.5)
    assert found.z1 == pytest.approx(1 + (-3 / 3 - 5 / 4) / 2)
    assert found.z2 == pytest.approx(1 + (-3 / 3 - 5 / 4) / (4 * 0.5))
    assert found.breaches == 2
    assert acerbi_szekely(np.ones(4), np.full(4, 2.0), np.full(4, 3.0), 0.5).z1 is None
    # v = -2, e = -3, y = -4, p = .5: -(2)/(.5 * -3) + 2/3 + ln 3 - 1
    assert float(fz0(np.array(-4.0), np.array(2.0), np.array(3.0), 0.5)) == pytest.approx(4 / 3 + 2 / 3 + math.log(3) - 1)
    assert float(fz0(np.array(1.0), np.array(2.0), np.array(3.0), 0.5)) == pytest.approx(2 / 3 + math.log(3) - 1)


def test_a_right_model_has_zero_and_the_papers_critical_value() -> None:
    rng = np.random.default_rng(2)
    z2 = [acerbi_szekely(rng.standard_normal(250), np.full(250, VAR_975), np.full(250, ES_975), 0.975).z2 for _ in range(4_000)]
    assert np.mean(z2) == pytest.approx(0.0, abs=0.03)
    assert np.mean(np.array(z2) < CRITICAL_Z2_5_PERCENT) == pytest.approx(0.05, abs=0.015)


def test_understated_risk_is_negative() -> None:
    profit = 1.5 * np.random.default_rng(3).standard_normal(2_000)
    found = acerbi_szekely(profit, np.full(2_000, VAR_975), np.full(2_000, ES_975), 0.975)
    assert found.z1 is not None
    assert found.z1 < -0.1
    assert found.z2 < -1.0


def test_fz0_is_least_at_the_truth() -> None:
    profit = np.random.default_rng(4).standard_normal(400_000)
    scores = {
        (a, b): float(fz0(profit, np.full(profit.size, VAR_975 * a), np.full(profit.size, ES_975 * b), 0.975).mean())
        for a in (0.85, 1.0, 1.15)
        for b in (0.85, 1.0, 1.15)
    }
    assert min(scores, key=scores.__getitem__) == (1.0, 1.0)


def test_wrong_input_is_refused() -> None:
    one = np.ones(3)
    for call in (
        lambda: acerbi_szekely(one, one, np.zeros(3), 0.95),
        lambda: acerbi_szekely(one, one[:2], one, 0.95),
        lambda: fz0(one, one, -one, 0.95),
    ):
        with pytest.raises(QuantError):
            call()
