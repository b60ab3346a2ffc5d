"""Typed factories for books to analyse: instruments, quotes, positions, orders, accounts, bars from seeded random walks.

Every factory gives a plausible, internally consistent value; name only what a test is about. Money is USD and Decimal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from market_analysis.domain import (
    STABLE_COINS,
    Account,
    Bars,
    Category,
    CoinBalance,
    DayActivity,
    EntryHistory,
    ExecutionStyle,
    Fill,
    FillKind,
    History,
    Instrument,
    InstrumentId,
    MarginMode,
    Order,
    OrderPurpose,
    OrderSide,
    Position,
    PositionKey,
    Quote,
    RiskTier,
    Side,
    Snapshot,
    TriggerSource,
    Unknown,
    to_milliseconds,
)

AS_OF = datetime(2026, 3, 2, 10, 7, tzinfo=UTC)
LAST_CLOSED_HOUR_END = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
HOUR_MS = 3_600_000
Number = int | float | str | Decimal


def decimal(value: Number) -> Decimal:
    """A Decimal of `value` as it is printed, so that tests may write floats."""
    return value if isinstance(value, Decimal) else Decimal(str(value))


def instrument_id(symbol: str = "BTCUSDT", category: Category = Category.LINEAR, venue: str = "bybit") -> InstrumentId:
    """Identity of an instrument."""
    return InstrumentId(venue, category, symbol)


def tiers(first_limit: Number = 2_000_000, rates: Sequence[Number] = ("0.005", "0.01", "0.02", "0.05")) -> tuple[RiskTier, ...]:
    """A schedule whose limits double and whose deductions make maintenance margin continuous, as Bybit's do."""
    built: list[RiskTier] = []
    limit = decimal(first_limit)
    deduction = Decimal(0)
    for number, raw in enumerate(rates):
        rate = decimal(raw)
        if built:
            deduction = built[-1].deduction + built[-1].limit_value * (rate - built[-1].maintenance_margin_frac)
        built.append(RiskTier(limit * 2**number, rate, rate * 2, 1 / (rate * 2), deduction))
    return tuple(built)


def instrument(base: str = "BTC", category: Category = Category.LINEAR, *, quote: str | None = None) -> Instrument:
    """Contract terms of `base`: BTCUSDT linear, BTCUSD inverse or BTCUSDT spot."""
    inverse = category is Category.INVERSE
    quote_coin = quote or ("USD" if inverse else "USDT")
    return Instrument(
        id=instrument_id(f"{base}{quote_coin}", category),
        base=base,
        quote=quote_coin,
        settle=base if inverse else quote_coin,
        tick_size=Decimal("0.01"),
        quantity_step=Decimal(1) if inverse else Decimal("0.001"),
        min_quantity=Decimal(1) if inverse else Decimal("0.001"),
        max_quantity=None,
        min_notional=None if inverse else Decimal(5),
        max_leverage=Decimal(100),
        taker_fee_frac=Decimal("0.00055"),
        maker_fee_frac=Decimal("0.0002"),
        funding_interval_hours=None if category is Category.SPOT else Decimal(8),
        status="Trading",
        tiers=() if category is Category.SPOT else tiers(150 if inverse else 2_000_000),
    )


def quote(item: Instrument, price: Number, *, funding: Number = "0.0001", time: datetime = AS_OF) -> Quote:
    """Prices with mark = last = index and a one-tick spread; spot has no mark, index or funding."""
    exact = decimal(price)
    spot = item.id.category is Category.SPOT
    return Quote(
        instrument=item.id,
        last=exact,
        bid=exact,
        ask=exact + item.tick_size,
        mark=None if spot else exact,
        index=None if spot else exact,
        funding_rate_frac=None if spot else decimal(funding),
        next_funding_at=None if spot else time + timedelta(hours=4),
        turnover_24h_usd=Decimal(1_000_000_000),
        time=time,
    )


def maintenance_margin(item: Instrument, side: Side, value: Decimal, leverage: Decimal) -> Decimal:
    """Bybit's: value * rate - deduction of the value's tier, plus the taker fee at the bankruptcy price; settle coin."""
    tier = next((step for step in item.tiers if value <= step.limit_value), item.tiers[-1])
    direction = side.sign if item.is_inverse else -side.sign
    fee = value * (1 + direction / leverage) * item.taker_fee_frac
    return value * tier.maintenance_margin_frac - tier.deduction + fee


def position(
    item: Instrument,
    side: Side = Side.LONG,
    quantity: Number = 1,
    entry: Number = 100,
    mark: Number | None = None,
    *,
    account: str = "main",
    position_index: int = 0,
    margin_mode: MarginMode = MarginMode.CROSS,
    leverage: Number = 10,
    liquidation: Number | None = None,
    time: datetime = AS_OF,
) -> Position:
    """An open position with profit, notional and margins worked out from its prices."""
    size, opened, now = decimal(quantity), decimal(entry), decimal(entry if mark is None else mark)
    if item.is_inverse:
        notional, value, pnl = size, size / now, size * (1 / opened - 1 / now) * side.sign
    else:
        notional = value = size * now
        pnl = size * (now - opened) * side.sign
    return Position(
        key=PositionKey(account, item.id, position_index),
        side=side,
        quantity=size,
        entry_price=opened,
        mark_price=now,
        notional=notional,
        leverage=decimal(leverage),
        margin_mode=margin_mode,
        liquidation_price=None if liquidation is None else decimal(liquidation),
        unrealized_pnl=pnl,
        realized_pnl=Decimal(0),
        initial_margin=value / decimal(leverage),
        maintenance_margin=maintenance_margin(item, side, value, decimal(leverage)) if item.tiers else None,
        adl_rank=2,
        updated_at=time,
    )


