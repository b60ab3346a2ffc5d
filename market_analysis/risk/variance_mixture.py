"""How the models become one variance path: the combined forecast, or document 003's weighted mean of sigmas."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from market_analysis.quant.arrays import Float1D
from market_analysis.quant.blend import blend, blended_variance_path
from market_analysis.quant.forecast import VarianceForecast
from market_analysis.quant.forecast.curve import cumulative_curve
from market_analysis.settings import VolSettings

PANEL, GARCH, EWMA, HAR, ATR = "panel", "garch", "ewma", "har", "atr"
BLEND, COMBINED = "VOL_BLEND", "VOL_COMBINED"
OUTLIER_GUARD = "garch_har_outlier_guard"
_OF_FORECAST = {"panel": PANEL, "har": HAR, "garch_t": GARCH}


@dataclass(frozen=True, slots=True, eq=False)
class VarianceMixture:
    """variance_path (hours,): per hour, squared log-return fractions. sigmas: of each model over [vol] horizon_hours; weights: of
    those that made the path, their sum one. formula: how they were joined. chain: what was tried, in order."""

    variance_path: Float1D
    sigmas: Mapping[str, float]
    weights: Mapping[str, float]
    formula: str
    chain: tuple[str, ...]


def blend_weights(settings: VolSettings, clustered: str) -> dict[str, float]:
    """Document 003's weights; EWMA inherits GARCH's when it stands in for it."""
    return {clustered: settings.blend_w_garch, HAR: settings.blend_w_har, ATR: settings.blend_w_atr}


def blended(paths: Mapping[str, Float1D], clustered: str, settings: VolSettings) -> VarianceMixture | None:
    """Weighted mean of the models' horizon sigmas; None when no weighted model sees any movement.

    `paths`: each model's variances per hour; `clustered`: GARCH, or EWMA in its place.
    """
    sigmas = horizon_sigmas_of(paths, settings.horizon_hours)
    present = {name: sigma for name, sigma in sigmas.items() if sigma > 0.0}
    weights = blend_weights(settings, clustered)
    if not sum(weights[name] for name in present) > 0.0:
        return None
    mixed = blend(present, weights, settings.garch_har_outlier_ratio)
    path = blended_variance_path({name: paths[name] for name in present}, mixed.weights_used)
    chain = (GARCH,) if clustered == GARCH else (GARCH, EWMA)
    guard = (OUTLIER_GUARD,) if mixed.outlier_guard_applied else ()
    return VarianceMixture(path, sigmas, mixed.weights_used, BLEND, (*chain, *guard))


def combined(forecast: VarianceForecast, paths: Mapping[str, Float1D], hours: int, settings: VolSettings) -> VarianceMixture:
    """The combined forecast. Weights are those of the longest fitted horizon within [vol] horizon_hours.

    `paths`: the models that are shown beside it without a part in it.
    """
    horizon = settings.horizon_hours
    place = knot_within(forecast.knots, horizon)
    sigmas = horizon_sigmas_of(paths, horizon)
    for name, totals in forecast.members.items():
        sigmas[_OF_FORECAST[name]] = math.sqrt(float(cumulative_curve(forecast.knots, totals, horizon)[-1]))
    weights = dict(zip((_OF_FORECAST[name] for name in forecast.members), forecast.weights[place].tolist(), strict=True))
    used = {name: weight for name, weight in weights.items() if weight > 0.0}
    return VarianceMixture(forecast.path(hours), sigmas, used, COMBINED, ("combined",))


def knot_within(knots: Sequence[int], horizon: int) -> int:
    """Number of the longest of the ascending `knots` that is at most `horizon`, the first where none is."""
    return max(int(np.searchsorted(knots, horizon, side="right")) - 1, 0)


def horizon_sigmas_of(paths: Mapping[str, Float1D], horizon: int) -> dict[str, float]:
    """sigma over the first `horizon` hours of each path."""
    return {name: math.sqrt(float(path[:horizon].sum())) for name, path in paths.items()}
