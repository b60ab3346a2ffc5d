"""Contract terms, risk tiers and the account's own fees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from market_analysis.domain import Category, Instrument, InstrumentId, RiskTier
from market_analysis.errors import AuthenticationError, MalformedAnswerError, VenueError, VenueRejectedError
from market_analysis.venues.bybit.concurrent import each, read_group
from market_analysis.venues.bybit.endpoints import FEE_RATES, INSTRUMENTS, RISK_LIMITS
from market_analysis.venues.bybit.reader import Params, Reader
from market_analysis.venues.bybit.wire.market import FeeRow, InstrumentRow, RiskLimitRow

_SYMBOLS_BY_ONE = 2
"""Up to so many symbols of a category their fees are asked for one by one, above in one answer for the whole category."""


@dataclass(frozen=True, slots=True)
class Fees:
    """Trading fees as fractions of value."""

    taker_frac: Decimal
    maker_frac: Decimal


BASE_FEES: Mapping[Category, Fees] = MappingProxyType(
    {
        Category.LINEAR: Fees(Decimal("0.00055"), Decimal("0.0002")),
        Category.INVERSE: Fees(Decimal("0.00055"), Decimal("0.0002")),
        Category.SPOT: Fees(Decimal("0.001"), Decimal("0.001")),
    }
)
"""Bybit's fees without VIP level: used where the venue refuses to tell the account's own (demo trading does)."""


async def read_instruments(reader: Reader, ids: Sequence[InstrumentId]) -> dict[InstrumentId, Instrument | VenueError]:
    """Terms per instrument, or why they could not be read."""
    wanted = list(dict.fromkeys(ids))
    crowded = [c for c in Category if sum(i.category is c for i in wanted) > _SYMBOLS_BY_ONE]
    whole = await each(crowded, lambda category: _fees(reader, {"category": category.value}))

    async def read(instrument: InstrumentId) -> Instrument:
        params = {"category": instrument.category.value, "symbol": instrument.symbol}
        fees = whole[instrument.category] if instrument.category in whole else await _fees(reader, params)
        if isinstance(fees, VenueError):
            raise fees
        if fees is not None and instrument.symbol not in fees:
            raise MalformedAnswerError(f"{FEE_RATES.path}: no fees for {instrument}", venue_code="not_listed")
        return await _read_one(reader, instrument, BASE_FEES[instrument.category] if fees is None else fees[instrument.symbol])

    return await each(wanted, read)


async def _read_one(reader: Reader, instrument: InstrumentId, fees: Fees) -> Instrument:
    async with read_group() as group:
        reading_terms = group.create_task(_terms(reader, instrument))
        reading_tiers = group.create_task(_tiers(reader, instrument))
    row = reading_terms.result()
    lots = row.lot_size_filter
    step = lots.qty_step or lots.base_precision
    if step is None:
        raise MalformedAnswerError(f"{INSTRUMENTS.path}: {row.symbol} has neither qtyStep nor basePrecision")
    return Instrument(
        id=instrument,
        base=row.base_coin,
        quote=row.quote_coin,
        settle=row.settle_coin or row.quote_coin,
        tick_size=row.price_filter.tick_size,
        quantity_step=step,
        min_quantity=lots.min_order_qty,
        max_quantity=lots.max_order_qty,
        max_market_quantity=lots.max_mkt_order_qty,
        min_notional=lots.min_notional_value if lots.min_notional_value is not None else lots.min_order_amt,
        max_leverage=row.leverage_filter.max_leverage if row.leverage_filter else None,
        taker_fee_frac=fees.taker_frac,
        maker_fee_frac=fees.maker_frac,
        funding_interval_hours=row.funding_interval / 60 if row.funding_interval else None,
        status=row.status,
        tiers=reading_tiers.result(),
    )


async def _terms(reader: Reader, instrument: InstrumentId) -> InstrumentRow:
    params = {"category": instrument.category.value, "symbol": instrument.symbol}
    rows = await reader.one_page(INSTRUMENTS, params, InstrumentRow)
    if not rows:
        raise MalformedAnswerError(f"{INSTRUMENTS.path}: no row for {instrument}", venue_code="not_listed")
    if len(rows) > 1 or rows[0].symbol != instrument.symbol:
        raise MalformedAnswerError(f"{INSTRUMENTS.path}: answered {[row.symbol for row in rows]}, asked for {instrument.symbol}")
    row = rows[0]
    if row.price_filter.tick_size <= 0 or row.lot_size_filter.min_order_qty < 0:
        raise MalformedAnswerError(f"{INSTRUMENTS.path}: {row.symbol} has tick size {row.price_filter.tick_size}, must be above 0")
    return row


async def _tiers(reader: Reader, instrument: InstrumentId) -> tuple[RiskTier, ...]:
    """Tiers by ascending limit; none for spot and where the venue refuses (a symbol not yet or no longer traded)."""
    if instrument.category is Category.SPOT:
        return ()
    params = {"category": instrument.category.value, "symbol": instrument.symbol}
    try:
        rows = await reader.one_page(RISK_LIMITS, params, RiskLimitRow)
    except VenueRejectedError:
        return ()
    if any(row.symbol != instrument.symbol for row in rows):
        raise MalformedAnswerError(f"{RISK_LIMITS.path}: answered tiers of another symbol, asked for {instrument.symbol}")
    return tiers_of(rows)


def tiers_of(rows: Sequence[RiskLimitRow]) -> tuple[RiskTier, ...]:
    """Tiers with deductions; where the venue gives none, that which makes maintenance margin continuous at each limit:
    d[i] = d[i-1] + limit[i-1] * (rate[i] - rate[i-1])."""
    tiers: list[RiskTier] = []
    for row in sorted(rows, key=lambda row: row.risk_limit_value):
        deduction = row.mm_deduction
        if deduction is None:
            last = tiers[-1] if tiers else None
            step = last.limit_value * (row.maintenance_margin - last.maintenance_margin_frac) if last else Decimal(0)
            deduction = (last.deduction if last else Decimal(0)) + step
        tiers.append(RiskTier(row.risk_limit_value, row.maintenance_margin, row.initial_margin, row.max_leverage, deduction))
    return tuple(tiers)


async def _fees(reader: Reader, params: Params) -> Mapping[str, Fees] | None:
    """Own fees per symbol; None where the venue refuses to tell."""
    try:
        rows = await reader.one_page(FEE_RATES, params, FeeRow)
    except (AuthenticationError, VenueRejectedError):
        return None
    return {row.symbol: Fees(row.taker_fee_rate, row.maker_fee_rate) for row in rows}
