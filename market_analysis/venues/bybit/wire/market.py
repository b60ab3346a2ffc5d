"""Answers about instruments and prices."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from market_analysis.venues.bybit.wire.convert import WireStruct


class PriceFilter(WireStruct, frozen=True):
    """Price grid."""

    tick_size: Decimal


class LotFilter(WireStruct, frozen=True):
    """Quantity grid: contracts give qtyStep and minNotionalValue, spot gives basePrecision and minOrderAmt."""

    min_order_qty: Decimal
    max_order_qty: Decimal | None = None
    max_mkt_order_qty: Decimal | None = None
    qty_step: Decimal | None = None
    base_precision: Decimal | None = None
    min_notional_value: Decimal | None = None
    min_order_amt: Decimal | None = None


class LeverageFilter(WireStruct, frozen=True):
    """Leverage bounds."""

    max_leverage: Decimal | None = None


class InstrumentRow(WireStruct, frozen=True):
    """/v5/market/instruments-info. `funding_interval`: minutes."""

    symbol: str
    status: str
    base_coin: str
    quote_coin: str
    price_filter: PriceFilter
    lot_size_filter: LotFilter
    settle_coin: str = ""
    funding_interval: Decimal | None = None
    leverage_filter: LeverageFilter | None = None


class RiskLimitRow(WireStruct, frozen=True):
    """/v5/market/risk-limit: one tier."""

    symbol: str
    risk_limit_value: Decimal
    maintenance_margin: Decimal
    initial_margin: Decimal
    max_leverage: Decimal
    mm_deduction: Decimal | None = None


class FeeRow(WireStruct, frozen=True):
    """/v5/account/fee-rate: fractions."""

    symbol: str
    taker_fee_rate: Decimal
    maker_fee_rate: Decimal


class TickerRow(WireStruct, frozen=True):
    """/v5/market/tickers. Spot has `usd_index_price` and neither mark, index nor funding. `next_funding_time` 0: none."""

    symbol: str
    last_price: Decimal
    bid1_price: Decimal | None = None
    ask1_price: Decimal | None = None
    mark_price: Decimal | None = None
    index_price: Decimal | None = None
    usd_index_price: Decimal | None = None
    funding_rate: Decimal | None = None
    next_funding_time: int = 0
    turnover24h: Decimal | None = None


class TickerResult(WireStruct, frozen=True):
    """The rows of a tickers answer."""

    category: str
    rows: list[TickerRow] = msgspec.field(name="list")


class KlineResult(WireStruct, frozen=True):
    """/v5/market/kline: rows of [start ms, open, high, low, close, volume, turnover], newest first."""

    symbol: str
    category: str
    rows: list[tuple[float, float, float, float, float, float, float]] = msgspec.field(name="list")
