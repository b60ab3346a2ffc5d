"""The one screen: money first, worst position first, nothing green on data that is not fresh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from market_analysis.domain import Severity
from market_analysis.report.cells import (
    can_lose_cell,
    joint_liquidation_cell,
    level_cell,
    no_room_reason,
    probability_hours,
    stop_cell,
)
from market_analysis.report.columns import Column, fit_table
from market_analysis.report.names import doubtful_parts, full_name, is_reliable, short_name, worst_first
from market_analysis.report.numbers import (
    UNKNOWN,
    age,
    clipped,
    money,
    multiple,
    percent,
    plain,
    probability,
    short_price,
    until,
)
from market_analysis.risk.types import Analysis, BookReport, ClusterReport, HoldingReport, PositionReport, Verdict

if TYPE_CHECKING:
    from rich.text import Text

WIDTH = 110
_STYLES = {Verdict.CRITICAL: "bold red", Verdict.UNKNOWN: "bold magenta", Verdict.WARNING: "yellow", Verdict.NORMAL: ""}
_ALL_CLEAR = "green"
_COLUMNS = (
    Column("SYM", right=False),
    Column("SIDE", right=False),
    Column("notional", may_go=3),
    Column("mark"),
    Column("R", may_go=4),
    Column("STOP@EXCH"),
    Column("trig", right=False, may_go=1),
    Column("can lose"),
    Column("PLAN"),
    Column("TGT"),
    Column("p"),
    Column("ADL", may_go=0),
    Column("fund/d", may_go=2),
    Column("DO", right=False),
)
_SHOWN_PARTS = 3


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the screen and how bad what it says is; the words alone say it too."""

    text: str
    verdict: Verdict


def screen_lines(analysis: Analysis) -> list[Line]:
    """The screen of an account, no line wider than WIDTH."""
    lines = [
        *_alarm(analysis),
        _room_line(analysis),
        _account_line(analysis),
        *_position_lines(analysis),
        *_holdings_line(analysis.holdings, analysis.book),
        *(_cluster_line(cluster) for cluster in analysis.clusters if len(cluster.members) > 1 or cluster.over_cap),
        _findings_line(analysis),
    ]
    return [Line(clipped(line.text, WIDTH), line.verdict) for line in lines]


def screen_text(analysis: Analysis) -> str:
    """The screen as plain text."""
    return "\n".join(line.text for line in screen_lines(analysis))


def screen_rich(analysis: Analysis) -> Text:
    """The screen for a terminal; colour repeats what the words say (rich respects NO_COLOR).

    Green is used for one thing: the last line of a book that is NORMAL on data that is all fresh.
    """
    from rich.text import Text

    text = Text(no_wrap=True, overflow="ellipsis")
    lines = screen_lines(analysis)
    for line in lines:
        is_clear = line is lines[-1] and analysis.verdict is Verdict.NORMAL and is_reliable(analysis.data)
        text.append(line.text + "\n", style=_ALL_CLEAR if is_clear else _STYLES[line.verdict])
    return text


def _alarm(analysis: Analysis) -> list[Line]:
    bad = doubtful_parts(analysis.data)
    if not bad:
        return []
    shown = ", ".join(f"{name} {state}" for name, state in bad[:_SHOWN_PARTS])
    more = f" and {len(bad) - _SHOWN_PARTS} more" if len(bad) > _SHOWN_PARTS else ""
    word = "STALE" if all(state == "stale" for _, state in bad) else "UNKNOWN"
    tail = ". No all-clear."
    return [Line(clipped(f"{word}: {shown}", WIDTH - len(more) - len(tail)) + more + tail, Verdict.UNKNOWN)]


def _room_line(analysis: Analysis) -> Line:
    book = analysis.book
    losses = f"if all stops fill {money(book.loss_if_all_stops_fill_usd)}"
    if book.room_usd is None:
        why, is_known = no_room_reason(book)
        return Line(f"ROOM -- ({why})   {losses} USD", Verdict.NORMAL if is_known else Verdict.UNKNOWN)
    share = f" ({percent(book.room_usd / book.equity_usd)} eq)" if book.equity_usd else ""
    over = book.room_usd < 0
    left = f"day left {money(book.day_left_usd)} of {money(book.day_limit_usd)}"
    resets = until(book.next_reset, analysis.as_of)
    return Line(
        f"ROOM {money(book.room_usd)} USD{share}{' OVER' if over else ''}   {left} (resets {resets})   {losses}",
        Verdict.WARNING if over else Verdict.NORMAL,
    )


