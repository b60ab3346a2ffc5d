"""A stretch of minute bars of the symbols an account has something on.

Floats for the search, exact decimals for the step.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from market_analysis.venues.simulated.catalogue import InstrumentSpec
from market_analysis.venues.simulated.ledger.model import TriggerBy
from market_analysis.venues.simulated.ledger.path import Bar
from market_analysis.venues.simulated.ledger.port import MarketData

MINUTE_MS = 60_000
Floats = NDArray[np.float64]
Columns = tuple[Floats, Floats, Floats, Floats]
OPEN, HIGH, LOW, CLOSE = range(4)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Minutes of one symbol: open, high, low, close of each price source (the index only where an order needs it)."""

    spec: InstrumentSpec
    columns: dict[TriggerBy, Columns]

    def column(self, source: TriggerBy, which: int) -> Floats:
        """One column; the index falls back on the mark where it was not loaded."""
        return self.columns.get(source, self.columns["MarkPrice"])[which]

    def bars(self, minute: int) -> dict[TriggerBy, Bar]:
        """The exact four prices of each source in one minute.

        The floats are the nearest to the tick decimals, so their text is exact.
        """
        return {
            source: (
                exact(columns[OPEN][minute]),
                exact(columns[HIGH][minute]),
                exact(columns[LOW][minute]),
                exact(columns[CLOSE][minute]),
            )
            for source, columns in self.columns.items()
        }


def exact(price: float) -> Decimal:
    """The decimal a float price was made from."""
    return Decimal(repr(float(price)))


def load_stretch(market: MarketData, spec: InstrumentSpec, from_ms: int, to_ms: int, *, with_index: bool) -> Stretch:
    """Minutes opening in [from_ms, to_ms)."""
    rows = market.minutes(spec.category, spec.symbol, from_ms, to_ms)
    columns: dict[TriggerBy, Columns] = {
        "LastPrice": (rows.last_open, rows.last_high, rows.last_low, rows.last_close),
        "MarkPrice": (rows.mark_open, rows.mark_high, rows.mark_low, rows.mark_close),
    }
    if with_index:
        index = market.bars(spec.category, spec.symbol, 1, from_ms, to_ms - MINUTE_MS, to_ms, "index")
        columns["IndexPrice"] = (index.open, index.high, index.low, index.close)
    return Stretch(spec, columns)
