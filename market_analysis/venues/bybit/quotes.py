"""Present prices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from market_analysis.domain import Category, InstrumentId, Quote, from_milliseconds
from market_analysis.errors import MalformedAnswerError, VenueError
from market_analysis.venues.bybit.concurrent import each
from market_analysis.venues.bybit.endpoints import TICKERS
from market_analysis.venues.bybit.reader import Answer, Reader
from market_analysis.venues.bybit.wire.convert import parse
from market_analysis.venues.bybit.wire.market import TickerResult, TickerRow

WHOLE_CATEGORY_ABOVE = 20
"""Above so many symbols of one category, one answer for the whole category is cheaper than one each."""

FUNDING_GRACE = timedelta(minutes=2)
"""A ticker whose next funding lies further back than this has stood still."""

Aged = Callable[[int], datetime]
"""Market time of an answer, from the venue's wire time at which it was given."""


async def read_quotes(reader: Reader, ids: Sequence[InstrumentId], aged: Aged) -> dict[InstrumentId, Quote | VenueError]:
    """A quote per instrument, or why it could not be read."""
    wanted = list(dict.fromkeys(ids))
    crowded = [c for c in Category if sum(i.category is c for i in wanted) > WHOLE_CATEGORY_ABOVE]
    whole = await each(crowded, lambda category: _read_category(reader, category))

    async def read(instrument: InstrumentId) -> Quote:
        answer = whole.get(instrument.category)
        if isinstance(answer, VenueError):
            raise answer
        rows, time_ms = answer if answer is not None else await _read_symbol(reader, instrument)
        row = rows.get(instrument.symbol)
        if row is None:
            raise MalformedAnswerError(f"{TICKERS.path}: no row for {instrument}", venue_code="not_listed")
        quote = quote_of(row, instrument, aged(time_ms))
        if quote.next_funding_at is not None and quote.next_funding_at < quote.time - FUNDING_GRACE:
            raise MalformedAnswerError(
                f"{TICKERS.path}: {instrument.symbol}'s next funding was due {quote.next_funding_at}: stale", venue_code="stale"
            )
        return quote

    return await each(wanted, read)


Rows = tuple[dict[str, TickerRow], int]


async def read_ticker(reader: Reader, instrument: InstrumentId) -> TickerRow:
    """One instrument's ticker row."""
    rows, _ = await _read_symbol(reader, instrument)
    return rows[instrument.symbol]


async def _read_category(reader: Reader, category: Category) -> Rows:
    return await reader.parsed(TICKERS, {"category": category.value}, lambda answer: _rows(answer, category))


async def _read_symbol(reader: Reader, instrument: InstrumentId) -> Rows:
    def rows_of_symbol(answer: Answer) -> Rows:
        rows = _rows(answer, instrument.category)
        if list(rows[0]) != [instrument.symbol]:
            raise MalformedAnswerError(f"{TICKERS.path}: answered {sorted(rows[0])}, asked for {instrument.symbol}")
        return rows

    return await reader.parsed(TICKERS, {"category": instrument.category.value, "symbol": instrument.symbol}, rows_of_symbol)


def _rows(answer: Answer, category: Category) -> Rows:
    result = parse(TickerResult, answer.result, TICKERS.path)
    if result.category != category.value:
        raise MalformedAnswerError(f"{TICKERS.path}: category is {result.category!r}, must be {category.value!r} as asked")
    return {row.symbol: row for row in result.rows}, answer.time_ms


def quote_of(row: TickerRow, instrument: InstrumentId, time: datetime) -> Quote:
    """One row as a quote. Turnover of an inverse contract is in coin and is brought to dollars at the last price."""
    derivative = instrument.category is not Category.SPOT
    if row.last_price <= 0:
        raise MalformedAnswerError(f"{TICKERS.path}: {row.symbol} lastPrice is {row.last_price}, must be above zero")
    if derivative and (row.mark_price is None or row.mark_price <= 0):
        raise MalformedAnswerError(f"{TICKERS.path}: {row.symbol} markPrice is {row.mark_price}, must be above zero")
    inverse = instrument.category is Category.INVERSE
    turnover = row.turnover24h if row.turnover24h is None or not inverse else row.turnover24h * row.last_price
    return Quote(
        instrument=instrument,
        last=row.last_price,
        bid=_price(row.bid1_price),
        ask=_price(row.ask1_price),
        mark=row.mark_price if derivative else None,
        index=_price(row.index_price) if derivative else None,
        funding_rate_frac=row.funding_rate if derivative else None,
        next_funding_at=from_milliseconds(row.next_funding_time) if derivative and row.next_funding_time else None,
        turnover_24h_usd=turnover,
        time=time,
    )


def _price(value: Decimal | None) -> Decimal | None:
    return value if value else None
