"""What has happened: executions, closed profit and loss, the transaction log."""

from __future__ import annotations

from market_analysis.venues.simulated.ledger.model import ClosedPnl, Execution, TransactionLogEntry
from market_analysis.venues.simulated.ledger.refusals import parameter_error
from market_analysis.venues.simulated.server import serialise
from market_analysis.venues.simulated.server.paging import (
    CLOSED_PNL,
    EXECUTIONS,
    TRANSACTION_LOG,
    cut_history,
    time_window,
)
from market_analysis.venues.simulated.server.replies import Json
from market_analysis.venues.simulated.server.request import DERIVATIVES, Call
from market_analysis.venues.simulated.server.rights import Right
from market_analysis.venues.simulated.server.routes.filters import record_filter
from market_analysis.venues.simulated.server.routes.instruments import checked_category
from market_analysis.venues.simulated.server.state import Route, ServerState

UNIFIED = "UNIFIED"


def execution_list(state: ServerState, call: Call) -> Json:
    """Fills, liquidations and funding, newest first; the last seven days unless a window is given."""
    if call.text("category") == "option":
        return {"category": "option", "list": [], "nextPageCursor": ""}
    category = checked_category(call, ("spot", *DERIVATIVES))
    start_ms, end_ms = time_window(call, default_days=7)
    fits, link_id, kind = record_filter(state, call, category), call.text("orderLinkId"), call.text("execType")

    def wanted(record: Execution) -> bool:
        inside = start_ms <= record.exec_time_ms <= end_ms
        return inside and fits(record) and link_id in ("", record.order_link_id) and kind in ("", record.exec_type)

    page = cut_history(state.exchange.executions(call.uid, category), call, EXECUTIONS, wanted)
    return {
        "nextPageCursor": page.cursor,
        "category": category,
        "list": [serialise.execution_row(row) for row in page.rows],
    }


def closed_pnl(state: ServerState, call: Call) -> Json:
    """What closing orders realised, newest first; the last seven days unless a window of at most seven is given."""
    if call.text("category") == "option":
        return {"category": "option", "list": [], "nextPageCursor": ""}
    category = checked_category(call, DERIVATIVES)
    start_ms, end_ms = time_window(call, default_days=7)
    fits = record_filter(state, call, category)

    def wanted(record: ClosedPnl) -> bool:
        return start_ms <= record.updated_time_ms <= end_ms and fits(record)

    page = cut_history(state.exchange.closed_pnls(call.uid, category), call, CLOSED_PNL, wanted)
    return {
        "nextPageCursor": page.cursor,
        "category": category,
        "list": [serialise.closed_pnl_row(row) for row in page.rows],
    }


def transaction_log(state: ServerState, call: Call) -> Json:
    """Every change of every coin's balance, newest first; the last 24 hours unless a window of at most seven days is given."""
    if call.text("accountType", UNIFIED) != UNIFIED:
        raise parameter_error("accountType only support UNIFIED.")
    start_ms, end_ms = time_window(call, default_days=1)
    category, currency, kind = call.text("category"), call.text("currency"), call.text("type")

    def wanted(record: TransactionLogEntry) -> bool:
        inside = start_ms <= record.transaction_time_ms <= end_ms
        named = category in ("", record.category) and currency in ("", record.currency)
        return inside and named and kind in ("", record.type)

    page = cut_history(state.exchange.transaction_log(call.uid), call, TRANSACTION_LOG, wanted)
    return {"nextPageCursor": page.cursor, "list": [serialise.transaction_row(row) for row in page.rows]}


ROUTES = {
    ("GET", "/v5/execution/list"): Route(execution_list, Right.READ_ORDERS),
    ("GET", "/v5/position/closed-pnl"): Route(closed_pnl, Right.READ_POSITIONS),
    ("GET", "/v5/account/transaction-log"): Route(transaction_log, Right.ANY_KEY),
}
