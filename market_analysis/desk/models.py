"""Fitted volatility models, kept until the next bar closes."""

from __future__ import annotations

from market_analysis.domain import Bars, History, InstrumentId, Snapshot, Unknown
from market_analysis.risk.volatility import VolatilityModel, fit_models
from market_analysis.settings import Settings

Models = dict[InstrumentId, VolatilityModel | Unknown[VolatilityModel]]


class ModelCache:
    """Fits anew only when bars have changed; between two closes every look reuses the fits.

    Any change refits all: the combined forecast of each instrument sees the others, and the models must be a function of the
    history alone, not of the order in which its bars arrived.
    """

    def __init__(self) -> None:
        self._stamps: dict[InstrumentId, tuple[int, int]] = {}
        self._models: Models = {}

    def fit(self, snapshot: Snapshot, history: History, settings: Settings) -> Models:
        """Models of every instrument of the snapshot, as of its bars; what could not be read is looked at anew each time."""
        wanted = snapshot.instruments.keys()
        stamps = {key: stamp for key in wanted if isinstance(bars := history.hourly.get(key), Bars) and (stamp := _stamp(bars))}
        if stamps != self._stamps or self._models.keys() != wanted:
            self._models = fit_models(history, list(wanted), settings, snapshot.as_of)
            self._stamps = stamps
        unread = [key for key in wanted if key not in stamps]
        return self._models | (fit_models(history, unread, settings, snapshot.as_of) if unread else {})


def _stamp(bars: Bars) -> tuple[int, int]:
    return (len(bars), int(bars.open_time_ms[-1]) if len(bars) else 0)
