"""Makes the coefficients of the pooled forecast model: python -m benchmarks.fit_panel --split past|tune|all --output FILE.

The data lie beside the repository (../shared/data; its README names sources and licences). Splits:

    past    binance_spot_1h_long before 2024: ten symbols; all of 2024 can judge
    tune    that, and half of the symbols of binance_spot_1h_2024 before May 2024 (drawn by SEED), so that everything from May
            2024 on, and the other half, can judge
    all     every bar of binance_spot_1h_long, binance_spot_1h_2024 and binance_spot_5m_2024: what is shipped

Choices made on the tune split alone, fitted before July 2023 and judged on July to December 2023 and on held-out symbols: features,
network size, weights of the members. Same machine, data and seed give the same file.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.panel_data import DATA, HourlyBars, read_folder, span, usable
from benchmarks.panel_network import Array, Recipe, fit_network
from market_analysis.quant.forecast.features import FEATURE_NAMES, MARKET_NAMES, SymbolFeatures, market_terms
from market_analysis.quant.forecast.measure import HOUR_MS, Trailing, hourly_measure
from market_analysis.quant.forecast.panel import FORMAT, MEMBERS, Network

SEED = 20240101
HORIZONS = (1, 4, 24, 72, 168)
NETWORKS = 6
LIMIT = 6.0
FIRST_ROW = 300
"""Bars of a symbol before its first case: shorter histories have no level yet."""
LEAST_BARS = 1000
MARKET_HIDDEN_SHARE = 0.25
"""Share of cases that see no market, so that the model also answers for a symbol alone."""
BLOCK_DAYS, LEFT_OUT_SHARE = 60, 0.4
"""Each network leaves out this share of the blocks of time, drawn anew."""
AGE_HALVING_YEARS = 4.0
MEMBER_WEIGHTS = ((1.0, 0.0, 0.0), (0.9, 0.0, 0.1), (0.70, 0.05, 0.25), (0.70, 0.05, 0.25), (0.70, 0.05, 0.25))
"""Shares of the pooled model, log-HAR and GARCH-t: about the best of each of 2021, 2022 and 2023, fitted on the years before."""
RECALIBRATION_STRENGTH = (0.5, 0.5, 0.0, 0.0, 0.0)
DIGITS = 4


@dataclass(frozen=True, slots=True)
class Cases:
    """inputs (cases, features), targets (cases, horizons; NaN: not ended), open times, and the weight of each case."""

    inputs: Array
    targets: Array
    times: np.ndarray[Any, np.dtype[np.int64]]
    weights: Array


def main() -> None:
    """Read, fit, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", choices=tuple(GROUPS), required=True)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args()
    document = fit(GROUPS[given.split](given.data), given.split)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="ascii")
    print(f"{given.output}: {document['provenance']['cases']} cases of {document['provenance']['symbols']} symbols")


def past_groups(data: Path) -> list[tuple[dict[str, HourlyBars], int]]:
    """Groups of symbols that form one market each, and the stride of their cases."""
    old = {name: span(bars, before="2024-01-01") for name, bars in read_folder(data / "binance_spot_1h_long").items()}
    return [(usable(old, LEAST_BARS), 2)]


def tune_groups(data: Path) -> list[tuple[dict[str, HourlyBars], int]]:
    """As `past_groups`, with the half of the young symbols."""
    young = read_folder(data / "binance_spot_1h_2024")
    half = {name: span(young[name], before="2024-05-01") for name in tune_half(list(young))}
    return [*past_groups(data), (usable(half, LEAST_BARS), 1)]


