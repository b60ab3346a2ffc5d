"""Several rules, two instruments in hedge mode, wrong marks, partial reads, pushes, analyses, pauses: what must hold at each step.

Nothing is closed beyond what was read, no stop goes behind one that rests, no id comes twice, what is kept stays small, and a state
that was stored on the way says the same as its replay. GUARD_SEEDS sets how many worlds are tried.
"""

from __future__ import annotations

import os
import random
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from books import instrument, instrument_id, order
from guard_world import Driver, active, held, policy

from market_analysis.desk.guard import CODEC
from market_analysis.domain import Order, OrderPurpose, OrderSide, PositionKey, Side, Unknown
from market_analysis.domain.decision import Intent, IntentKind
from market_analysis.domain.event import (
    AccountRead,
    ActionResult,
    AnalysisMade,
    Command,
    CommandKind,
    Event,
    FillSeen,
    HeldPosition,
    MarksSeen,
    MoneyRead,
    Outcome,
)
from market_analysis.domain.tail import TailModel
from market_analysis.guard.state import ActiveRule
from market_analysis.guard.step import begin, step
from market_analysis.guard.stored import restored, stored

SEEDS = int(os.environ.get("GUARD_SEEDS", "8"))
STEPS = 200
D = Decimal
BTC, ETH = instrument_id("BTCUSDT"), instrument_id("ETHUSDT")
ROOTS = {BTC: "BTC", ETH: "ETH"}
LONG_SLOT, SHORT_SLOT, ONE_WAY = PositionKey("main", BTC, 1), PositionKey("main", BTC, 2), PositionKey("main", ETH, 0)
MODEL = TailModel(
    ("BTC", "ETH"),
    ((D("0.0004"), D("0.00048")), (D("0.00048"), D("0.0009"))),
    {BTC: ("BTC", D(100)), ETH: ("ETH", D(100))},
)


def rules(rng: random.Random) -> list[ActiveRule]:
    """More than half of those that act, with parameters of chance."""
    cut = rng.choice(["reduce", "close"])
    every = [
        active("daily_realized_loss", loss=D(rng.choice([15, 60]))),
        active("max_contracts", limit=6, enforcement=cut, count_type=rng.choice(["net", "gross"])),
        active("daily_unrealized_loss", loss=D(40), scope=rng.choice(["total", "per_position"])),
        active("no_stop_loss_grace", grace_period_seconds=rng.choice([0, 20])),
        active("max_position_size", amount=D(400), amount_of="absolute", enforcement=rng.choice([cut, "block"])),
        active("trade_management", trailing_stop={"enabled": True}, dynamic_stop={"enabled": True}),
        active("scale_outs"),
        active("stale_data"),
        active("symbol_blocks", blocked_symbols=rng.choice([(), ("ETH",)])),
        active("max_drawdown", amount=D("0.01")),
        active("max_leverage", enforcement="reduce", amount=D("0.1")),
    ]
    return [rule for rule in every if rng.random() < 0.6]


