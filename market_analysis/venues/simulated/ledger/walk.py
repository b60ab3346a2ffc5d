"""Letting time pass for one account: minute bars, funding, liquidation, in their order.

Minutes in which nothing can happen are skipped with arrays (`scan`); the others are walked exactly (`path`). What
happens in a minute is booked at its end, the moment its prices become known; funding at a boundary comes after the
minute that ends there.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN

from market_analysis.venues.simulated.catalogue import InstrumentSpec
from market_analysis.venues.simulated.ledger.funding import next_funding_ms, settle_funding
from market_analysis.venues.simulated.ledger.interest import charge_interest, is_indebted, next_interest_ms
from market_analysis.venues.simulated.ledger.liquidation import liquidate_cross, liquidate_isolated
from market_analysis.venues.simulated.ledger.matching import fill_and_follow, trigger
from market_analysis.venues.simulated.ledger.path import Meeting, Segment, first_meeting, low_comes_first, segments
from market_analysis.venues.simulated.ledger.port import MarketData
from market_analysis.venues.simulated.ledger.prices import PricesAt, to_tick
from market_analysis.venues.simulated.ledger.scan import first_minute
from market_analysis.venues.simulated.ledger.state import AccountState, InstrumentKey, instrument_key
from market_analysis.venues.simulated.ledger.tape import HIGH, LOW, MINUTE_MS, Stretch, exact, load_stretch
from market_analysis.venues.simulated.ledger.trailing import pull_trails

LONGEST_STRETCH_MS = 24 * 60 * MINUTE_MS


def advance_account(account: AccountState, market: MarketData, from_ms: int, to_ms: int) -> None:
    """Everything that happens to the account in (from_ms, to_ms]: all minutes that end in it, all funding times and hours in it."""
    opens = from_ms // MINUTE_MS * MINUTE_MS
    end = to_ms // MINUTE_MS * MINUTE_MS
    while opens < end and (account.open_ids or account.held() or is_indebted(account)):
        stops = (next_funding_ms(account, opens), next_interest_ms(account, opens))
        until = min(end, opens + LONGEST_STRETCH_MS, *(stop for stop in stops if stop is not None))
        opens = _walk_stretch(account, market, opens, until)
        settle_funding(account, market, opens)
        charge_interest(account, opens)


def _walk_stretch(account: AccountState, market: MarketData, from_ms: int, to_ms: int) -> int:
    """All minutes opening in [from_ms, to_ms); returns where it ends: early, when something changes what is due next."""
    stretches = _load(account, market, from_ms, to_ms)
    minute, count = 0, (to_ms - from_ms) // MINUTE_MS
    prices = PricesAt(market, from_ms)
    due = _due(account)
    while minute < count:
        found = first_minute(account, stretches, minute, prices)
        quiet_until = count if found is None else found
        _pull_all(account, stretches, minute, quiet_until)
        if found is None:
            return to_ms
        minute = found + 1
        _walk_minute(account, market, stretches, found, from_ms + minute * MINUTE_MS)
        if _due(account) != due:
            break
    return from_ms + minute * MINUTE_MS


def _due(account: AccountState) -> tuple[frozenset[int], bool]:
    """What decides the next time something is due: the funding intervals held, and whether there are debts."""
    return frozenset(position.spec.funding_interval_minutes for position in account.held()), is_indebted(account)


def _load(account: AccountState, market: MarketData, from_ms: int, to_ms: int) -> dict[InstrumentKey, Stretch]:
    """Bars of every symbol with a position or an open order, in a fixed order."""
    orders = account.open_orders()
    keys = {position.spec.key for position in account.held()} | {instrument_key(order) for order in orders}
    indexed = {
        instrument_key(order) for order in orders if "IndexPrice" in (order.trigger_by, order.tp_trigger_by, order.sl_trigger_by)
    }
    return {key: load_stretch(market, market.specs[key], from_ms, to_ms, with_index=key in indexed) for key in sorted(keys)}


def _pull_all(account: AccountState, stretches: dict[InstrumentKey, Stretch], first: int, end: int) -> None:
    """Trailing stops follow the best prices of minutes in which nothing happened."""
    if first >= end:
        return
    for key in {instrument_key(order) for order in account.open_orders() if order.trail_distance is not None}:
        stretch = stretches[key]
        high = exact(stretch.column("LastPrice", HIGH)[first:end].max())
        low = exact(stretch.column("LastPrice", LOW)[first:end].min())
        pull_trails(account, stretch.spec, high, low)


def _walk_minute(
    account: AccountState, market: MarketData, stretches: dict[InstrumentKey, Stretch], minute: int, time_ms: int
) -> None:
    """One minute, exactly: each symbol along its path, then the account as a whole at the minute's end."""
    prices = PricesAt(market, time_ms)
    for stretch in stretches.values():
        _walk_symbol(account, market, stretch, minute, time_ms)
    if not account.isolated:
        liquidate_cross(account, prices, time_ms)


def _walk_symbol(account: AccountState, market: MarketData, stretch: Stretch, minute: int, time_ms: int) -> None:
    """One symbol's path through one minute."""
    spec = stretch.spec
    bars = stretch.bars(minute)
    bars.setdefault("IndexPrice", bars["MarkPrice"])
    for segment in segments(bars, low_comes_first(account, spec, bars["LastPrice"])):
        _walk_segment(account, market, spec, segment, time_ms)


def _walk_segment(account: AccountState, market: MarketData, spec: InstrumentSpec, segment: Segment, time_ms: int) -> None:
    """One straight piece: meet what there is to meet, in order, until the end of the piece."""
    while True:
        ends = (segment.start["LastPrice"], segment.end["LastPrice"])
        pull_trails(account, spec, segment.start["LastPrice"], segment.start["LastPrice"])
        meeting = first_meeting(account, spec, segment)
        if meeting is None:
            pull_trails(account, spec, max(ends), min(ends))
            return
        segment = segment.from_fraction(meeting.fraction)
        prices = PricesAt(market, time_ms)
        for source in ("LastPrice", "MarkPrice"):
            prices.preset(spec, source, to_tick(spec, segment.start[source], ROUND_HALF_EVEN))
        _happen(account, meeting, prices, time_ms)


def _happen(account: AccountState, meeting: Meeting, prices: PricesAt, time_ms: int) -> None:
    """Let a meeting take its course."""
    if meeting.position is not None:
        liquidate_isolated(account, meeting.position, prices, time_ms)
        return
    order = meeting.order
    if order is None:
        return
    if order.is_conditional:
        trigger(account, order, prices, time_ms)
    elif order.price is not None:
        fill_and_follow(account, order, order.price, prices, time_ms, maker=True)
