"""Checks everything that a run depends on, and says what to do about each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from market_analysis.config import Configuration
from market_analysis.desk.session import OpenVenue, open_venue
from market_analysis.desk.state import default_state_directory, environment_label, open_state
from market_analysis.domain import Clock, MarginMode
from market_analysis.errors import AuthenticationError, RiskManagerError, SettingsError, VenueError, VenueUnavailableError
from market_analysis.venues.bybit import BybitVenue, KeyInfo

_SKEW_WARNING = timedelta(milliseconds=500)
_SKEW_LIMIT = timedelta(milliseconds=1000)
"""Bybit refuses a timestamp a second ahead of its own clock."""
_EXPIRY_WARNING = timedelta(days=14)
_FREE_BYTES = 200 * 2**20
_UNREACHABLE = "check network, DNS, proxy and [bybit] base_url, and whether Bybit is up"


class Health(StrEnum):
    """Result of a check."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. remedy: what to do, "" when nothing. code: of the error, for the exit status."""

    name: str
    health: Health
    detail: str
    remedy: str = ""
    exit_status: int = 0


async def examine(configuration: Configuration, account: str, state_directory: Path | None, *, demo: bool) -> list[Check]:
    """Every check in turn; one that fails does not stop the others that can still be made."""
    checks = [_settings(configuration)]
    if not demo:
        checks += [*_files(), _disk(state_directory or default_state_directory(), configuration)]
    try:
        async with open_venue(configuration, account, demo=demo) as opened:
            return checks + await _venue_checks(opened)
    except (AuthenticationError, SettingsError) as error:
        return [*checks, _failed("key", error)]


async def _venue_checks(opened: OpenVenue) -> list[Check]:
    venue = opened.venue
    checks = [await _guarded("clock", _clock(venue))]
    try:
        key = await venue.key_info()
    except VenueError as error:
        return [*checks, _failed("key", error)]
    return [
        *checks,
        *_key(key, opened.clock, allow_withdraw=opened.account.allow_withdraw_key),
        await _guarded("account", _account(venue)),
        await _guarded("positions", _count(venue.positions, "open positions")),
        await _guarded("orders", _count(venue.orders, "resting orders")),
    ]


def _settings(configuration: Configuration) -> Check:
    given = sum(origin != "default" for origin in configuration.origins.values())
    if configuration.settings.risk.daily_loss_limit_frac is None:
        return Check(
            "settings", Health.WARNING, f"{given} set; no daily loss limit", "set [risk] daily_loss_limit_frac to see ROOM"
        )
    return Check("settings", Health.OK, f"valid, {given} set")


def _files() -> list[Check]:
    path = Path(".env")
    if os.name == "nt" or not path.is_file():
        return []
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        return [Check(".env", Health.WARNING, f"mode {mode:04o}: others on this machine can read the key", "chmod 600 .env")]
    return [Check(".env", Health.OK, f"mode {mode:04o}")]


def _disk(directory: Path, configuration: Configuration) -> Check:
    try:
        with open_state(directory, environment_label(configuration.settings.bybit), must_own=False) as state:
            notices = state.notices.take()
    except RiskManagerError as error:
        return _failed("state", error)
    if notices:
        return Check("state", Health.WARNING, notices[0], "give --state-dir a directory that this user can write")
    free = shutil.disk_usage(directory).free
    if free < _FREE_BYTES:
        return Check("state", Health.WARNING, f"{free // 2**20} MB free at {directory}", "free some disk space")
    return Check("state", Health.OK, f"{directory}, {free // 2**30} GB free")


async def _clock(venue: BybitVenue) -> Check:
    await venue.server_time()
    skew = venue.clock_offset
    text = f"venue is {skew / timedelta(milliseconds=1):+.0f} ms from this machine (corrected when signing)"
    if abs(skew) >= _SKEW_LIMIT:
        return Check("clock", Health.WARNING, text, "synchronise this machine's clock (NTP)")
    return Check("clock", Health.OK if abs(skew) < _SKEW_WARNING else Health.WARNING, text)


def _key(key: KeyInfo, clock: Clock, *, allow_withdraw: bool) -> list[Check]:
    return [
        _rights(key, allow_withdraw=allow_withdraw),
        _binding(key),
        _expiry(key, clock),
        Check("account type", Health.OK, "unified trading account")
        if key.is_unified
        else Check(
            "account type",
            Health.FAILED,
            "not a unified trading account",
            "upgrade the account at Bybit",
            AuthenticationError.exit_status,
        ),
    ]


def _rights(key: KeyInfo, *, allow_withdraw: bool) -> Check:
    if key.can_withdraw:
        health = Health.WARNING if allow_withdraw else Health.FAILED
        return Check("rights", health, "the key can withdraw", "make a read-only key", AuthenticationError.exit_status)
    if key.is_read_only:
        return Check("rights", Health.OK, "read-only")
    return Check("rights", Health.WARNING, "the key can trade; watching needs only reading", "make a read-only key")


def _binding(key: KeyInfo) -> Check:
    if key.addresses:
        return Check("address", Health.OK, f"bound to {', '.join(key.addresses)}")
    return Check("address", Health.WARNING, "the key may be used from anywhere", "bind it to this machine's address at Bybit")


def _expiry(key: KeyInfo, clock: Clock) -> Check:
    if key.expires_at is None:
        return Check("expiry", Health.OK, "does not expire")
    left = key.expires_at - clock.now()
    text = f"{key.expires_at:%Y-%m-%d}, in {left.days} days"
    if left <= timedelta(0):
        return Check(
            "expiry", Health.FAILED, f"expired {key.expires_at:%Y-%m-%d}", "make a new key", AuthenticationError.exit_status
        )
    return Check(
        "expiry", Health.WARNING if left < _EXPIRY_WARNING else Health.OK, text, "renew it" if left < _EXPIRY_WARNING else ""
    )


async def _account(venue: BybitVenue) -> Check:
    account = await venue.account()
    if account.margin_mode is MarginMode.UNKNOWN:
        return Check("margin mode", Health.WARNING, "not known", "report this with the account type")
    return Check("margin mode", Health.OK, f"{account.margin_mode.value}, equity {account.equity:,.2f} USD")


async def _count(read: Callable[[], Awaitable[object]], what: str) -> Check:
    found = await read()
    return Check(what.split()[-1], Health.OK, f"{len(found)} {what} read")  # type: ignore[arg-type]


async def _guarded(name: str, check: Awaitable[Check]) -> Check:
    try:
        return await check
    except VenueError as error:
        return _failed(name, error)


def _failed(name: str, error: RiskManagerError) -> Check:
    unreachable = isinstance(error, VenueUnavailableError) and not error.remedy
    return Check(name, Health.FAILED, error.message, _UNREACHABLE if unreachable else error.remedy, error.exit_status)
