"""From the common options to a loaded configuration and an open session."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from market_analysis.cli.common import Common
from market_analysis.cli.view import Console
from market_analysis.config import Configuration, load

if TYPE_CHECKING:
    from market_analysis.desk.session import Session

T = TypeVar("T")
_DEMO_DAY_LIMIT = 0.05
"""The demo shows ROOM, which needs a daily limit."""


def configuration_of(common: Common, flags: Mapping[str, Any] | None = None) -> Configuration:
    """The merged settings; flags that were not given (None) do not override."""
    given = {key: value for key, value in (flags or {}).items() if value is not None}
    if common.venue is not None:
        given[f"accounts.{common.account_name}.venue"] = common.venue
    configuration = load(common.config, flags=given)
    if common.demo and configuration.settings.risk.daily_loss_limit_frac is None:
        return load(common.config, flags={**given, "risk.daily_loss_limit_frac": _DEMO_DAY_LIMIT})
    return configuration


def with_session(common: Common, use: Callable[[Session], Awaitable[T]], flags: Mapping[str, Any] | None = None) -> T:
    """Open the account, use it once, close it."""
    from market_analysis.desk.session import open_session

    async def run() -> T:
        console = Console()
        async with open_session(
            configuration_of(common, flags),
            common.account_name,
            demo=bool(common.demo),
            state_directory=common.state_dir,
            progress=console.progress,
        ) as session:
            try:
                return await use(session)
            finally:
                console.progress(None)
                console.notices(session.state.notices.take())

    return asyncio.run(run())
