"""GARCH(1,1): arch is the judge of likelihood, parameters, filter and forecasts; loops are the twins of the recursions."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from arch import arch_model
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_returns import garch_returns, real_hours

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float2D, Int1D
from market_analysis.quant.garch import (
    Distribution,
    GarchFit,
    advance,
    filter_variance,
    fit_garch,
    fit_garch_batch,
    forecast_variance_path,
    validation_issues,
)
from market_analysis.quant.garch_likelihood import LikelihoodPoint, evaluate
from market_analysis.quant.garch_solver import maximise_from, to_box, to_natural

TRUE = {"omega": 2e-6, "alpha": 0.08, "beta": 0.90}
SOUND = GarchFit(2e-6, 0.08, 0.9, None, 100.0, 1.5e-4, 1e-4, 1000, True, 9, ())


class Judge:
    """arch's own model of one series (times 100), its fit and its likelihood at any parameters."""

    def __init__(self, returns: np.ndarray, distribution: Distribution) -> None:
        self.percent = 100.0 * returns
        self.model = arch_model(self.percent, mean="Zero", vol="GARCH", p=1, q=1, dist=distribution, rescale=False)
        self.sigma2 = np.empty(returns.size)
        self.bounds = self.model.volatility.variance_bounds(self.percent)
        self.backcast = self.model.volatility.backcast(self.percent)

    def fit(self) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self.model.fit(disp="off", show_warning=False)

    def log_likelihood(self, parameters: Any) -> float:
        vector = np.asarray(parameters, dtype=float)
        return -float(self.model._loglikelihood(vector, self.sigma2, self.backcast, self.bounds, individual=False))


def in_percent(fit: GarchFit) -> list[float]:
    return [fit.omega * 1e4, fit.alpha, fit.beta, *([] if fit.nu is None else [fit.nu])]


def series_of(distribution: Distribution, seed: int, bars: int = 1500) -> np.ndarray:
    return garch_returns(seed, bars, **TRUE, nu=5.0 if distribution == "t" else None)


