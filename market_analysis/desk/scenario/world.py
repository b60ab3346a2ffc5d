"""The account of a scenario: what is held, what rests, at which marks. Linear contracts in the account's currency.

It fills what the guard sends as a venue does: reduce-only, no worse than the order's price, stops put whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from market_analysis.desk.scenario.head import Contract
from market_analysis.desk.scenario.text import Scenario
from market_analysis.domain import (
    Category,
    ExecutionStyle,
    InstrumentId,
    Order,
    OrderPurpose,
    OrderSide,
    PositionKey,
    Side,
    TriggerSource,
)
from market_analysis.domain.decision import Intent, IntentKind
from market_analysis.domain.event import HeldPosition, MoneyRead, Outcome
from market_analysis.errors import SettingsError
from market_analysis.rules.roots import root_of_symbol

ACCOUNT, VENUE = "scenario", "scenario"
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Trade:
    """A fill: realised before costs, None where it only opened. costs: > 0 paid."""

    number: int
    symbol: str
    realized: Decimal | None
    client_id: str | None
    costs: Decimal = ZERO


@dataclass
class World:
    """sizes: contracts, below zero short. entries: average entry prices. may_trade: the venue's word on the account's right.
    refused: client ids of what it did not take."""

    scenario: Scenario
    balance: Decimal = ZERO
    readable: bool = True
    accepts: bool = True
    may_trade: bool = True
    sizes: dict[str, Decimal] = field(default_factory=dict)
    entries: dict[str, Decimal] = field(default_factory=dict)
    opened: dict[str, datetime] = field(default_factory=dict)
    marks: dict[str, Decimal] = field(default_factory=dict)
    planned: dict[str, Decimal] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    trades: list[Trade] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)

    def known(self, symbol: str, where: str) -> str:
        """A symbol that was traded, planned or named before; a slip must not stand for an account without it."""
        known = sorted({*self.marks, *self.planned, *self.scenario.contracts})
        if symbol not in known:
            said = f"{where}: {symbol!r} was neither traded nor named before"
            raise SettingsError(said, remedy=f"known here: {', '.join(known) or 'nothing yet'}")
        return symbol

    def trade(
        self, symbol: str, quantity: Decimal, price: Decimal, at: datetime, client_id: str | None = None, costs: Decimal = ZERO
    ) -> None:
        """A market order that is filled at the price; what it closes is realised."""
        held, entry = self.sizes.get(symbol, ZERO), self.entries.get(symbol, price)
        closing = min(abs(quantity), abs(held)) if quantity * held < 0 else ZERO
        realized = closing * (1 if held > 0 else -1) * (price - entry) * self.point(symbol) if closing else None
        self.balance += (realized or ZERO) - costs
        after, opening = held + quantity, abs(quantity) - closing
        if opening and after * held > 0:
            self.entries[symbol] = (entry * abs(held) + price * opening) / abs(after)
        elif opening:
            self.entries[symbol], self.opened[symbol] = price, at
        self.sizes[symbol] = after
        self.marks[symbol] = price
        self.trades.append(Trade(len(self.trades) + 1, symbol, realized, client_id, costs))
        if after == 0:
            self.orders = {
                name: order for name, order in self.orders.items() if order.instrument.symbol != symbol or not order.reduce_only
            }

    def contract(self, symbol: str) -> Contract:
        """Its terms."""
        return self.scenario.contract(symbol)

    def point(self, symbol: str) -> Decimal:
        """Money per unit of price and contract."""
        terms = self.contract(symbol)
        return terms.tick_value / terms.tick_size

    def floating(self, symbol: str) -> Decimal:
        """Profit at the mark."""
        return self.sizes[symbol] * (self.marks[symbol] - self.entries[symbol]) * self.point(symbol)

    def money(self) -> MoneyRead:
        """As the venue states it."""
        return MoneyRead(self.balance, self.balance + sum((self.floating(name) for name in self.held()), ZERO))

    def held(self) -> list[str]:
        """Symbols that are not flat."""
        return sorted(name for name, size in self.sizes.items() if size)

    def positions(self) -> tuple[HeldPosition, ...]:
        """As the venue states them."""
        return tuple(self._position(name) for name in self.held())

    def _position(self, symbol: str) -> HeldPosition:
        size, terms = self.sizes[symbol], self.contract(symbol)
        return HeldPosition(
            key=PositionKey(ACCOUNT, instrument(symbol)),
            root=terms.root or root_of_symbol(symbol),
            side=Side.LONG if size > 0 else Side.SHORT,
            quantity=abs(size),
            entry_price=self.entries[symbol],
            opened_at=self.opened[symbol],
            mark=self.marks[symbol],
            unrealized=self.floating(symbol),
            tick_size=terms.tick_size,
            tick_value=terms.tick_value,
            notional=abs(size) * self.marks[symbol] * self.point(symbol),
        )

    def stop(self, symbol: str, price: Decimal | None, at: datetime) -> None:
        """The position's stop, whole size; None takes it away."""
        self.orders.pop(f"stop {symbol}", None)
        if price is not None:
            side = OrderSide.SELL if self.sizes.get(symbol, ZERO) > 0 else OrderSide.BUY
            self._rest(f"stop {symbol}", symbol, side, OrderPurpose.STOP_LOSS, at, trigger_price=price, reduce_only=True)

    def entry(self, symbol: str, side: OrderSide, quantity: Decimal, price: Decimal, at: datetime) -> None:
        """A resting order that would open or add."""
        name = f"entry {symbol} {len(self.orders) + 1}"
        self._rest(name, symbol, side, OrderPurpose.ENTRY, at, quantity=quantity, limit_price=price)

    def _rest(self, name: str, symbol: str, side: OrderSide, purpose: OrderPurpose, at: datetime, **changes: Any) -> None:
        order = Order(
            order_id=name,
            client_order_id=None,
            instrument=instrument(symbol),
            position_index=0,
            side=side,
            purpose=purpose,
            style=ExecutionStyle.MARKET,
            quantity=None,
            limit_price=None,
            trigger_price=None,
            trigger_source=TriggerSource.MARK,
            reduce_only=False,
            is_active=True,
            trailing_distance=None,
            activation_price=None,
            created_at=at,
            raw_status="resting",
        )
        style = ExecutionStyle.LIMIT if "limit_price" in changes else ExecutionStyle.MARKET
        self.orders[name] = replace(order, style=style, **changes)

    def carry_out(self, intent: Intent, at: datetime) -> Outcome:
        """What the venue makes of it. Reduce-only where nothing is held is refused, and all without the right to trade."""
        outcome = self._carry_out(intent, at)
        if outcome is Outcome.REJECTED:
            self.refused.add(intent.client_id)
        return outcome

    def _carry_out(self, intent: Intent, at: datetime) -> Outcome:
        symbol = "" if intent.instrument is None else intent.instrument.symbol
        needs = intent.kind in (IntentKind.CLOSE, IntentKind.SET_STOP)
        if not self.accepts or not self.may_trade or (needs and not self.sizes.get(symbol)):
            return Outcome.REJECTED
        if intent.kind is IntentKind.CANCEL:
            self.orders.pop(intent.order_id or "", None)
        elif intent.kind is IntentKind.SET_STOP:
            self.stop(symbol, intent.price, at)
        elif intent.kind is IntentKind.CLOSE:
            size = self.sizes.get(symbol, ZERO)
            quantity = min(intent.quantity or abs(size), abs(size))
            self.trade(symbol, -quantity if size > 0 else quantity, self.marks[symbol], at, intent.client_id)
        return Outcome.DONE


def instrument(symbol: str) -> InstrumentId:
    """Of the venue that exists for scenarios."""
    return InstrumentId(VENUE, Category.LINEAR, symbol)
