"""What histories tell: fills back to flat, first stops, the day's log, bars, rates."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.domain import (
    Account,
    Category,
    CoinBalance,
    FillKind,
    FlowKind,
    InstrumentId,
    MarginMode,
    Position,
    PositionKey,
    Side,
    to_milliseconds,
)
from market_analysis.errors import MalformedAnswerError
from market_analysis.venues.bybit.bars import table_of
from market_analysis.venues.bybit.day import broken_chains, summarise
from market_analysis.venues.bybit.entries import Walk, settle_coin
from market_analysis.venues.bybit.log_kinds import LOG_KINDS
from market_analysis.venues.bybit.positions import inverse_coin
from market_analysis.venues.bybit.protective_stop import first_protective_stop
from market_analysis.venues.bybit.quotes import quote_of
from market_analysis.venues.bybit.rates import wallet_rates
from market_analysis.venues.bybit.reader import Answer
from market_analysis.venues.bybit.wire.account import LogEntry
from market_analysis.venues.bybit.wire.convert import parse
from market_analysis.venues.bybit.wire.market import TickerRow
from market_analysis.venues.bybit.wire.trading import ExecutionRow, OrderRow

D = Decimal
FIXTURES = Path(__file__).resolve().parents[3].parent / "shared" / "fixtures" / "bybit"
BTC = InstrumentId("bybit", Category.LINEAR, "BTCUSDT")
AT = datetime(2026, 3, 2, 10, tzinfo=UTC)


def documented(name: str) -> Any:
    """A `result` of the vendor's documentation or of the recorded answers."""
    path = FIXTURES / name
    if not path.exists():
        pytest.skip(f"the recorded payloads are not here: {path.name}")
    told = json.loads(path.read_text())
    return told.get("result", told)


def rows(name: str) -> list[Any]:
    found: list[Any] = documented(name)["list"]
    return found


def order_row(**changes: Any) -> OrderRow:
    raw = {"orderId": "1", "symbol": "BTCUSDT", "side": "Sell", "qty": "1", "orderStatus": "Untriggered", "orderType": "Market"}
    return parse(OrderRow, raw | {"createdTime": "1000", "updatedTime": "1000"} | changes, "o")


def held(side: Side = Side.LONG, quantity: str = "10", index: int = 0, entry: str = "100") -> Position:
    key = PositionKey("main", BTC, index)
    zero = D(0)
    return Position(
        key, side, D(quantity), D(entry), D(100), D(1000), None, MarginMode.CROSS, None, zero, zero, None, None, None, AT
    )


def execution(side: str, quantity: str, number: int, **changes: Any) -> ExecutionRow:
    raw = {"symbol": "BTCUSDT", "orderId": f"o{number}", "execId": f"e{number}", "side": side, "execPrice": "100"}
    raw |= {"execQty": quantity, "execType": "Trade", "execTime": str(1000 + number), "execFee": "0.6", "seq": number}
    return parse(ExecutionRow, raw | changes, "e")


def walk(position: Position, *oldest_first: ExecutionRow) -> Walk:
    found = Walk(position)
    found.take_all(reversed(oldest_first))
    return found


def test_the_walk_splits_a_fill_that_turned_the_position() -> None:
    found = walk(held(), execution("Sell", "5", 1), execution("Buy", "15", 2))
    assert found.reached_flat
    assert [(fill.quantity, fill.fee) for fill in found.fills] == [(10, D("0.4"))]


def test_the_walk_in_hedge_mode_leaves_the_other_slot_alone() -> None:
    rows_ = (
        execution("Buy", "12", 1),
        execution("Sell", "7", 2),  # opens the short slot
        execution("Buy", "3", 3, closedSize="3"),  # closes some of the short
        execution("Sell", "2", 4, closedSize="2"),  # closes some of the long
    )
    assert [f.quantity for f in walk(held(index=1), *rows_).fills] == [2, 12]
    short = walk(held(Side.SHORT, "4", 2), *rows_)
    assert short.reached_flat
    assert [(f.quantity, f.closed_quantity) for f in short.fills] == [(3, 3), (7, 0)]
    assert not walk(held(index=1), execution("Buy", "99", 1)).reached_flat, "records that do not add up"


def test_the_walk_passes_funding_and_stops_at_the_unknown() -> None:
    found = walk(held(), execution("Buy", "10", 1), execution("Sell", "10", 2, execType="Funding"), execution("Buy", "0", 3))
    assert found.reached_flat
    assert not walk(held(), execution("Buy", "10", 1), execution("Buy", "5", 2, execType="CorporateAction")).reached_flat
    kinds = walk(held(), execution("Buy", "14", 1), execution("Sell", "4", 2, execType="BustTrade"))
    assert [fill.kind for fill in kinds.fills] == [FillKind.LIQUIDATION, FillKind.TRADE]


