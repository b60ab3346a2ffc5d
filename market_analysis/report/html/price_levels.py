"""The levels of a position as lines of its chart: what rests, what is planned, what is hoped for."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from market_analysis.report.numbers import percent, price
from market_analysis.risk.types import PositionReport

_MOST_STOPS = 3


@dataclass(frozen=True, slots=True)
class Level:
    """One line. kind: its class in the style sheet, which sets dash and colour; name: the words that say it without colour."""

    value: float
    name: str
    kind: str

    def label(self, tick_size: Decimal | None) -> str:
        """Name and price."""
        return f"{self.name} {price(self.value, tick_size)}"


def levels_of(row: PositionReport) -> list[Level]:
    """Every level there is, liquidation left out: it is drawn only where it lies in range."""
    found = [Level(float(row.entry_price), "entry", "entry"), Level(float(row.current_price), "mark", "mark")]
    for stop in row.protection.stops[:_MOST_STOPS]:
        share = float(stop.quantity / row.position_size)
        part = f" {percent(share, 0)}" if share < 1 else ""
        name, kind = (f"STOP{part}", "stop") if stop.counts else ("no stop:", "void")
        found.append(Level(float(stop.trigger_price), name, kind))
    planned = row.stop_loss
    if planned is not None and planned not in {stop.trigger_price for stop in row.protection.stops}:
        found.append(Level(float(planned), "plan", "plan"))
    for value, name, kind in ((row.tp1, "tp1", "part"), (row.tp2, "tp2", "part"), (row.take_profit, "target", "target")):
        if value is not None:
            found.append(Level(float(value), name, kind))
    return found
