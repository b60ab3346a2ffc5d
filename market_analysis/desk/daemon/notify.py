"""systemd's notification protocol in a few lines, and the watchdog that only completed decision loops feed."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from market_analysis.errors import SettingsError

STUCK_AFTER_S = 90.0
"""An account whose loop has not come round for so long, or for three intervals, is stuck; longer than the longest pause before a
failed account is opened again."""


class Notifier:
    """Tells the service manager, where there is one (`NOTIFY_SOCKET`). It never fails: nobody listening is no error."""

    def __init__(self, variables: Mapping[str, str] = os.environ) -> None:
        self._address = variables.get("NOTIFY_SOCKET", "")

    def say(self, text: str) -> None:
        """One message, like `READY=1`."""
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.setblocking(False)
            channel.sendto(text.encode(), address)


class LoopWatch:
    """Says READY after every account's first turn, and WATCHDOG after each turn of any, as long as all come round.

    A turn that failed is one: it was decided upon. A loop that hangs is none, and one account that hangs stops the feeding.
    """

    def __init__(
        self, names: Sequence[str], notifier: Notifier, interval_seconds: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._notifier = notifier
        self._monotonic = monotonic
        self._stuck_after = max(STUCK_AFTER_S, 3 * interval_seconds)
        self._turned: dict[str, float | None] = dict.fromkeys(names)
        self._ready = False

    def completed(self, name: str) -> None:
        """An account's loop has come round."""
        now = self._monotonic()
        self._turned[name] = now
        turns = [turn for turn in self._turned.values() if turn is not None]
        if len(turns) < len(self._turned):
            return
        if not self._ready:
            self._ready = True
            self._notifier.say(f"READY=1\nSTATUS=guarding {', '.join(self._turned)}")
        if now - min(turns) <= self._stuck_after:
            self._notifier.say("WATCHDOG=1")

    def stopping(self) -> None:
        """The daemon ends because it was told to."""
        self._notifier.say("STOPPING=1")


def check_watchdog(interval_seconds: float, variables: Mapping[str, str] = os.environ) -> None:
    """Refuse an interval that the watchdog would not wait for.

    Raises:
        SettingsError: it names both.
    """
    limit = variables.get("WATCHDOG_USEC", "")
    if limit.isdigit() and interval_seconds > int(limit) / 2e6:
        raise SettingsError(
            f"--interval {interval_seconds:g} s is above half of the service's WatchdogSec, {int(limit) / 1e6:g} s",
            remedy="shorten the interval, or raise WatchdogSec to at least twice of it",
        )
