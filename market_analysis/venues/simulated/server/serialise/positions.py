"""Rows of `/v5/position/list` and the answer of `/v5/position/add-margin`."""

from __future__ import annotations

from market_analysis.venues.simulated.ledger.model import Position
from market_analysis.venues.simulated.server.replies import JsonObject
from market_analysis.venues.simulated.server.serialise.text import number, stamp


def position_row(position: Position) -> JsonObject:
    """One row; a flat one keeps its settings, with size "0" and side ""."""
    return {
        "positionIdx": position.position_idx,
        "riskId": position.risk_id,
        "riskLimitValue": number(position.risk_limit_value),
        "symbol": position.symbol,
        "side": position.side,
        "size": number(position.size),
        "avgPrice": number(position.avg_price),
        "positionValue": number(position.position_value) if position.size else "",
        "tradeMode": position.trade_mode,
        "positionStatus": position.position_status,
        "autoAddMargin": position.auto_add_margin,
        "adlRankIndicator": position.adl_rank_indicator,
        "leverage": number(position.leverage),
        "breakEvenPrice": number(position.break_even_price),
        "positionBalance": number(position.position_balance),
        "markPrice": number(position.mark_price),
        "liqPrice": number(position.liq_price),
        "bustPrice": number(position.bust_price),
        "positionMM": number(position.position_mm),
        "positionMMByMp": number(position.position_mm),
        "positionIM": number(position.position_im),
        "positionIMByMp": number(position.position_im),
        "tpslMode": position.tpsl_mode,
        "takeProfit": number(position.take_profit),
        "stopLoss": number(position.stop_loss),
        "trailingStop": number(position.trailing_stop, "0"),
        "unrealisedPnl": number(position.unrealised_pnl) if position.size else "",
        "curRealisedPnl": number(position.cur_realised_pnl),
        "cumRealisedPnl": number(position.cum_realised_pnl),
        "seq": position.seq,
        "isReduceOnly": position.is_reduce_only,
        "mmrSysUpdatedTime": position.mmr_sys_updated_time,
        "leverageSysUpdatedTime": position.leverage_sys_updated_time,
        "sessionAvgPrice": number(position.session_avg_price),
        "createdTime": stamp(position.created_time_ms),
        "updatedTime": stamp(position.updated_time_ms),
        "openTime": position.open_time_ms,
    }


_ADDED_MARGIN_FIELDS = (
    "symbol",
    "positionIdx",
    "riskId",
    "riskLimitValue",
    "size",
    "positionValue",
    "avgPrice",
    "liqPrice",
    "bustPrice",
    "markPrice",
    "leverage",
    "autoAddMargin",
    "positionStatus",
    "positionIM",
    "positionMM",
    "unrealisedPnl",
    "cumRealisedPnl",
    "stopLoss",
    "takeProfit",
    "trailingStop",
    "createdTime",
    "updatedTime",
)


def added_margin_fields(position: Position) -> JsonObject:
    """The position after margin was added or taken out."""
    row = position_row(position)
    return {"category": position.category} | {name: row[name] for name in _ADDED_MARGIN_FIELDS}
