"""What a rule says: how far the account is from a limit, and what should be done where it has reached it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from market_analysis.domain import InstrumentId, PositionKey


class Status(StrEnum):
    """UNKNOWN: what the rule needs could not be read. WARN: a warning level is reached. ACT: close enough that the guard acts
    before the firm does (`act_at_frac`). BREACH: the limit itself is reached."""

    OK = "ok"
    WARN = "warn"
    ACT = "act"
    BREACH = "breach"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CloseAll:
    """Flatten: cancel what adds risk, close every position, verify."""


@dataclass(frozen=True, slots=True)
class ClosePosition:
    """Close one position whole."""

    key: PositionKey


@dataclass(frozen=True, slots=True)
class ReducePosition:
    """Bring a position down to `to_quantity` contracts."""

    key: PositionKey
    to_quantity: Decimal


@dataclass(frozen=True, slots=True)
class CancelOrders:
    """Cancel orders that add risk; of one instrument, or of all."""

    instrument: InstrumentId | None = None


@dataclass(frozen=True, slots=True)
class SetStop:
    """Put the position's stop at `price`, whole size; never looser than one that rests."""

    key: PositionKey
    price: Decimal


@dataclass(frozen=True, slots=True)
class SetExit:
    """Rest a reduce-only limit order that takes part of a position's profit, or amend the one with `order_id` to it."""

    key: PositionKey
    price: Decimal
    quantity: Decimal
    order_id: str | None = None


Response: TypeAlias = CloseAll | ClosePosition | ReducePosition | CancelOrders | SetStop | SetExit


class Ends(StrEnum):
    """What ends a lock: a moment, the account's next reset, the condition's own end, an administrator."""

    TIME = "time"
    RESET = "reset"
    CONDITION = "condition"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Lock:
    """New risk is denied, in one root or (None) the whole account. until: the moment for TIME and RESET, else None."""

    ends: Ends
    until: datetime | None
    root: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule's word on one subject.

    code: stable (`daily_realized_loss`, `max_contracts`, ...); subject: `account`, a root, or a position key's text. measure and
    threshold in `unit` (`money`, `contracts`, `trades`, `seconds`, `fraction`); distance: what is left until the threshold, in the
    same unit, negative beyond it. room: the same in money where that can be told. used: share of the limit used, 1 at the
    threshold. responses and lock: what the rule asks for, empty below ACT. blocks: what is and is not blocked, for the trader.
    certain: it rests on fills alone, which no later read takes back; else several reads in a row must say so (ruling 25).
    """

    rule: str
    code: str
    status: Status
    subject: str
    message: str
    measure: Decimal | None = None
    threshold: Decimal | None = None
    unit: str = "money"
    distance: Decimal | None = None
    room: Decimal | None = None
    used: Decimal | None = None
    responses: tuple[Response, ...] = ()
    lock: Lock | None = None
    blocks: str = ""
    certain: bool = False
    inputs: Mapping[str, str] = field(default_factory=dict)
