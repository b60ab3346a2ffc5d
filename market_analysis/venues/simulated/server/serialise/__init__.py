"""Ledger and market records as Bybit writes them: exact field names, numbers as text, "" for no value."""

from __future__ import annotations

from market_analysis.venues.simulated.server.serialise.accounts import (
    account_info_fields,
    api_key_fields,
    collateral_row,
    wallet_fields,
)
from market_analysis.venues.simulated.server.serialise.history import closed_pnl_row, execution_row, transaction_row
from market_analysis.venues.simulated.server.serialise.instruments import instrument_row, risk_tier_rows
from market_analysis.venues.simulated.server.serialise.orders import order_row
from market_analysis.venues.simulated.server.serialise.positions import added_margin_fields, position_row
from market_analysis.venues.simulated.server.serialise.stream_rows import (
    stream_execution_row,
    stream_order_row,
    stream_position_row,
)
from market_analysis.venues.simulated.server.serialise.text import from_milliseconds, milliseconds, number, stamp

__all__ = [
    "account_info_fields",
    "added_margin_fields",
    "api_key_fields",
    "closed_pnl_row",
    "collateral_row",
    "execution_row",
    "from_milliseconds",
    "instrument_row",
    "milliseconds",
    "number",
    "order_row",
    "position_row",
    "risk_tier_rows",
    "stamp",
    "stream_execution_row",
    "stream_order_row",
    "stream_position_row",
    "transaction_row",
    "wallet_fields",
]
