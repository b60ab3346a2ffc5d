"""A small world for the guard: one account with one price, a bot that trades on it, a shell that reads and sends, and faults
between them.

Everything follows from one seed. The venue fills reduce-only orders and never turns a position; the shell loses, repeats and
delays.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from books import instrument, instrument_id, order

from market_analysis.domain import OrderPurpose, OrderSide, PositionKey, Side, Unknown
from market_analysis.domain.decision import Decision, Intent, IntentKind
from market_analysis.domain.event import (
    AccountRead,
    ActionResult,
    Event,
    FillSeen,
    HeldPosition,
    MoneyRead,
    Outcome,
    PeriodStartKnown,
    Started,
    Ticked,
    TradesRead,
)
from market_analysis.guard.state import ActiveRule, GuardPolicy, GuardState, Mode
from market_analysis.guard.step import begin, step
from market_analysis.rules.registry import rule_named

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
BTC = instrument_id("BTCUSDT")
KEY = PositionKey("main", BTC, 0)


def active(name: str, mode: Mode = Mode.ENFORCE, **parameters: Any) -> ActiveRule:
    """A rule by name with parameters."""
    rule = rule_named(name)
    return ActiveRule(rule, rule.parameters(**parameters), mode)


def policy(*rules: ActiveRule, enforces: bool = True, **changes: Any) -> GuardPolicy:
    """A crypto account in dollars, reset at midnight UTC."""
    fields: dict[str, Any] = {
        "account": "main",
        "currency": "USD",
        "zone": ZoneInfo("UTC"),
        "reset": time(0),
        "rules": rules,
        "enforces": enforces,
    }
    return GuardPolicy(**(fields | changes))


def held(quantity: str, entry: str = "100", mark: str | None = "100", side: Side = Side.LONG, **changes: Any) -> HeldPosition:
    """A BTC position; unrealised profit follows from entry and mark."""
    profit = None if mark is None else side.sign * (Decimal(mark) - Decimal(entry)) * Decimal(quantity)
    fields: dict[str, Any] = {
        "key": KEY,
        "root": "BTC",
        "side": side,
        "quantity": Decimal(quantity),
        "entry_price": Decimal(entry),
        "opened_at": START,
        "mark": None if mark is None else Decimal(mark),
        "unrealized": profit,
        "tick_size": Decimal("0.1"),
    }
    return HeldPosition(**(fields | changes))


@dataclass
class Driver:
    """Feeds events to the guard, second by second, and keeps what was fed and decided."""

    policy: GuardPolicy
    state: GuardState = field(init=False)
    at: datetime = START
    uptime: int = 1_000_000
    reads: int = 0
    events: list[Event] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state = begin(self.policy)
        self.feed(Started(self.at, self.uptime))

    def feed(self, event: Event) -> tuple[Decision, ...]:
        """One event; what was decided."""
        self.events.append(event)
        self.state, decided = step(self.state, event)
        self.decisions += decided
        return decided

    def wait(self, seconds: float) -> tuple[Decision, ...]:
        """Let time pass."""
        self.at += timedelta(seconds=seconds)
        self.uptime += round(seconds * 1000)
        return self.feed(Ticked(self.at, self.uptime))

    def restart(self, down_seconds: float) -> tuple[Decision, ...]:
        """Down for so long; the clock that cannot be set begins anew."""
        self.at += timedelta(seconds=down_seconds)
        self.uptime = 5_000
        return self.feed(Started(self.at, self.uptime))

    def read(
        self, *positions: HeldPosition, balance: str = "10000", orders: tuple[Any, ...] = (), **changes: Any
    ) -> tuple[Decision, ...]:
        """A read of everything one second later."""
        self.at += timedelta(seconds=1)
        self.uptime += 1_000
        self.reads += 1
        equity = Decimal(balance) + sum((item.unrealized or Decimal(0) for item in positions), Decimal(0))
        fields: dict[str, Any] = {
            "money": MoneyRead(Decimal(balance), equity),
            "positions": positions,
            "orders": orders,
            "can_trade": True,
        }
        return self.feed(AccountRead(self.at, self.uptime, self.reads, **(fields | changes)))

    def blind(self) -> tuple[Decision, ...]:
        """A read that failed."""
        gone: Unknown[Any] = Unknown("venue_unavailable", "no answer", self.at)
        return self.read(money=gone, positions=gone, orders=gone, can_trade=None)

    def fill(self, realized: str | None, fill_id: str, costs: str = "0", **changes: Any) -> tuple[Decision, ...]:
        """An execution now."""
        fields: dict[str, Any] = {"client_order_id": None, "instrument": BTC, "root": "BTC", "time": self.at}
        gain = None if realized is None else Decimal(realized)
        parts = fields | {"realized": gain, "costs": Decimal(costs), "order_id": f"order-{fill_id}"} | changes
        return self.feed(FillSeen(self.at, self.uptime, fill_id, **parts))

    def trades_known(self) -> None:
        """All fills of the day have been told."""
        self.feed(TradesRead(self.at, self.uptime, self.at - timedelta(days=2)))

    def answer(self, intent: Intent, outcome: Outcome = Outcome.DONE) -> tuple[Decision, ...]:
        """The venue's word on an intent."""
        return self.feed(ActionResult(self.at, self.uptime, intent.client_id, outcome))


