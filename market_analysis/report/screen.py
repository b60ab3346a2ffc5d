"""The one screen: money first, worst position first, nothing green on data that is not fresh."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from tabulate import tabulate

from market_analysis.domain import Severity
from market_analysis.report.numbers import UNKNOWN, age, money, multiple, percent, price, probability, until
from market_analysis.risk.types import Analysis, ClusterReport, PositionReport, ProtectionState, Verdict

if TYPE_CHECKING:
    from rich.text import Text

_STYLES = {Verdict.CRITICAL: "bold red", Verdict.UNKNOWN: "bold magenta", Verdict.WARNING: "yellow", Verdict.NORMAL: ""}
_ORDER = (Verdict.CRITICAL, Verdict.UNKNOWN, Verdict.WARNING, Verdict.NORMAL)
_HEADERS = ("SYM", "SIDE", "notional", "mark", "R", "STOP@EXCH", "trig", "can lose", "PLAN", "TGT", "p", "ADL", "fund/d", "DO")
_ALIGN = ("left", "left", "right", "right", "right", "right", "left", "right", "right", "right", "right", "right", "right", "left")
_NO_STOP = {
    ProtectionState.NAKED: "NONE",
    ProtectionState.UNKNOWN: "?",
    ProtectionState.ASLEEP: "ASLEEP",
    ProtectionState.WRONG_SIDE: "WRONG",
    ProtectionState.BEYOND_LIQUIDATION: "BEYOND LIQ",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the screen and how bad what it says is; the words alone say it too."""

    text: str
    verdict: Verdict


def screen_lines(analysis: Analysis) -> list[Line]:
    """The screen of an account, at most about 110 columns wide."""
    return [
        *_alarm(analysis),
        _room_line(analysis),
        _account_line(analysis),
        *_position_lines(analysis),
        *(_cluster_line(cluster) for cluster in analysis.clusters if len(cluster.members) > 1 or cluster.over_cap),
        _findings_line(analysis),
    ]


def screen_text(analysis: Analysis) -> str:
    """The screen as plain text."""
    return "\n".join(line.text for line in screen_lines(analysis))


def screen_rich(analysis: Analysis) -> Text:
    """The screen for a terminal; colour repeats what the words say (rich respects NO_COLOR)."""
    from rich.text import Text

    text = Text(no_wrap=True, overflow="ellipsis")
    for line in screen_lines(analysis):
        text.append(line.text + "\n", style=_STYLES[line.verdict])
    return text


def _alarm(analysis: Analysis) -> list[Line]:
    bad = [name for name, state in analysis.data.parts.items() if state != "ok"]
    if not bad:
        return []
    shown = ", ".join(f"{name} {analysis.data.parts[name]}" for name in bad[:4]) + (
        f" and {len(bad) - 4} more" if len(bad) > 4 else ""
    )
    return [Line(f"UNKNOWN: {shown}. Figures that rest on it are withheld; this is no all-clear.", Verdict.UNKNOWN)]


def _room_line(analysis: Analysis) -> Line:
    book = analysis.book
    losses = f"if all stops fill {money(book.loss_if_all_stops_fill_usd)}"
    if book.room_usd is None:
        why = "set [risk] daily_loss_limit_frac" if book.day_limit_usd is None and book.equity_usd is not None else "not known"
        return Line(f"ROOM -- ({why})   {losses} USD", Verdict.NORMAL if book.equity_usd is not None else Verdict.UNKNOWN)
    share = "" if not book.equity_usd else f" ({percent(float(book.room_usd / book.equity_usd))} eq)"
    over = book.room_usd < 0
    left = f"day left {money(book.day_left_usd)} of {money(book.day_limit_usd)}"
    resets = until(book.next_reset, analysis.as_of)
    return Line(
        f"ROOM {money(book.room_usd)} USD{share}{' OVER' if over else ''}   {left} (resets {resets})   {losses}",
        Verdict.WARNING if over else Verdict.NORMAL,
    )


