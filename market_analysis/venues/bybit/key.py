"""What a key may do, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from market_analysis.errors import AuthenticationError, MalformedAnswerError
from market_analysis.venues.bybit.endpoints import KEY_INFO
from market_analysis.venues.bybit.reader import Reader
from market_analysis.venues.bybit.wire.account import KeyResult
from market_analysis.venues.bybit.wire.convert import parse

_ANY_ADDRESS = "*"
_TRADE_RIGHTS: Mapping[str, frozenset[str]] = {
    "ContractTrade": frozenset({"Order", "Position"}),
    "Spot": frozenset({"SpotTrade"}),
    "Options": frozenset({"OptionsTrade"}),
    "Derivatives": frozenset({"DerivativesTrade"}),
}


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A key's rights. `addresses`: those it is bound to, empty when it may be used from anywhere (it then expires:
    `expires_at`). `is_unified`: whether it opens a unified trading account, the only kind that is read."""

    uid: str
    is_read_only: bool
    can_trade: bool
    can_withdraw: bool
    can_transfer: bool
    rights: Mapping[str, tuple[str, ...]]
    addresses: tuple[str, ...]
    expires_at: datetime | None
    is_unified: bool
    is_master: bool
    note: str


async def read_key(reader: Reader) -> KeyInfo:
    """The key that signs the reader's requests."""
    return await reader.parsed(KEY_INFO, {}, lambda answer: key_of(parse(KeyResult, answer.result, KEY_INFO.path)))


def key_of(row: KeyResult) -> KeyInfo:
    """One answer as a `KeyInfo`. A read-only key can do nothing, whatever groups it lists."""
    rights = {group: tuple(names) for group, names in row.permissions.items() if names}
    held = {name for names in rights.values() for name in names}
    writes = row.read_only != 1
    trades = any(names & set(rights.get(group, ())) for group, names in _TRADE_RIGHTS.items())
    return KeyInfo(
        uid=str(row.user_id),
        is_read_only=not writes,
        can_trade=writes and trades,
        can_withdraw=writes and "Withdraw" in held,
        can_transfer=writes and bool({"AccountTransfer", "SubMemberTransfer", "SubMemberTransferList"} & held),
        rights=rights,
        addresses=tuple(address for address in row.ips if address != _ANY_ADDRESS),
        expires_at=_expiry(row.expired_at),
        is_unified=bool(row.uta or row.unified),
        is_master=row.is_master,
        note=row.note,
    )


def _expiry(text: str) -> datetime | None:
    """When the key ends; Bybit writes the start of 1970 for never."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise MalformedAnswerError(f"{KEY_INFO.path}: expiredAt is {text!r}, must be an ISO 8601 time") from None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return None if aware.year <= 1970 else aware.astimezone(UTC)


def admit(key: KeyInfo, *, allow_withdraw_key: bool) -> None:
    """Refuse a key that is too powerful to watch with.

    Raises:
        AuthenticationError: it can withdraw and that was not allowed.
    """
    if key.can_withdraw and not allow_withdraw_key:
        raise AuthenticationError(
            "this key can withdraw; watching needs no such right",
            remedy="make a read-only key, or set allow_withdraw_key = true for this account",
        )
