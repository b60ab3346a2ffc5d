"""The monitor's loop with 50 positions: time, requests and memory, the exchange being in another process.

Each loop reads, analyses, builds and writes the report, as `risk-manager --monitor` does; market time moves 10 s per loop. A loop
in which no hour closed is "between bar closes".
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.exchange_process import RemoteExchange, exchange_process
from benchmarks.figure import Figure, median_of
from market_analysis.config import load
from market_analysis.desk.session import Session
from market_analysis.desk.state import open_state
from market_analysis.desk.versions import versions
from market_analysis.report.document import build_document, encode
from market_analysis.report.write import write_atomically
from market_analysis.settings import AccountSettings, Credentials, Settings
from market_analysis.venues.bybit import BybitVenue
from market_analysis.venues.simulated import ManualMarketClock

NOW = datetime(2026, 9, 17, 14, 58, 27, tzinfo=UTC)
STEP = timedelta(seconds=10)
SYMBOLS = 50
WARM_LOOPS = 20


@dataclass(slots=True)
class _Record:
    """What the loops showed."""

    between: list[float] = field(default_factory=list)
    between_cpu: list[float] = field(default_factory=list)
    at_close: list[float] = field(default_factory=list)
    requests: list[float] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)
    first: float = 0.0
    first_requests: int = 0
    requests_by_path: str = ""
    unknown: int = 0


def measure(loops: int, limit_seconds: float) -> list[Figure]:
    """At most `loops` loops or `limit_seconds`, whichever comes first; the figures say how many were done."""
    with exchange_process(SYMBOLS, NOW) as exchange, tempfile.TemporaryDirectory() as directory:
        record = asyncio.run(_loops(exchange, Path(directory), loops, limit_seconds))
    return _figures(record)


def _figures(record: _Record) -> list[Figure]:
    done = 1 + len(record.between) + len(record.at_close)
    start, end = record.memory_mb[min(WARM_LOOPS, len(record.memory_mb) - 1)], record.memory_mb[-1]
    first = f"{SYMBOLS} positions, {record.first_requests} requests"
    memory = f"resident after {done} loops; spread from loop {WARM_LOOPS} to the last"
    figures = [
        Figure("monitor.first_loop", record.first, "s", (record.first, record.first), 1, first),
        median_of("monitor.loop", record.between, "s", f"{SYMBOLS} positions, between bar closes"),
        median_of("monitor.loop_cpu", record.between_cpu, "s", "processor time of the same loops, without the exchange's"),
        median_of("monitor.requests", record.requests, "requests", f"per loop between bar closes: {record.requests_by_path}"),
        Figure("monitor.memory", end, "MB", (start, end), done, memory),
        Figure("monitor.unknown", record.unknown, "loops", (0, record.unknown), done, "loops with any part unknown"),
    ]
    if record.at_close:
        figures.append(median_of("monitor.loop_at_close", record.at_close, "s", "a bar closed: new bars read, models fitted"))
    return figures


async def _loops(exchange: RemoteExchange, directory: Path, loops: int, limit_seconds: float) -> _Record:
    clock, record, started = ManualMarketClock(NOW), _Record(), time.perf_counter()
    loaded = load(flags={"bybit.base_url": exchange.base_url, "bybit.ws_url": exchange.ws_url}, directory=directory, environment={})
    settings: Settings = loaded.settings
    credentials = Credentials(exchange.key, exchange.secret)
    with open_state(directory, "benchmark", must_own=True) as state:
        async with BybitVenue(settings.bybit, credentials, "main", clock=clock, timeout_s=30.0) as venue:
            session = Session(settings, venue, clock, AccountSettings(), state)
            exchange.requests()
            record.first = await _look(session, directory, record)
            record.first_requests = exchange.requests()
            for _ in range(loops - 1):
                if time.perf_counter() - started > limit_seconds:
                    break
                hour = clock.now().hour
                clock.advance(STEP)
                exchange.advance(STEP)
                closed = clock.now().hour != hour
                processor = time.process_time()
                taken = await _look(session, directory, record)
                processor = time.process_time() - processor
                by_path = exchange.requests_by_path()
                asked = exchange.requests()
                (record.at_close if closed else record.between).append(taken)
                if not closed:
                    record.between_cpu.append(processor)
                    record.requests.append(asked)
                    record.requests_by_path = ", ".join(f"{path.removeprefix('/v5/')} {count}" for path, count in by_path.items())
                record.memory_mb.append(_resident_mb())
    return record


async def _look(session: Session, directory: Path, record: _Record) -> float:
    begun = time.perf_counter()
    look = await session.look()
    document = build_document(look.analysis, session.settings, versions())
    write_atomically(directory / "risk_analysis.json", encode(document))
    taken = time.perf_counter() - begun
    record.unknown += document.exit_status in (3, 6)
    return taken


def _resident_mb() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