def intents(decisions: Any) -> list[Intent]:
    """The actions among decisions."""
    return [item for item in decisions if isinstance(item, Intent)]


@dataclass
class Venue:
    """One account, one instrument, in Decimal."""

    rng: random.Random
    price: Decimal = Decimal(100)
    balance: Decimal = Decimal(10_000)
    size: Decimal = Decimal(0)
    entry: Decimal = Decimal(100)
    entries: dict[str, Any] = field(default_factory=dict)
    fills: list[tuple[str, Decimal | None, str | None]] = field(default_factory=list)
    count: int = 0

    def move(self) -> None:
        """The price wanders."""
        self.price = max(self.price + Decimal(self.rng.randint(-20, 20)) / 10, Decimal(10))

    def trade(self, quantity: Decimal, client_id: str | None = None) -> None:
        """A market order; what it closes is realised."""
        self.count += 1
        closing = min(abs(quantity), abs(self.size)) if quantity * self.size < 0 else Decimal(0)
        sign = 1 if self.size > 0 else -1
        realized = closing * sign * (self.price - self.entry) if closing else None
        if realized is not None:
            self.balance += realized
        after = self.size + quantity
        opened = abs(quantity) - closing
        if opened and after * self.size > 0:
            self.entry = (self.entry * abs(self.size) + self.price * opened) / abs(after)
        elif opened:
            self.entry = self.price
        self.size = after
        self.fills.append((f"fill-{self.count}", realized, client_id))

    def bot(self) -> None:
        """A trader who does not know the guard: buys, sells, places entries."""
        dice = self.rng.random()
        if dice < 0.25:
            self.trade(Decimal(self.rng.choice([-3, -2, -1, 1, 2, 3])))
        elif dice < 0.32:
            self.count += 1
            name = f"entry-{self.count}"
            self.entries[name] = replace(
                order(instrument("BTC"), OrderSide.BUY, OrderPurpose.ENTRY, quantity=1, limit=50), order_id=name
            )

    def do(self, intent: Intent) -> None:
        """Carry an intent out, reduce-only, and no worse than its price."""
        if intent.kind is IntentKind.CANCEL:
            self.entries.pop(intent.order_id or "", None)
        elif intent.kind is IntentKind.CLOSE and intent.side is not None and self.size * intent.side.sign > 0:
            if intent.price is not None and intent.side.sign * (self.price - intent.price) < 0:
                return
            quantity = min(intent.quantity or abs(self.size), abs(self.size))
            self.trade(-intent.side.sign * quantity, intent.client_id)

    def positions(self) -> tuple[HeldPosition, ...]:
        """As it would be read."""
        if self.size == 0:
            return ()
        side = Side.LONG if self.size > 0 else Side.SHORT
        return (held(str(abs(self.size)), str(self.entry), str(self.price), side),)


__all__ = ["BTC", "KEY", "START", "Driver", "PeriodStartKnown", "Venue", "active", "held", "intents", "policy"]
