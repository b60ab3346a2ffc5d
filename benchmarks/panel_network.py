"""Fits the small network of the pooled forecast model by QLIKE, in plain NumPy (Adam, Kingma and Ba 2015)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from market_analysis.quant.forecast.panel import Network

__all__ = ["Recipe", "fit_network"]

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is fitted. decay: of the weights; largest_ratio: what realised over forecast counts at most in one case."""

    hidden: tuple[int, ...] = (24, 12)
    epochs: int = 8
    rate: float = 3e-3
    batch: int = 1024
    decay: float = 3e-3
    largest_ratio: float = 30.0
    averaged_share: float = 0.4


def fit_network(inputs: Array, targets: Array, weights: Array, recipe: Recipe, seed: int) -> Network:
    """Minimise the weighted mean of y exp(-o) + o over the networks o(inputs).

    inputs (cases, k), targets y (cases, horizons) in units of the level, NaN where the horizon has not ended; weights (cases,). The
    result is the mean of the parameters over the last `averaged_share` of the steps.
    """
    rng = np.random.default_rng(seed)
    known = np.isfinite(targets)
    importance = known * (weights / weights.mean())[:, None]
    realised = np.where(known, targets, np.float32(1.0))
    sizes = (inputs.shape[1], *recipe.hidden, targets.shape[1])
    parameters = _start(sizes, rng)
    moments = [(np.zeros_like(value), np.zeros_like(value)) for value in parameters]
    averages, averaged = [np.zeros_like(value) for value in parameters], 0
    per_epoch = len(inputs) // recipe.batch
    steps = recipe.epochs * per_epoch
    order = np.arange(len(inputs))
    for step in range(steps):
        if step % per_epoch == 0:
            order = rng.permutation(len(inputs))
        first = step % per_epoch * recipe.batch
        batch = order[first : first + recipe.batch]
        slopes = _slopes(parameters, inputs[batch], realised[batch], importance[batch], recipe)
        rate = recipe.rate * min(1.0, (step + 1) / 200) * (0.5 * (1.0 + np.cos(np.pi * step / steps)) + 0.01)
        _adam(parameters, slopes, moments, rate, step + 1)
        if step >= (1.0 - recipe.averaged_share) * steps:
            averaged += 1
            for average, value in zip(averages, parameters, strict=True):
                average += (value - average) / averaged
    depth = len(sizes) - 1
    final = [value.astype(np.float64) for value in averages]
    return Network(tuple(final[:depth]), tuple(final[depth : 2 * depth]), final[-1])


def _start(sizes: tuple[int, ...], rng: np.random.Generator) -> list[Array]:
    """Weights, biases, skip: small random output weights, so that the start is nearly flat."""
    depth = len(sizes) - 1
    weights = [
        (rng.standard_normal((sizes[at], sizes[at + 1])) / np.sqrt(sizes[at]) * (0.1 if at == depth - 1 else 1.0)).astype(
            np.float32
        )
        for at in range(depth)
    ]
    biases = [np.zeros(size, np.float32) for size in sizes[1:]]
    return [*weights, *biases, np.zeros((sizes[0], sizes[-1]), np.float32)]


def _slopes(parameters: list[Array], inputs: Array, realised: Array, importance: Array, recipe: Recipe) -> list[Array]:
    depth = len(parameters) // 2
    weights, biases, skip = parameters[:depth], parameters[depth : 2 * depth], parameters[-1]
    layers = [inputs]
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        layers.append(np.tanh(layers[-1] @ weight + bias))
    said = layers[-1] @ weights[-1] + biases[-1] + inputs @ skip
    slope = (1.0 - np.minimum(realised * np.exp(-said), recipe.largest_ratio)) * importance / len(inputs)
    of_skip = inputs.T @ slope + recipe.decay * skip
    of_weights: list[Array] = []
    of_biases: list[Array] = []
    for layer, weight in zip(reversed(layers), reversed(weights), strict=True):
        of_weights.append(layer.T @ slope + recipe.decay * weight)
        of_biases.append(slope.sum(axis=0))
        slope = (slope @ weight.T) * (1.0 - layer**2)
    return [*reversed(of_weights), *reversed(of_biases), of_skip]


def _adam(parameters: list[Array], slopes: list[Array], moments: list[tuple[Array, Array]], rate: float, step: int) -> None:
    for value, slope, (first, second) in zip(parameters, slopes, moments, strict=True):
        first += 0.1 * (slope - first)
        second += 0.001 * (slope**2 - second)
        value -= (rate * (first / (1.0 - 0.9**step)) / (np.sqrt(second / (1.0 - 0.999**step)) + 1e-8)).astype(np.float32)
