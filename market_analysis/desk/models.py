"""Fitted volatility models, kept until the next bar closes."""

from __future__ import annotations

from market_analysis.domain import Bars, History, InstrumentId, Snapshot, Unknown
from market_analysis.risk.volatility import VolatilityModel, fit_models
from market_analysis.settings import Settings

Models = dict[InstrumentId, VolatilityModel | Unknown[VolatilityModel]]


class ModelCache:
    """Fits an instrument anew only when its bars have changed; between two closes every look reuses the fit."""

    def __init__(self) -> None:
        self._fitted: dict[InstrumentId, tuple[tuple[int, int], VolatilityModel | Unknown[VolatilityModel]]] = {}

    def fit(self, snapshot: Snapshot, history: History, settings: Settings) -> Models:
        """Models of every instrument of the snapshot, as of its bars."""
        stamps = {key: stamp for key, bars in history.hourly.items() if isinstance(bars, Bars) and (stamp := _stamp(bars))}
        stale = [key for key in snapshot.instruments if key not in stamps or self._fitted.get(key, ((0, 0),))[0] != stamps[key]]
        fresh = fit_models(history, stale, settings, snapshot.as_of) if stale else {}
        self._fitted = {key: kept for key, kept in self._fitted.items() if key in snapshot.instruments and key not in fresh}
        models = {key: model for key, (_, model) in self._fitted.items()} | fresh
        self._fitted.update({key: (stamps[key], model) for key, model in fresh.items() if key in stamps})
        return models


def _stamp(bars: Bars) -> tuple[int, int]:
    return (len(bars), int(bars.open_time_ms[-1]) if len(bars) else 0)
