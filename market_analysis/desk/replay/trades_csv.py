"""Closed trades from a table: Bybit's closed-PnL export, MT5's and FTMO's trading journals, or a plain one of your own.

Times without a zone are UTC unless the caller says which; decimal commas and semicolons are known. A row that was written twice is
taken once, and said.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from market_analysis.desk.replay.history import ClosedTrade
from market_analysis.errors import DataUnknownError

REMEDY = "a plain table has the columns symbol, closed_at, pnl, and fees where pnl is before them"


@dataclass(frozen=True, slots=True)
class Shape:
    """How a kind of table names its columns; of several names the first that is there. nth: which of several columns of one name.

    costs: columns whose sum, sign turned, was paid; none where the profit is after costs already.
    """

    name: str
    symbol: tuple[str, ...]
    closed_at: tuple[str, ...]
    pnl: tuple[str, ...]
    costs: tuple[str, ...] = ()
    nth: Mapping[str, int] = None  # type: ignore[assignment]
    paid_above_zero: bool = False


SHAPES = (
    Shape(
        "Bybit closed P&L", ("contracts", "market"), ("filled/settlement time(utc+0)", "filled time", "trade time"), ("closed p&l",)
    ),
    Shape("MT5 history", ("symbol",), ("time",), ("profit",), ("commission", "swap", "fee"), {"time": -1}),
    Shape("FTMO journal", ("symbol",), ("close",), ("profit",), ("commissions", "swap")),
    Shape(
        "plain table",
        ("symbol", "instrument"),
        ("closed_at", "exit_time", "close_time", "time"),
        ("pnl", "profit", "net_pnl"),
        ("fees", "fee", "commission"),
        paid_above_zero=True,
    ),
)
_KEYS = {"Bybit closed P&L": "closed p&l", "FTMO journal": "pips", "MT5 history": "position"}
"""A column that only that kind has."""


@dataclass(frozen=True, slots=True)
class TradesRead:
    """trades in the order of the table. kind: of table; notes: what was left out, and why."""

    trades: tuple[ClosedTrade, ...]
    kind: str
    notes: tuple[str, ...]


def read_trades(text: str, name: str, zone: ZoneInfo | None = None) -> TradesRead:
    """Raises DataUnknownError naming the line and what is wrong with it."""
    text = text.lstrip("\ufeff")
    head = text.split("\n", 1)[0]
    delimiter = max(";,\t", key=head.count)
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    if not rows or len(rows) < 2:
        raise DataUnknownError(f"{name}: no rows", remedy=REMEDY)
    columns = [cell.strip().strip('"').lower() for cell in rows[0]]
    shape = _shape(columns, name)
    trades: list[ClosedTrade] = []
    seen: set[tuple[str, ...]] = set()
    twice = 0
    for line, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        if tuple(row) in seen:
            twice += 1
            continue
        seen.add(tuple(row))
        trades.append(_trade(shape, columns, row, f"{name}, line {line}", zone, decimal_comma=delimiter == ";"))
    notes = (f"{twice} rows stand there twice and count once",) if twice else ()
    return TradesRead(tuple(trades), shape.name, notes)


def _shape(columns: list[str], name: str) -> Shape:
    for shape in SHAPES:
        key = _KEYS.get(shape.name)
        if key is not None and key not in columns:
            continue
        if all(any(wanted in columns for wanted in names) for names in (shape.symbol, shape.closed_at, shape.pnl)):
            return shape
    raise DataUnknownError(f"{name}: unknown columns {', '.join(columns[:12])}", remedy=REMEDY)


def _trade(
    shape: Shape, columns: list[str], row: list[str], where: str, zone: ZoneInfo | None, *, decimal_comma: bool
) -> ClosedTrade:
    def cell(names: tuple[str, ...]) -> str:
        wanted = next(item for item in names if item in columns)
        places = [place for place, column in enumerate(columns) if column == wanted]
        place = places[(shape.nth or {}).get(wanted, 0)]
        if place >= len(row):
            raise DataUnknownError(f"{where}: no {wanted}", remedy="the row is shorter than the first one")
        return row[place].strip()

    def number(names: tuple[str, ...], empty: str = "") -> Decimal:
        return _number(cell(names) or empty, f"{where}: {names[0]}", decimal_comma=decimal_comma)

    costs = sum((number((column,), "0") for column in shape.costs if column in columns), Decimal(0))
    return ClosedTrade(
        closed_at=_time(cell(shape.closed_at), where, zone),
        symbol=cell(shape.symbol),
        realized=number(shape.pnl),
        costs=costs if shape.paid_above_zero else -costs,
    )


def _number(text: str, where: str, *, decimal_comma: bool) -> Decimal:
    """1234.5, 1,234.5, 1 234,5 and -0,5. Where both signs stand the last is the decimal one; a lone comma is it in tables that are
    divided by semicolons, and divides thousands in others."""
    plain = text.replace("\u00a0", "").replace(" ", "").replace("$", "")
    if "," in plain and "." in plain:
        decimal_comma = plain.rfind(",") > plain.rfind(".")
    plain = plain.replace(".", "").replace(",", ".") if decimal_comma and "," in plain else plain.replace(",", "")
    try:
        value = Decimal(plain)
    except InvalidOperation:
        raise DataUnknownError(f"{where} is {text!r}, no number", remedy=REMEDY) from None
    if not value.is_finite():
        raise DataUnknownError(f"{where} is {text!r}, no number", remedy=REMEDY)
    return value


_FORMATS = ("%Y.%m.%d %H:%M:%S", "%Y.%m.%d %H:%M", "%H:%M %Y-%m-%d", "%H:%M:%S %Y-%m-%d", "%Y/%m/%d %H:%M:%S", "%d.%m.%Y %H:%M:%S")


def _time(text: str, where: str, zone: ZoneInfo | None) -> datetime:
    if re.fullmatch(r"\d{13}", text):
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    moment = None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        for form in _FORMATS:
            try:
                moment = datetime.strptime(text, form)  # noqa: DTZ007 - the zone follows below
                break
            except ValueError:
                continue
    if moment is None:
        raise DataUnknownError(
            f"{where}: {text!r} is no time", remedy="write it like 2026-03-02 09:30:00, with --zone where it is not UTC"
        )
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone or UTC)).astimezone(UTC)
