"""What the admin socket carries out, for whoever the kernel or the password vouches for. Every act is an event in the journal."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from market_analysis.desk.daemon.account import WatchedAccount
from market_analysis.desk.daemon.endpoints import Peer
from market_analysis.desk.daemon.passwords import PasswordGate
from market_analysis.desk.daemon.wire import RefusedError, decoded, encoded
from market_analysis.domain.decision import Alert, Decision, told
from market_analysis.domain.event import CommandKind
from market_analysis.errors import EXIT_CONFIGURATION, EXIT_CRITICAL, EXIT_UNKNOWN, EXIT_USAGE, RiskManagerError
from market_analysis.report.text_guard import decision_line

T = TypeVar("T")
ANSWER_S = 60.0
LONGEST_REASON = 200
LONGEST_LOCK = timedelta(days=366)
_PASSWORD = "password"  # noqa: S105  # the name of a request
_REFUSALS = {
    "setting_refused": EXIT_CONFIGURATION,
    "not_enforcing": EXIT_CONFIGURATION,
    "lock_is_firm": EXIT_CRITICAL,
    "lock_not_an_administrator_s": EXIT_CRITICAL,
    "self_lock_needs_an_end": EXIT_USAGE,
}
"""Alerts by which the guard says no to a command."""


class AdminRequest(msgspec.Struct, forbid_unknown_fields=True):
    """lock (until, or for so many seconds: cannot be undone before it), unlock (rule), set and unset (rule, setting, value, force),
    pause, resume, flatten, of one account; stop and password (new_password) of the daemon. password: where the kernel does not
    vouch for who asks."""

    request: str
    reason: str = ""
    account: str | None = None
    until: datetime | None = None
    seconds: float | None = None
    rule: str | None = None
    setting: str | None = None
    value: str | None = None
    force: bool = False
    password: str | None = None
    new_password: str | None = None


class Done(msgspec.Struct):
    """What came of it, in lines."""

    done: tuple[str, ...]


class Administrator:
    """Answers in the sockets' thread; carries out in the guard's loop."""

    def __init__(self, accounts: Mapping[str, WatchedAccount], gate: PasswordGate, stop: Callable[[], None]) -> None:
        self._accounts = accounts
        self._gate = gate
        self._stop = stop
        self._guard_loop = asyncio.get_running_loop()

    async def answers(self, line: bytes, peer: Peer) -> AsyncIterator[bytes]:
        """The line that answers a request.

        Raises:
            RefusedError: it is not carried out, and why.
        """
        request = decoded(line, AdminRequest)
        try:
            by = await self._vouched(request, peer)
            yield encoded(Done(await self._done(request, by)))
        except RiskManagerError as error:
            raise RefusedError(error.code, error.message, error.exit_status, error.remedy) from None

    async def _vouched(self, request: AdminRequest, peer: Peer) -> str:
        """Who asks: by the kernel's word root or the guard's own user, by the password whoever knows it."""
        own = os.getuid() if hasattr(os, "getuid") else None
        if peer.uid is not None and peer.uid in (0, own):
            return f"uid {peer.uid}"
        await asyncio.get_running_loop().run_in_executor(None, self._gate.check, request.password)
        return "password" if peer.uid is None else f"uid {peer.uid} with the password"

    async def _done(self, request: AdminRequest, by: str) -> tuple[str, ...]:
        if not request.reason.strip() or len(request.reason) > LONGEST_REASON:
            raise RefusedError("reason", f"a reason is needed, of at most {LONGEST_REASON} characters: --reason", EXIT_USAGE)
        if request.request == _PASSWORD:
            await asyncio.get_running_loop().run_in_executor(None, self._gate.set, request.new_password or "")
            await self._in_guard(self._note(CommandKind.NOTE, by, f"administrator's password set: {request.reason}"))
            return ("the administrator's password is set",)
        if request.request == "stop":
            await self._in_guard(self._note(CommandKind.STOP, by, request.reason))
            self._guard_loop.call_soon_threadsafe(self._stop)
            return ("the guard stops",)
        kind = next((item for item in _OF_ACCOUNT if item.value == request.request), None)
        if kind is None:
            known = ", ".join([*(item.value for item in _OF_ACCOUNT), "stop", _PASSWORD])
            raise RefusedError("not_understood", f"request must be one of {known}", EXIT_USAGE)
        return await self._in_guard(self._command(self._account(request), kind, by, request))

    def _account(self, request: AdminRequest) -> WatchedAccount:
        known = ", ".join(self._accounts)
        if request.account is None and len(self._accounts) == 1:
            return next(iter(self._accounts.values()))
        if request.account is None:
            raise RefusedError("no_account", f"which account? --account, one of {known}", EXIT_USAGE)
        if request.account not in self._accounts:
            raise RefusedError("no_account", f"account {request.account!r} is not guarded; guarded: {known}", EXIT_CONFIGURATION)
        return self._accounts[request.account]

    async def _command(self, account: WatchedAccount, kind: CommandKind, by: str, request: AdminRequest) -> tuple[str, ...]:
        if kind is CommandKind.UNLOCK:
            account.must_have_lock(request.rule)
        terms: dict[str, Any] = {"rule": request.rule, "setting": request.setting, "value": request.value, "forced": request.force}
        if kind is CommandKind.LOCK:
            until = _end(request, account.now())
            terms |= {"rule": None, "until": until, "self_lock": until is not None}
        decisions = await account.order(kind, by, request.reason, **terms)
        _refused(decisions)
        return tuple(decision_line(item) for item in told(decisions)) or ("nothing changed",)

    async def _note(self, kind: CommandKind, by: str, reason: str) -> None:
        """For the record of every account that is open."""
        for account in self._accounts.values():
            if account.opened is not None:
                await account.order(kind, by, reason)

    async def _in_guard(self, work: Coroutine[Any, Any, T]) -> T:
        """Done in the guard's loop; what has begun there is not broken off because nobody waits for it any more."""
        future = asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._guard_loop))
        try:
            return await asyncio.wait_for(asyncio.shield(future), ANSWER_S)
        except TimeoutError:
            text = f"the guard has taken the order and has not answered within {ANSWER_S:.0f} s"
            raise RefusedError("no_answer_yet", text, EXIT_UNKNOWN, "see `risk-manager status`") from None


_OF_ACCOUNT = (
    CommandKind.LOCK,
    CommandKind.UNLOCK,
    CommandKind.SET,
    CommandKind.UNSET,
    CommandKind.PAUSE,
    CommandKind.RESUME,
    CommandKind.FLATTEN,
)


def _end(request: AdminRequest, now: datetime) -> datetime | None:
    """When a lock ends by itself, None: when it is unlocked."""
    until = request.until
    if request.seconds is not None:
        if not 0 < request.seconds <= LONGEST_LOCK.total_seconds():
            raise RefusedError("until", f"a lock is for more than 0 s and at most {LONGEST_LOCK.days} days", EXIT_USAGE)
        until = now + timedelta(seconds=request.seconds)
    if until is not None and (until.tzinfo is None or not now < until <= now + LONGEST_LOCK):
        words = f"the lock's end must be later than {now:%Y-%m-%d %H:%M:%S} UTC, by at most {LONGEST_LOCK.days} days"
        raise RefusedError("until", words, EXIT_USAGE)
    return until


def _refused(decisions: tuple[Decision, ...]) -> None:
    for item in decisions:
        if isinstance(item, Alert) and item.code in _REFUSALS:
            raise RefusedError(item.code, f"{item.subject}: {item.text}", _REFUSALS[item.code])
