"""How positions and the states of their data are called on every drawing."""

from __future__ import annotations

from decimal import Decimal

from market_analysis.report.numbers import plain
from market_analysis.risk.data_quality import OK, STALE
from market_analysis.risk.types import DataQuality, PositionReport, ProtectionState, Verdict

WORST_FIRST = (Verdict.CRITICAL, Verdict.UNKNOWN, Verdict.WARNING, Verdict.NORMAL)
NO_STOP = {
    ProtectionState.NAKED: "NONE",
    ProtectionState.UNKNOWN: "?",
    ProtectionState.ASLEEP: "ASLEEP",
    ProtectionState.WRONG_SIDE: "WRONG",
    ProtectionState.BEYOND_LIQUIDATION: "BEYOND LIQ",
}
"""What stands in the place of a resting stop that protects nothing."""


def full_name(row: PositionReport) -> str:
    """The native symbol, with `#1` or `#2` for a position of hedge mode: what `explain` takes."""
    index = row.key.position_index
    return plain(row.symbol) + (f"#{index}" if index else "")


def short_name(row: PositionReport) -> str:
    """The symbol without a USDT suffix: BTC, but BTCPERP and BTCUSD stay what they are."""
    symbol = plain(row.symbol)
    return symbol.removesuffix("USDT") or symbol


def subject_name(subject: str) -> str:
    """A finding's or a data part's subject without account, venue and category: `quote BTCUSDT`, `BTCUSDT#1`.

    Spot stays named, for a spot pair may share its symbol with a perpetual.
    """
    word, space, rest = plain(subject).partition(" ")
    if not space:
        return word.rpartition("/")[2]
    if word not in _PARTS:
        return f"{word} {rest}"
    place, _, symbol = rest.rpartition("/")[2].rpartition(":")
    return f"{word} {symbol} spot" if place.endswith(":spot") else f"{word} {symbol}"


_PARTS = frozenset({"instrument", "quote", "entry", "bars", "rate"})


def fresh_parts(data: DataQuality) -> dict[str, list[str]]:
    """What was read and is fresh, kind by kind, in the order of their names; bars with their count and gaps."""
    kinds: dict[str, list[str]] = {}
    for name in sorted(name for name, state in data.parts.items() if state == OK):
        kind, space, subject = name.partition(" ")
        shown = subject_name(name)[len(kind) + 1 :] if space else ""
        if kind == "bars" and subject in data.bars:
            shown += f" {data.bars[subject]} closed 1h ({data.gaps.get(subject, 0)} missing)"
        kinds.setdefault(plain(kind), []).append(shown)
    return kinds


def worst_first(rows: tuple[PositionReport, ...]) -> list[PositionReport]:
    """Worst verdict first, then the largest loss; an unknown loss counts as the largest."""
    return sorted(rows, key=_badness)


def _badness(row: PositionReport) -> tuple[int, bool, Decimal, str]:
    loss = row.protection.can_lose_usd
    return (WORST_FIRST.index(row.position_health), loss is not None, -(loss or Decimal(0)), str(row.key))


def doubtful_parts(data: DataQuality) -> list[tuple[str, str]]:
    """(part, state) of all that is not fresh and whole: unreadable before stale, the account's own before an instrument's."""
    bad = [(subject_name(name), plain(state)) for name, state in data.parts.items() if state != OK]
    return sorted(bad, key=lambda pair: (pair[1] == STALE, " " in pair[0], pair))


def is_reliable(data: DataQuality) -> bool:
    """Whether every part was read and is fresh; nothing is shown as good otherwise."""
    return all(state == OK for state in data.parts.values())
