"""The guard's speed: `python -m benchmarks.guard [--json] [--quick]`.

step            one event, every rule on, with three positions and a day's fills
open loop       events arrive at a fixed rate whether or not the guard is ready; latency counts from arrival, queueing included.
                pushed: marks, coalesced as the product does (one a second and instrument, at once on crossing a limit's price).
                uncoalesced: every mark is a step; beyond what one core decides the queue grows, and the figure says so.
close           a fill that breaches until its close request is handed to the transport: step, journal (synchronous=FULL), enforcer
accounts        ten thousand in one process
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.exchange_process import exchange_process
from benchmarks.figure import Figure, machine
from market_analysis.desk.guard import JournaledGuard
from market_analysis.desk.mark_board import MarkBoard
from market_analysis.domain import Category, InstrumentId, PositionKey, Side
from market_analysis.domain.decision import Intent
from market_analysis.domain.event import AccountRead, Event, FillSeen, HeldPosition, MarksSeen, MoneyRead, Started, TradesRead
from market_analysis.guard.state import ActiveRule, GuardPolicy, GuardState, Mode
from market_analysis.guard.step import begin, step
from market_analysis.rules.registry import rules
from market_analysis.settings import Credentials
from market_analysis.settings.venue import BybitSettings
from market_analysis.store import Journal, open_database
from market_analysis.venues.bybit.enforcer import BybitEnforcer
from market_analysis.venues.stream import MarkSeen

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
NEEDED: dict[str, dict[str, Any]] = {
    "max_contracts_per_instrument": {"limits": {name.removesuffix("USDT"): 100 for name in SYMBOLS}},
    "max_unrealized_profit": {"profit": 100_000},
    "trade_management": {"trailing_stop": {"enabled": True}},
}
"""Parameters of rules that have no defaults, or watch nothing by default."""
FILLS = 40
MANY_ACCOUNTS = 10_000


def measure(seconds: float, closes: int, accounts: int) -> list[Figure]:
    """Each open loop for so many seconds; so many closes; so many accounts."""
    figures = [*_stepping(), *(_pushed(rate, seconds) for rate in (1_000, 10_000))]
    figures += [_uncoalesced(rate, seconds) for rate in (200, 1_000, 10_000)]
    return [*figures, *asyncio.run(_closing(closes)), *_many(accounts)]


class _World:
    """One account and what happens to it, at a time that the caller says."""

    def __init__(self, policy: GuardPolicy, symbols: Sequence[str] = SYMBOLS) -> None:
        self.state = begin(policy)
        self.held = tuple(_held(policy.account, name) for name in symbols)
        self.number = self.fills = 0
        self._feed(Started(NOW, 0))
        self._feed(TradesRead(NOW, 0, NOW - timedelta(days=2)))

    def fill_up(self) -> None:
        """A read, and a day's fills."""
        for _ in range(FILLS):
            self._feed(self.fill(0.0))
        self._feed(self.read(0.0))

    def read(self, at_s: float) -> AccountRead:
        """All as it stands."""
        self.number += 1
        money = MoneyRead(Decimal(100_000), Decimal(100_000), Decimal(99_950), Decimal(1_000))
        return AccountRead(_at(at_s), _ms(at_s), self.number, money, self.held, (), True)

    def fill(self, at_s: float, realized: str = "1") -> FillSeen:
        """One execution."""
        self.fills += 1
        key = self.held[0].key
        name = f"{key.account}-{self.fills}"
        return FillSeen(
            at=_at(at_s),
            uptime_ms=_ms(at_s),
            fill_id=name,
            order_id=f"order-{name}",
            client_order_id=None,
            instrument=key.instrument,
            root=self.held[0].root,
            time=_at(at_s) - timedelta(minutes=5 * self.fills % 600),
            realized=Decimal(realized),
            costs=Decimal("0.1"),
        )

    def marks(self, at_s: float, number: int) -> MarksSeen:
        """A mark of one instrument, a little moved."""
        key = self.held[number % len(self.held)].key
        return MarksSeen(_at(at_s), _ms(at_s), {key.instrument: _mark(number)})

    def _feed(self, event: Event) -> None:
        self.state, _ = step(self.state, event)