@given(st.lists(st.integers(-9, 9).filter(bool), min_size=1, max_size=25))
@settings(deadline=None)
def test_the_walk_against_a_forward_twin(signed: list[int]) -> None:
    """One-way mode: replay the trades forwards, remember those since the position was last flat (a turn counts as flat)."""
    book, since_flat = 0, 0
    for size in signed:
        turned = book * (book + size) <= 0
        book += size
        since_flat = 1 if turned else since_flat + 1
    if book == 0:
        return
    rows_ = [execution("Buy" if size > 0 else "Sell", str(abs(size)), number) for number, size in enumerate(signed)]
    found = walk(held(Side.LONG if book > 0 else Side.SHORT, str(abs(book))), *rows_)
    assert found.reached_flat
    assert len(found.fills) == since_flat
    assert sum(f.quantity - 2 * f.closed_quantity for f in found.fills) == abs(book)


def test_settle_coins() -> None:
    names = {"BTCUSDT": "USDT", "BTCUSDT-26MAR27": "USDT", "BTCPERP": "USDC", "BTC-26MAR27": "USDC"}
    assert {name: settle_coin(InstrumentId("bybit", Category.LINEAR, name)) for name in names} == names
    assert settle_coin(InstrumentId("bybit", Category.INVERSE, "BTCUSDH27")) == inverse_coin("BTCUSD") == "BTC"


def test_first_stops() -> None:
    entry = order_row(orderId="entry", side="Buy", orderStatus="Filled", createdTime="500")
    stop = {"stopOrderType": "StopLoss", "reduceOnly": True, "tpslMode": "Full"}
    attached = order_row(orderId="entry", side="Buy", stopLoss="90")
    assert first_protective_stop(held(), "entry", [attached], []) == 90
    assert first_protective_stop(held(), "entry", [order_row(orderId="entry", side="Buy", stopLoss="110")], []) is None
    old = order_row(**stop, triggerPrice="80", createdTime="400")
    early = order_row(**stop, triggerPrice="92", createdTime="600")
    late = order_row(**stop, triggerPrice="95", createdTime="700", updatedTime="700")
    assert first_protective_stop(held(), "entry", [entry, early, old], [late]) == 92, "older than the entry order: not its stop"
    assert first_protective_stop(held(), "entry", [entry], [late]) == 95
    moved = order_row(**stop, triggerPrice="99", createdTime="550", updatedTime="9000")
    assert first_protective_stop(held(), "entry", [entry], [late, moved]) is None, "the first was moved: unknown"
    assert first_protective_stop(held(), "gone", [], [late]) == 95
    for other in ({"positionIdx": 1}, {"side": "Buy"}, {"triggerPrice": "120"}, {"stopOrderType": "TakeProfit"}):
        assert first_protective_stop(held(), "entry", [entry], [order_row(**(stop | {"triggerPrice": "95"} | other))]) is None


def log_entry(kind: str, change: str, **changes: Any) -> LogEntry:
    raw = {"type": kind, "currency": "USDT", "change": change, "transactionTime": "1700000000000"}
    return parse(LogEntry, raw | changes, "l")


def test_documented_log_types_are_all_mapped() -> None:
    path = FIXTURES / "bybit_docs_v5" / "_mdx" / "enum.mdx"
    if not path.exists():
        pytest.skip("the vendor's enum page is not here")
    section = path.read_text().split("### type(uta-translog)")[1].split("\n### ")[0]
    types = re.findall(r"^\* `(\w+)`", section, flags=re.MULTILINE)
    assert len(types) > 90
    assert set(types) == set(LOG_KINDS)
    assert {LOG_KINDS[name] for name in types} == set(FlowKind)


def test_documented_log_rows_add_up() -> None:
    for name in ("bybit_docs_v5/account__transaction-log.response-example.json",):
        entries = [parse(LogEntry, row, "l") for row in rows(name)]
        day = summarise(entries, AT, AT, {"USDT": D(1)})
        assert day.unknown_types == ()
        assert (day.funding_usd, day.fees_usd) == (D("-0.003676"), D("-0.02168999") + D("-0.00000001"))
    recorded = [parse(LogEntry, row, "l") for row in rows("hirokisan_go/account/v5-account-get-transaction-log.json")]
    assert summarise(recorded, AT, AT, {"USDT": D(1)}).realized_pnl_usd == D("0.052")


