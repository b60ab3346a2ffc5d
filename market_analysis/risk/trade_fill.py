"""What one market fill makes of a position, its orders and the account: netting, averaging, margins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from market_analysis.domain import (
    Account,
    CoinBalance,
    EntryHistory,
    ExecutionStyle,
    Fill,
    FillKind,
    Instrument,
    MarginMode,
    Order,
    OrderPurpose,
    OrderSide,
    Position,
    PositionKey,
    Side,
    TriggerSource,
    Unknown,
)

ZERO = Decimal(0)
ORDER_ID = "what-if"
Entries = Mapping[PositionKey, EntryHistory | Unknown[EntryHistory]]


@dataclass(frozen=True, slots=True)
class FillAt:
    """One hypothetical fill. usd_rate: dollars per settle coin. cost_usd: fee and slippage, >= 0."""

    key: PositionKey
    side: Side
    quantity: Decimal
    price: Decimal
    terms: Instrument
    usd_rate: Decimal
    cost_usd: Decimal
    at: datetime


def position_after(fill: FillAt, old: Position | None, margin_mode: MarginMode, leverage: Decimal) -> Position | None:
    """The slot's position after the fill, None when it is flat. Averaged in value: linear by price, inverse by 1 / price."""
    if old is None:
        return _position(fill, fill.side, fill.quantity, fill.price, margin_mode, leverage, ZERO)
    if old.side is fill.side:
        total = old.quantity + fill.quantity
        value = _value(fill.terms, old.quantity, old.entry_price) + _value(fill.terms, fill.quantity, fill.price)
        entry = total * fill.terms.contract_size / value if fill.terms.is_inverse else value / (total * fill.terms.contract_size)
        return _position(fill, old.side, total, entry, old.margin_mode, old.leverage or leverage, old.realized_pnl)
    left = old.quantity - fill.quantity
    if left == 0:
        return None
    realized = old.realized_pnl + old.unrealized_pnl * min(fill.quantity / old.quantity, Decimal(1))
    if left > 0:
        return _position(fill, old.side, left, old.entry_price, old.margin_mode, old.leverage or leverage, realized)
    return _position(fill, fill.side, -left, fill.price, old.margin_mode, old.leverage or leverage, ZERO)


def account_after(fill: FillAt, account: Account, old: Position | None, new: Position | None) -> Account:
    """Equity and balances less the cost; margins changed by what the position needs more or less."""
    initial = (_of(new, "initial_margin") - _of(old, "initial_margin")) * fill.usd_rate
    maintenance = (_of(new, "maintenance_margin") - _of(old, "maintenance_margin")) * fill.usd_rate
    profit = (_of(new, "unrealized_pnl") - _of(old, "unrealized_pnl")) * fill.usd_rate
    balance = _plus(account.margin_balance, -fill.cost_usd)
    initial_after, maintenance_after = _plus(account.initial_margin, initial), _plus(account.maintenance_margin, maintenance)
    return replace(
        account,
        equity=account.equity - fill.cost_usd,
        wallet_balance=_plus(account.wallet_balance, -fill.cost_usd - profit),
        margin_balance=balance,
        available_balance=_plus(account.available_balance, -fill.cost_usd - initial),
        unrealized_pnl=_plus(account.unrealized_pnl, profit),
        initial_margin=initial_after,
        maintenance_margin=maintenance_after,
        initial_margin_frac=_ratio(initial_after, balance),
        maintenance_margin_frac=_ratio(maintenance_after, balance),
        coins=tuple(_coin(fill, coin, profit / fill.usd_rate) for coin in account.coins),
    )


def orders_after(
    fill: FillAt, orders: tuple[Order, ...], new: Position | None, stop: Decimal | None, target: Decimal | None
) -> tuple[Order, ...]:
    """Orders of the account with the trade's stop and target; a slot that is flat or turned has lost its own closing orders."""
    kept = tuple(order for order in orders if not _closes_nothing(fill, order, new))
    if new is None:
        return kept
    attached = [
        _attached(fill, new, purpose, price)
        for purpose, price in ((OrderPurpose.STOP_LOSS, stop), (OrderPurpose.TAKE_PROFIT, target))
        if price is not None and new.side is fill.side
    ]
    return (*kept, *attached)


