"""All bounds in turn: what each takes away, which one decides, and which leave nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from market_analysis.risk.sizing_engine.types import Cap, Refusal


def apply(size_usd: Decimal, caps: Sequence[Cap]) -> tuple[Decimal, tuple[Cap, ...]]:
    """The size within every cap that is known, and the caps with their effects; the smallest room is binding if it cut at all."""
    whole, shown = size_usd, []
    for cap in caps:
        after = size_usd if cap.room_usd is None else min(size_usd, cap.room_usd)
        shown.append(replace(cap, effect_usd=after - size_usd))
        size_usd = after
    if size_usd == whole:
        return size_usd, tuple(shown)
    return size_usd, tuple(replace(cap, binding=cap.room_usd == size_usd) for cap in shown)


def refusals(caps: Sequence[Cap]) -> tuple[Refusal, ...]:
    """One for each cap without room, `no_room_NAME`, and for each that cannot be told, `unknown_NAME`."""
    found = []
    for cap in caps:
        if cap.room_usd is None:
            found.append(Refusal(f"unknown_{cap.name}", f"{cap.name}: {cap.basis}; new risk needs it known"))
        elif cap.room_usd == 0:
            bound = "" if cap.bound_usd is None else f", bound {cap.bound_usd:,.0f} USD"
            found.append(Refusal(f"no_room_{cap.name}", f"{cap.name} leaves no room: {cap.basis}{bound}"))
    return tuple(found)
