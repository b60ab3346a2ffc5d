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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

import tomli
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from market_analysis.errors import SettingsError
from market_analysis.settings import AccountSettings

REMEDY = "see docs/rules.md for what a line may say"


class Contract(BaseModel):
    """What one contract is worth: money per tick."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    tick_size: Decimal = Field(Decimal("0.01"), gt=0)
    tick_value: Decimal = Field(Decimal("0.01"), gt=0)
    root: str | None = None


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
        return self.words[0] == "expect"


@dataclass(frozen=True, slots=True)
class Scenario:
    """The account, its contracts, and its lines in order."""

    account: AccountSettings
    contracts: Mapping[str, Contract]
    lines: tuple[Line, ...]

    def contract(self, symbol: str) -> Contract:
        """Of a symbol that the head does not name: a dollar per point."""
        return self.contracts.get(symbol, Contract.model_validate({}))


def parse(text: str, name: str) -> Scenario:
    """Raises SettingsError naming the file, the line, what is wrong and what would be right."""
    rows = text.splitlines()
    border = next((place for place, row in enumerate(rows) if re.fullmatch(r"-{3,}\s*", row)), None)
    if border is None:
        raise SettingsError(f"{name}: no line of dashes between the settings and what happens", remedy=REMEDY)
    head = _head("\n".join(rows[:border]), name)
    day = head.pop("date", date(2026, 3, 2))
    if not isinstance(day, date) or isinstance(day, datetime):
        raise SettingsError(f"{name}: date is {day!r}; write date = 2026-03-02", remedy=REMEDY)
    try:
        contracts = {symbol: Contract.model_validate(values) for symbol, values in dict(head.pop("contracts", {})).items()}
        account = AccountSettings.model_validate({"enforce": True, **head})
    except (ValidationError, ValueError, TypeError) as error:
        raise SettingsError(f"{name}: {_problems(error)}", remedy="the head holds the keys of [accounts.NAME]") from error
    zone = ZoneInfo(account.reset_zone)
    lines = _lines(rows[border + 1 :], border + 2, name, day, zone)
    if not lines:
        raise SettingsError(f"{name}: nothing happens after the dashes", remedy=REMEDY)
    return Scenario(account, contracts, lines)


def _head(text: str, name: str) -> dict[str, Any]:
    try:
        return tomli.loads(text, parse_float=Decimal)
    except tomli.TOMLDecodeError as error:
        raise SettingsError(f"{name}: {error}", remedy="above the dashes stand settings as TOML") from error


def _problems(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors(include_url=False))


def _lines(rows: Sequence[str], first: int, name: str, day: date, zone: ZoneInfo) -> tuple[Line, ...]:
    found: list[Line] = []
    last: datetime | None = None
    for number, row in enumerate(rows, first):
        text = row.split("#", 1)[0].strip()
        if not text:
            continue
        words = text.split()
        if words[0] == "expect":
            found.append(Line(number, None, tuple(words), text))
            continue
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", words[0]):
            day = _date(words.pop(0), number, name)
        at = _moment(words, day, zone, number, name)
        if last is not None and at < last:
            raise SettingsError(
                f"{name}, line {number}: {text!r} lies before the line above it", remedy="write the date in front of it"
            )
        if len(words) < 2:
            raise SettingsError(f"{name}, line {number}: nothing happens at {words[0]}", remedy=REMEDY)
        last = at
        found.append(Line(number, at, tuple(words[1:]), " ".join(words[1:])))
    return tuple(found)


def _date(word: str, number: int, name: str) -> date:
    try:
        return date.fromisoformat(word)
    except ValueError as error:
        raise SettingsError(f"{name}, line {number}: {word} is no date", remedy="write it like 2026-03-02") from error


def _moment(words: Sequence[str], day: date, zone: ZoneInfo, number: int, name: str) -> datetime:
    if not words or not re.fullmatch(r"\d{2}:\d{2}(:\d{2})?", words[0]):
        said = words[0] if words else ""
        raise SettingsError(f"{name}, line {number}: {said!r} is no time", remedy="begin with 09:30 or 2026-03-02 09:30, or expect")
    try:
        local = datetime.combine(day, time.fromisoformat(words[0]), zone)
    except ValueError as error:
        raise SettingsError(f"{name}, line {number}: {words[0]} is no time", remedy="hours to 23, minutes to 59") from error
    return local.astimezone(UTC)


def amount(word: str, where: str) -> Decimal:
    """A number above or below zero. Raises SettingsError."""
    try:
        value = Decimal(word.replace(",", "").replace("_", ""))
    except InvalidOperation as error:
        raise SettingsError(f"{where}: {word!r} is no number", remedy=REMEDY) from error
    if not value.is_finite():
        raise SettingsError(f"{where}: {word!r} is no number", remedy=REMEDY)
    return value


def duration(word: str, where: str) -> timedelta:
    """`30s`, `5m`, `2h`, `3d`. Raises SettingsError."""
    match = re.fullmatch(r"(\d{1,6})([smhd])", word)
    if match is None:
        raise SettingsError(f"{where}: {word!r} is no duration", remedy="write 30s, 5m, 2h or 3d")
    return timedelta(**{{"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[match[2]]: int(match[1])})
