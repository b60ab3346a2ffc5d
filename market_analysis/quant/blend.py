"""One sigma, and one path of per-bar variances, out of several models. All sigmas are fractions over the same horizon."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, as_float_1d, same_length

__all__ = ["GARCH", "HAR", "Blend", "blend", "blended_variance_path"]

GARCH: Final = "garch"
HAR: Final = "har"
OUTLIER_WEIGHT_FACTOR: Final = 0.3
"""Document 003: a GARCH sigma above `garch_har_outlier_ratio` times HAR's keeps this share of its weight."""


@dataclass(frozen=True, slots=True)
class Blend:
    """sigma: fraction over the components' horizon; weights_used sum to one; dropped: weighted but absent components."""

    sigma: float
    weights_used: Mapping[str, float]
    dropped: tuple[str, ...]
    outlier_guard_applied: bool


def blend(components: Mapping[str, float], weights: Mapping[str, float], garch_har_outlier_ratio: float) -> Blend:
    """sigma = sum w_c sigma_c, the weights renormalised over the components that are present.

    `components` maps a model's name to its sigma over one common horizon, a fraction above zero (never price units);
    leave a model out when it has no sound forecast. The outlier guard (document 003) knows the names "garch" and "har" and
    looks one way only: an inflated GARCH sigma is distrusted, an inflated HAR sigma is not.
    Raises QuantError on a component that has no weight or is not finite and positive, a negative weight, weights of the
    present components that sum to zero, or a ratio that is not above zero.
    """
    if not garch_har_outlier_ratio > 0.0:
        message = f"garch_har_outlier_ratio is {garch_har_outlier_ratio}; it must be above 0"
        raise QuantError(message, parameter="garch_har_outlier_ratio")
    for name, sigma in components.items():
        if not (math.isfinite(sigma) and sigma > 0.0):
            raise QuantError(f"the {name} sigma is {sigma}; it must be finite and above 0", parameter="components")
    used = _weights_of(components, weights)
    guarded = GARCH in used and HAR in used and components[GARCH] > garch_har_outlier_ratio * components[HAR]
    if guarded:
        used[GARCH] *= OUTLIER_WEIGHT_FACTOR
    used = _normalised(used)
    sigma = sum(weight * components[name] for name, weight in used.items())
    dropped = tuple(name for name, weight in weights.items() if name not in components and weight > 0.0)
    return Blend(sigma, used, dropped, guarded)


def blended_variance_path(paths: Mapping[str, Float1D], weights: Mapping[str, float]) -> Float1D:
    """Per-bar variances (steps,) that agree with the blend of sigmas at every horizon, not only at one.

    With V_c(k) the sum of the first k variances of component c, S(k) = sum w_c sqrt(V_c(k)) is the blended sigma over k
    bars and the path is S(k)^2 - S(k-1)^2, never negative. `weights` are those of the blend (`Blend.weights_used`),
    renormalised over the paths present. Raises QuantError on unequal lengths, NaN, negative variances or missing weights.
    """
    checked = {name: as_float_1d(name, path) for name, path in paths.items()}
    used = _normalised(_weights_of(checked, weights))
    same_length(**checked)
    for name, path in checked.items():
        if path.min() < 0.0:
            raise QuantError(f"the {name} path has the variance {path.min()}; none may be below 0", parameter="paths")
    total = np.sum([weight * np.sqrt(np.cumsum(checked[name])) for name, weight in used.items()], axis=0)
    result: Float1D = np.diff(total**2, prepend=0.0)
    return result


def _weights_of(present: Mapping[str, object], weights: Mapping[str, float]) -> dict[str, float]:
    for name in present:
        if name not in weights:
            raise QuantError(f"{name} has no weight; weighted are {', '.join(weights) or 'none'}", parameter="weights")
    for name, weight in weights.items():
        if not (math.isfinite(weight) and weight >= 0.0):
            raise QuantError(f"the {name} weight is {weight}; it must be finite and at least 0", parameter="weights")
    return {name: weights[name] for name in present}


def _normalised(weights: Mapping[str, float]) -> dict[str, float]:
    total = sum(weights.values())
    if not total > 0.0:
        raise QuantError(
            f"the weights of the present components ({', '.join(weights) or 'none'}) sum to {total}; above 0 is needed",
            parameter="weights",
            remedy="give one present component a weight above zero",
        )
    return {name: weight / total for name, weight in weights.items()}