class Account:
    """What the venue holds, in Decimal; fills are collected until they are told."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.price = {BTC: D(100), ETH: D(100)}
        self.balance = D(10_000)
        self.slots: dict[PositionKey, tuple[Decimal, Decimal, datetime]] = {}
        self.orders: dict[str, Order] = {}
        self.most = rng.choice([None, D(2)])
        self.fills: list[tuple[PositionKey, Decimal | None, str | None]] = []
        self.count = 0

    def size(self, key: PositionKey) -> Decimal:
        return self.slots[key][0] if key in self.slots else D(0)

    def trade(self, key: PositionKey, quantity: Decimal, at: datetime, client: str | None = None) -> None:
        price, before = self.price[key.instrument], self.size(key)
        entry, opened = self.slots[key][1:] if key in self.slots else (price, at)
        after, realized = before + quantity, None
        if before * quantity < 0:
            realized = min(abs(quantity), abs(before)) * (1 if before > 0 else -1) * (price - entry)
            self.balance += realized
        if before * after < 0:
            entry, opened = price, at
        elif abs(after) > abs(before):
            entry = (entry * abs(before) + price * abs(quantity)) / abs(after)
        self.slots.pop(key, None)
        if before * after <= 0:
            self.orders.pop(f"stop {key}", None)  # a position's stop ends with it
        if after:
            self.slots[key] = (after, entry, opened)
        self.fills.append((key, realized, client))

    def carry_out(self, intent: Intent, at: datetime) -> None:
        if intent.kind is IntentKind.CANCEL:
            self.orders.pop(intent.order_id or "", None)
        if intent.key is None or intent.side is None or self.size(intent.key) * intent.side.sign <= 0:
            return
        closing = OrderSide.SELL if intent.side is Side.LONG else OrderSide.BUY
        common: dict[str, Any] = {"position_index": intent.key.position_index}
        contract = instrument(ROOTS[intent.key.instrument])
        if intent.kind is IntentKind.CLOSE:
            beyond = intent.price is not None and intent.side.sign * (self.price[intent.key.instrument] - intent.price) < 0
            if not beyond:
                size = min(intent.quantity or D(0), abs(self.size(intent.key)))
                self.trade(intent.key, -intent.side.sign * size, at, intent.client_id)
        elif intent.kind is IntentKind.SET_STOP:
            stop = order(contract, closing, OrderPurpose.STOP_LOSS, trigger=intent.price, order_id=f"stop {intent.key}", **common)
            self.orders[stop.order_id] = stop
        elif intent.kind is IntentKind.PLACE_EXIT:
            rests = order(contract, closing, OrderPurpose.REDUCE, quantity=intent.quantity, limit=intent.price, **common)
            rests = replace(rests, order_id=intent.client_id, client_order_id=intent.client_id, reduce_only=True)
            self.orders[rests.order_id] = rests

    def positions(self, wrong: object) -> tuple[HeldPosition, ...]:
        """wrong: the instrument whose mark is a third too high."""
        found = []
        for key, (size, entry, opened) in sorted(self.slots.items()):
            mark = self.price[key.instrument] * (D("1.3") if key.instrument == wrong else 1)
            side = Side.LONG if size > 0 else Side.SHORT
            known = None if self.rng.random() < 0.03 else str(mark)
            parts: dict[str, Any] = {"tick_value": D("0.1"), "quantity_step": D(1), "notional": abs(size) * mark}
            limits = {"most_per_order": self.most, "most_per_market_order": self.most}
            where = {"key": key, "root": ROOTS[key.instrument], "opened_at": opened}
            found.append(held(str(abs(size)), str(entry), known, side, **where, **parts, **limits))
        return tuple(found)


class World:
    """The account, a trader, a guard, and a shell that loses, repeats and delays."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.account = Account(self.rng)
        self.driver = Driver(policy(*rules(self.rng), venue_locks=self.rng.random() < 0.3))
        self.ids: set[str] = set()
        self.flying: list[Intent] = []
        self.driver.trades_known()

    def emit(self, event: Event) -> None:
        self.sent(self.driver.feed(event))

    def sent(self, decisions: Any) -> None:
        for intent in (item for item in decisions if isinstance(item, Intent)):
            assert intent.client_id not in self.ids
            self.ids.add(intent.client_id)
            what_was_read_bears(self.driver, intent)
            dice = self.rng.random()
            if dice < 0.6 or 0.7 < dice < 0.8:
                self.account.carry_out(intent, self.driver.at)
            outcome = Outcome.DONE if dice < 0.6 else Outcome.REJECTED if dice < 0.7 else Outcome.UNKNOWN
            if dice < 0.9:
                self.answer(intent, outcome)
            elif dice < 0.97:
                self.flying.append(intent)  # the rest is never answered

    def answer(self, intent: Intent, outcome: Outcome) -> None:
        self.emit(ActionResult(self.driver.at, self.driver.uptime, intent.client_id, outcome))

    def one(self) -> None:
        account, driver, rng = self.account, self.driver, self.rng
        for name in account.price:
            account.price[name] = max(D(20), account.price[name] + D(rng.randint(-15, 15)) / 10)
        self.trader()
        self.event(rng.random())
        if self.flying and rng.random() < 0.5:
            late = self.flying.pop(0)
            account.carry_out(late, driver.at)
            self.answer(late, Outcome.DONE)
        self.tell_fills()
        if rng.random() < 0.05:
            back = restored(CODEC.loads(CODEC.dumps(stored(driver.state))), driver.policy)
            assert back == driver.state
            driver.state = back

    def trader(self) -> None:
        rng, account = self.rng, self.account
        if rng.random() < 0.25:
            key, quantity = rng.choice([LONG_SLOT, SHORT_SLOT, ONE_WAY]), D(rng.choice([-3, -2, -1, 1, 2, 3, 4]))
            if key is LONG_SLOT:
                quantity = max(quantity, -account.size(key))
            elif key is SHORT_SLOT:
                quantity = min(quantity, -account.size(key))
            if quantity:
                account.trade(key, quantity, self.driver.at)
        if rng.random() < 0.05:
            account.count += 1
            name = f"entry {account.count}"
            coin, side = rng.choice(["BTC", "ETH"]), rng.choice(list(OrderSide))
            account.orders[name] = order(instrument(coin), side, OrderPurpose.ENTRY, quantity=1, limit=50, order_id=name)

    def event(self, dice: float) -> None:
        driver, rng, prices = self.driver, self.rng, self.account.price
        if dice < 0.04:
            self.sent(driver.restart(rng.choice([1, 30, 600, 40_000])))
        elif dice < 0.06:
            driver.at += timedelta(seconds=rng.choice([-7200, 7200]))
            self.sent(driver.wait(1))
        elif dice < 0.20:
            self.sent(driver.wait(rng.choice([1, 12, 200, 900])))
        elif dice < 0.28:
            marks = {name: price * (D("1.3") if rng.random() < 0.1 else 1) for name, price in prices.items()}
            self.emit(MarksSeen(driver.at, driver.uptime, marks))
        elif dice < 0.34:
            sides = {key: 1 if size > 0 else -1 for key, (size, _, _) in self.account.slots.items()}
            stops = {key: prices[key.instrument] * (1 - sign * D("0.05")) for key, sign in sides.items()}
            exits = {key: ((prices[key.instrument] * (1 + sign * D("0.05")), D(1)),) for key, sign in sides.items()}
            tail = rng.choice([MODEL, None])
            self.emit(AnalysisMade(driver.at, driver.uptime, stops, planned_exits=exits, tail=tail))
        elif dice < 0.36:
            kind = rng.choice([CommandKind.LOCK, CommandKind.UNLOCK, CommandKind.FLATTEN, CommandKind.PAUSE, CommandKind.RESUME])
            until = driver.at + timedelta(seconds=rng.choice([5, 5000])) if rng.random() < 0.6 else None
            self.emit(Command(driver.at, driver.uptime, kind, "me", "because", until))
        else:
            self.read()

    def read(self) -> None:
        """Each part may be missing; the number may be an old one."""
        driver, rng, account = self.driver, self.rng, self.account
        driver.at += timedelta(seconds=1)
        driver.uptime += 1000
        driver.reads += 1
        number = driver.reads - (rng.randint(0, 2) if rng.random() < 0.05 else 0)
        positions = account.positions(rng.choice([BTC, ETH]) if rng.random() < 0.05 else None)
        equity = account.balance + sum((item.unrealized or D(0) for item in positions), D(0))
        parts = [MoneyRead(account.balance, equity), positions, tuple(account.orders[name] for name in sorted(account.orders))]
        gone: Unknown[Any] = Unknown("venue_unavailable", "no answer", driver.at)
        money, book, orders = (gone if rng.random() < 0.05 else part for part in parts)
        self.emit(AccountRead(driver.at, driver.uptime, number, money, book, orders, True, D(0)))

    def tell_fills(self) -> None:
        while self.account.fills:
            key, realized, client = self.account.fills.pop(0)
            self.account.count += 1
            name, where = f"fill {self.account.count}", key.instrument
            at, uptime = self.driver.at, self.driver.uptime
            self.emit(FillSeen(at, uptime, name, f"order {name}", client, where, ROOTS[where], at, realized, D(0)))


