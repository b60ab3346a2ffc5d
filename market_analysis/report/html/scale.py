"""From values to pixels, and where round numbers lie."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scale:
    """Linear: `low` is drawn at `start`, `high` at `end` (pixels; end < start for an axis that points up). low < high."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The pixel of a value; beyond the ends when the value is."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def clamped(self, value: float) -> float:
        """The pixel of a value, not beyond the ends."""
        return self.at(min(max(value, self.low), self.high))

    def covers(self, value: float) -> bool:
        """Whether the value lies on the axis."""
        return self.low <= value <= self.high


def round_ticks(low: float, high: float, count: int) -> list[float]:
    """About `count` multiples of 1, 2 or 5 times a power of ten within [low, high]."""
    if not high > low:
        return [low]
    raw = (high - low) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= raw * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [index * step for index in range(first, math.floor(high / step + 1e-9) + 1)]


def spread(positions: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions at least `gap` apart and within [low, high] where there is room, in the same order, moved as little as is simple.

    Neighbours that are too near are merged into blocks that are centred on where their members want to be.
    """
    order = sorted(range(len(positions)), key=lambda index: positions[index])
    blocks: list[tuple[list[int], float]] = []
    for index in order:
        members, centre = [index], positions[index]
        while True:
            half = gap * (len(members) - 1) / 2
            centre = min(max(centre, low + half), max(high - half, low + half))
            if not blocks:
                break
            previous, its_centre = blocks[-1]
            if centre - half - (its_centre + gap * (len(previous) - 1) / 2) >= gap - 1e-9:
                break
            blocks.pop()
            members = previous + members
            centre = sum(positions[member] for member in members) / len(members)
        blocks.append((members, centre))
    placed = [0.0] * len(positions)
    for members, centre in blocks:
        for place, member in enumerate(members):
            placed[member] = centre + gap * (place - (len(members) - 1) / 2)
    return placed
