"""The page's tables: positions, findings, data."""

from __future__ import annotations

from collections.abc import Sequence

from market_analysis.domain import Finding
from market_analysis.report.cells import can_lose_cell, level_cell, probability_hours, stop_cell
from market_analysis.report.html.markup import Child, Markup, element, join
from market_analysis.report.names import fresh_parts, short_name, subject_name
from market_analysis.report.numbers import UNKNOWN, money, multiple, probability, short_price
from market_analysis.risk.data_quality import OK
from market_analysis.risk.types import DataQuality, PositionReport

_WIDE, _WIDER = "wide", "wide wider"
"""Classes of the columns that small screens leave out, the second already on middling ones."""
_TINY = "tiny"
"""Class of what the smallest screens leave out too."""


def positions_table(rows: Sequence[PositionReport]) -> Markup:
    """The screen's table, worst first."""
    hours = probability_hours(rows)
    heads = (
        ("SYM", "l"),
        ("SIDE", "l"),
        ("notional", _WIDER),
        ("mark", _WIDE),
        ("R", _TINY),
        ("STOP@EXCH", ""),
        ("trig", f"l {_WIDER}"),
        ("can lose", ""),
        ("PLAN", _WIDE),
        ("TGT", _WIDE),
        (f"p{hours}h" if hours else "p", _WIDE),
        ("ADL", _WIDER),
        ("fund/d", _WIDER),
        ("verdict", f"l {_TINY}"),
        ("DO", "l"),
    )
    return _table(heads, [_position(row) for row in rows])


def _position(row: PositionReport) -> Markup:
    guard = row.protection
    verdict = row.position_health.value
    return element(
        "tr",
        _cell(short_name(row) + _leg(row), "l sym"),
        _cell("L" if row.side.sign > 0 else "S", "l"),
        _cell(money(row.notional), _WIDER),
        _cell(short_price(row.current_price, row.tick_size), _WIDE),
        _cell(multiple(row.r_multiple), _TINY),
        _cell(stop_cell(row)),
        _cell((guard.nearest_trigger_source or UNKNOWN) if guard.nearest_stop is not None else "-", f"l {_WIDER}"),
        _cell(can_lose_cell(row)),
        _cell(level_cell(row, row.stop_loss, "stop_passed"), _WIDE),
        _cell(level_cell(row, row.take_profit, "target_passed"), _WIDE),
        _cell(probability(row.dynamic_p_tp), _WIDE),
        _cell(UNKNOWN if row.adl_rank is None else str(row.adl_rank), _WIDER),
        _cell(money(row.funding_per_day_usd, sign=True, digits=1), _WIDER),
        _cell(verdict, f"l {verdict} {_TINY}"),
        _cell(row.action_required, "l do"),
    )


def _leg(row: PositionReport) -> str:
    return f" #{row.key.position_index}" if row.key.position_index else ""


def findings_table(findings: Sequence[Finding]) -> Markup:
    """Every finding with its rule, threshold and action."""
    heads = (
        ("severity", "l"),
        ("subject", "l"),
        ("finding", "l"),
        ("rule", f"l {_WIDER}"),
        ("threshold", f"l {_WIDE}"),
        ("DO", "l"),
    )
    rows = [
        element(
            "tr",
            _cell(finding.severity.value.upper(), f"l {finding.severity.value}"),
            _cell(subject_name(finding.subject), "l"),
            _cell(finding.message, "l wrap"),
            _cell(finding.rule, f"l wrap soft {_WIDER}"),
            _cell("" if finding.threshold is None else str(finding.threshold), f"l {_WIDE}"),
            _cell(finding.action, "l wrap do"),
        )
        for finding in findings
    ]
    return _table(heads, rows)


def data_table(data: DataQuality) -> Markup:
    """Every part that is doubtful on a line of its own, then what is fresh and whole, kind by kind."""
    doubtful = [
        (subject_name(name), state.upper(), data.details.get(name, "")) for name, state in sorted(data.parts.items()) if state != OK
    ]
    fresh = [(kind, OK, ", ".join(shown for shown in members if shown)) for kind, members in fresh_parts(data).items()]
    rows = [
        element("tr", _cell(name, "l"), _cell(state, "l" if state == OK else "l unknown"), _cell(detail, "l wrap"))
        for name, state, detail in (*doubtful, *fresh)
    ]
    return _table((("part", "l"), ("state", "l"), ("detail", "l")), rows)


def _cell(content: Child, kind: str = "") -> Markup:
    return element("td", content, class_=kind or None)


def _table(heads: Sequence[tuple[str, str]], rows: Sequence[Markup]) -> Markup:
    head = element("tr", *(element("th", name, class_=kind or None, scope="col") for name, kind in heads))
    return element("div", element("table", element("thead", head), element("tbody", join(*rows))), class_="scroll")
