"""The market whose move the joint liquidation is stated in, and how far each asset follows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from market_analysis.domain import to_milliseconds
from market_analysis.quant.covariance import align
from market_analysis.risk.correlation import DAY_MS, MINIMUM_OBSERVATIONS, Returns

BENCHMARK = "BTC"
PRINCIPAL = "first principal component"
SINGLE = "equal moves"


@dataclass(frozen=True, slots=True)
class MarketFactor:
    """name: `BTC`, `first principal component`, or `equal moves` where no history tells. beta: log move of an asset per log move
    of the factor. assumed: assets whose beta is taken as 1 for want of history."""

    name: str
    beta: Mapping[str, float]
    assumed: frozenset[str]


def market_factor(assets: Sequence[str], returns: Mapping[str, Returns], as_of: datetime, lookback_days: int) -> MarketFactor:
    """Betas of the assets from 4h log returns of the last `lookback_days`: cov(r_i, f) / var(f), means taken off.

    f is Bitcoin where the book or its history holds it, else the first principal component of the assets' returns, signed and
    scaled so that its weights' absolute values sum to one. Assets that share too little history with f are given beta 1.
    """
    recent = {name: _recent(series, as_of, lookback_days) for name, series in returns.items()}
    recent = {name: series for name, series in recent.items() if _usable(series)}
    own = [asset for asset in assets if asset in recent]
    name, factor = _factor(own, recent)
    beta, assumed = {}, set()
    for asset in assets:
        slope = None if factor is None or asset not in recent else _slope(recent[asset], factor)
        beta[asset] = 1.0 if slope is None else slope
        if slope is None:
            assumed.add(asset)
    return MarketFactor(name, beta, frozenset(assumed))


def _factor(own: list[str], recent: Mapping[str, Returns]) -> tuple[str, Returns | None]:
    if BENCHMARK in recent:
        return BENCHMARK, recent[BENCHMARK]
    if not own:
        return SINGLE, None
    panel = align({asset: (recent[asset].closed_ms, recent[asset].values) for asset in own})
    if panel.timestamps.size < MINIMUM_OBSERVATIONS:
        longest = max(own, key=lambda asset: (recent[asset].values.size, asset))
        return longest, recent[longest]
    centred = panel.returns - panel.returns.mean(axis=0)
    direction = np.linalg.eigh(centred.T @ centred)[1][:, -1]
    weights = direction * (1.0 if direction.sum() >= 0 else -1.0) / np.abs(direction).sum()
    return PRINCIPAL, Returns(panel.timestamps, panel.returns @ weights)


def _slope(series: Returns, factor: Returns) -> float | None:
    panel = align({"asset": (series.closed_ms, series.values), "factor": (factor.closed_ms, factor.values)})
    if panel.timestamps.size < MINIMUM_OBSERVATIONS:
        return None
    asset, market = (panel.returns - panel.returns.mean(axis=0)).T
    spread = float(market @ market)
    return float(asset @ market) / spread if spread > 0.0 else None


def _recent(series: Returns, as_of: datetime, lookback_days: int) -> Returns:
    end = to_milliseconds(as_of)
    rows: NDArray[np.bool_] = (series.closed_ms <= end) & (series.closed_ms > end - lookback_days * DAY_MS)
    return Returns(series.closed_ms[rows], series.values[rows])


def _usable(series: Returns) -> bool:
    return series.values.size >= MINIMUM_OBSERVATIONS and float(np.ptp(series.values)) > 0.0
