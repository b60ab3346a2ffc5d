"""Where output goes: data to stdout, the rest to stderr; colour and live redraw only where a terminal can show them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from datetime import datetime

from market_analysis.cli.common import Common
from market_analysis.errors import EXIT_CRITICAL, EXIT_OK, EXIT_WARNING
from market_analysis.risk.types import Analysis


class Console:
    """Draws for a person. redraws: stdout is a terminal, where a live screen replaces the one before."""

    def __init__(self) -> None:
        self.redraws = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self._progress_shown = False

    def screen(self, analysis: Analysis, *, live: bool) -> None:
        """The one screen; in a live terminal it replaces the one before."""
        if not self.redraws:
            from market_analysis.report.screen import screen_text

            self.text(screen_text(analysis) + ("\n" if live else ""))
            return
        from rich.console import Console as RichConsole

        from market_analysis.report.screen import screen_rich

        console = RichConsole(highlight=False, soft_wrap=True)
        if live:
            console.clear()
        console.print(screen_rich(analysis), end="")

    def past(self, analysis: Analysis, now: datetime) -> None:
        """A screen of before, marked on every line; never in colour, for it judges nothing that is."""
        from market_analysis.report.screen import screen_text

        age = (now - analysis.as_of).total_seconds()
        head = f"LAST GOOD {analysis.as_of:%Y-%m-%d %H:%M:%S} UTC, {age:.0f} s ago. What follows is the past:"
        self.text("\n".join((head, *(f"| {line}" for line in screen_text(analysis).splitlines()))) + "\n")

    def whole(self, text: str, *, live: bool) -> None:
        """A screen of text; in a live terminal it replaces the one before, elsewhere a blank line parts them."""
        self.text(f"\x1b[H\x1b[2J{text}" if live and self.redraws else text + ("\n\n" if live else ""))

    def text(self, text: str) -> None:
        """Text as data."""
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        sys.stdout.flush()

    def notice(self, text: str) -> None:
        """Something to know, beside the data."""
        sys.stderr.write(f"risk-manager: {text}\n")
        sys.stderr.flush()

    def notices(self, texts: Iterable[str]) -> None:
        """Each of them."""
        for text in texts:
            self.notice(text)

    def progress(self, text: str | None) -> None:
        """What is being done right now, on one line of a terminal's stderr; None wipes it."""
        if not sys.stderr.isatty():
            return
        if self._progress_shown:
            sys.stderr.write("\r\x1b[2K")
        self._progress_shown = text is not None
        if text is not None:
            sys.stderr.write(f"{text} ...")
        sys.stderr.flush()


def exit_with(status: int, common: Common) -> int:
    """The status of a verdict, after `--exit-zero`."""
    return EXIT_OK if common.exit_zero and status in (EXIT_WARNING, EXIT_CRITICAL) else status
