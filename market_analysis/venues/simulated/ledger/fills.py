"""Turning a match into facts: the execution, the position after it, the money, the closed profit.

A fill that goes through a one-way position closes it first and opens the rest the other way. Per fill: closed profit =
gross - the opening fees of what was closed - the closing share of this fill's fee; funding is never part of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from market_analysis.venues.simulated.ledger.journal import book_trade, money, write_execution, write_order
from market_analysis.venues.simulated.ledger.margin import average_price, gross_profit, sign_of, value_at
from market_analysis.venues.simulated.ledger.model import ZERO, ClosedPnl, ExecType, Execution, Order
from market_analysis.venues.simulated.ledger.prices import PricesAt
from market_analysis.venues.simulated.ledger.state import AccountState, PositionState


@dataclass(frozen=True, slots=True)
class Closing:
    """What a fill took off a position: quantity, its entry value and opening fee, the exit value, the gross profit."""

    qty: Decimal
    entry_value: Decimal
    open_fee: Decimal
    exit_value: Decimal
    gross: Decimal


NOTHING_CLOSED = Closing(ZERO, ZERO, ZERO, ZERO, ZERO)


def fill_order(
    account: AccountState,
    order: Order,
    price: Decimal,
    prices: PricesAt,
    time_ms: int,
    *,
    maker: bool = False,
    exec_type: ExecType = "Trade",
) -> Order:
    """Fill all that is left of `order` at `price` and book everything that follows from it."""
    spec = prices.spec(order.category, order.symbol)
    qty = order.leaves_qty
    position = account.position(spec, order.position_idx, time_ms)
    value = money(value_at(spec, qty, price))
    fee_rate = spec.maker_fee_rate if maker else spec.taker_fee_rate
    fee = money(value * fee_rate)
    leverage = account.leverage(spec, position.side or order.side)
    closing = _close_part(position, order, qty, value)
    opened_qty = qty - closing.qty
    close_fee = fee if opened_qty == 0 else money(fee * closing.qty / qty)
    _open_part(position, order, opened_qty, value - closing.exit_value, fee - close_fee, time_ms)
    profit = closing.gross - closing.open_fee - close_fee
    execution = _execution(account, order, price, qty, value, fee, fee_rate, prices, time_ms, maker, exec_type, closing)
    write_execution(account, execution)
    flipped = closing.qty > 0 and opened_qty > 0
    _after_fill(account, position, closing.gross - fee, close_fee - fee if flipped else closing.gross - fee, execution)
    book_trade(account, execution, spec, closing.gross, sign_of(position.side) * position.size)
    if closing.qty > 0:
        account.closed.append(_closed_record(position, order, execution, closing, close_fee, profit, leverage))
    return write_order(
        account,
        order,
        time_ms,
        order_status="Filled",
        leaves_qty=ZERO,
        leaves_value=ZERO,
        cum_exec_qty=order.cum_exec_qty + qty,
        cum_exec_value=order.cum_exec_value + value,
        cum_exec_fee=order.cum_exec_fee + fee,
        closed_pnl=order.closed_pnl + (profit if closing.qty > 0 else ZERO),
        avg_price=price,
        fee_currency=spec.settle,
    )


def _close_part(position: PositionState, order: Order, qty: Decimal, value: Decimal) -> Closing:
    """Take what the fill closes off the position."""
    if position.size == 0 or position.side == order.side:
        return NOTHING_CLOSED
    closed = min(qty, position.size)
    exit_value = value if closed == qty else money(value * closed / qty)
    whole = closed == position.size
    entry_value = position.entry_value if whole else money(position.entry_value * closed / position.size)
    open_fee = position.open_fee if whole else money(position.open_fee * closed / position.size)
    gross = gross_profit(position.spec, position.side, entry_value, exit_value)
    position.extra_margin = ZERO if whole else money(position.extra_margin * (position.size - closed) / position.size)
    position.size -= closed
    position.entry_value -= entry_value
    position.open_fee -= open_fee
    if whole:
        position.side = ""
    return Closing(closed, entry_value, open_fee, exit_value, gross)


def _open_part(position: PositionState, order: Order, qty: Decimal, value: Decimal, fee: Decimal, time_ms: int) -> None:
    """Add what the fill opens to the position."""
    if qty == 0:
        return
    if position.size == 0:
        position.side = order.side
        position.opened_ms = time_ms
        position.cur_realised = ZERO
    position.size += qty
    position.entry_value += value
    position.open_fee += fee


def _after_fill(account: AccountState, position: PositionState, all_time: Decimal, current: Decimal, execution: Execution) -> None:
    """Realised profit counts fees as they are paid.

    The all-time figure never resets, the current one belongs to the position now held.
    """
    position.cur_realised += current
    position.cum_realised += all_time
    position.updated_ms = execution.exec_time_ms
    position.seq = execution.seq
    account.touch(position.key)


def _execution(
    account: AccountState,
    order: Order,
    price: Decimal,
    qty: Decimal,
    value: Decimal,
    fee: Decimal,
    fee_rate: Decimal,
    prices: PricesAt,
    time_ms: int,
    maker: bool,
    exec_type: ExecType,
    closing: Closing,
) -> Execution:
    spec = prices.spec(order.category, order.symbol)
    return Execution(
        exec_id=account.next_id("exec"),
        category=order.category,
        symbol=order.symbol,
        order_id=order.order_id,
        order_link_id=order.order_link_id,
        side=order.side,
        order_type=order.order_type,
        order_price=order.price if order.price is not None else price,
        order_qty=order.qty,
        leaves_qty=ZERO,
        exec_type=exec_type,
        exec_time_ms=time_ms,
        exec_price=price,
        exec_qty=qty,
        exec_value=value,
        exec_fee=fee,
        fee_rate=fee_rate,
        fee_currency=spec.settle,
        is_maker=maker,
        closed_size=closing.qty,
        exec_pnl=closing.gross,
        mark_price=prices.mark(spec),
        index_price=prices.index(spec),
        stop_order_type=order.stop_order_type,
        create_type=order.create_type,
        position_idx=order.position_idx,
        seq=account.next_seq(),
    )


def _closed_record(
    position: PositionState,
    order: Order,
    execution: Execution,
    closing: Closing,
    close_fee: Decimal,
    profit: Decimal,
    leverage: Decimal,
) -> ClosedPnl:
    spec = position.spec
    return ClosedPnl(
        symbol=order.symbol,
        category=order.category,
        order_id=order.order_id,
        side=order.side,
        qty=closing.qty,
        order_price=execution.order_price,
        order_type=order.order_type,
        exec_type=execution.exec_type,
        closed_size=closing.qty,
        cum_entry_value=closing.entry_value,
        avg_entry_price=average_price(spec, closing.qty, closing.entry_value),
        cum_exit_value=closing.exit_value,
        avg_exit_price=execution.exec_price,
        closed_pnl=profit,
        open_fee=closing.open_fee,
        close_fee=close_fee,
        fill_count=1,
        leverage=leverage,
        created_time_ms=order.created_time_ms,
        updated_time_ms=execution.exec_time_ms,
        position_idx=order.position_idx,
    )


def reduce_qty(account: AccountState, order: Order) -> Order:
    """A reduce-only order cut to what its position still holds on the other side (zero: nothing to reduce)."""
    position = account.positions.get((order.category, order.symbol, order.position_idx))
    held = position.size if position is not None and position.side not in ("", order.side) else ZERO
    if order.leaves_qty <= held:
        return order
    return replace(order, qty=order.cum_exec_qty + held, leaves_qty=held)