def _stepping() -> list[Figure]:
    world = _World(_policy("main"))
    world.fill_up()
    kinds: dict[str, Callable[[float, int], Event]] = {
        "marks": world.marks,
        "fill": lambda at, _: world.fill(at),
        "read": lambda at, _: world.read(at),
    }
    figures = []
    for kind, make in kinds.items():
        state, taken = world.state, []
        for number in range(300):
            event = make(number / 1000, number)
            begun = time.perf_counter()
            state_after, _ = step(state, event)
            taken.append(time.perf_counter() - begun)
            state = state_after if kind != "fill" else state
        figures.append(
            _percentiles(f"guard.step_{kind}", taken, f"{len(world.state.policy.rules)} rules, 3 positions, {FILLS} fills")
        )
    return figures


def _pushed(rate: int, seconds: float) -> Figure:
    """Pushes at a fixed rate through the mark board, one in fifty beyond a limit's price; from the arrival of a push that was told
    to its decision."""
    world = _World(_policy("main"))
    world.fill_up()
    names = [item.key.instrument for item in world.held]
    board, state, taken = MarkBoard(time.perf_counter), world.state, []
    board.watch(dict.fromkeys(names, (Decimal(90), Decimal(101))))
    began, done, total = time.perf_counter(), 0, round(rate * seconds)
    arrived: dict[InstrumentId, float] = {}
    while done < total:
        now = time.perf_counter() - began
        ready = min(total, int(now * rate) + 1)
        for number in range(done, ready):
            name = names[number % len(names)]
            beyond = number % 50 == 49
            board.take(MarkSeen(name, Decimal(101) + Decimal(number) / 10**6 if beyond else _mark(number), None))
            arrived[name] = number / rate
        done = ready
        due = board.due()
        if due:
            at_s = time.perf_counter() - began
            state, _ = step(state, MarksSeen(_at(at_s), _ms(at_s), due))
            decided = time.perf_counter() - began
            taken += [decided - arrived[name] for name in due]
        else:
            time.sleep(max(0.0, min(done / rate - (time.perf_counter() - began), 0.001)))
    achieved = total / (time.perf_counter() - began)
    return _percentiles(
        f"guard.pushed_{rate}", taken, f"pushes at {rate}/s, {achieved:.0f}/s taken, {len(taken)} told to the rules"
    )


def _uncoalesced(rate: int, seconds: float) -> Figure:
    """Every mark a step of its own. It stops after `seconds`; what had not been decided by then is in the note."""
    world = _World(_policy("main"))
    world.fill_up()
    state, taken, number, began = world.state, list[float](), 0, time.perf_counter()
    while (now := time.perf_counter() - began) < seconds:
        if number / rate > now:
            time.sleep(number / rate - now)
        event: Event = world.marks(number / rate, number)
        state, _ = step(state, event)
        taken.append(time.perf_counter() - began - number / rate)
        number += 1
    late = max(0, round(seconds * rate) - number)
    return _percentiles(
        f"guard.uncoalesced_{rate}", taken, f"asked {rate}/s, decided {number / seconds:.0f}/s, {late} waiting at the end"
    )


async def _closing(closes: int) -> list[Figure]:
    """Each close on a position of its own, on the embedded exchange in another process."""
    decided, sent, answered = [], [], []
    with exchange_process(closes, NOW) as exchange, tempfile.TemporaryDirectory() as directory:
        journal = Journal(open_database(Path(directory) / "guard.sqlite3"))
        settings = BybitSettings(base_url=exchange.base_url, ws_url=exchange.ws_url)
        async with BybitEnforcer(settings, Credentials(exchange.key, exchange.secret), timeout_s=10.0) as enforcer:
            left = _stamped(enforcer)
            for number in range(closes):
                name = f"account{number}"
                guard = JournaledGuard(_policy(name, enforces=True), journal)
                world = _World(guard.state.policy)
                for event in (Started(NOW, 0), TradesRead(NOW, 0, NOW - timedelta(days=2)), world.read(0.0)):
                    guard.feed(event)
                begun = time.perf_counter()
                given = [item for item in guard.feed(world.fill(1.0, "-6000")) if isinstance(item, Intent)]
                decided.append(time.perf_counter() - begun)
                assert given, "the breach was not acted on"
                await enforcer.carry_out(given[0])
                answered.append(time.perf_counter() - begun)
                sent.append(left[-1] - begun)
    note = f"{closes} breaches; {len(rules())} rules, journal on disk with synchronous=FULL"
    return [
        _percentiles("guard.breach_to_journaled", decided[1:], note),
        _percentiles(
            "guard.breach_to_close_sent", sent[1:], "the same, until the request is handed to the transport; the first left out"
        ),
        _percentiles("guard.breach_to_answer", answered[1:], "the same, until the embedded exchange has answered"),
    ]


