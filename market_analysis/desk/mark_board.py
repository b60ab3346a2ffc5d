"""Marks on their way to the guard: at most one a second and instrument, at once where one crosses a limit's trigger price."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from market_analysis.domain import InstrumentId
from market_analysis.venues.stream import MarkSeen

EVERY_S = 1.0
INDEX_BAND = Decimal("0.05")
"""A mark so far from its index is not believed (ruling 25)."""


def believed(mark: Decimal, index: Decimal | None) -> bool:
    """Whether a mark lies within the band around its index; without an index it does."""
    return index is None or index <= 0 or abs(mark / index - 1) <= INDEX_BAND


class MarkBoard:
    """The newest believed mark of each instrument, until it is due."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._waiting: dict[InstrumentId, Decimal] = {}
        self._told: dict[InstrumentId, tuple[float, Decimal]] = {}
        self._triggers: Mapping[InstrumentId, tuple[Decimal, Decimal]] = {}

    def take(self, seen: MarkSeen) -> None:
        """A mark that was pushed; the same price again is no news."""
        last = self._told.get(seen.instrument)
        if not believed(seen.mark, seen.index):
            return
        if last is not None and last[1] == seen.mark:
            self._waiting.pop(seen.instrument, None)  # back where it was: what came in between is no longer the newest
        else:
            self._waiting[seen.instrument] = seen.mark

    def watch(self, triggers: Mapping[InstrumentId, tuple[Decimal, Decimal]]) -> None:
        """Prices, below and above, at which a limit would be reached."""
        self._triggers = triggers

    def due(self) -> Mapping[InstrumentId, Decimal]:
        """The marks to be told now, each once."""
        now = self._monotonic()
        found = {name: mark for name, mark in sorted(self._waiting.items()) if self._crossed(name, mark) or self._rested(name, now)}
        for name, mark in found.items():
            del self._waiting[name]
            self._told[name] = (now, mark)
        return found

    def _rested(self, instrument: InstrumentId, now: float) -> bool:
        last = self._told.get(instrument)
        return last is None or now - last[0] >= EVERY_S

    def _crossed(self, instrument: InstrumentId, mark: Decimal) -> bool:
        low_high = self._triggers.get(instrument)
        return low_high is not None and not low_high[0] < mark < low_high[1]
