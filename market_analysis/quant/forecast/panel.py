"""The pooled model: one small network for all symbols, fitted once on many, shipped as numbers.

    log(variance over h hours / (h level)) = skip x + W3 tanh(W2 tanh(W1 x + b1) + b2) + b3

x are the standardised features, clipped; the forecast is the mean of exp(.) over an ensemble of such networks, each fitted to
minimise QLIKE on its own share of the past (so that it is a mean, not a median, and is calibrated without a correction).
No fitting happens here: `benchmarks/fit_panel.py` made the coefficients and says how. Source of the idea that coefficients are
universal: Bollerslev, Hood, Huss and Pedersen (2018); Zhang, Zhang, Cucuringu and Qian (2023).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

import numpy as np

from market_analysis.errors import QuantError
from market_analysis.quant.arrays import Float1D, Float2D
from market_analysis.quant.forecast.features import FEATURE_NAMES

__all__ = ["MEMBERS", "Network", "PanelModel", "load_panel", "panel_from_document"]

MEMBERS: Final = ("panel", "har", "garch_t")
FORMAT: Final = 1


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """weights of the hidden layers and the output, biases of each, and the linear part past them (features, horizons)."""

    weights: tuple[Float2D, ...]
    biases: tuple[Float1D, ...]
    skip: Float2D

    def __call__(self, inputs: Float2D) -> Float2D:
        """Standardised features (rows, k) to log ratios (rows, horizons)."""
        layer = inputs
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            layer = np.tanh(layer @ weight + bias)
        result: Float2D = layer @ self.weights[-1] + self.biases[-1] + inputs @ self.skip
        return result


@dataclass(frozen=True, slots=True, eq=False)
class PanelModel:
    """horizons: hours the networks answer for, ascending. mean, scale (features,): how features are standardised; limit: where they
    are clipped. member_weights: shares of MEMBERS in the geometric mean (horizons, members). recalibration_strength (horizons,):
    power of the recent ratio that is applied. provenance: where the coefficients come from."""

    horizons: tuple[int, ...]
    mean: Float1D
    scale: Float1D
    limit: float
    networks: tuple[Network, ...]
    member_weights: Float2D
    recalibration_strength: Float1D
    provenance: Mapping[str, Any]

    def relative_variance(self, features: Float2D) -> Float2D:
        """Forecast variance per hour over each horizon, in units of the symbol's level, (rows, horizons)."""
        inputs = np.clip((features - self.mean) / self.scale, -self.limit, self.limit)
        result: Float2D = np.mean([np.exp(network(inputs)) for network in self.networks], axis=0)
        return result


@functools.cache
def load_panel() -> PanelModel:
    """The shipped coefficients."""
    text = resources.files("market_analysis.quant.forecast").joinpath("panel.json").read_text(encoding="utf-8")
    return panel_from_document(json.loads(text))


def panel_from_document(document: Mapping[str, Any]) -> PanelModel:
    """The model of a decoded coefficient file.

    Raises QuantError when its format or its features are not this version's, or it holds other members.
    """
    if document.get("format") != FORMAT or tuple(document.get("features", ())) != FEATURE_NAMES:
        raise QuantError(
            f"the coefficient file has format {document.get('format')} and {len(document.get('features', ()))} features; "
            f"this version reads format {FORMAT} with its own {len(FEATURE_NAMES)} features",
            parameter="document",
            remedy="fit it anew: python -m benchmarks.fit_panel",
        )
    if tuple(document["members"]) != MEMBERS:
        raise QuantError(f"the coefficient file combines {document['members']}; known are {MEMBERS}", parameter="document")
    return PanelModel(
        horizons=tuple(int(hours) for hours in document["horizons_hours"]),
        mean=np.array(document["mean"]),
        scale=np.array(document["scale"]),
        limit=float(document["limit"]),
        networks=tuple(
            Network(
                tuple(np.array(weight) for weight in network["weights"]),
                tuple(np.array(bias) for bias in network["biases"]),
                np.array(network["skip"]),
            )
            for network in document["networks"]
        ),
        member_weights=np.array(document["member_weights"]),
        recalibration_strength=np.array(document["recalibration_strength"]),
        provenance=document["provenance"],
    )
