"""What other limits would have done: equity by day, each firing, and what it would have cost or saved."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from tabulate import tabulate

from market_analysis.guard.hindsight import Hindsight
from market_analysis.report.numbers import money, plain

__all__ = ["hindsight_text"]

_WIDTH = 60
_MOST_DAYS = 40


def hindsight_text(found: Hindsight, source: str, notes: tuple[str, ...]) -> str:
    """Days with a firing, or all when they are few; then the firings; then the sum by rule."""
    if found.first is None or found.last is None:
        return f"{plain(source)}: nothing happened"
    head = f"{plain(source)}, {found.first:%Y-%m-%d} to {found.last:%Y-%m-%d}: {len(found.days)} trading days with a known equity"
    lines = [head, *(f"({plain(note)})" for note in notes), ""]
    shown = [day for day in found.days if day.firings or len(found.days) <= _MOST_DAYS]
    rows = [(day.day, money(day.equity), money(day.change), day.firings or "", _bar(found, float(day.equity))) for day in shown]
    lines.append(
        tabulate(
            rows,
            headers=("day", "equity", "change", "fired", "equity, lowest to highest"),
            tablefmt="plain",
            disable_numparse=True,
            colalign=("left", "right", "right", "right", "left"),
        )
    )
    if len(shown) < len(found.days):
        lines.append(f"({len(found.days) - len(shown)} days without a firing are left out)")
    lines += ["", f"deepest fall below the highest equity: {money(found.lowest)}"]
    if not found.firings:
        return "\n".join((*lines, "no rule would have asked for anything"))
    fired = [
        (
            f"{item.at:%Y-%m-%d %H:%M}",
            item.rule,
            plain(item.subject),
            _money(item.equity),
            _until(item.until, item.locks),
            _money(item.saved),
        )
        for item in found.firings
    ]
    titles = ("fired (UTC)", "rule", "subject", "equity", "locked until", "saved")
    lines += [
        "",
        tabulate(
            fired, headers=titles, tablefmt="plain", disable_numparse=True, colalign=("left",) * 3 + ("right", "left", "right")
        ),
    ]
    lines += ["", *(f"{rule}: {_said(float(total))} {money(abs(total))} in all" for rule, total in sorted(found.saved.items()))]
    lines.append(
        "Closed at the firing's equity, flat until the lock ends, then the history as it was: who is stopped trades otherwise."
    )
    return "\n".join(lines)


def _bar(found: Hindsight, equity: float) -> str:
    values = [float(day.equity) for day in found.days]
    low, high = min(values), max(values)
    return "#" * (1 + round((equity - low) / (high - low) * (_WIDTH - 1))) if high > low else "#"


def _money(value: Decimal | None) -> str:
    return "--" if value is None else money(value)


def _until(until: datetime | None, locks: bool) -> str:
    if until is not None:
        return f"{until:%Y-%m-%d %H:%M}"
    return "the end" if locks else "no lock"


def _said(total: float) -> str:
    return "would have saved" if total >= 0 else "would have cost"