def _stamped(enforcer: BybitEnforcer) -> list[float]:
    """When each request of the enforcer was handed to the transport."""
    stamps: list[float] = []
    client = enforcer._client
    send = client.fetch

    async def fetch(*arguments: Any, **named: Any) -> Any:
        stamps.append(time.perf_counter())
        return await send(*arguments, **named)

    client.fetch = fetch  # type: ignore[method-assign]
    return stamps


def _many(accounts: int) -> list[Figure]:
    """Accounts of one process: resident memory of each, and events decided a second, all rules on."""
    policy = _policy("account0")
    before = _resident_mb()
    states: list[GuardState] = []
    for number in range(accounts):
        world = _World(replace(policy, account=f"account{number}"))
        world._feed(world.read(0.0))
        states.append(world.state)
    each_kb = (_resident_mb() - before) * 1e3 / accounts
    world = _World(policy)
    world._feed(world.read(0.0))
    count, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < 5.0:
        place = count % accounts
        states[place], _ = step(states[place], world.marks(1 + count / accounts, count))
        count += 1
    rate = count / (time.perf_counter() - begun)
    note = f"{accounts} accounts, 3 positions each, {len(policy.rules)} rules"
    return [
        Figure("guard.accounts_memory", each_kb, "kB", (each_kb, each_kb), accounts, f"resident per account: {note}"),
        Figure("guard.accounts_rate", rate, "events/s", (rate, rate), count, f"decided in turn over all of them: {note}"),
    ]


def _percentiles(name: str, taken: Sequence[float], note: str) -> Figure:
    """p50 in milliseconds; the spread is (smallest, p99)."""
    ordered = sorted(value * 1e3 for value in taken)
    high = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return Figure(name, statistics.median(ordered), "ms", (ordered[0], high), len(ordered), f"p99 {high:.3g} ms; {note}")


def _policy(account: str, *, enforces: bool = False) -> GuardPolicy:
    """Every rule that there is; only the realised loss may act, so that nothing else cuts a measurement short."""
    active = tuple(
        ActiveRule(
            rule,
            rule.parameters.model_validate({**NEEDED.get(name, {}), **({"loss": 5000} if name == "daily_realized_loss" else {})}),
            Mode.ENFORCE if name == "daily_realized_loss" else Mode.ALERT,
        )
        for name, rule in rules().items()
    )
    zone, reset = ZoneInfo("UTC"), NOW.time().replace(hour=0)
    return GuardPolicy(account, "USD", zone, reset, active, enforces=enforces, initial_balance=Decimal(100_000))


def _held(account: str, symbol: str) -> HeldPosition:
    key = PositionKey(account, InstrumentId("bybit", Category.LINEAR, symbol), 0)
    one = Decimal(1)
    return HeldPosition(
        key=key,
        root=symbol.removesuffix("USDT"),
        side=Side.LONG,
        quantity=one,
        entry_price=Decimal(100),
        opened_at=NOW - timedelta(minutes=1),
        mark=Decimal(100),
        unrealized=Decimal(0),
        tick_size=Decimal("0.01"),
        tick_value=Decimal("0.01"),
        quantity_step=Decimal("0.001"),
        notional=Decimal(100),
    )


def _mark(number: int) -> Decimal:
    return Decimal(10_000 + number % 50) / 100


def _at(at_s: float) -> datetime:
    return NOW + timedelta(seconds=at_s)


def _ms(at_s: float) -> int:
    return round(at_s * 1000)


def _resident_mb() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def main(arguments: Sequence[str]) -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.guard", description=__doc__)
    parser.add_argument("--json", action="store_true", help="figures as JSON on stdout")
    parser.add_argument("--quick", action="store_true", help="seconds instead of a minute, rougher figures")
    options = parser.parse_args(arguments)
    where = machine()
    figures = measure(2.0, 5, 500) if options.quick else measure(10.0, 60, MANY_ACCOUNTS)
    if options.json:
        print(json.dumps({"machine": where, "figures": [asdict(item) for item in figures]}, indent=2))
        return
    print("  ".join(f"{name} {value}" for name, value in where.items()))
    for item in figures:
        print(f"{item.name:28} {item.value:10.4g} {item.unit:9} n={item.runs:<6} {item.note}")


if __name__ == "__main__":
    main(sys.argv[1:])