def order(
    item: Instrument,
    side: OrderSide,
    purpose: OrderPurpose,
    *,
    quantity: Number | None = None,
    limit: Number | None = None,
    trigger: Number | None = None,
    source: TriggerSource = TriggerSource.MARK,
    position_index: int = 0,
    order_id: str = "order-1",
    is_active: bool = True,
    attached_stop: Number | None = None,
) -> Order:
    """A resting order of any purpose; entries are not reduce-only, all others are."""
    return Order(
        order_id=order_id,
        client_order_id=None,
        instrument=item.id,
        position_index=position_index,
        side=side,
        purpose=purpose,
        style=ExecutionStyle.MARKET if limit is None else ExecutionStyle.LIMIT,
        quantity=None if quantity is None else decimal(quantity),
        limit_price=None if limit is None else decimal(limit),
        trigger_price=None if trigger is None else decimal(trigger),
        trigger_source=None if trigger is None else source,
        reduce_only=purpose is not OrderPurpose.ENTRY,
        is_active=is_active,
        trailing_distance=None,
        activation_price=None,
        created_at=AS_OF - timedelta(hours=5),
        raw_status="Untriggered" if limit is None else "New",
        attached_stop=None if attached_stop is None else decimal(attached_stop),
    )


def stop_for(held: Position, item: Instrument, trigger: Number, quantity: Number | None = None, order_id: str = "") -> Order:
    """A market, reduce-only, mark-triggered stop of the whole position (or of `quantity`)."""
    side = OrderSide.SELL if held.side is Side.LONG else OrderSide.BUY
    return order(
        item,
        side,
        OrderPurpose.STOP_LOSS,
        quantity=quantity,
        trigger=trigger,
        position_index=held.key.position_index,
        order_id=order_id or f"stop-{held.key}",
    )


def coin(
    name: str = "USDT", amount: Number = 10_000, price: Number = 1, *, collateral_frac: Number | None = 1, unrealized: Number = 0
) -> CoinBalance:
    """One wallet coin: `amount` is its equity, `unrealized` (in the coin) the open profit within, valued at `price`."""
    exact = decimal(amount)
    return CoinBalance(
        coin=name,
        wallet_balance=exact - decimal(unrealized),
        equity=exact,
        unrealized_pnl=decimal(unrealized),
        usd_value=exact * decimal(price),
        is_collateral=collateral_frac is not None,
        collateral_value_frac=None if collateral_frac is None else decimal(collateral_frac),
    )


def account(
    equity: Number = 10_000,
    *,
    coins: tuple[CoinBalance, ...] | None = None,
    maintenance_margin: Number = 0,
    unrealized: Number = 0,
    margin_balance: Number | None = None,
    margin_mode: MarginMode = MarginMode.CROSS,
    time: datetime = AS_OF,
) -> Account:
    """A unified account; without `coins` all of its equity is USDT."""
    total = decimal(equity)
    balance = total if margin_balance is None else decimal(margin_balance)
    maintenance = decimal(maintenance_margin)
    return Account(
        name="main",
        venue="bybit",
        uid="1000001",
        margin_mode=margin_mode,
        equity=total,
        wallet_balance=total - decimal(unrealized),
        margin_balance=balance,
        available_balance=balance - 2 * maintenance,
        unrealized_pnl=decimal(unrealized),
        initial_margin=2 * maintenance,
        maintenance_margin=maintenance,
        initial_margin_frac=2 * maintenance / balance,
        maintenance_margin_frac=maintenance / balance,
        coins=(coin("USDT", total, unrealized=unrealized),) if coins is None else coins,
        as_of=time,
    )


def day(
    equity_at_reset: Number | None = 10_000,
    *,
    realized: Number = 0,
    fees: Number = 0,
    funding: Number = 0,
    flows: Number = 0,
    revaluation: Number | None = 0,
    unknown_types: tuple[str, ...] = (),
    source: str = "recorded",
) -> DayActivity:
    """The day's transaction log since 00:00 UTC."""
    return DayActivity(
        since=AS_OF.replace(hour=0, minute=0),
        until=AS_OF,
        realized_pnl_usd=decimal(realized),
        fees_usd=decimal(fees),
        funding_usd=decimal(funding),
        flows_usd=decimal(flows),
        neutral_usd=Decimal(0),
        collateral_revaluation_usd=None if revaluation is None else decimal(revaluation),
        equity_at_reset_usd=None if equity_at_reset is None else decimal(equity_at_reset),
        equity_at_reset_source=source,
        entries=1,
        unknown_types=unknown_types,
    )


