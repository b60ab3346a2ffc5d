"""Funding: at each symbol's own interval, position value at the mark times the rate.

From longs to shorts when the rate is positive.
"""

from __future__ import annotations

from market_analysis.venues.simulated.ledger.journal import book_funding, money, write_execution
from market_analysis.venues.simulated.ledger.margin import sign_of, value_at
from market_analysis.venues.simulated.ledger.model import ZERO, Execution
from market_analysis.venues.simulated.ledger.port import MarketData
from market_analysis.venues.simulated.ledger.prices import PricesAt
from market_analysis.venues.simulated.ledger.state import AccountState, PositionState

MINUTE_MS = 60_000


def next_funding_ms(account: AccountState, after_ms: int) -> int | None:
    """The first funding time after `after_ms` of any open position; intervals count from midnight UTC."""
    perpetuals = [position.spec for position in account.held() if position.spec.is_perpetual]
    lengths = {spec.funding_interval_minutes * MINUTE_MS for spec in perpetuals}
    return min(((after_ms // length + 1) * length for length in lengths), default=None)


def settle_funding(account: AccountState, market: MarketData, time_ms: int) -> None:
    """Charge every open position whose interval ends at `time_ms`."""
    prices = PricesAt(market, time_ms)
    for position in account.held():
        if position.spec.is_perpetual and time_ms % (position.spec.funding_interval_minutes * MINUTE_MS) == 0:
            _charge(account, market, position, prices, time_ms)


def _charge(account: AccountState, market: MarketData, position: PositionState, prices: PricesAt, time_ms: int) -> None:
    spec, side = position.spec, position.side
    if side == "":
        return
    rate = market.funding_rate(spec.category, spec.symbol, time_ms)
    mark = prices.mark(spec)
    value = money(value_at(spec, position.size, mark))
    paid = money(sign_of(side) * value * rate)
    execution = Execution(
        exec_id=account.next_id("exec"),
        category=spec.category,
        symbol=spec.symbol,
        order_id=account.next_id("funding"),
        order_link_id="",
        side=side,
        order_type="UNKNOWN",
        order_price=ZERO,
        order_qty=ZERO,
        leaves_qty=ZERO,
        exec_type="Funding",
        exec_time_ms=time_ms,
        exec_price=mark,
        exec_qty=position.size,
        exec_value=value,
        exec_fee=paid,
        fee_rate=rate,
        fee_currency=spec.settle,
        is_maker=False,
        closed_size=ZERO,
        exec_pnl=ZERO,
        mark_price=mark,
        index_price=prices.index(spec),
        stop_order_type="",
        create_type="",
        position_idx=position.position_idx,
        seq=account.next_seq(),
    )
    write_execution(account, execution)
    book_funding(account, execution, spec, sign_of(side) * position.size)
    position.cur_realised -= paid
    position.cum_realised -= paid
    position.updated_ms = time_ms
    account.touch(position.key)