def _account_line(analysis: Analysis) -> Line:
    book = analysis.book
    naked = "?" if book.naked_count is None else str(book.naked_count)
    parts = [
        f"eq {money(book.equity_usd)}",
        f"day {money(book.day_pnl_usd, sign=True)}",
        f"joint liq {joint_liquidation_cell(book)}",
        f"MMR {percent(book.maintenance_margin_frac, 0)}",
        f"NAKED {naked}",
        f"resting entries {money(book.resting_entries_usd, sign=True)}",
        f"data {age(analysis.data.oldest_age_seconds)}",
    ]
    unknown = book.naked_count is None or book.equity_usd is None
    bad = Verdict.CRITICAL if book.naked_count else Verdict.UNKNOWN if unknown else Verdict.NORMAL
    return Line("  ".join(parts), bad)


def _position_lines(analysis: Analysis) -> list[Line]:
    if analysis.positions is None:
        return [Line("POSITIONS could not be read. This is not an empty book.", Verdict.UNKNOWN)]
    if not analysis.positions:
        return [Line("no open positions (read and proven)", Verdict.NORMAL)]
    ordered = worst_first(analysis.positions)
    hours = probability_hours(ordered)
    columns = [Column(f"p{hours}h") if column.name == "p" and hours else column for column in _COLUMNS]
    head, *rows = fit_table(columns, [_cells(row) for row in ordered], WIDTH)
    return [Line(head, Verdict.NORMAL), *(Line(text, row.position_health) for text, row in zip(rows, ordered, strict=True))]


def _cells(row: PositionReport) -> tuple[str, ...]:
    guard = row.protection
    return (
        short_name(row),
        "L" if row.side.sign > 0 else "S",
        money(row.notional),
        short_price(row.current_price, row.tick_size),
        multiple(row.r_multiple),
        stop_cell(row),
        (guard.nearest_trigger_source or UNKNOWN) if guard.nearest_stop is not None else "-",
        can_lose_cell(row),
        level_cell(row, row.stop_loss, "stop_passed"),
        level_cell(row, row.take_profit, "target_passed"),
        probability(row.dynamic_p_tp),
        UNKNOWN if row.adl_rank is None else str(row.adl_rank),
        money(row.funding_per_day_usd, sign=True, digits=1),
        plain(row.action_required),
    )


def _holdings_line(holdings: tuple[HoldingReport, ...], book: BookReport) -> list[Line]:
    if not holdings:
        return []
    shown = "  ".join(f"{plain(item.coin)} {money(item.value_usd)}" for item in holdings[:6])
    more = f" and {len(holdings) - 6} more" if len(holdings) > 6 else ""
    return [Line(f"HOLDINGS {shown}{more}   stress loss {money(book.holdings_stress_usd)}", Verdict.NORMAL)]


def _cluster_line(cluster: ClusterReport) -> Line:
    cap = f" cap {money(cluster.cap_usd)}" if cluster.cap_usd is not None else ""
    figures = f" net {money(cluster.risk_usd)} gross {money(cluster.gross_usd)}{cap}{' OVER' if cluster.over_cap else ''}"
    name = clipped(plain(cluster.name), WIDTH - len("CLUSTER ") - len(figures))
    return Line(f"CLUSTER {name}{figures}", Verdict.WARNING if cluster.over_cap else Verdict.NORMAL)


def _findings_line(analysis: Analysis) -> Line:
    loud = [finding for finding in analysis.findings if finding.severity is not Severity.INFO]
    critical = sum(finding.severity is Severity.CRITICAL for finding in loud)
    unknown = sum(finding.severity is Severity.UNKNOWN for finding in loud)
    counts = [f"{count} {word}" for count, word in ((critical, "critical"), (unknown, "unknown")) if count]
    detail = f" ({', '.join(counts)})" if counts else ""
    worst = worst_first(analysis.positions)[0] if analysis.positions else None
    pointer = f" -> risk-manager explain {full_name(worst)}" if loud and worst is not None else ""
    return Line(f"FINDINGS {len(loud)}{detail}{pointer}   {analysis.verdict.value}", analysis.verdict)
