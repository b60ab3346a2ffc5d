"""Entries at past moments and what came of them. What is said is made from read-only bars that end at the origin."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from market_analysis.desk.evaluation.odds.cases import FOLLOWED, POLICY, STATIC, OddsCase
from market_analysis.desk.evaluation.odds.entries import (
    BASELINE_RETURNS,
    STATIC_HOURS,
    MarketThen,
    Terms,
    VirtualEntry,
    market_then,
    policy_entry,
    static_entry,
)
from market_analysis.desk.evaluation.odds.outcomes import followed_outcome, held_outcome, later_levels, static_outcome
from market_analysis.desk.evaluation.parquet_bars import HOUR_MS, MarketSeries
from market_analysis.domain import Bars, Side, from_milliseconds

__all__ = ["OddsPlan", "entries_at", "walk_odds"]

SIDES = (Side.LONG, Side.SHORT)


@dataclass(frozen=True, slots=True)
class OddsPlan:
    """Origins every `every_hours` from first_ms to last_ms (closing times, Unix milliseconds)."""

    every_hours: int
    first_ms: int
    last_ms: int

    def origins(self) -> range:
        """Each origin, Unix milliseconds."""
        step = self.every_hours * HOUR_MS
        return range(-(-self.first_ms // step) * step, self.last_ms + 1, step)


def walk_odds(
    market: Mapping[str, MarketSeries], plan: OddsPlan, terms: Terms, progress: Callable[[float], None] | None = None
) -> list[OddsCase]:
    """Every symbol long and short at every origin that its last bar closes at, BASELINE_RETURNS returns precede, and an unbroken
    horizon follows; a pair of which one side has no levels is left out."""
    origins = plan.origins()
    hours = max(terms.settings.prob.horizon_hours, STATIC_HOURS)
    cases: list[OddsCase] = []
    for number, origin_ms in enumerate(origins):
        if progress is not None:
            progress(number / len(origins))
        seen, whole = _views(market, origin_ms, hours, terms.settings.vol.bars)
        if seen:
            then = market_then(seen, from_milliseconds(origin_ms), terms)
            for symbol in then.models:
                cases.extend(_cases_of(then, symbol, whole[symbol], origin_ms, terms))
    return cases


def entries_at(then: MarketThen, symbol: str, terms: Terms) -> Iterator[tuple[str, tuple[VirtualEntry, ...]]]:
    """(kind, long and short) as said from `then` alone; kinds of which a side has no levels are left out."""
    for kind, enter in ((POLICY, policy_entry), (STATIC, static_entry)):
        pair = tuple(entry for side in SIDES if (entry := enter(then, symbol, side, terms)) is not None)
        if len(pair) == len(SIDES):
            yield kind, pair


def _views(market: Mapping[str, MarketSeries], origin_ms: int, hours: int, most: int) -> tuple[dict[str, Bars], dict[str, Bars]]:
    """The bars closed by the origin, and the same with those of the horizon, of every symbol that has both."""
    seen, whole = {}, {}
    for name, series in market.items():
        times = series.hourly.open_time_ms
        end = int(np.searchsorted(times, origin_ms - HOUR_MS, side="right"))
        last = end - 1 + hours
        if end <= BASELINE_RETURNS or times[end - 1] != origin_ms - HOUR_MS or last >= times.size:
            continue
        if times[last] == origin_ms + (hours - 1) * HOUR_MS:
            first = max(0, end - most)
            seen[name], whole[name] = series.hourly[first:end], series.hourly[first : last + 1]
    return seen, whole


def _cases_of(then: MarketThen, symbol: str, whole: Bars, origin_ms: int, terms: Terms) -> Iterator[OddsCase]:
    """The cases of one symbol: what was said first, then what came."""
    settings, start = terms.settings, len(then.seen[symbol]) - 1
    for kind, pair in entries_at(then, symbol, terms):
        later = whole[start : start + 1 + pair[0].horizon_hours]
        if kind == STATIC:
            yield from (_case(kind, symbol, origin_ms, entry, static_outcome(entry, later, settings)) for entry in pair)
            continue
        yield from (_case(kind, symbol, origin_ms, entry, held_outcome(entry, later, settings)) for entry in pair)
        levels = later_levels(then.models[symbol], then.seen[symbol], whole[: start + len(later)], settings)
        if levels is not None:
            for entry in pair:
                yield _case(FOLLOWED, symbol, origin_ms, entry, followed_outcome(entry, later, levels, settings))


def _case(kind: str, symbol: str, origin_ms: int, entry: VirtualEntry, outcome: int) -> OddsCase:
    return OddsCase(
        kind=kind,
        symbol=symbol,
        origin_ms=origin_ms,
        side=entry.side,
        horizon_hours=entry.horizon_hours,
        price=entry.price,
        stop=entry.stop,
        target=entry.target,
        m=entry.m,
        said=entry.said,
        outcome=outcome,
    )


def tick_sizes(market: Mapping[str, MarketSeries]) -> dict[str, Decimal]:
    """The last digit in use of each symbol's prices."""
    return {name: Decimal(repr(series.tick)) for name, series in market.items()}
