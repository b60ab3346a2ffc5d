"""A scenario's text: the account's settings as TOML, a line of dashes, then what happens, one line each.

initial_balance = 50000
[rules.daily_loss]
mode = "enforce"
---
09:30 balance 50000
09:31 buy 10 BTCUSDT at 1000
10:02 mark BTCUSDT 790
expect daily_loss act
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from market_analysis.desk.scenario.head import REMEDY, Contract, Instead, OwnAccount, read_head
from market_analysis.domain.duration import duration
from market_analysis.errors import SettingsError
from market_analysis.settings import AccountSettings

EXPECT = "expect"
_DATE = r"\d{4}-\d{2}-\d{2}"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number in the file, its moment (None of an expectation), its words and the whole text."""

    number: int
    at: datetime | None
    words: tuple[str, ...]
    text: str

    @property
    def expects(self) -> bool:
        """Whether it judges, and does nothing."""
        return self.words[0] == EXPECT


@dataclass(frozen=True, slots=True)
class Scenario:
    """The account, its contracts, and its lines in order."""

    account: AccountSettings
    contracts: Mapping[str, Contract]
    lines: tuple[Line, ...]

    def contract(self, symbol: str) -> Contract:
        """Of a symbol that the head does not name: a dollar per point."""
        return self.contracts.get(symbol, Contract.model_validate({}))


def parse(text: str, name: str, own: OwnAccount | None = None, instead: Instead | None = None) -> Scenario:
    """own: accounts of the user's settings, for a head that names one. instead: whose rules are tried, whatever the head says.

    Raises SettingsError naming the file, the line, what is wrong and what would be right.
    """
    rows = text.splitlines()
    border = next((place for place, row in enumerate(rows) if re.fullmatch(r"-{3,}\s*", row)), None)
    if border is None:
        raise SettingsError(f"{name}: no line of dashes between the settings and what happens", remedy="write --- between them")
    head = read_head("\n".join(rows[:border]), name, own, instead or Instead())
    reader = _Reader(name, ZoneInfo(head.account.reset_zone), head.day)
    for number, row in enumerate(rows[border + 1 :], border + 2):
        reader.read(number, row)
    if not reader.lines:
        raise SettingsError(f"{name}: nothing happens after the dashes", remedy=REMEDY)
    return Scenario(head.account, head.contracts, tuple(reader.lines))


@dataclass
class _Reader:
    """Lines one after the other, each not before the last."""

    name: str
    zone: ZoneInfo
    day: date
    last: datetime | None = None
    lines: list[Line] = field(default_factory=list)

    def read(self, number: int, row: str) -> None:
        """A row; empty ones and what follows a # say nothing."""
        text = " ".join(row.split("#", 1)[0].split())
        words = text.split()
        if not words:
            return
        if words[0] == EXPECT:
            self.lines.append(Line(number, None, tuple(words), text))
            return
        at, deed = self._moment(words, f"{self.name}, line {number}", text)
        if not deed:
            raise SettingsError(
                f"{self.name}, line {number}: nothing happens at {text}", remedy="write 09:30 wait, or see docs/rules.md"
            )
        self.last = at
        self.lines.append(Line(number, at, tuple(deed), " ".join(deed)))

    def _moment(self, words: list[str], where: str, text: str) -> tuple[datetime, list[str]]:
        """The line's moment, and the words after it: `09:30`, `2026-03-02 09:30`, or `+30s` after the line before."""
        if words[0].startswith("+"):
            if self.last is None:
                raise SettingsError(f"{where}: {text!r} follows no line", remedy="begin the first line with a time like 09:30")
            try:
                at = self.last + duration(words[0].removeprefix("+"))
            except ValueError as error:
                raise SettingsError(f"{where}: {error}", remedy="or write the time: 09:30") from error
            self.day = at.astimezone(self.zone).date()
            return at, words[1:]
        rest = words
        if re.fullmatch(_DATE, words[0]):
            try:
                self.day = date.fromisoformat(words[0])
            except ValueError as error:
                raise SettingsError(f"{where}: {words[0]} is no date", remedy="write it like 2026-03-02") from error
            rest = words[1:]
        if not rest or not re.fullmatch(r"\d{2}:\d{2}(:\d{2})?", rest[0]):
            remedy = "begin with 09:30, 2026-03-02 09:30, +30s, or expect"
            raise SettingsError(f"{where}: {rest[0] if rest else ''!r} is no time", remedy=remedy)
        at = self._instant(rest[0], where)
        if self.last is not None and at < self.last:
            raise SettingsError(f"{where}: {text!r} lies before the line above it", remedy="write the date in front of it")
        return at, rest[1:]

    def _instant(self, clock: str, where: str) -> datetime:
        """In UTC. Of an hour that occurs twice the first that is not before the last line; one that does not occur is refused."""
        try:
            wall = datetime.combine(self.day, time.fromisoformat(clock))
        except ValueError as error:
            raise SettingsError(f"{where}: {clock} is no time", remedy="hours to 23, minutes and seconds to 59") from error
        found = [wall.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
        if found[0].astimezone(self.zone).replace(tzinfo=None) != wall:
            said = f"{where}: there is no {clock} on {self.day} in {self.zone.key}: the clocks go forward over it"
            raise SettingsError(said, remedy="choose an hour before or after, or count from the line above: +30m")
        return next((at for at in found if self.last is None or at >= self.last), found[0])
