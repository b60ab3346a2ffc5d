"""Another position in the slot of one that was known: what was remembered of the old one ends with it.

Between two reads a position may be turned, or closed and opened again. It is another one on the other side; and where it was opened
later at another price, for an opening alone may be told anew (a fill history that could not be read), and a price alone changes
with every contract that is added.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from market_analysis.domain import PositionKey
from market_analysis.domain.event import HeldPosition
from market_analysis.guard.state import GuardState

T = TypeVar("T")


def forget_replaced(state: GuardState) -> GuardState:
    """After a read: best price, grace, ladder and refusals of what is no longer there are forgotten."""
    known = {item.key: item for item in state.last_held}
    held = state.positions if isinstance(state.positions, tuple) else ()
    gone = frozenset(item.key for item in held if item.key in known and not _is_same(known[item.key], item))
    if not gone:
        return state
    return replace(
        state,
        best=_without(state.best, gone),
        unprotected=_without(state.unprotected, gone),
        exits=_without(state.exits, gone),
        stops_refused={name: price for name, price in state.stops_refused.items() if name[0] not in gone},
        exit_refused=state.exit_refused - gone,
        last_held=tuple(item for item in state.last_held if item.key not in gone),
    )


def _is_same(before: HeldPosition, now: HeldPosition) -> bool:
    return before.side is now.side and (now.opened_at <= before.opened_at or now.entry_price == before.entry_price)


def _without(found: Mapping[PositionKey, T], gone: frozenset[PositionKey]) -> dict[PositionKey, T]:
    return {key: value for key, value in found.items() if key not in gone}
