"""Closing and reducing without opening a hedge (ruling 26).

Legs of one root on opposite sides hedge each other as far as the smaller side goes. The surplus of the larger side can be cut
alone; what is hedged is cut on both sides at once, or not at all: a holding cannot be closed here, so what hedges it stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from market_analysis.domain import PositionKey, Side
from market_analysis.rules.book import HEDGE, by_root, contracts, is_holding, lots_down, lots_up, names, notional
from market_analysis.rules.roots import canonical
from market_analysis.rules.verdict import CancelOrders, ClosePosition, ReducePosition, Response
from market_analysis.rules.view import PositionView

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Plan:
    """responses: what is asked for. left: how much of what was to be cut no response cuts. left_alone: positions that stay because
    they hedge a holding."""

    responses: tuple[Response, ...]
    left: Decimal = ZERO
    left_alone: tuple[PositionView, ...] = ()

    @property
    def note(self) -> str:
        """What the trader is told about what stays."""
        if self.left_alone:
            return f"; {names(self.left_alone)} hedges a holding and is left to you"
        return "; the rest hedges other positions and is left to you" if self.left > 0 else ""


def close_together(positions: Sequence[PositionView], wanted: Iterable[PositionView]) -> Plan:
    """Close the wanted positions, each with the legs of its root that it hedges, and cancel what adds to them."""
    closes: set[PositionKey] = set()
    alone: dict[PositionKey, PositionView] = {}
    for item in wanted:
        group = (item, *contracts(opposite(item, positions)))
        if any(_hedges_holding(leg, positions) for leg in group):
            alone[item.key] = item
        else:
            closes |= {leg.key for leg in group}
    instruments = sorted({key.instrument for key in closes})
    responses: tuple[Response, ...] = (*map(ClosePosition, sorted(closes)), *map(CancelOrders, instruments))
    return Plan(responses, left_alone=tuple(alone[key] for key in sorted(alone)))


def _hedges_holding(item: PositionView, positions: Iterable[PositionView]) -> bool:
    return any(is_holding(leg) for leg in opposite(item, positions))


def opposite(item: PositionView, positions: Iterable[PositionView]) -> tuple[PositionView, ...]:
    """The legs on the other side of its root."""
    root = canonical(item.root)
    return tuple(leg for leg in positions if canonical(leg.root) == root and leg.side is not item.side)


@dataclass
class _Cuts:
    """Contracts that each position loses, and how much of the measure is still to go."""

    countable: dict[PositionKey, Decimal]
    weight: Callable[[PositionView], Decimal]
    excess: Decimal
    cut: dict[PositionKey, Decimal] = field(default_factory=dict)

    def remaining(self, item: PositionView) -> Decimal:
        return self.countable.get(item.key, ZERO) - self.cut.get(item.key, ZERO)

    def take(self, item: PositionView, quantity: Decimal) -> None:
        self.cut[item.key] = self.cut.get(item.key, ZERO) + quantity
        self.excess -= quantity * self.weight(item)


def reduce_together(
    positions: Sequence[PositionView],
    excess: Decimal,
    weight: Callable[[PositionView], Decimal],
    countable: Mapping[PositionKey, Decimal] | None = None,
) -> Plan:
    """Cut `excess` (> 0) of a measure that each contract adds `weight` to: surplus legs first, the largest first, then pairs.

    countable: contracts of a position that count towards the measure; its whole size where it is not given.
    """
    roots = by_root(positions)
    counted = {item.key: item.quantity for item in contracts(positions)} if countable is None else dict(countable)
    cuts = _Cuts(counted, weight, excess)
    alone = tuple(item for item in contracts(positions) if _hedges_holding(item, positions))
    blocked = {canonical(item.root) for item in alone}
    legs = {root: contracts(items) for root, items in roots.items() if root not in blocked}
    free_legs = [found for root in legs for found in surplus(legs[root])]
    for item, free in sorted(free_legs, key=lambda pair: (-pair[1] * weight(pair[0]), pair[0].key)):
        if cuts.excess > 0 and weight(item) > 0:
            wanted = lots_up(cuts.excess / weight(item), item)
            cuts.take(item, min(wanted, lots_down(free, item), cuts.remaining(item)))
    for root in sorted(legs, key=lambda name: (-sum((item.quantity * weight(item) for item in legs[name]), ZERO), name)):
        _cut_pairs(legs[root], cuts)
    responses = tuple(_response(item, cuts.cut[item.key]) for item in positions if cuts.cut.get(item.key, ZERO) > 0)
    return Plan(responses, max(cuts.excess, ZERO), alone if cuts.excess > 0 else ())


def _response(item: PositionView, cut: Decimal) -> Response:
    return ClosePosition(item.key) if cut >= item.quantity else ReducePosition(item.key, item.quantity - cut)


def _hedge_unit(legs: Sequence[PositionView]) -> Callable[[PositionView], Decimal]:
    """What one contract hedges: its value, where all values are known (contracts of a root may differ), else one."""
    values = {item.key: notional(item) for item in legs}
    if any(value is None or value <= 0 for value in values.values()):
        return lambda item: Decimal(1)
    return lambda item: (values[item.key] or ZERO) / item.quantity


def surplus(legs: Sequence[PositionView]) -> list[tuple[PositionView, Decimal]]:
    """The unhedged contracts of the larger side, largest position first. A tagged hedge hedges something, if not in this root."""
    unit = _hedge_unit(legs)
    totals = {side: sum((item.quantity * unit(item) for item in legs if item.side is side), ZERO) for side in Side}
    larger = max(Side, key=lambda side: totals[side])
    left = totals[larger] - min(totals.values())
    found = []
    for item in sorted(legs, key=lambda leg: (-leg.quantity * unit(leg), leg.key)):
        if item.side is larger and HEDGE not in item.tags and left > 0:
            free = min(item.quantity, left / unit(item))
            left -= free * unit(item)
            found.append((item, free))
    return found


def _cut_pairs(legs: Sequence[PositionView], cuts: _Cuts) -> None:
    """Equal hedged value from a leg of each side until enough is cut."""
    unit = _hedge_unit(legs)
    longs = [item for item in legs if item.side is Side.LONG]
    shorts = [item for item in legs if item.side is Side.SHORT]
    for long in longs:
        for short in shorts:
            both = min(cuts.remaining(long) * unit(long), cuts.remaining(short) * unit(short))
            per_value = cuts.weight(long) / unit(long) + cuts.weight(short) / unit(short)
            if cuts.excess <= 0 or both <= 0 or per_value <= 0:
                continue
            value = min(both, cuts.excess / per_value)
            for leg in (long, short):
                cuts.take(leg, min(lots_up(value / unit(leg), leg), cuts.remaining(leg)))