@pytest.mark.parametrize("distribution", ["normal", "t"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_agrees_with_arch_on_simulated_series(distribution: Distribution, seed: int) -> None:
    returns = series_of(distribution, seed)
    judge, fit = Judge(returns, distribution), fit_garch(returns, distribution)
    theirs = judge.fit()
    assert fit.converged
    assert fit.issues == ()
    assert judge.log_likelihood(in_percent(fit)) >= theirs.loglikelihood - 1e-6 * abs(theirs.loglikelihood)
    np.testing.assert_allclose(in_percent(fit), theirs.params.to_numpy(), rtol=0.03)
    assert fit.log_likelihood - returns.size * np.log(100.0) == pytest.approx(judge.log_likelihood(in_percent(fit)), rel=1e-10)
    assert fit.backcast * 1e4 == pytest.approx(judge.backcast, rel=1e-12)


@pytest.mark.parametrize("distribution", ["normal", "t"])
def test_finds_the_true_parameters_in_a_long_sample(distribution: Distribution) -> None:
    fit = fit_garch(series_of(distribution, 11, 20_000), distribution)
    assert fit.alpha == pytest.approx(0.08, abs=0.015)
    assert fit.persistence == pytest.approx(0.98, abs=0.01)
    assert fit.unconditional_variance == pytest.approx(1e-4, rel=0.2)
    assert fit.nu is None if distribution == "normal" else fit.nu == pytest.approx(5.0, abs=0.6)


@pytest.mark.parametrize("distribution", ["normal", "t"])
def test_likelihood_no_worse_than_arch_on_real_hours(distribution: Distribution) -> None:
    returns = real_hours(40, 1000)
    fits = fit_garch_batch(returns, distribution)
    worse = 0
    for row, fit in zip(returns, fits, strict=True):
        judge = Judge(row, distribution)
        theirs = judge.fit().params.to_numpy()
        # arch's constraint alpha + beta < 1 is met by its optimiser only to its tolerance: an infeasible end is no judge.
        if theirs[1] + theirs[2] <= 1.0 + 1e-9:
            reference = judge.log_likelihood(theirs)
            worse += judge.log_likelihood(in_percent(fit)) < reference - 1e-6 * abs(reference)
    assert all(fit.converged for fit in fits)
    assert worse <= 1


@pytest.mark.parametrize("distribution", ["normal", "t"])
def test_filter_and_forecast_agree_with_arch(distribution: Distribution) -> None:
    returns = series_of(distribution, 4)
    fit = fit_garch(returns, distribution)
    judge = Judge(returns, distribution)
    fixed = judge.model.fix(in_percent(fit))
    variances = filter_variance(returns, fit)
    np.testing.assert_allclose(variances[:-1] * 1e4, fixed.conditional_volatility**2, rtol=1e-9)
    assert variances[-1] == pytest.approx(fit.next_variance, rel=1e-9)
    expected = fixed.forecast(horizon=72, reindex=False).variance.to_numpy()[-1]
    np.testing.assert_allclose(forecast_variance_path(fit, 72) * 1e4, expected, rtol=1e-9)


def test_filter_is_the_loop_and_sees_no_future() -> None:
    returns = series_of("normal", 5, 300)
    variances = filter_variance(returns, SOUND)
    weights = 0.94 ** np.arange(75)
    before = float(returns[:75] ** 2 @ weights / weights.sum())
    expected = [SOUND.omega + (SOUND.alpha + SOUND.beta) * before]
    for value in returns:
        expected.append(SOUND.omega + SOUND.alpha * value**2 + SOUND.beta * expected[-1])
    np.testing.assert_allclose(variances, expected, rtol=1e-12)
    changed = returns.copy()
    changed[200:] *= 5.0
    np.testing.assert_array_equal(filter_variance(changed, SOUND)[:201], variances[:201])


def test_advance_is_one_step_of_the_filter() -> None:
    returns = series_of("normal", 6, 800)
    state = fit_garch(returns[:600])
    for value in returns[600:]:
        state = advance(state, float(value))
    assert state.next_variance == pytest.approx(filter_variance(returns, state)[-1], rel=1e-10)
    assert state.observations == 800
    with pytest.raises(QuantError, match="latest_return is nan"):
        advance(state, float("nan"))


@settings(deadline=None, max_examples=60)
@given(
    alpha=st.floats(0.0, 0.5),
    beta=st.floats(0.0, 0.499),
    start=st.floats(1e-6, 1e-2),
    steps=st.integers(1, 50),
)
def test_forecast_path_is_the_loop_and_reverts(alpha: float, beta: float, start: float, steps: int) -> None:
    fit = replace(SOUND, alpha=alpha, beta=beta, next_variance=start)
    path = forecast_variance_path(fit, steps)
    expected = [start]
    while len(expected) < steps:
        expected.append(fit.omega + fit.persistence * expected[-1])
    np.testing.assert_allclose(path, expected, rtol=1e-9)
    assert (path > 0.0).all()
    level = fit.unconditional_variance
    assert level is not None
    distance = np.abs(path - level)
    assert (np.diff(distance) <= 1e-12 * (start + level)).all()


def test_forecast_path_of_an_integrated_model_grows_by_omega() -> None:
    fit = replace(SOUND, alpha=0.1, beta=0.9)
    np.testing.assert_allclose(forecast_variance_path(fit, 4), 1.5e-4 + 2e-6 * np.arange(4), rtol=1e-12)
    assert fit.unconditional_variance is None
    assert "not_stationary" in validation_issues(fit, np.zeros(1000))
    with pytest.raises(QuantError, match="steps is 0"):
        forecast_variance_path(fit, 0)


@pytest.mark.parametrize("distribution", ["normal", "t"])
@settings(deadline=None, max_examples=8)
@given(scale=st.floats(1e-4, 1e4))
def test_scale_invariance(distribution: Distribution, scale: float) -> None:
    returns = series_of(distribution, 7, 600)
    one, other = fit_garch_batch(np.stack([returns, scale * returns]), distribution)
    assert other.omega == pytest.approx(scale**2 * one.omega, rel=1e-4)
    assert other.next_variance == pytest.approx(scale**2 * one.next_variance, rel=1e-4)
    assert (other.alpha, other.beta) == pytest.approx((one.alpha, one.beta), rel=1e-4)
    assert other.log_likelihood == pytest.approx(one.log_likelihood - 600 * np.log(scale), rel=1e-8)


@pytest.mark.parametrize("distribution", ["normal", "t"])
def test_score_is_the_derivative_and_information_its_variance(distribution: Distribution) -> None:
    parameters = [0.02, 0.08, 0.90] + ([5.0] if distribution == "t" else [])
    samples = np.stack([series_of(distribution, seed, 501) for seed in range(400)])
    squared = samples**2 / 1e-4
    backcast = np.full(400, 1.0)
    points = np.tile(parameters, (400, 1))
    here = evaluate(squared, backcast, points)
    for place in range(len(parameters)):
        shift = np.zeros(len(parameters))
        shift[place] = 1e-6
        above, below = (evaluate(squared, backcast, points + sign * shift).log_likelihood for sign in (1.0, -1.0))
        np.testing.assert_allclose(here.score[:, place], (above - below) / 2e-6, rtol=1e-4, atol=1e-3)
    # At the true parameters the score has mean zero and the expected information as its covariance.
    expected = here.information.mean(axis=0)
    scale = np.sqrt(np.diag(expected))
    correlation = np.cov(here.score.T) / np.outer(scale, scale)
    np.testing.assert_allclose(correlation, expected / np.outer(scale, scale), atol=0.25)
    assert (np.abs(here.score.mean(axis=0)) < 4.0 * scale / 20.0).all()


@settings(deadline=None, max_examples=60)
@given(
    omega=st.floats(1e-7, 9.0),
    alpha=st.floats(0.0, 0.6),
    beta=st.floats(0.0, 0.39),
    nu=st.floats(2.1, 400.0),
)
def test_box_coordinates_round_trip(omega: float, alpha: float, beta: float, nu: float) -> None:
    natural = np.array([[omega, alpha, beta, nu]])
    np.testing.assert_allclose(to_natural(to_box(natural)), natural, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(to_natural(to_box(natural[:, :3])), natural[:, :3], rtol=1e-9, atol=1e-12)


def test_the_better_of_several_starts_wins() -> None:
    squared = np.stack([series_of("normal", seed, 600) for seed in (8, 9)]) ** 2 / 1e-4
    points = np.array([[0.02, 0.05, 0.93], [1.0, 0.0, 0.0], [0.5, 0.3, 0.3]])
    backcast = np.ones(2)

    def likelihood(natural: Float2D, rows: Int1D) -> LikelihoodPoint:
        return evaluate(squared[rows], backcast[rows], natural)

    both = maximise_from(likelihood, points[[0, 1, 2, 0, 1, 2]], np.array([0, 0, 0, 1, 1, 1]))
    alone = [maximise_from(likelihood, points[[k, k]], np.array([0, 1])) for k in range(3)]
    best = np.max([solution.log_likelihood for solution in alone], axis=0)
    np.testing.assert_allclose(both.log_likelihood, best, rtol=1e-10)  # each stops within GAIN_TOLERANCE


def test_batch_is_each_series_alone() -> None:
    returns = np.stack([series_of("normal", seed, 700) for seed in range(6)])
    for together, row in zip(fit_garch_batch(returns), returns, strict=True):
        alone = fit_garch(row)
        assert in_percent(together) == pytest.approx(in_percent(alone), rel=1e-9)


def test_batch_larger_than_one_chunk() -> None:
    returns = np.stack([series_of("normal", seed, 2000) for seed in range(20)])
    fits = fit_garch_batch(returns)
    assert len(fits) == 20
    assert in_percent(fits[-1]) == pytest.approx(in_percent(fit_garch(returns[-1])), rel=1e-9)


@pytest.mark.parametrize("distribution", ["normal", "t"])
def test_warm_start_finds_the_same_optimum_faster(distribution: Distribution) -> None:
    returns = np.stack([series_of(distribution, seed, 1001) for seed in range(4)])
    cold = fit_garch_batch(returns[:, :-1], distribution)
    warm = fit_garch_batch(returns[:, 1:], distribution, cold)
    for fit, row in zip(warm, returns, strict=True):
        again = fit_garch(row[1:], distribution)
        assert fit.log_likelihood == pytest.approx(again.log_likelihood, rel=1e-9)
    assert sum(fit.iterations for fit in warm) < sum(fit.iterations for fit in cold)
    mixed = fit_garch_batch(returns[:, 1:], distribution, (cold[0], None, cold[2], None))
    assert mixed[1].log_likelihood == pytest.approx(warm[1].log_likelihood, rel=1e-9)
    alone = fit_garch(returns[0, 1:], distribution, cold[0])
    assert in_percent(alone) == pytest.approx(in_percent(mixed[0]), rel=1e-9)


def test_warm_start_across_distributions() -> None:
    returns = series_of("t", 3, 1000)
    normal = fit_garch(returns)
    from_normal, cold = fit_garch(returns, "t", normal), fit_garch(returns, "t")
    assert from_normal.log_likelihood == pytest.approx(cold.log_likelihood, rel=1e-9)
    assert fit_garch(returns, "normal", cold).log_likelihood == pytest.approx(normal.log_likelihood, rel=1e-9)


def test_a_series_that_never_moves_is_reported_not_fitted() -> None:
    returns = np.stack([series_of("normal", 1, 600), np.zeros(600)])
    moving, still = fit_garch_batch(returns)
    assert moving.issues == ()
    assert still.issues == ("omega_not_positive", "not_converged", "sigma_implausible")
    assert not still.converged
    (alone,) = fit_garch_batch(np.zeros((1, 600)))
    assert alone == still
    assert fit_garch(returns[0], start=still) == fit_garch(returns[0])


@pytest.mark.parametrize(
    ("change", "returns", "code"),
    [
        ({}, np.full(1000, np.nan), "not_finite"),
        ({"next_variance": float("nan")}, np.zeros(1000), "not_finite"),
        ({}, np.zeros(499), "too_short"),
        ({}, np.full(1000, 6e-3), "mean_return_large"),
        ({"omega": 0.0}, np.zeros(1000), "omega_not_positive"),
        ({"alpha": -0.01}, np.zeros(1000), "alpha_negative"),
        ({"beta": -0.01}, np.zeros(1000), "beta_negative"),
        ({"alpha": 0.1, "beta": 0.9}, np.zeros(1000), "not_stationary"),
        ({"converged": False}, np.zeros(1000), "not_converged"),
        ({"next_variance": 0.26}, np.zeros(1000), "sigma_implausible"),
    ],
)
def test_validation_codes(change: dict[str, Any], returns: np.ndarray, code: str) -> None:
    assert validation_issues(SOUND, np.zeros(1000)) == ()
    assert validation_issues(replace(SOUND, **change), returns) == (code,)


def test_validation_of_the_horizon_sigma() -> None:
    wild = replace(SOUND, next_variance=0.08)
    assert validation_issues(wild, np.zeros(1000)) == ()
    assert validation_issues(wild, np.zeros(1000), horizon_bars=4) == ("sigma_implausible",)


def test_short_series_is_fitted_with_its_issue() -> None:
    assert "too_short" in fit_garch(series_of("normal", 2, 300)).issues


def test_refusals() -> None:
    with pytest.raises(QuantError, match="at least 50"):
        fit_garch(np.zeros(49))
    with pytest.raises(QuantError, match="every value must be finite"):
        fit_garch(np.full(100, np.nan))
    with pytest.raises(QuantError, match="distribution is 'cauchy'"):
        fit_garch(np.ones(100), "cauchy")  # type: ignore[arg-type]
    with pytest.raises(QuantError, match="starts has 1 fits for 2 series"):
        fit_garch_batch(np.ones((2, 100)), starts=(None,))


def test_variance_stays_positive_on_wild_input() -> None:
    rng = np.random.default_rng(0)
    returns = np.stack(
        [
            np.where(rng.random(600) < 0.9, 0.0, rng.standard_normal(600)),
            np.concatenate([np.zeros(300), rng.standard_normal(300)]),
            rng.standard_cauchy(600) * 1e-3,
            np.full(600, 0.01),
            np.eye(1, 600, 300)[0],
        ]
    )
    for distribution in ("normal", "t"):
        for fit, row in zip(fit_garch_batch(returns, distribution), returns, strict=True):
            assert np.isfinite(in_percent(fit)).all()
            assert fit.next_variance > 0.0
            assert (filter_variance(row, fit) > 0.0).all()
            assert fit.alpha >= 0.0
            assert fit.beta >= 0.0
            assert fit.persistence <= 1.0 + 1e-12
