"""Fault kind x intent kind x stage: each cell is a real enforcer on the embedded exchange through the real ccxt, driven by the real
`step`, from the wish to what a read says in the end.

In every cell: no client id twice; what the guard's orders fill only closes; no position is turned or grows by them; the verdict is
honest (what may have been done is never called rejected, what was refused is never called done); and reads resolve it.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from breached_account import NOW, OWN, SIZES, UID, breached_exchange, held, the_market
from embedded_exchange import TRADER
from guard_world import active, policy

from market_analysis.domain import Category, InstrumentId, Position, PositionKey
from market_analysis.domain.decision import Decision, Intent, IntentKind
from market_analysis.domain.event import (
    AccountRead,
    ActionResult,
    AnalysisMade,
    Command,
    CommandKind,
    Event,
    HeldPosition,
    MoneyRead,
    Outcome,
    Started,
)
from market_analysis.guard.state import GuardPolicy, GuardState
from market_analysis.guard.step import begin, step
from market_analysis.settings import Credentials
from market_analysis.settings.venue import BybitSettings
from market_analysis.venues.bybit import BybitVenue
from market_analysis.venues.bybit.enforcer import WRITES, BybitEnforcer
from market_analysis.venues.simulated import (
    Exchange,
    FaultKind,
    FaultPlan,
    LimitSettings,
    ManualMarketClock,
    OrderRequest,
    SimulatedServer,
    Stage,
    serve,
)
from market_analysis.venues.simulated.server.faults import FaultRule

F = FaultKind
D = Decimal
UNSAID = (F.TIME_OUT, F.CONNECTION_RESET, F.HTTP_500, F.HTTP_502, F.HTTP_503, F.HTTP_504, F.CODE_10016)
UNSAID += (F.EMPTY_BODY, F.HTML_WITH_200, F.JSON_NULL, F.JSON_EMPTY_OBJECT)
NOT_ABOUT_IT = (F.HTTP_401, F.HTTP_403_BAN, F.HTTP_429, F.HTTP_429_JSON, F.CODE_10002, F.CODE_10003, F.CODE_10004, F.CODE_10005)
NOT_ABOUT_IT += (F.CODE_10006, F.CODE_10010, F.CODE_10018, F.CODE_33004)
DONE_UNSAID = (F.APPLIED_THEN_HTTP_500, F.APPLIED_THEN_RESET, F.APPLIED_THEN_TIME_OUT, F.TRUNCATED_JSON)
DONE_ODDLY = (F.RESULT_MISSING, F.RESULT_NULL, F.RESULT_EMPTY)
WIRE_FAULTS = (*UNSAID, *NOT_ABOUT_IT, *DONE_UNSAID, *DONE_ODDLY)
HONEST: dict[F, set[Outcome]] = {
    **{kind: {Outcome.UNKNOWN} for kind in (*UNSAID, *NOT_ABOUT_IT, *DONE_UNSAID)},
    **{kind: {Outcome.DONE, Outcome.UNKNOWN} for kind in DONE_ODDLY},
}
WORLD_FAULTS = ("gone", "smaller", "larger", "turned", "twice", "late", "late_and_gone")
"""What happens to the account, or to the request, between the decision and the wire."""
STAGES = {"first": (0, 1), "second": (1, 1), "both": (0, 2), "a_while": (0, 6)}
"""Requests let through, then requests that fail."""
INTENTS = (IntentKind.CLOSE, IntentKind.CANCEL, IntentKind.SET_STOP, IntentKind.PLACE_EXIT, IntentKind.AMEND_EXIT)
READS = 40
"""So many at most: a stop that met six faults waits out as many cool-downs."""


@dataclass(frozen=True)
class Cell:
    """One of the table."""

    fault: F | str
    intent: IntentKind
    stage: str

    def __str__(self) -> str:
        name = self.fault.value if isinstance(self.fault, F) else self.fault
        return f"{name}|{self.intent.value}|{self.stage}"


def table() -> list[Cell]:
    """Every cell that means something: what happens to a position happens to the intents on it."""
    cells = [Cell(kind, intent, stage) for kind in WIRE_FAULTS for intent in INTENTS for stage in STAGES]
    return cells + [Cell(kind, intent, stage) for kind in WORLD_FAULTS for intent in INTENTS for stage in ("first", "both")]


@dataclass
class World:
    """A served account and who acts on it."""

    server: SimulatedServer
    venue: BybitVenue
    enforcer: BybitEnforcer


@asynccontextmanager
async def fault_world() -> AsyncIterator[World]:
    """One server for any number of cells; requests time out soon."""
    clock = ManualMarketClock(NOW)
    plan = FaultPlan(hang_seconds=0.15)
    key = Credentials(TRADER.api_key, TRADER.secret)
    limits = LimitSettings(enabled=False)
    async with serve(breached_exchange(), market=the_market(), clock=clock, faults=plan, limits=limits) as server:
        settings = BybitSettings(base_url=server.base_url, max_attempts=1, requests_per_second=100)
        unpaced = BybitVenue(settings, key, "main", clock=clock, timeout_s=5.0, monotonic=lambda: 100 * time.monotonic())
        async with unpaced as venue, BybitEnforcer(settings, key, timeout_s=0.1) as enforcer:
            await enforcer.check()
            yield World(server, venue, enforcer)


@dataclass
class Run:
    """A cell being run: a guard without a journal, its clock, and what it sent."""

    world: World
    cell: Cell
    state: GuardState
    second: int = 0
    reads: int = 0
    given: list[Intent] = field(default_factory=list)
    sent: list[tuple[Intent, Outcome]] = field(default_factory=list)
    late: list[Intent] = field(default_factory=list)
    disturbed: int = 0
    rule: FaultRule | None = None

    async def feed(self, event: Event) -> None:
        """One event, and all that follows from it."""
        self.state, decisions = step(self.state, event)
        await self.act(decisions)

    async def act(self, decisions: tuple[Decision, ...]) -> None:
        for item in decisions:
            if isinstance(item, Intent):
                self.given.append(item)
                await self.send(item)

    async def send(self, intent: Intent) -> None:
        """Through the fault, to the venue; the answer goes back to the guard."""
        cell, hits = self.cell, 0 if self.rule is None else self.rule.hits
        meets = intent.kind is cell.intent and isinstance(cell.fault, str)
        skip, count = STAGES[cell.stage]
        if meets and self.disturbed < count + skip:
            self.disturbed += 1
            if str(cell.fault).startswith("late"):
                self.late.append(intent)
                await self.feed(ActionResult(self.at(), self.ms(), intent.client_id, Outcome.UNKNOWN))
                return
            with self.world.server.exchange() as exchange:
                disturb(exchange, str(cell.fault), intent)
        end = await self.world.enforcer.carry_out(intent)
        if meets and cell.fault == "twice":
            again = await self.world.enforcer.carry_out(intent)
            # A close may find nothing left; what is cancelled cannot be cancelled, nor an amended order be amended to the same.
            honest = {Outcome.REJECTED} if intent.kind in (IntentKind.CANCEL, IntentKind.AMEND_EXIT) else {end.outcome}
            honest |= {Outcome.REJECTED} if intent.kind is IntentKind.CLOSE else set()
            assert again.outcome in honest, f"{cell}: {again}"
        self.sent.append((intent, end.outcome))
        if isinstance(cell.fault, F) and self.rule is not None and self.rule.hits > hits:
            assert end.outcome in HONEST[cell.fault], f"{cell}: {end}"
        elif not isinstance(cell.fault, str):
            assert end.outcome is not Outcome.UNKNOWN, f"{cell}: {end}"
        await self.feed(ActionResult(self.at(), self.ms(), intent.client_id, end.outcome, end.message))

    async def read(self) -> None:
        """Everything anew, some seconds later; what is late arrives after the read."""
        self.second += 6
        self.reads += 1
        self.world.server.advance(timedelta(seconds=6))
        positions, orders = await self.world.venue.positions(), await self.world.venue.orders()
        money = MoneyRead(D(20_000), D(20_000))
        seen = tuple(_held(self.world, item) for item in positions)
        await self.feed(AccountRead(self.at(), self.ms(), self.reads, money, seen, tuple(orders), True))
        if self.reads > 1:
            late, self.late = self.late, []
            for intent in late:
                with self.world.server.exchange() as exchange:
                    if self.cell.fault == "late_and_gone":
                        disturb(exchange, "gone", intent)
                await self.world.enforcer.carry_out(intent)

    def at(self) -> datetime:
        return self.world.server.state.clock.now()

    def ms(self) -> int:
        return 1_000_000 + self.second * 1000


async def run_cell(world: World, cell: Cell) -> Run:
    """One cell from a fresh account to the end that it must come to."""
    with world.server.exchange() as exchange:
        _prepare(exchange, cell.intent)
        first = len(exchange.executions(UID, "linear"))
    run = Run(world, cell, begin(_policy(cell.intent)))
    await run.feed(Started(run.at(), run.ms()))
    await _wish(run)
    if isinstance(cell.fault, F):
        skip, count = STAGES[cell.stage]
        run.rule = world.server.faults.set(WRITES[cell.intent], cell.fault, Stage(skip=skip, count=count))
    try:
        for _ in range(READS):
            await run.read()
            with world.server.exchange() as exchange:
                judge(exchange, cell, run, first)
                over = _over(exchange, cell, run)
            if over:
                break
        else:
            raise AssertionError(f"{cell}: not resolved after {READS} reads; sent {run.sent}")
    finally:
        world.server.faults.clear()
    met = run.disturbed if run.rule is None else run.rule.hits
    assert met > 0, f"{cell}: the fault was never met"
    return run


def _policy(kind: IntentKind) -> GuardPolicy:
    if kind is IntentKind.SET_STOP:
        return policy(active("no_stop_loss_grace", grace_period_seconds=0, close_without_stop=True))
    if kind in (IntentKind.PLACE_EXIT, IntentKind.AMEND_EXIT):
        return policy(active("scale_outs"))
    return policy()


def _prepare(exchange: Exchange, kind: IntentKind) -> None:
    """Two positions without stops (none for a cancel), two entries for a cancel, and nothing else."""
    for order in exchange.open_orders(UID, "linear"):
        exchange.cancel_order(UID, "linear", order.symbol, order_id=order.order_id)
    for symbol, size in SIZES.items():
        wanted = D(0) if kind is IntentKind.CANCEL else size
        missing = wanted - held(exchange, symbol)
        if missing:
            side = "Buy" if missing > 0 else "Sell"
            exchange.place_order(UID, OrderRequest("linear", symbol, side, "Market", abs(missing)))
        if kind is IntentKind.CANCEL:
            entry = OrderRequest("linear", symbol, "Buy", "Limit", D("0.05"), _off(exchange, symbol, "0.7"))
            exchange.place_order(UID, entry)


async def _wish(run: Run) -> None:
    """What makes the guard want what the cell is about."""
    with run.world.server.exchange() as exchange:
        stops = {_key(name): _off(exchange, name, "0.8" if size > 0 else "1.2") for name, size in SIZES.items()}
        steps = {_key(name): ((_off(exchange, name, "1.2" if size > 0 else "0.8"), abs(size) / 2),) for name, size in SIZES.items()}
    if run.cell.intent in (IntentKind.CLOSE, IntentKind.CANCEL):
        await run.feed(Command(run.at(), run.ms(), CommandKind.FLATTEN, "test", "cell"))
    elif run.cell.intent is IntentKind.SET_STOP:
        await run.feed(AnalysisMade(run.at(), run.ms(), planned_stops=stops))
    else:
        await run.feed(AnalysisMade(run.at(), run.ms(), planned_exits=steps))
    if run.cell.intent is IntentKind.AMEND_EXIT:
        for _ in range(3):
            await run.read()
        nearer = {
            key: ((price + (stops[key] - price) / 4).quantize(D("0.1")), quantity) for key, ((price, quantity),) in steps.items()
        }
        await run.feed(AnalysisMade(run.at(), run.ms(), planned_exits={key: (plan,) for key, plan in nearer.items()}))


def disturb(exchange: Exchange, what: str, intent: Intent) -> None:
    """The trader, or the market, is quicker than the guard's request."""
    assert intent.instrument is not None
    symbol = intent.instrument.symbol
    size = held(exchange, symbol)
    if intent.order_id is not None and what in ("gone", "turned"):
        if any(order.order_id == intent.order_id for order in exchange.open_orders(UID, "linear")):
            exchange.cancel_order(UID, "linear", symbol, order_id=intent.order_id)
        return
    trades = {"gone": -size, "smaller": -size / 2, "larger": size, "turned": -2 * size}
    quantity = trades.get(what, D(0))
    if quantity:
        exchange.place_order(UID, OrderRequest("linear", symbol, "Buy" if quantity > 0 else "Sell", "Market", abs(quantity)))


