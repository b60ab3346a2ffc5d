"""The compiled policy simulation (extra [fast]) against NumPy's, its twin, path by path on the same draws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_twin import fat_bars, position

from market_analysis.quant import compiled
from market_analysis.quant.bar_paths import draw_rows, simulated_bars
from market_analysis.quant.policy import _run, simulate
from market_analysis.quant.policy_compiled import run_compiled
from market_analysis.quant.policy_inputs import GarchRecursion, PolicyInputs
from market_analysis.quant.stop_rule import StopRule, signed_distance

pytestmark = pytest.mark.skipif(not compiled.available(), reason="numba, the extra [fast], is not installed")


def assert_twins(inputs: PolicyInputs, unlike: float = 0.001) -> None:
    """Every path ends alike; a share `unlike` may turn on the last bit of an exponential, or on another table of growth."""
    rows = draw_rows(inputs.seed, inputs.variance_path.size, inputs.paths, inputs.residuals.shape[0])
    rule = StopRule(inputs)
    slow = _run(inputs, simulated_bars(inputs, rows), rule)
    reached, exit_level, last_close, lowest = run_compiled(inputs, rows, rule)
    alike = np.isnan(exit_level) == np.isnan(slow.exit_level)
    with np.errstate(invalid="ignore"):
        alike &= np.isclose(reached, slow.reached, atol=1e-9) | (reached == slow.reached)
        alike &= np.isnan(exit_level) | np.isclose(exit_level, slow.exit_level, atol=1e-9)
    alike &= ~np.isnan(exit_level) | np.isclose(last_close, slow.last_close, atol=1e-9)
    placed = signed_distance(inputs, inputs.stop)
    alike &= (lowest <= placed) == (slow.lowest <= placed)
    assert np.count_nonzero(~alike) <= unlike * inputs.paths


@settings(deadline=None, max_examples=60)
@given(
    side=st.sampled_from([1, -1]),
    log_mode=st.booleans(),
    alpha=st.one_of(st.none(), st.floats(0.0, 0.3)),
    seed=st.integers(0, 1000),
    breakeven=st.sampled_from([0.0, 0.5, 1.0, 1e9]),
    late=st.sampled_from([1.0, 2.0]),
    peak=st.floats(1.0, 1.2),
    stop=st.floats(0.9, 1.02),
    paths=st.sampled_from([1, 63, 64, 65, 1100]),
)
def test_every_path_ends_alike(
    side: int,
    log_mode: bool,
    alpha: float | None,
    seed: int,
    breakeven: float,
    late: float,
    peak: float,
    stop: float,
    paths: int,
) -> None:
    garch = None if alpha is None else GarchRecursion(1e-6, alpha, 0.97 - alpha, 5e-5)
    inputs = position(
        side=side,
        log_mode=log_mode,
        garch=garch,
        seed=seed,
        breakeven_after_r=breakeven,
        late_after_r=late if breakeven < 1e9 else 1e9,
        peak=100.0 * peak**side,
        stop=100.0 * stop**side,
        paths=paths,
    )
    assert_twins(inputs)


def test_a_volatility_beyond_the_table_makes_a_longer_table() -> None:
    """A wild recursion: sigma grows to hundreds of times where the table ends at first. NumPy's grows on the way."""
    inputs = position(garch=GarchRecursion(1e-6, 1.5, 0.9, 1e-4), variance_path=np.full(40, 0.02**2), paths=1500)
    assert_twins(inputs, unlike=0.02)


def test_the_outcome_is_the_same_once_the_engine_is_loaded() -> None:
    inputs = position(garch=GarchRecursion(1e-6, 0.03, 0.94, 3.6e-5), residuals=fat_bars(1, 4000), paths=10_000)
    compiled._warmed.clear()
    before = simulate(inputs)
    try:
        assert compiled.warm()
        after = simulate(inputs)
    finally:
        compiled._warmed.clear()
    np.testing.assert_allclose(after.p_target_by_grid, before.p_target_by_grid, atol=3e-4)
    one, other = before.outcome_at(103.0), after.outcome_at(103.0)
    assert other.p_tp + other.p_sl + other.p_breakeven + other.p_open == 1.0
    assert other.mean_payoff == pytest.approx(one.mean_payoff, abs=1e-3)


def test_one_thread_or_two_give_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = position(garch=GarchRecursion(1e-6, 0.03, 0.94, 3.6e-5), paths=5_000)
    rows = draw_rows(1, 72, 5_000, inputs.residuals.shape[0])
    several = run_compiled(inputs, rows, StopRule(inputs))
    monkeypatch.setattr(compiled.os, "cpu_count", lambda: 1)
    assert np.array_equal(several, run_compiled(inputs, rows, StopRule(inputs)), equal_nan=True)
