"""Opens guarded accounts: which ones, each with its session, its policy, its journal and, where allowed, its enforcer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from market_analysis.config import Configuration
from market_analysis.desk.guard import GuardSession, JournaledGuard
from market_analysis.desk.guard_policy import policy_of
from market_analysis.desk.session import Progress, Session, account_settings, open_session
from market_analysis.desk.state import State
from market_analysis.domain.clock import uptime_seconds
from market_analysis.errors import SettingsError
from market_analysis.guard.state import GuardPolicy
from market_analysis.settings import AccountSettings
from market_analysis.venues.enforcer import Enforcer
from market_analysis.venues.stream import Stream

DEMO_RULES = {"daily_realized_loss": {"mode": "alert", "loss": 100}}
"""What the demo account is watched by where the settings name no rule."""


@dataclass(frozen=True, slots=True)
class OpenGuard:
    """A guarded account, open. risk_frac: share of equity that one R is. stream: its pushes, None where none are to be heard."""

    guard: GuardSession
    risk_frac: Decimal
    stream: Stream | None = None


@dataclass(frozen=True, slots=True)
class GuardOpening:
    """How the accounts of one run are opened. demo: the embedded exchange. state: shared by all, None: each opens its own.
    listening: whether pushes are heard."""

    configuration: Configuration
    demo: bool = False
    state_directory: Path | None = None
    state: State | None = None
    listening: bool = False
    must_enforce: bool = False

    def check(self, name: str) -> GuardPolicy:
        """The account's policy, without opening anything.

        Raises:
            SettingsError: the account, or one of its rules, is wrong; or it has none.
        """
        return self._policy(name, enforces=False)

    @asynccontextmanager
    async def open(self, name: str, progress: Progress) -> AsyncIterator[OpenGuard]:
        """The account's guard.

        Raises:
            SettingsError, AuthenticationError, VenueError, StateError: it cannot be guarded.
        """
        async with AsyncExitStack() as stack:
            opened = open_session(
                self.configuration,
                name,
                demo=self.demo,
                state_directory=self.state_directory,
                must_own=True,
                progress=progress,
                state=self.state,
            )
            session = await stack.enter_async_context(opened)
            enforcer = await self._enforcer(stack, name)
            locks = enforcer is not None and enforcer.locks_account
            policy = self._policy(name, enforces=enforcer is not None, venue_locks=locks)
            guard = GuardSession(session, JournaledGuard(policy, session.state.journal), enforcer, self._uptime(session))
            stream = session.stream if self.listening else None
            yield OpenGuard(guard, Decimal(str(session.settings.risk.equity_risk_frac)), stream)

    def _policy(self, name: str, *, enforces: bool, venue_locks: bool = False) -> GuardPolicy:
        policy = policy_of(name, self._account(name), enforces=enforces, venue_locks=venue_locks)
        if not policy.rules and not self.must_enforce:
            raise SettingsError(
                f"account {name} has no rules to be guarded by",
                remedy=f"add [accounts.{name}.rules.daily_realized_loss] with loss = 500; see `risk-manager rules list`",
            )
        return policy

    def _account(self, name: str) -> AccountSettings:
        account = account_settings(self.configuration.settings, name)
        return account.model_copy(update={"rules": DEMO_RULES}) if self.demo and not account.rules else account

    async def _enforcer(self, stack: AsyncExitStack, name: str) -> Enforcer | None:
        """An enforcer exists only where the account's owner wants one, and the key fits (law 10)."""
        from market_analysis.venues.bybit.enforcer import BybitEnforcer

        if self.demo or not self._account(name).enforce:
            if self.must_enforce:
                raise SettingsError(
                    f"account {name} may not be acted on",
                    remedy=f"set enforce = true in [accounts.{name}], with a key that trades and cannot withdraw",
                )
            return None
        settings = self.configuration.settings
        timeout_s = settings.risk.exchange_timeout_ms / 1000
        credentials = self.configuration.credentials(name)
        enforcer = await stack.enter_async_context(BybitEnforcer(settings.bybit, credentials, timeout_s=timeout_s))
        await enforcer.check()
        return enforcer

    def _uptime(self, session: Session) -> Callable[[], float]:
        """The clock that cannot be set; the demo's market time flows faster than any of ours, so there its own."""
        return (lambda: session.clock.now().timestamp()) if self.demo else uptime_seconds


def guarded_accounts(configuration: Configuration, named: Iterable[str]) -> tuple[str, ...]:
    """The accounts that were named, once each; where none was, all that have rules or may be acted on, else `main`."""
    wanted = tuple(dict.fromkeys(named))
    if wanted:
        return wanted
    accounts = configuration.settings.accounts
    return tuple(sorted(name for name, item in accounts.items() if item.rules or item.enforce)) or ("main",)