def test_the_day_by_kind() -> None:
    entries = [
        log_entry("TRADE", "90", cashFlow="100", fee="10", category="linear"),
        log_entry("TRADE", "-50", cashFlow="-50", category="spot"),
        log_entry("TRADE", "0.0009", cashFlow="0.001", fee="0.0001", category="spot", currency="BTC"),
        log_entry("SETTLEMENT", "-3", funding="-3"),
        log_entry("TRANSFER_IN", "1000"),
        log_entry("TRANSFER_OUT", "-400"),
        log_entry("INTEREST", "-1"),
        log_entry("FEE_REFUND", "2"),
        log_entry("BORROW", "70"),
    ]
    day = summarise(entries, AT, AT + timedelta(hours=1), {"USDT": D(1), "BTC": D(50_000)})
    assert (day.realized_pnl_usd, day.funding_usd, day.flows_usd) == (100, -3, 600)
    assert day.fees_usd == -10 - 5 - 1 + 2
    assert day.neutral_usd == -50 + 50 + 70
    assert (day.entries, day.unknown_types, day.equity_at_reset_usd) == (9, (), None)


def test_what_the_log_does_not_explain_is_named() -> None:
    odd = [log_entry("NEW_THING", "5"), log_entry("TRADE", "7", cashFlow="5", category="linear")]
    day = summarise(odd, AT, AT, {"USDT": D(1)})
    assert day.unknown_types == ("NEW_THING", "TRADE:parts")
    assert (day.neutral_usd, day.realized_pnl_usd) == (7, 5)
    with pytest.raises(MalformedAnswerError, match="USDT"):
        summarise(odd, AT, AT, {})


def test_a_missing_row_breaks_the_chain_of_balances() -> None:
    whole = [
        log_entry("TRADE", str(n), cashFlow=str(n), category="linear", cashBalance=str(n * (n + 1) // 2), transactionTime=str(n))
        for n in (4, 3, 2, 1)
    ]
    other = log_entry("TRANSFER_IN", "5", currency="BTC", cashBalance="9", transactionTime="2")
    assert broken_chains([*whole, other]) == set()
    assert broken_chains([whole[0], *whole[2:], other]) == {"USDT:chain"}
    assert broken_chains([whole[0], log_entry("TRADE", "3", transactionTime="3"), whole[3]]) == set(), (
        "no balance told: no judgement"
    )


def kline(rows_: list[list[str]], **changes: Any) -> Any:
    result = {"symbol": "BTCUSDT", "category": "linear", "list": rows_} | changes
    return table_of(Answer(result, 1), BTC, (0, 10 * 60_000), 60_000)


def bar(at: int, opening: str = "10", high: str = "12", low: str = "9", close: str = "11", volume: str = "1") -> list[str]:
    return [str(at * 60_000), opening, high, low, close, volume, "0"]


def test_bars_are_checked() -> None:
    assert kline([bar(2), bar(1)])[:, 0].tolist() == [60_000, 120_000]
    assert len(kline([])) == 0
    wrong: list[tuple[list[list[str]], dict[str, Any]]] = [
        ([bar(1)], {"symbol": "ETHUSDT"}),
        ([bar(1)], {"category": "spot"}),
        ([bar(1), bar(2)], {}),
        ([bar(1), bar(1)], {}),
        ([bar(11)], {}),
        ([["61000", *bar(1)[1:]]], {}),
        ([bar(1, high="10.5")], {}),
        ([bar(1, low="10.5")], {}),
        ([bar(1, low="0")], {}),
        ([bar(1, volume="-1")], {}),
        ([bar(1, close="NaN")], {}),
        ([bar(1, close="1x")], {}),
        ([bar(1)[:5]], {}),
    ]
    for rows_, changes in wrong:
        with pytest.raises(MalformedAnswerError):
            kline(rows_, **changes)


def test_quotes_need_their_prices() -> None:
    good = {"symbol": "BTCUSDT", "lastPrice": "10", "markPrice": "11", "bid1Price": "0", "nextFundingTime": "0"}
    quote = quote_of(parse(TickerRow, good, "t"), BTC, AT)
    assert (quote.bid, quote.ask, quote.next_funding_at) == (None, None, None)
    for changes in ({"lastPrice": "0"}, {"markPrice": ""}, {"markPrice": "0"}):
        with pytest.raises(MalformedAnswerError):
            quote_of(parse(TickerRow, good | changes, "t"), BTC, AT)


def test_wallet_rates_skip_dust() -> None:
    def coin(name: str, equity: str, usd: str | None) -> CoinBalance:
        return CoinBalance(name, D(equity), D(equity), D(0), None if usd is None else D(usd), True, None)

    coins = (coin("USDT", "100", "99.9"), coin("BTC", "0.000001", "0.07"), coin("ETH", "0", "5"), coin("SOL", "5", None))
    coins += (coin("XRP", "-10", "-6"), coin("ADA", "-10", "6"))
    none = (None,) * 8
    account = Account("main", "bybit", "1", MarginMode.CROSS, D(1), *none, coins=coins, as_of=AT)
    assert wallet_rates(account) == {"USDT": D("0.999"), "XRP": D("0.6")}
    assert to_milliseconds(AT) > 0