def what_was_read_bears(driver: Driver, intent: Intent) -> None:
    """All closing orders of a position together close no more than was read; no stop goes behind one that rests."""
    state = driver.state
    if intent.key is None:
        return
    assert isinstance(state.positions, tuple)
    assert isinstance(state.orders, tuple)
    (item,) = [item for item in state.positions if item.key == intent.key]
    assert item.side is intent.side
    if intent.kind is IntentKind.CLOSE:
        alike = [sent.intent for sent in state.sent.values() if (sent.intent.kind, sent.intent.key) == (intent.kind, intent.key)]
        assert sum((other.quantity or D(0) for other in alike), D(0)) <= item.quantity
    if intent.kind is IntentKind.SET_STOP:
        sign, price, mark = item.side.sign, intent.price, item.mark
        assert price is not None
        assert mark is not None
        for rests in state.orders:
            trigger, name = rests.trigger_price, f"stop {intent.key}"
            if rests.order_id == name and trigger is not None and sign * (mark - trigger) > 0:
                assert sign * (price - trigger) >= 0


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_happens_to_two_instruments_and_several_rules(seed: int) -> None:
    world = World(seed)
    for _ in range(STEPS):
        world.one()
    driver = world.driver
    state, decisions = begin(driver.policy), []
    for event in driver.events:
        state, decided = step(state, event)
        decisions += decided
    assert decisions == driver.decisions
    assert state == driver.state
    for kept in (state.sent, state.asked, state.acted_at, state.exits, state.standing, state.raised, state.best, state.flattenings):
        assert len(kept) < 60


def test_these_worlds_reach_what_they_are_for() -> None:
    kinds: set[IntentKind] = set()
    for seed in range(8):
        world = World(seed)
        for _ in range(STEPS):
            world.one()
        kinds |= {item.kind for item in world.driver.decisions if isinstance(item, Intent)}
    assert {IntentKind.CLOSE, IntentKind.CANCEL, IntentKind.SET_STOP, IntentKind.PLACE_EXIT} <= kinds
