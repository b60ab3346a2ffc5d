"""The compiled GARCH engine (extra [fast]): the NumPy engine is its slow twin, number by number and fit by fit."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import psi, zeta
from simulated_returns import garch_returns, real_hours

from market_analysis.errors import QuantError
from market_analysis.quant import compiled
from market_analysis.quant.arrays import Float2D
from market_analysis.quant.garch import Distribution, GarchFit, fit_garch_batch
from market_analysis.quant.garch_likelihood import SUMS, likelihood_sums

needs_numba = pytest.mark.skipif(not compiled.available(), reason="numba, the extra [fast], is not installed")


@pytest.fixture(scope="module", autouse=True)
def unwarmed() -> Iterator[None]:
    """Leave other modules' fits to the engine they would have had."""
    yield
    compiled._warmed.clear()


@needs_numba
@pytest.mark.parametrize("width", [3, 4])
@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    series=st.integers(1, 40),
    bars=st.sampled_from([1, 3, 4, 31, 32, 33, 64, 257]),
    extreme=st.booleans(),
)
def test_sums_are_those_of_the_twin(width: int, seed: int, series: int, bars: int, extreme: bool) -> None:
    rng = np.random.default_rng(seed)
    squared = rng.standard_t(2.5, size=(series, bars)) ** 2
    points = 2 * series
    rows = rng.integers(0, series, size=points)
    share, persistence = rng.uniform(size=points), rng.uniform(0.0, 1.0, size=points)
    omega = np.exp(rng.uniform(np.log(1e-8), np.log(10.0), size=points)) if extreme else rng.uniform(0.01, 1.0, size=points)
    natural = np.stack([omega, share * persistence, (1 - share) * persistence, rng.uniform(2.05, 500.0, size=points)], axis=1)
    natural = np.ascontiguousarray(natural[:, :width])
    backcast = rng.uniform(0.1, 3.0, size=series)
    ours = kernel_sums(squared, backcast, natural, rows)
    twin = likelihood_sums(squared[rows], backcast[rows], natural)
    if width == 3:
        ours[:, 1] = 0.0  # the twin leaves Student-t's column empty
    size = np.abs(twin).max(axis=0) + 1.0
    np.testing.assert_allclose(ours / size, twin / size, atol=2e-11)


def kernel_sums(squared: Float2D, backcast: np.ndarray, natural: Float2D, rows: np.ndarray) -> Float2D:
    from market_analysis.quant.kernels.garch import LANES, normal_blocks, student_blocks

    result = np.empty((len(natural), SUMS))
    kernel = student_blocks if natural.shape[1] == 4 else normal_blocks
    kernel(squared, backcast, natural, rows, 0, -(-len(natural) // LANES), result)
    return result


@needs_numba
@pytest.mark.parametrize("argument", [1.025, 1.5, 3.0, 9.99, 10.0, 50.0, 250.5])
def test_special_functions_are_scipy_s(argument: float) -> None:
    from market_analysis.quant.kernels.special import digamma, trigamma

    assert digamma(argument) == pytest.approx(float(psi(argument)), rel=1e-13, abs=1e-14)
    assert trigamma(argument) == pytest.approx(float(zeta(2.0, argument)), rel=1e-13)


@needs_numba
@pytest.mark.parametrize("distribution", ["normal", "t"])
def test_both_engines_reach_one_optimum(distribution: Distribution) -> None:
    nu = 5.0 if distribution == "t" else None
    returns = np.stack([simulated(seed, 1000, nu) for seed in range(20)])
    assert_same_fits(returns, distribution)


@needs_numba
@pytest.mark.parametrize("distribution", ["normal", "t"])
def test_both_engines_reach_one_optimum_on_real_hours(distribution: Distribution) -> None:
    assert_same_fits(real_hours(20, 1000), distribution)


def simulated(seed: int, bars: int, nu: float | None = None) -> Float2D:
    return garch_returns(seed, bars, omega=2e-6, alpha=0.08, beta=0.90, nu=nu)


def assert_same_fits(returns: Float2D, distribution: Distribution) -> None:
    numpy, compiled = (fit_garch_batch(returns, distribution, engine=engine) for engine in ("numpy", "compiled"))
    for one, other in zip(numpy, compiled, strict=True):
        assert other.log_likelihood == pytest.approx(one.log_likelihood, rel=1e-9)
        assert other.issues == one.issues
        assert parameters(other) == pytest.approx(parameters(one), rel=1e-4, abs=3e-5)
        assert other.next_variance == pytest.approx(one.next_variance, rel=1e-4)
    warm = fit_garch_batch(returns, distribution, numpy, engine="compiled")
    for one, again in zip(numpy, warm, strict=True):
        assert again.log_likelihood == pytest.approx(one.log_likelihood, rel=1e-9)


def parameters(fit: GarchFit) -> list[float]:
    return [fit.alpha, fit.beta, 1.0 / (fit.nu or 1.0)]


@needs_numba
def test_many_threads_or_one_give_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    returns = simulated(1, 64_000).reshape(64, 1000)
    several = fit_garch_batch(returns, "t", engine="compiled")
    monkeypatch.setattr(compiled.os, "cpu_count", lambda: 1)
    assert fit_garch_batch(returns, "t", engine="compiled") == several


@needs_numba
def test_auto_compiles_only_what_is_ready_or_large() -> None:
    compiled._warmed.clear()
    assert not compiled.is_ready()
    fit_garch_batch(simulated(1, 600)[None, :])
    assert not compiled.is_ready()
    assert compiled.warm()
    assert compiled.is_ready()


def test_without_numba_the_compiled_engine_is_refused_and_auto_is_numpy() -> None:
    script = """
import sys
sys.modules["numba"] = None
import importlib.util as util
found = util.find_spec
util.find_spec = lambda name, package=None: None if name == "numba" else found(name, package)
import numpy as np
from market_analysis.errors import QuantError
from market_analysis.quant.garch import fit_garch_batch
from market_analysis.quant.compiled import warm
returns = np.random.default_rng(1).standard_normal((1, 600)) * 0.01
assert not warm()
assert fit_garch_batch(returns)[0].converged
try:
    fit_garch_batch(returns, engine="compiled")
except QuantError as error:
    print(error.remedy)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "risk-manager[fast]" in done.stdout


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(QuantError, match="'auto', 'numpy' or 'compiled'"):
        fit_garch_batch(np.ones((1, 100)), engine="gpu")  # type: ignore[arg-type]


def test_importing_the_engine_does_not_import_numba() -> None:
    if importlib.util.find_spec("numba") is None:
        pytest.skip("numba, the extra [fast], is not installed")
    script = """
import sys
import market_analysis.quant.garch_compiled, market_analysis.quant.policy_compiled
from market_analysis.quant import compiled
compiled.available()
print("numba" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