def entry_history(
    held: Position, item: Instrument, *, opened: datetime | None = None, first_stop: Number | None = None
) -> EntryHistory:
    """One fill that made the whole position, two days ago unless told otherwise."""
    fill = Fill(
        fill_id=f"fill-{held.key}",
        order_id=f"entry-{held.key}",
        instrument=item.id,
        side=OrderSide.BUY if held.side is Side.LONG else OrderSide.SELL,
        quantity=held.quantity,
        price=held.entry_price,
        fee=Decimal(0),
        fee_currency=item.settle,
        closed_quantity=Decimal(0),
        kind=FillKind.TRADE,
        time=opened or AS_OF - timedelta(hours=50),
    )
    return EntryHistory((fill,), True, None if first_stop is None else decimal(first_stop))


def bars_from_returns(returns: np.ndarray, last_close: Number, *, end: datetime = LAST_CLOSED_HOUR_END, minutes: int = 60) -> Bars:
    """Bars whose closes follow log `returns` and end at `last_close`; highs and lows half a return beyond the body."""
    steps = np.asarray(returns, dtype=np.float64)
    close = float(decimal(last_close)) * np.exp(np.cumsum(steps) - steps.sum())
    opened = close * np.exp(-steps)
    reach = np.exp(0.5 * np.abs(steps))
    first = to_milliseconds(end) - minutes * 60_000 * len(steps)
    times = first + minutes * 60_000 * np.arange(len(steps), dtype=np.int64)
    high, low = np.maximum(opened, close) * reach, np.minimum(opened, close) / reach
    return Bars(minutes, times, opened, high, low, close, np.full(len(steps), 1_000.0))


def correlated_returns(
    correlation: np.ndarray, *, count: int = 1_600, sigma: float | Sequence[float] = 0.006, seed: int = 7
) -> np.ndarray:
    """Normal hourly log returns, shape (assets, count), with the given correlation matrix and hourly sigma."""
    matrix = np.asarray(correlation, dtype=np.float64)
    values, vectors = np.linalg.eigh(matrix)
    root = vectors * np.sqrt(np.clip(values, 0.0, None))
    draws = np.random.default_rng(seed).standard_normal((len(matrix), count))
    scaled: np.ndarray = np.atleast_1d(np.asarray(sigma, dtype=np.float64))[:, None] * (root @ draws)
    return scaled


def walk(last_close: Number = 100, *, count: int = 1_600, sigma: float = 0.006, seed: int = 7) -> Bars:
    """Hourly bars of one seeded random walk."""
    return bars_from_returns(correlated_returns(np.eye(1), count=count, sigma=sigma, seed=seed)[0], last_close)


def unknown(reason: str = "venue_unavailable", since: datetime = AS_OF) -> Unknown[Any]:
    """A part that could not be read."""
    return Unknown(reason, f"{reason}: test", since)


def snapshot(
    positions: Sequence[Position] = (),
    instruments: Sequence[Instrument] = (),
    *,
    orders: Sequence[Order] = (),
    prices: Mapping[InstrumentId, Number] | None = None,
    wallet: Account | None = None,
    activity: DayActivity | None = None,
    rates: Mapping[str, Number] | None = None,
) -> Snapshot:
    """One consistent read of an account. Quotes come from `prices`, else from the positions' marks."""
    marks: dict[InstrumentId, Number] = {held.instrument: held.mark_price for held in positions}
    marks.update(prices or {})
    by_id = {item.id: item for item in instruments}
    dollars: dict[str, Number] = {name: 1 for name in STABLE_COINS if name in {"USDT", "USDC", "USD"}}
    dollars.update({item.base: marks[item.id] for item in instruments if item.id in marks})
    dollars.update(rates or {})
    unrealized = sum(
        (held.unrealized_pnl * decimal(dollars[by_id[held.instrument].settle]) for held in positions), start=Decimal(0)
    )
    maintenance = sum(
        ((held.maintenance_margin or Decimal(0)) * decimal(dollars[by_id[held.instrument].settle]) for held in positions),
        start=Decimal(0),
    )
    return Snapshot(
        account_name="main",
        venue="bybit",
        as_of=AS_OF,
        account=wallet or account(unrealized=unrealized, maintenance_margin=maintenance),
        positions=tuple(positions),
        orders=tuple(orders),
        instruments=dict(by_id),
        quotes={item.id: quote(item, marks[item.id]) for item in instruments if item.id in marks},
        entries={held.key: entry_history(held, by_id[held.instrument]) for held in positions},
        usd_rates={name: decimal(rate) for name, rate in dollars.items()},
        day=activity or day(),
        next_reset=AS_OF.replace(hour=0, minute=0) + timedelta(days=1),
    )


def history(bars: Mapping[InstrumentId, Bars]) -> History:
    """Hourly bars without finer entry bars."""
    return History(dict(bars), {})


def with_unknown(read: Snapshot, *parts: str, reason: str = "venue_unavailable") -> Snapshot:
    """`read` with each named part (account, positions, orders, day) unreadable."""
    return replace(read, **dict.fromkeys(parts, unknown(reason)))  # type: ignore[arg-type]