def _account_line(analysis: Analysis) -> Line:
    book = analysis.book
    parts = [
        f"eq {money(book.equity_usd)}",
        f"day {money(book.day_pnl_usd, sign=True)}",
        f"joint liq {percent(book.joint_liquidation_move_frac, sign=True)}",
        f"MMR {percent(book.maintenance_margin_frac, 0)}",
        f"NAKED {book.naked_count}",
        f"resting entries {money(book.resting_entries_usd, sign=True)}",
        f"data {age(analysis.data.oldest_age_seconds)}",
    ]
    bad = Verdict.CRITICAL if book.naked_count else Verdict.UNKNOWN if book.equity_usd is None else Verdict.NORMAL
    return Line("  ".join(parts), bad)


def _position_lines(analysis: Analysis) -> list[Line]:
    if analysis.positions is None:
        return [Line("POSITIONS could not be read. This is not an empty book.", Verdict.UNKNOWN)]
    if not analysis.positions:
        return [Line("no open positions (read and proven)", Verdict.NORMAL)]
    ordered = sorted(analysis.positions, key=_worst_first)
    horizon = next((f"p{row.probabilities.horizon_hours}h" for row in ordered if row.probabilities), "p")
    headers = [horizon if name == "p" else name for name in _HEADERS]
    table = tabulate([_cells(row) for row in ordered], headers=headers, tablefmt="plain", colalign=_ALIGN, disable_numparse=True)
    head, *rows = table.splitlines()
    return [Line(head, Verdict.NORMAL), *(Line(text, row.position_health) for text, row in zip(rows, ordered, strict=True))]


def _worst_first(row: PositionReport) -> tuple[int, Decimal, str]:
    return (_ORDER.index(row.position_health), -(row.protection.can_lose_usd or Decimal(0)), str(row.key))


def _cells(row: PositionReport) -> tuple[str, ...]:
    guard = row.protection
    stop = _NO_STOP.get(guard.state) or price(guard.nearest_stop, row.tick_size)
    if guard.state is ProtectionState.PARTIAL:
        stop += f" ({percent(guard.covered_frac, 0)})"
    return (
        short_name(row),
        "L" if row.side.sign > 0 else "S",
        money(row.notional_usd),
        price(row.current_price, row.tick_size),
        multiple(row.r_multiple),
        stop,
        (guard.nearest_trigger_source or "-") if guard.nearest_stop is not None else "-",
        money(guard.can_lose_usd) + ("!" if guard.assumed_usd > 0 else ""),
        price(row.stop_loss, row.tick_size),
        price(row.take_profit, row.tick_size),
        probability(row.dynamic_p_tp),
        UNKNOWN if row.adl_rank is None else str(row.adl_rank),
        money(row.funding_per_day_usd, sign=True, digits=1),
        row.action_required,
    )


def short_name(row: PositionReport) -> str:
    """The native symbol without a USDT suffix: BTC, but BTCPERP and BTCUSD stay what they are."""
    return row.symbol.removesuffix("USDT") or row.symbol


def _cluster_line(cluster: ClusterReport) -> Line:
    cap = f" cap {money(cluster.cap_usd)}" if cluster.cap_usd is not None else ""
    over = " OVER" if cluster.over_cap else ""
    text = f"CLUSTER {cluster.name} net {money(cluster.risk_usd)} gross {money(cluster.gross_usd)}{cap}{over}"
    return Line(text, Verdict.WARNING if cluster.over_cap else Verdict.NORMAL)


def _findings_line(analysis: Analysis) -> Line:
    loud = [finding for finding in analysis.findings if finding.severity is not Severity.INFO]
    critical = sum(finding.severity is Severity.CRITICAL for finding in loud)
    unknown = sum(finding.severity is Severity.UNKNOWN for finding in loud)
    counts = [f"{count} {word}" for count, word in ((critical, "critical"), (unknown, "unknown")) if count]
    detail = f" ({', '.join(counts)})" if counts else ""
    worst = min(analysis.positions, key=_worst_first) if analysis.positions else None
    pointer = f" -> risk-manager explain {worst.symbol}" if loud and worst is not None else ""
    return Line(f"FINDINGS {len(loud)}{detail}{pointer}   {analysis.verdict.value}", analysis.verdict)