def tune_half(names: list[str]) -> list[str]:
    """The half of the symbols that may be tuned on, drawn by SEED from the sorted names."""
    ordered = sorted(names)
    return sorted(str(name) for name in np.random.default_rng(SEED).choice(ordered, len(ordered) // 2, replace=False))


def all_groups(data: Path) -> list[tuple[dict[str, HourlyBars], int]]:
    """As `past_groups`, of everything."""
    young = read_folder(data / "binance_spot_1h_2024") | read_folder(data / "binance_spot_5m_2024")
    return [(usable(read_folder(data / "binance_spot_1h_long"), LEAST_BARS), 2), (usable(young, LEAST_BARS), 1)]


def fit(groups: list[tuple[dict[str, HourlyBars], int]], split: str) -> dict[str, Any]:
    """The coefficient document."""
    rng = np.random.default_rng(SEED)
    parts = [_cases(symbols, stride) for symbols, stride in groups]
    newest = max(int(part.times.max()) for part in parts)
    weights = [_age_weights(part.times, newest) for part in parts]
    inputs = np.concatenate([part.inputs for part in parts])
    targets = np.concatenate([part.targets for part in parts])
    times = np.concatenate([part.times for part in parts])
    importance = np.concatenate(weights)
    mean, scale = inputs.mean(axis=0), np.maximum(inputs.std(axis=0), np.float32(1e-3))
    standardised = np.clip((inputs - mean) / scale, -LIMIT, LIMIT)
    hidden = rng.random(len(inputs)) < MARKET_HIDDEN_SHARE
    unseen = np.clip(-mean / scale, -LIMIT, LIMIT)[-len(MARKET_NAMES) - 1 :]
    standardised[hidden, -len(MARKET_NAMES) - 1 :] = unseen
    networks = []
    for seed in range(NETWORKS):
        kept = _blocks_kept(times, np.random.default_rng((SEED, seed)))
        networks.append(fit_network(standardised[kept], targets[kept], importance[kept], Recipe(), seed))
    return {
        "format": FORMAT,
        "provenance": _provenance(groups, split, len(inputs)),
        "features": list(FEATURE_NAMES),
        "horizons_hours": list(HORIZONS),
        "members": list(MEMBERS),
        "member_weights": [list(row) for row in MEMBER_WEIGHTS],
        "recalibration_strength": list(RECALIBRATION_STRENGTH),
        "limit": LIMIT,
        "mean": _rounded(mean),
        "scale": _rounded(scale),
        "networks": [_network_document(network) for network in networks],
    }


def _cases(symbols: Mapping[str, HourlyBars], stride: int) -> Cases:
    measures = {name: hourly_measure(bars) for name, bars in symbols.items()}
    rows = {name: np.arange(FIRST_ROW, measure.squared.size) for name, measure in measures.items()}
    features = {name: SymbolFeatures(measure).at(rows[name]) for name, measure in measures.items()}
    market = market_terms(list(features.values()))
    inputs, targets, times = [], [], []
    for (name, measure), terms in zip(measures.items(), market, strict=True):
        own, at = features[name], rows[name][::stride]
        ahead = [_ahead(measure.variance, at, horizon) / np.exp(own.log_level[::stride]) for horizon in HORIZONS]
        inputs.append(np.concatenate([own.own, terms], axis=1)[::stride].astype(np.float32))
        targets.append(np.stack(ahead, axis=1).astype(np.float32))
        times.append(own.open_time_ms[::stride])
    known = np.concatenate(targets)
    ended = np.isfinite(known[:, 0])
    moments = np.concatenate(times)[ended]
    return Cases(np.concatenate(inputs)[ended], known[ended], moments, np.ones(moments.size, np.float32))


def _ahead(variance: np.ndarray[Any, np.dtype[np.float64]], rows: Any, horizon: int) -> Any:
    """Mean variance over the `horizon` hours after each row, NaN where they have not ended."""
    ended = rows + horizon < variance.size
    means = Trailing(variance).mean(horizon, np.minimum(rows + horizon, variance.size - 1))
    return np.where(ended, means, np.nan)


def _age_weights(times: np.ndarray[Any, np.dtype[np.int64]], newest: int) -> Array:
    """Older cases of one group weigh less; every group weighs as much as its number of cases, young ones three times."""
    years = (newest - times) / (365.0 * 24 * HOUR_MS)
    weights = 0.5 ** (years / AGE_HALVING_YEARS)
    weights /= weights.mean()
    young = bool(times.min() >= newest - 365 * 24 * HOUR_MS)
    return (weights * (3.0 if young else 1.0)).astype(np.float32)


def _blocks_kept(times: np.ndarray[Any, np.dtype[np.int64]], rng: np.random.Generator) -> Any:
    blocks, place = np.unique(times // (BLOCK_DAYS * 24 * HOUR_MS), return_inverse=True)
    return (rng.random(blocks.size) >= LEFT_OUT_SHARE)[place]


def _provenance(groups: list[tuple[dict[str, HourlyBars], int]], split: str, cases: int) -> dict[str, Any]:
    return {
        "recipe": f"python -m benchmarks.fit_panel --split {split}",
        "split": split,
        "seed": SEED,
        "cases": cases,
        "symbols": len({name for symbols, _ in groups for name in symbols}),
        "source": "public Binance spot bars collected in imsatoshi/GeneTrader (2b5dfc6e20), NIC-project-team/TradingStrategyGA "
        "(71061d3983) and Roshan7869/algotrading (db07ceb71a); only fitted coefficients are kept here",
        "training": asdict(Recipe()) | {"networks": NETWORKS, "first_row": FIRST_ROW, "market_hidden_share": MARKET_HIDDEN_SHARE},
    }


def _network_document(network: Network) -> dict[str, Any]:
    return {
        "weights": [_rounded(weight) for weight in network.weights],
        "biases": [_rounded(bias) for bias in network.biases],
        "skip": _rounded(network.skip),
    }


def _rounded(values: Any) -> Any:
    """Nested lists with DIGITS significant digits."""
    if values.ndim == 1:
        return [float(f"{value:.{DIGITS}g}") for value in values.tolist()]
    return [_rounded(row) for row in values]


GROUPS = {"past": past_groups, "tune": tune_groups, "all": all_groups}

if __name__ == "__main__":
    main()
