"""Rows of `/v5/market/instruments-info` and `/v5/market/risk-limit`."""

from __future__ import annotations

from decimal import Decimal

from market_analysis.venues.simulated.catalogue.instrument import InstrumentSpec
from market_analysis.venues.simulated.server.replies import Json, JsonObject
from market_analysis.venues.simulated.server.serialise.text import milliseconds, number, stamp


def instrument_row(spec: InstrumentSpec) -> JsonObject:
    """An instrument in the shape of its category."""
    return _spot_row(spec) if spec.category == "spot" else _contract_row(spec)


def _contract_row(spec: InstrumentSpec) -> JsonObject:
    return {
        "symbol": spec.symbol,
        "symbolId": spec.symbol_id,
        "contractType": spec.contract_type,
        "status": spec.status,
        "baseCoin": spec.base,
        "quoteCoin": spec.quote,
        "launchTime": stamp(milliseconds(spec.launch_time)),
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": str(spec.price_scale),
        "leverageFilter": {
            "minLeverage": number(spec.min_leverage),
            "maxLeverage": number(spec.max_leverage.quantize(Decimal("0.01"))),
            "leverageStep": number(spec.leverage_step),
        },
        "priceFilter": {
            "minPrice": number(spec.min_price),
            "maxPrice": number(spec.max_price),
            "tickSize": number(spec.tick_size),
        },
        "lotSizeFilter": {
            "maxOrderQty": number(spec.max_order_qty),
            "minOrderQty": number(spec.min_order_qty),
            "qtyStep": number(spec.qty_step),
            "postOnlyMaxOrderQty": number(spec.max_order_qty),
            "maxMktOrderQty": number(spec.max_mkt_order_qty),
            "minNotionalValue": number(spec.min_notional),
        },
        "unifiedMarginTrade": True,
        "fundingInterval": spec.funding_interval_minutes,
        "settleCoin": spec.settle,
        "copyTrading": "none",
        "upperFundingRate": number(spec.upper_funding_rate),
        "lowerFundingRate": number(spec.lower_funding_rate),
        "isPreListing": False,
        "preListingInfo": None,
        "riskParameters": _price_limits(spec),
        "symbolType": "",
    }


def _spot_row(spec: InstrumentSpec) -> JsonObject:
    return {
        "symbolId": spec.symbol_id,
        "symbol": spec.symbol,
        "baseCoin": spec.base,
        "quoteCoin": spec.quote,
        "innovation": "0",
        "status": spec.status,
        "marginTrading": "none",
        "stTag": "0",
        "lotSizeFilter": {
            "basePrecision": number(spec.qty_step),
            "quotePrecision": number(spec.quote_step),
            "minOrderQty": number(spec.min_order_qty),
            "maxOrderQty": number(spec.max_order_qty),
            "minOrderAmt": number(spec.min_notional),
            "maxOrderAmt": "8000000",
            "maxLimitOrderQty": number(spec.max_order_qty),
            "maxMarketOrderQty": number(spec.max_mkt_order_qty),
            "postOnlyMaxLimitOrderSize": number(spec.max_order_qty),
        },
        "priceFilter": {"tickSize": number(spec.tick_size)},
        "riskParameters": _price_limits(spec),
        "symbolType": "",
    }


def _price_limits(spec: InstrumentSpec) -> JsonObject:
    return {
        "priceLimitRatioX": number(spec.price_limit_ratio_x),
        "priceLimitRatioY": number(spec.price_limit_ratio_y),
    }


def risk_tier_rows(spec: InstrumentSpec) -> list[Json]:
    """The instrument's tiers, lowest first."""
    return [
        {
            "id": tier.id,
            "symbol": spec.symbol,
            "riskLimitValue": number(tier.limit_value),
            "maintenanceMargin": number(tier.maintenance_margin_rate),
            "initialMargin": number(tier.initial_margin_rate),
            "isLowestRisk": int(index == 0),
            "maxLeverage": number(tier.max_leverage.quantize(Decimal("0.01"))),
            "mmDeduction": number(tier.mm_deduction) if tier.mm_deduction else "",
        }
        for index, tier in enumerate(spec.risk_tiers)
    ]
