"""Rows of `/v5/execution/list`, `/v5/position/closed-pnl` and `/v5/account/transaction-log`."""

from __future__ import annotations

from market_analysis.venues.simulated.ledger.model import ClosedPnl, Execution, TransactionLogEntry
from market_analysis.venues.simulated.server.replies import JsonObject
from market_analysis.venues.simulated.server.serialise.text import number, stamp


def execution_row(execution: Execution) -> JsonObject:
    """One fill, liquidation or funding charge."""
    return {
        "symbol": execution.symbol,
        "orderType": execution.order_type,
        "underlyingPrice": execution.underlying_price,
        "orderLinkId": execution.order_link_id,
        "side": execution.side,
        "indexPrice": number(execution.index_price),
        "orderId": execution.order_id,
        "stopOrderType": execution.stop_order_type or "UNKNOWN",
        "leavesQty": number(execution.leaves_qty),
        "execTime": stamp(execution.exec_time_ms),
        "feeCurrency": execution.fee_currency,
        "isMaker": execution.is_maker,
        "execFee": number(execution.exec_fee),
        "feeRate": number(execution.fee_rate),
        "execId": execution.exec_id,
        "tradeIv": execution.trade_iv,
        "blockTradeId": execution.block_trade_id,
        "markPrice": number(execution.mark_price),
        "execPrice": number(execution.exec_price),
        "markIv": execution.mark_iv,
        "orderQty": number(execution.order_qty),
        "orderPrice": number(execution.order_price),
        "execValue": number(execution.exec_value),
        "execType": execution.exec_type,
        "execQty": number(execution.exec_qty),
        "closedSize": number(execution.closed_size),
        "extraFees": "",
        "seq": execution.seq,
        "isLeverage": execution.is_leverage,
        "marketUnit": execution.market_unit,
        "createType": execution.create_type,
        "execPnl": number(execution.exec_pnl),
    }


def closed_pnl_row(record: ClosedPnl) -> JsonObject:
    """What one closing order realised; `side` is the closing order's."""
    return {
        "symbol": record.symbol,
        "orderType": record.order_type,
        "leverage": number(record.leverage),
        "updatedTime": stamp(record.updated_time_ms),
        "side": record.side,
        "orderId": record.order_id,
        "closedPnl": number(record.closed_pnl),
        "openFee": number(record.open_fee),
        "closeFee": number(record.close_fee),
        "avgEntryPrice": number(record.avg_entry_price),
        "qty": number(record.qty),
        "cumEntryValue": number(record.cum_entry_value),
        "createdTime": stamp(record.created_time_ms),
        "orderPrice": number(record.order_price),
        "closedSize": number(record.closed_size),
        "avgExitPrice": number(record.avg_exit_price),
        "execType": record.exec_type,
        "fillCount": str(record.fill_count),
        "cumExitValue": number(record.cum_exit_value),
    }


def transaction_row(entry: TransactionLogEntry) -> JsonObject:
    """One change of one coin's balance."""
    return {
        "transSubType": entry.trans_sub_type,
        "id": entry.id,
        "symbol": entry.symbol,
        "side": entry.side,
        "funding": number(entry.funding),
        "orderLinkId": entry.order_link_id,
        "orderId": entry.order_id,
        "fee": number(entry.fee),
        "change": number(entry.change),
        "cashFlow": number(entry.cash_flow),
        "transactionTime": stamp(entry.transaction_time_ms),
        "type": entry.type,
        "feeRate": number(entry.fee_rate),
        "bonusChange": entry.bonus_change,
        "size": number(entry.size),
        "qty": number(entry.qty),
        "cashBalance": number(entry.cash_balance),
        "currency": entry.currency,
        "category": entry.category,
        "tradePrice": number(entry.trade_price),
        "tradeId": entry.trade_id,
        "extraFees": "",
    }
