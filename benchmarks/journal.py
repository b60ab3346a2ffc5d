"""How fast the guard's journal grows: the demo's account on the embedded exchange, a look every ten seconds of market time.

    python -m benchmarks.journal --looks 120

Prints bytes a day of the records as they are stored, and of the same texts unpacked, scaled up from what was written.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from market_analysis.desk.guard import GuardSession, JournaledGuard
from market_analysis.desk.session import Session
from market_analysis.desk.state import transient_state
from market_analysis.guard.state import ActiveRule, GuardPolicy, Mode
from market_analysis.rules.registry import rule_named
from market_analysis.settings import AccountSettings, Credentials, Settings
from market_analysis.store import Journal, Seals, open_database
from market_analysis.venues.bybit import BybitVenue
from market_analysis.venues.simulated import ManualMarketClock, make_catalogue, make_market, serve
from market_analysis.venues.simulated.ledger.books import demo_book

NOW = datetime(2026, 9, 17, 14, 3, 27, tzinfo=UTC)
EVERY = timedelta(seconds=10)
RULES = ("daily_loss", "daily_realized_loss", "max_drawdown", "max_leverage", "no_stop_loss_grace", "cluster_risk")


def policy() -> GuardPolicy:
    """Rules that tell."""
    rules = [rule_named(name) for name in RULES]
    active = tuple(ActiveRule(rule, rule.parameters.model_validate({}), Mode.ALERT) for rule in rules)
    return GuardPolicy("main", "USD", ZoneInfo("UTC"), time(0), active, initial_balance=Decimal(30_000))


async def grow(looks: int, folder: Path) -> dict[str, float]:
    """Bytes per look, packed and plain, and decisions."""
    market = make_market(make_catalogue(), 5, NOW, history_days=130)
    clock, book = ManualMarketClock(NOW), demo_book(market, NOW)
    async with serve(book.exchange, market=market, clock=clock) as server:
        settings = Settings.model_validate({"prob": {"paths": 1000}, "bybit": {"requests_per_second": 100.0}})
        bybit = settings.bybit.model_copy(update={"base_url": server.base_url, "ws_url": server.ws_url})
        settings = settings.model_copy(update={"bybit": bybit})
        async with BybitVenue(bybit, Credentials(book.key, book.secret), "main", clock=clock, timeout_s=5.0) as venue:
            with transient_state() as state:
                connection = open_database(folder / "x.sqlite3")
                journal = Journal(connection, Seals(folder, "x"))
                guard = GuardSession(Session(settings, venue, clock, AccountSettings(), state), JournaledGuard(policy(), journal))
                for _ in range(looks):
                    await guard.watch()
                    server.advance(EVERY)
        sizes = "SELECT sum(length(event) + length(decisions) + length(chain) + length(at) + 24) FROM journal"
        ((stored,),) = connection.execute(sizes).fetchall()
        assert isinstance(stored, int)
        plain = sum(len(record.event) + len(record.decisions) + 64 + 25 + 24 for record in journal.records("main"))
        records = sum(1 for _ in journal.records("main"))
        connection.close()
    return {"looks": looks, "records": records, "packed_bytes": float(stored), "plain_bytes": float(plain)}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--looks", type=int, default=120)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(grow(given.looks, Path(folder)))
    per_day = timedelta(days=1) / EVERY / found["looks"] / 1e6
    found["packed_mb_a_day"] = round(found["packed_bytes"] * per_day, 1)
    found["plain_mb_a_day"] = round(found["plain_bytes"] * per_day, 1)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
