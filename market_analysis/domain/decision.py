"""What the guard decides: actions for the venue (intents), locks, alerts, and requests to read again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from market_analysis.domain.instrument import InstrumentId
from market_analysis.domain.position import PositionKey, Side


class IntentKind(StrEnum):
    """CLOSE: a reduce-only order for `quantity` of the position, filled at once at `price` or better, or not at all; at any price
    without one. CANCEL: one order. SET_STOP: the position's stop at `price`. PLACE_EXIT: a reduce-only limit order that rests;
    AMEND_EXIT: one that rests is given that price and quantity. LOCK_ACCOUNT, UNLOCK_ACCOUNT: the venue itself takes no new risk,
    or does again."""

    CLOSE = "close"
    CANCEL = "cancel"
    SET_STOP = "set_stop"
    PLACE_EXIT = "place_exit"
    AMEND_EXIT = "amend_exit"
    LOCK_ACCOUNT = "lock_account"
    UNLOCK_ACCOUNT = "unlock_account"


@dataclass(frozen=True, slots=True)
class Intent:
    """One action, to be sent once. client_id: a function of why and what, never used twice. instrument: None of what is the
    account's."""

    client_id: str
    kind: IntentKind
    cause: str
    instrument: InstrumentId | None = None
    key: PositionKey | None = None
    side: Side | None = None
    quantity: Decimal | None = None
    order_id: str | None = None
    price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class LockSet:
    """New risk is denied from now on. until None: until its condition ends, or an administrator ends it."""

    rule: str
    root: str | None
    ends: str
    until: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class LockCleared:
    """A lock has ended. by: time, reset, condition, or who ended it."""

    rule: str
    root: str | None
    by: str


@dataclass(frozen=True, slots=True)
class Alert:
    """A transition: `raised` when it begins, else when it is over. page: somebody should be woken."""

    code: str
    subject: str
    raised: bool
    text: str
    page: bool = False


@dataclass(frozen=True, slots=True)
class WouldDo:
    """What a rule in shadow or alert mode, or an account without an enforcer, would have asked for."""

    rule: str
    subject: str
    response: str


@dataclass(frozen=True, slots=True)
class DayBegan:
    """A trading day began; exactly once, also after days of down time."""

    day: date
    start: datetime


@dataclass(frozen=True, slots=True)
class ReadNow:
    """Read the account again, at once."""

    reason: str


@dataclass(frozen=True, slots=True)
class FlattenEnded:
    """A flattening is over. verified: the account was read flat, without orders that add risk."""

    cause: str
    verified: bool


@dataclass(frozen=True, slots=True)
class SettingChanged:
    """A rule's setting was changed by command. value: as text, None: as the owner's settings have it. begins: with which trading
    day's end; None: now."""

    rule: str
    setting: str
    value: str | None
    by: str
    reason: str
    looser: bool
    begins: datetime | None = None


Decision: TypeAlias = Intent | LockSet | LockCleared | Alert | WouldDo | DayBegan | ReadNow | FlattenEnded | SettingChanged

Told: TypeAlias = LockSet | LockCleared | Alert | WouldDo | FlattenEnded | SettingChanged
"""What somebody is told of in a line of its own."""


def told(decisions: Iterable[object]) -> tuple[Told, ...]:
    """Those of decisions that are told."""
    return tuple(
        item for item in decisions if isinstance(item, LockSet | LockCleared | Alert | WouldDo | FlattenEnded | SettingChanged)
    )