def entries_after(fill: FillAt, entries: Entries, old: Position | None, new: Position | None) -> Entries:
    """The slot's fills with this one; a slot that was flat or turned starts anew."""
    others = {key: value for key, value in entries.items() if key != fill.key}
    if new is None:
        return others
    before = entries.get(fill.key)
    if old is None or old.side is not new.side or before is None:
        return others | {fill.key: EntryHistory((_fill(fill, new.quantity, ZERO),), old is None or old.side is not new.side)}
    if isinstance(before, Unknown):
        return others | {fill.key: before}
    closed = ZERO if old.side is fill.side else fill.quantity
    return others | {fill.key: replace(before, fills=(*before.fills, _fill(fill, fill.quantity, closed)))}


def _position(
    fill: FillAt, side: Side, size: Decimal, entry: Decimal, margin_mode: MarginMode, leverage: Decimal, realized: Decimal
) -> Position:
    terms, value = fill.terms, _value(fill.terms, size, fill.price)
    gained = value - _value(terms, size, entry)
    return Position(
        key=fill.key,
        side=side,
        quantity=size,
        entry_price=entry,
        mark_price=fill.price,
        notional=size * terms.contract_size if terms.is_inverse else value,
        leverage=leverage,
        margin_mode=margin_mode,
        liquidation_price=None,
        unrealized_pnl=gained * side.sign * (-1 if terms.is_inverse else 1),
        realized_pnl=realized,
        initial_margin=value / leverage,
        maintenance_margin=_maintenance(terms, value),
        adl_rank=None,
        updated_at=fill.at,
    )


def _value(terms: Instrument, size: Decimal, price: Decimal) -> Decimal:
    """Contract value in the settle coin."""
    units = size * terms.contract_size
    return units / price if terms.is_inverse else units * price


def _maintenance(terms: Instrument, value: Decimal) -> Decimal | None:
    if not terms.tiers:
        return None
    tier = next((tier for tier in terms.tiers if value <= tier.limit_value), terms.tiers[-1])
    return max(value * tier.maintenance_margin_frac - tier.deduction, ZERO) + value * terms.taker_fee_frac


def _of(position: Position | None, name: str) -> Decimal:
    value = None if position is None else getattr(position, name)
    return value if isinstance(value, Decimal) else ZERO


def _plus(amount: Decimal | None, change: Decimal) -> Decimal | None:
    return None if amount is None else amount + change


def _ratio(amount: Decimal | None, balance: Decimal | None) -> Decimal | None:
    return amount / balance if amount is not None and balance else None


def _coin(fill: FillAt, coin: CoinBalance, profit: Decimal) -> CoinBalance:
    """The settle coin pays the cost, and turns realised profit into balance."""
    if coin.coin != fill.terms.settle:
        return coin
    cost = fill.cost_usd / fill.usd_rate
    return replace(
        coin,
        wallet_balance=coin.wallet_balance - cost - profit,
        equity=coin.equity - cost,
        unrealized_pnl=coin.unrealized_pnl + profit,
        usd_value=_plus(coin.usd_value, -fill.cost_usd),
    )


def _closes_nothing(fill: FillAt, order: Order, new: Position | None) -> bool:
    if order.instrument != fill.key.instrument or order.position_index != fill.key.position_index or not order.reduce_only:
        return False
    return new is None or (order.side is OrderSide.BUY) == (new.side is Side.LONG)


def _attached(fill: FillAt, new: Position, purpose: OrderPurpose, price: Decimal) -> Order:
    return Order(
        order_id=f"{ORDER_ID}-{purpose.value}",
        client_order_id=None,
        instrument=fill.key.instrument,
        position_index=fill.key.position_index,
        side=OrderSide.SELL if new.side is Side.LONG else OrderSide.BUY,
        purpose=purpose,
        style=ExecutionStyle.MARKET,
        quantity=None,
        limit_price=None,
        trigger_price=price,
        trigger_source=TriggerSource.MARK,
        reduce_only=True,
        is_active=True,
        trailing_distance=None,
        activation_price=None,
        created_at=fill.at,
        raw_status=ORDER_ID,
    )


def _fill(fill: FillAt, size: Decimal, closed: Decimal) -> Fill:
    return Fill(
        fill_id=ORDER_ID,
        order_id=ORDER_ID,
        instrument=fill.key.instrument,
        side=OrderSide.BUY if fill.side is Side.LONG else OrderSide.SELL,
        quantity=size,
        price=fill.price,
        fee=fill.cost_usd / fill.usd_rate,
        fee_currency=fill.terms.settle,
        closed_quantity=closed,
        kind=FillKind.TRADE,
        time=fill.at,
    )
