"""Market data in Bybit's shapes, shared by the REST routes and the public streams."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from market_analysis.venues.simulated.catalogue.instrument import InstrumentSpec
from market_analysis.venues.simulated.market import DayStatistics, Interval, Market
from market_analysis.venues.simulated.market.intervals import next_open
from market_analysis.venues.simulated.server.replies import Json, JsonObject
from market_analysis.venues.simulated.server.serialise.text import from_milliseconds, number

MINUTE_MS = 60_000
TRADES_PER_MINUTE = 4
_LEVEL_GROWTH = Decimal("0.35")
_VALUE_STEP = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Level:
    """One price of the order book and the quantity resting there."""

    price: Decimal
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Print:
    """One public trade of the last minutes; `id` and `sequence` grow with time."""

    id: str
    sequence: int
    time_ms: int
    side: str
    price: Decimal
    quantity: Decimal


def ticker_row(market: Market, spec: InstrumentSpec, now_ms: int) -> JsonObject:
    """A row of `/v5/market/tickers` at market time `now_ms`."""
    day = market.day_statistics(spec.category, spec.symbol, from_milliseconds(now_ms))
    return _spot_ticker(market, spec, day, now_ms) if spec.category == "spot" else _contract_ticker(market, spec, day, now_ms)


def _spot_ticker(market: Market, spec: InstrumentSpec, day: DayStatistics, now_ms: int) -> JsonObject:
    at = from_milliseconds(now_ms)
    in_dollars = spec.quote in {"USDT", "USDC", "USD"}
    return {
        "symbol": spec.symbol,
        **_touch(market, spec, now_ms),
        **_day(day),
        "usdIndexPrice": number(market.index_price(spec.category, spec.symbol, at)) if in_dollars else "",
    }


def _contract_ticker(market: Market, spec: InstrumentSpec, day: DayStatistics, now_ms: int) -> JsonObject:
    at = from_milliseconds(now_ms)
    mark = market.mark_price(spec.category, spec.symbol, at)
    interest = market.open_interest(spec.category, spec.symbol, at)
    value = interest / mark if spec.category == "inverse" else interest * mark
    next_funding_ms = market.next_funding_ms(spec.category, spec.symbol, now_ms)
    return {
        "symbol": spec.symbol,
        "indexPrice": number(market.index_price(spec.category, spec.symbol, at)),
        "markPrice": number(mark),
        **_day(day),
        "prevPrice1h": number(day.price_1h_ago),
        "openInterest": number(interest),
        "openInterestValue": number(value.quantize(_VALUE_STEP)),
        "fundingRate": number(market.funding_rate(spec.category, spec.symbol, next_funding_ms)),
        "nextFundingTime": str(next_funding_ms),
        "predictedDeliveryPrice": "",
        "basisRate": "",
        "deliveryFeeRate": "",
        "deliveryTime": "0",
        **_touch(market, spec, now_ms),
        "basis": "",
        "preOpenPrice": "",
        "preQty": "",
        "curPreListingPhase": "",
        "fundingIntervalHour": str(spec.funding_interval_minutes // 60),
        "basisRateYear": "",
        "fundingCap": number(spec.upper_funding_rate),
    }


def _day(day: DayStatistics) -> JsonObject:
    return {
        "lastPrice": number(day.last_price),
        "prevPrice24h": number(day.price_24h_ago),
        "price24hPcnt": number(day.change_frac),
        "highPrice24h": number(day.high_24h),
        "lowPrice24h": number(day.low_24h),
        "turnover24h": number(day.turnover_24h),
        "volume24h": number(day.volume_24h),
    }


def _touch(market: Market, spec: InstrumentSpec, now_ms: int) -> JsonObject:
    bids, asks = order_book(market, spec, now_ms, depth=1)
    return {
        "bid1Price": number(bids[0].price),
        "bid1Size": number(bids[0].quantity),
        "ask1Price": number(asks[0].price),
        "ask1Size": number(asks[0].quantity),
    }


def order_book(market: Market, spec: InstrumentSpec, now_ms: int, *, depth: int) -> tuple[list[Level], list[Level]]:
    """(bids, asks), best first: the market's best prices, one tick apart below and above, quantities growing with distance.

    Quantities are drawn from a seed of symbol and minute: the same minute shows the same book. Bids stop above zero.
    """
    bid, ask = market.best_bid_ask(spec.category, spec.symbol, from_milliseconds(now_ms))
    draw = random.Random(f"book/{market.seed}/{spec.category}/{spec.symbol}/{now_ms // MINUTE_MS}")
    base = max(spec.min_order_qty, spec.max_mkt_order_qty / 200)
    bids, asks = [], []
    for step in range(depth):
        offset = step * spec.tick_size
        sizes = [base * (1 + _LEVEL_GROWTH * step) * Decimal(str(round(draw.uniform(0.5, 1.5), 3))) for _ in range(2)]
        if bid - offset > 0:
            bids.append(Level(bid - offset, _on_step(sizes[0], spec.qty_step)))
        asks.append(Level(ask + offset, _on_step(sizes[1], spec.qty_step)))
    return bids, asks


def recent_trades(market: Market, spec: InstrumentSpec, now_ms: int, *, count: int) -> list[Print]:
    """The newest public trades, newest first: each closed minute prints its open, low, high and close.

    Volume is split over the four; minutes without volume print nothing.
    """
    minutes = -(-count // TRADES_PER_MINUTE)
    minute_ms = now_ms // MINUTE_MS * MINUTE_MS
    bars = market.bars(spec.category, spec.symbol, 1, minute_ms - minutes * MINUTE_MS, minute_ms - 1, now_ms)
    prints: list[Print] = []
    for open_text, *prices, volume, _ in bars.texts():
        prints.extend(_minute_prints(spec, int(open_text), prices, Decimal(volume)))
    return prints[::-1][:count]


def _minute_prints(spec: InstrumentSpec, open_ms: int, prices: Sequence[str], volume: Decimal) -> list[Print]:
    share = _on_step(volume / TRADES_PER_MINUTE, spec.qty_step)
    if volume < spec.qty_step * TRADES_PER_MINUTE:
        return []
    first, high, low, close = (Decimal(text) for text in prices)
    path = (first, low, high, close) if close >= first else (first, high, low, close)
    quantities = (share, share, share, volume - 3 * share)
    before = first
    prints = []
    for index, (price, quantity) in enumerate(zip(path, quantities, strict=True)):
        sequence = open_ms // MINUTE_MS * TRADES_PER_MINUTE + index
        side = "Buy" if price >= before else "Sell"
        moment = open_ms + index * (MINUTE_MS // TRADES_PER_MINUTE)
        prints.append(Print(f"{spec.symbol_id:06d}{sequence:013d}", sequence, moment, side, price, quantity))
        before = price
    return prints


def stream_bars(market: Market, spec: InstrumentSpec, interval: Interval, from_ms: int, now_ms: int) -> list[JsonObject]:
    """Bars as the kline topic pushes them, opening in [from_ms, now_ms], oldest first; only the last one is still forming."""
    rows = market.bars(spec.category, spec.symbol, interval, from_ms, now_ms, now_ms).texts()
    return [
        {
            "start": int(row[0]),
            "end": next_open(int(row[0]), interval) - 1,
            "interval": str(interval),
            "open": row[1],
            "close": row[4],
            "high": row[2],
            "low": row[3],
            "volume": row[5],
            "turnover": row[6],
            "confirm": index < len(rows) - 1,
            "timestamp": now_ms,
        }
        for index, row in enumerate(rows)
    ]


def level_rows(levels: Sequence[Level]) -> list[Json]:
    """[price, quantity] pairs as text."""
    return [[number(level.price), number(level.quantity)] for level in levels]


def _on_step(quantity: Decimal, step: Decimal) -> Decimal:
    return max(step, (quantity // step) * step)
