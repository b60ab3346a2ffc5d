"""Other members of the GARCH family through the arch package, which is imported only when one is asked for.

arch is told the returns times 100 (its optimiser expects percent) and everything is brought back to fractions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, as_float_1d, at_least

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["VariantFit", "VariantModel", "fit_variant"]

VariantModel = Literal["gjr", "egarch", "figarch"]

PERCENT = 100.0
SIMULATIONS = 2000
"""Paths of EGARCH's forecast beyond one step, for which no closed form exists."""
MINIMUM_OBSERVATIONS = 250


@dataclass(frozen=True, slots=True, eq=False)
class VariantFit:
    """variance_path: expected per-bar variances of the next bars, squared fractions; parameters as arch names them (in
    percent units); log_likelihood of the returns in fractions."""

    model: VariantModel
    variance_path: Float1D
    parameters: dict[str, float]
    log_likelihood: float
    observations: int
    converged: bool


def fit_variant(returns: Float1D, model: VariantModel, steps: int, seed: int = 0) -> VariantFit:
    """Fit `model` with normal innovations and zero mean to log returns (bars,) and forecast `steps` bars.

    `seed` only matters to EGARCH, whose path beyond the first bar is a mean over SIMULATIONS simulated paths. Raises
    QuantError on an unknown model, NaN, fewer than MINIMUM_OBSERVATIONS returns, returns that never move, or steps < 1.
    """
    if model not in get_args(VariantModel):
        message = f"model is {model!r}; known are {', '.join(get_args(VariantModel))}"
        raise QuantError(message, parameter="model")
    series = as_float_1d("returns", returns, MINIMUM_OBSERVATIONS) * PERCENT
    at_least("steps", steps, 1)
    if not series.any():
        raise QuantError("returns are zero throughout; no model can be fitted", parameter="returns")
    result = _arch_model(series, model).fit(disp="off", show_warning=False)
    forecast = result.forecast(horizon=steps, reindex=False, **_forecast_method(model, seed))
    path: Float1D = forecast.variance.to_numpy(dtype=np.float64)[-1] / PERCENT**2
    return VariantFit(
        model=model,
        variance_path=path,
        parameters={str(name): float(value) for name, value in result.params.items()},
        log_likelihood=float(result.loglikelihood) + series.size * float(np.log(PERCENT)),
        observations=series.size,
        converged=int(result.convergence_flag) == 0,
    )


def _arch_model(series: Float1D, model: VariantModel) -> Any:
    from arch.univariate import EGARCH, FIGARCH, GARCH, ZeroMean

    if model == "gjr":
        return ZeroMean(series, volatility=GARCH(1, 1, 1), rescale=False)
    return ZeroMean(series, volatility=EGARCH(1, 1, 1) if model == "egarch" else FIGARCH(1, 1), rescale=False)


def _forecast_method(model: VariantModel, seed: int) -> dict[str, Any]:
    if model != "egarch":
        return {"method": "analytic"}
    draw: Callable[..., Float1D] = np.random.default_rng(seed).standard_normal
    return {"method": "simulation", "simulations": SIMULATIONS, "rng": draw}
