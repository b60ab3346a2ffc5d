"""The way prices took inside one minute, and where on it an order or a liquidation meets its price.

A minute bar tells four prices, not their order. The path taken is open, adverse extreme, other extreme, close, where
adverse is what hurts the position held (stop before target); last, mark and index walk it together. Between points
prices move in a straight line; a level the minute already opened beyond is met at the open.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from market_analysis.venues.simulated.catalogue import InstrumentSpec
from market_analysis.venues.simulated.ledger.margin import isolated_liquidation_price
from market_analysis.venues.simulated.ledger.model import Order, TriggerBy
from market_analysis.venues.simulated.ledger.protection import is_target
from market_analysis.venues.simulated.ledger.state import AccountState, PositionState

Prices = dict[TriggerBy, Decimal]
Bar = tuple[Decimal, Decimal, Decimal, Decimal]
ONE = Decimal(1)
STOP, LIQUIDATION, CONDITIONAL, LIMIT, TARGET = range(5)


@dataclass(frozen=True, slots=True)
class Meeting:
    """Something reached at `fraction` of a segment. Exactly one of `order` and `position` (a liquidation) is set."""

    fraction: Decimal
    rank: int
    place: int
    level: Decimal
    order: Order | None = None
    position: PositionState | None = None

    @property
    def sort_key(self) -> tuple[Decimal, int, int]:
        """Earliest first; at one point stops come before liquidations, entries and targets."""
        return self.fraction, self.rank, self.place


@dataclass(frozen=True, slots=True)
class Segment:
    """A straight piece of the path: every source's price at its two ends."""

    start: Prices
    end: Prices

    def at(self, fraction: Decimal) -> Prices:
        """Prices at `fraction` of the way."""
        return {source: price + (self.end[source] - price) * fraction for source, price in self.start.items()}

    def from_fraction(self, fraction: Decimal) -> Segment:
        """What is left of the piece."""
        return Segment(self.at(fraction), self.end)


def segments(bars: dict[TriggerBy, Bar], low_first: bool) -> list[Segment]:
    """The three pieces of a minute."""
    order = (0, 2, 1, 3) if low_first else (0, 1, 2, 3)
    points: list[Prices] = [{source: bar[which] for source, bar in bars.items()} for which in order]
    return [Segment(start, end) for start, end in pairwise(points)]


def reach_up(start: Decimal, end: Decimal, level: Decimal) -> Decimal | None:
    """Fraction at which a price moving from start to end is at or above level."""
    if start >= level:
        return Decimal(0)
    return (level - start) / (end - start) if end >= level else None


def reach_down(start: Decimal, end: Decimal, level: Decimal) -> Decimal | None:
    """Fraction at which a price moving from start to end is at or below level."""
    if start <= level:
        return Decimal(0)
    return (start - level) / (start - end) if end <= level else None


def meet_order(order: Order, segment: Segment, place: int) -> Meeting | None:
    """Where an open order is triggered or traded through; a resting limit needs the price to go beyond its own."""
    if order.is_conditional:
        if order.trigger_price is None:
            return None
        source: TriggerBy = order.trigger_by or "LastPrice"
        reach = reach_up if order.trigger_direction == 1 else reach_down
        fraction = reach(segment.start[source], segment.end[source], order.trigger_price)
        rank = CONDITIONAL if order.stop_order_type == "Stop" else TARGET if is_target(order.stop_order_type) else STOP
        return None if fraction is None else Meeting(fraction, rank, place, order.trigger_price, order=order)
    if order.price is None:
        return None
    start, end = segment.start["LastPrice"], segment.end["LastPrice"]
    buys = order.side == "Buy"
    beyond = (end < order.price or start < order.price) if buys else (end > order.price or start > order.price)
    fraction = (reach_down if buys else reach_up)(start, end, order.price) if beyond else None
    return None if fraction is None else Meeting(fraction, LIMIT, place, order.price, order=order)


def liquidation_level(account: AccountState, position: PositionState) -> Decimal | None:
    """The mark that liquidates an isolated position, unrounded."""
    return isolated_liquidation_price(
        position.spec,
        position.side,
        position.size,
        position.entry_value,
        account.leverage(position.spec, position.side),
        position.extra_margin,
    )


def meet_liquidation(account: AccountState, position: PositionState, segment: Segment) -> Meeting | None:
    """Where the mark reaches an isolated position's liquidation price."""
    level = liquidation_level(account, position)
    if level is None:
        return None
    reach = reach_down if position.side == "Buy" else reach_up
    fraction = reach(segment.start["MarkPrice"], segment.end["MarkPrice"], level)
    return None if fraction is None else Meeting(fraction, LIQUIDATION, 0, level, position=position)


def first_meeting(account: AccountState, spec: InstrumentSpec, segment: Segment) -> Meeting | None:
    """The first thing that happens on a piece of path to this symbol's orders and positions."""
    found: list[Meeting] = []
    for place, order in enumerate(account.open_orders()):
        if (order.category, order.symbol) == spec.key:
            meeting = meet_order(order, segment, place)
            if meeting is not None:
                found.append(meeting)
    if account.isolated:
        for position in account.held():
            if position.spec.key == spec.key:
                meeting = meet_liquidation(account, position, segment)
                if meeting is not None:
                    found.append(meeting)
    return min(found, key=lambda meeting: meeting.sort_key, default=None)


def low_comes_first(account: AccountState, spec: InstrumentSpec, last: Bar) -> bool:
    """Whether the low hurts first: it does for a net long; for a short the high.

    When flat (or balanced) the shorter way goes first.
    """
    net = Decimal(0)
    for position in account.held():
        if position.spec.key == spec.key:
            net += position.size if position.side == "Buy" else -position.size
    if net != 0:
        return net > 0
    opened, high, low, _ = last
    return opened - low <= high - opened
