"""`risk-manager` without a command: one report, or one each interval."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, field
from pathlib import Path

from market_analysis.cli.common import Common
from market_analysis.cli.output import write_output
from market_analysis.cli.sessions import configuration_of
from market_analysis.cli.unread import UnreadParts
from market_analysis.cli.view import Console, exit_with
from market_analysis.config import Configuration
from market_analysis.desk.last_good import is_readable
from market_analysis.desk.monitor import monitor as monitor_loop
from market_analysis.desk.session import Look, Session, open_session
from market_analysis.desk.versions import versions
from market_analysis.errors import OutputError
from market_analysis.report.document import build_document, encode
from market_analysis.risk.types import Analysis
from market_analysis.risk.verdict import exit_status


@dataclass(slots=True)
class _Reporter:
    """Writes and shows each look. The screen goes to stdout, notices to stderr."""

    session: Session
    console: Console
    output: Path
    html: Path | None
    as_json: bool
    full: bool
    live: bool
    _warned: set[str] = field(default_factory=set)
    _standing: list[str] = field(default_factory=list)
    _unread: UnreadParts = field(default_factory=UnreadParts)
    _last_good: Analysis | None = None

    def show(self, look: Look) -> None:
        document = build_document(look.analysis, self.session.settings, versions())
        self._write(self.output, encode(document))
        if self.html is not None:
            from market_analysis.report.html import render_html

            self._write(self.html, render_html(document, look.history).encode())
        if self.as_json:
            sys.stdout.buffer.write(encode(document, pretty=not self.live))
            sys.stdout.buffer.flush()
        elif self.full:
            self.console.text(document.report)
        else:
            self.console.screen(look.analysis, live=self.live)
        if not self.as_json:
            self._fall_back(look.analysis)
        self._tell(look.analysis)

    def _tell(self, analysis: Analysis) -> None:
        """Notices beside the data. Where the screen is wiped at each look they are said again under it."""
        wiped = self.live and self.console.redraws
        self._standing.extend(self.session.state.notices.take())
        self.console.notices((*self._standing, *self._unread.changes(analysis.data, again=wiped)))
        if not wiped:
            self._standing.clear()

    def late(self, seconds: float) -> None:
        """The venue keeps us waiting; the screen's own figure for the age of its data cannot say so."""
        self.console.notice(f"no new look for {seconds:.0f} s: what is shown is at least that old")

    def _fall_back(self, analysis: Analysis) -> None:
        """Under a screen without account or positions, the last one that had them, named as the past that it is."""
        if is_readable(analysis.data):
            self._last_good = analysis
        elif self._last_good is not None:
            self.console.past(self._last_good, analysis.as_of)

    def _write(self, path: Path, content: bytes) -> None:
        """A report that cannot be written is said once and does not silence the screen."""
        try:
            write_output(path, content)
        except OutputError as error:
            if str(error) not in self._warned:
                self._warned.add(str(error))
                self._standing.append(str(error))


def run_report(
    common: Common,
    *,
    monitor: bool,
    interval: float | None,
    iterations: int | None,
    print_report: bool,
    output: Path | None,
    html: Path | None,
) -> int:
    """Report and return the exit status: of the only look, or of the monitor's last one (0 when it was stopped)."""
    configuration = configuration_of(
        common, {"output.path": None if output is None else str(output), "monitor.interval_seconds": interval}
    )
    run = _run(configuration, common, monitor=monitor, iterations=iterations, print_report=print_report, html=html)
    return exit_with(asyncio.run(run), common)


async def _run(
    configuration: Configuration, common: Common, *, monitor: bool, iterations: int | None, print_report: bool, html: Path | None
) -> int:
    console = Console()
    async with open_session(
        configuration,
        common.account_name,
        demo=bool(common.demo),
        state_directory=common.state_dir,
        must_own=monitor,
        progress=console.progress,
    ) as session:
        reporter = _Reporter(
            session, console, Path(session.settings.output.path), html, bool(common.json), print_report, live=monitor
        )
        if not monitor:
            look = await session.look()
            console.progress(None)
            reporter.show(look)
            return exit_status(look.analysis)
        last = await monitor_loop(
            session,
            interval_seconds=session.settings.monitor.interval_seconds,
            iterations=iterations,
            on_look=reporter.show,
            on_late=reporter.late,
        )
        return 0 if last is None or iterations is None else exit_status(last.analysis)