def judge(exchange: Exchange, cell: Cell, run: Run, first: int) -> None:
    """What holds at every moment."""
    names = [intent.client_id for intent in run.given]
    assert len(set(names)) == len(names), f"{cell}: an intent was given out twice"
    orders = [order for order in exchange.orders(UID, "linear") if order.order_link_id in set(names)]
    links = [order.order_link_id for order in orders]
    assert len(set(links)) == len(links), f"{cell}: two orders of one client id"
    assert all(order.reduce_only for order in orders), str(cell)
    executions = exchange.executions(UID, "linear")
    for item in executions[: len(executions) - first]:
        if item.order_link_id.startswith(OWN):
            assert item.closed_size == item.exec_qty, f"{cell}: an order of the guard opened something"
    if cell.intent is IntentKind.SET_STOP and cell.fault in WIRE_FAULTS:
        assert not any(intent.kind is IntentKind.CLOSE for intent in run.given), f"{cell}: closed for a fault of the wire"


def _over(exchange: Exchange, cell: Cell, run: Run) -> bool:
    """Whether what was wished is so, by the exchange's own books, and the guard has seen it."""
    if run.late or any(not sent.answered for sent in run.state.sent.values()):
        return False
    sizes = {symbol: held(exchange, symbol) for symbol in SIZES}
    open_orders = exchange.open_orders(UID, "linear")
    if cell.intent is IntentKind.CLOSE:
        return not any(sizes.values()) and run.state.flattening is None
    if cell.intent is IntentKind.CANCEL:
        return not open_orders and run.state.flattening is None
    if cell.intent is IntentKind.SET_STOP:
        stopped = {order.symbol for order in open_orders if order.stop_order_type == "StopLoss"}
        return all(size == 0 or symbol in stopped for symbol, size in sizes.items())
    exits = {order.symbol for order in open_orders if order.order_type == "Limit" and order.reduce_only}
    turned = {symbol for symbol, size in sizes.items() if size * SIZES[symbol] < 0}
    settled = all(size == 0 or symbol in exits | turned for symbol, size in sizes.items())
    return settled and run.reads > 3


def _held(world: World, item: Position) -> HeldPosition:
    spec = the_market().specs["linear", item.instrument.symbol]
    return HeldPosition(
        key=item.key,
        root=item.instrument.symbol.removesuffix("USDT"),
        side=item.side,
        quantity=item.quantity,
        entry_price=item.entry_price,
        opened_at=NOW - timedelta(days=1),
        mark=item.mark_price,
        unrealized=item.unrealized_pnl,
        tick_size=spec.tick_size,
        tick_value=spec.tick_size,
        quantity_step=spec.qty_step,
        notional=item.notional,
    )


def _key(symbol: str) -> PositionKey:
    return PositionKey("main", InstrumentId("bybit", Category.LINEAR, symbol), 0)


def _off(exchange: Exchange, symbol: str, times: str) -> Decimal:
    spec = the_market().specs["linear", symbol]
    return the_market().last_price("linear", symbol, exchange.now) * D(times) // spec.tick_size * spec.tick_size
