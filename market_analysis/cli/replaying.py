"""Where `replay` gets its events and its limits from."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import typer

from market_analysis.cli.common import Common
from market_analysis.cli.guarding import open_journal
from market_analysis.cli.sessions import configuration_of, with_session
from market_analysis.config import account_of
from market_analysis.config_sources import toml_source
from market_analysis.desk.guard import CODEC
from market_analysis.desk.guard_policy import policy_of
from market_analysis.desk.replay.again import replay
from market_analysis.desk.replay.history import ClosedTrade, events_of
from market_analysis.desk.replay.trades_csv import read_trades
from market_analysis.desk.session import Session, account_settings
from market_analysis.desk.text_file import text_of
from market_analysis.domain import Unknown
from market_analysis.domain.event import Event
from market_analysis.errors import DataUnknownError, SettingsError, UsageError
from market_analysis.guard.hindsight import Hindsight, hindsight

REALISED_ONLY = "closed trades tell what was realised: floating losses and open positions are not in it"


def replay_journal(common: Common) -> bool:
    """Whether every decision is the same again, with the account's present settings; prints what was found."""
    name = common.account_name
    account = account_settings(configuration_of(common).settings, name)
    with open_journal(common) as journal:
        found = replay(journal.records(name), policy_of(name, account, enforces=account.enforce))
    if common.json:
        import json
        from dataclasses import asdict

        difference = None if found.difference is None else asdict(found.difference)
        typer.echo(json.dumps({"account": name, "records": found.records, "difference": difference}))
        return found.difference is None
    if found.difference is None:
        typer.echo(f"{name}: {found.records} records lived again, every decision the same")
        return True
    item = found.difference
    typer.echo(f"{name}: {found.records} records the same; record {item.number} ({item.at}, {item.event}) is not")
    typer.echo(f"written  {item.written}")
    typer.echo(f"now      {item.now}")
    typer.echo("risk-manager: rules or settings are not those of then, or the engine is not", err=True)
    return False


def hindsight_of(
    common: Common, rules: Path, trades: Path | None, days: int | None, balance: Decimal | None, zone: str
) -> tuple[Hindsight, str, tuple[str, ...]]:
    """(what was found, where the events are from, what to know of them)."""
    account = account_of(toml_source(rules, "--rules"), common.account_name)
    policy = policy_of(common.account_name, account, enforces=False)
    if not policy.rules:
        raise SettingsError(f"{rules}: no rules in it", remedy='write [rules.daily_loss] and mode = "enforce"')
    start = balance if balance is not None else account.initial_balance

    def from_trades(closed: Iterable[ClosedTrade]) -> Hindsight:
        if start is None:
            raise UsageError(
                "the balance before the first trade is not known", remedy="give --balance, or initial_balance in the rules"
            )
        return hindsight(events_of(list(closed), start, policy.zone, policy.reset), policy)

    if trades is not None:
        if zone not in available_timezones():
            raise UsageError(f"--zone {zone} is no IANA zone", remedy="write for example Europe/Prague")
        read = read_trades(text_of(trades, "a CSV file"), str(trades), ZoneInfo(zone))
        return from_trades(read.trades), f"{trades} ({read.kind}, {len(read.trades)} trades)", (*read.notes, REALISED_ONLY)
    if days is not None:
        closed, now = with_session(common, lambda session: _log(session, days))
        start = now - sum((item.realized - item.costs for item in closed), Decimal(0)) if start is None else start
        return from_trades(closed), f"the account's log of {days} days ({len(closed)} entries)", (REALISED_ONLY,)
    with open_journal(common) as journal:
        events: list[Event] = [CODEC.loads(record.event) for record in journal.records(common.account_name)]
    return hindsight(events, policy), f"journal of {common.account_name} ({len(events)} events)", ()


async def _log(session: Session, days: int) -> tuple[list[ClosedTrade], Decimal]:
    """Closings, fees and funding of the transaction log, and the balance now."""
    from datetime import timedelta

    snapshot = (await session.look()).snapshot
    if isinstance(snapshot.account, Unknown) or snapshot.account.wallet_balance is None:
        raise DataUnknownError("the account's balance could not be read", remedy="try again, or give --balance")
    activity = await session.venue.day(snapshot.as_of - timedelta(days=days), snapshot.as_of, {})
    found = [ClosedTrade(item.time, item.instrument.symbol, item.realized_usd, item.costs_usd) for item in activity.trades]
    return found, snapshot.account.wallet_balance
