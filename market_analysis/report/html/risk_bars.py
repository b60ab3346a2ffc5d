"""Where the money at risk sits: bars by position and by cluster, and the day's room."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from market_analysis.report.html.markup import Markup, element, join
from market_analysis.report.names import full_name
from market_analysis.report.numbers import clipped, money, plain
from market_analysis.risk.types import BookReport, ClusterReport, PositionReport

_WIDTH, _ROW = 640.0, 30.0
_LEFT, _RIGHT = 130.0, 150.0
_BAR = 16.0


def position_bars(rows: Sequence[PositionReport]) -> Markup:
    """Can lose per position, largest first; the part that rests on the assumed stress gap is hatched."""
    known = sorted(rows, key=_largest_first)
    most = max((float(row.protection.can_lose_usd or 0) for row in rows), default=0.0)
    drawn: list[Markup | None] = []
    for place, row in enumerate(known):
        total, assumed = row.protection.can_lose_usd, row.protection.assumed_usd
        if total is None:
            drawn.append(_row(place, full_name(row), "not known"))
            continue
        solid = max(total - assumed, Decimal(0))
        note = f" ({money(assumed)} assumed)" if assumed > 0 else ""
        drawn.append(_row(place, full_name(row), money(total) + note))
        drawn.append(_bar(place, 0.0, float(solid), most, "risk"))
        drawn.append(_bar(place, float(solid), float(max(total, Decimal(0)) - solid), most, "assumed"))
    return _chart("Can lose by position, USD", len(known), drawn)


def _largest_first(row: PositionReport) -> tuple[bool, Decimal, str]:
    """An unknown loss comes before the largest known one."""
    loss = row.protection.can_lose_usd
    return (loss is not None, -(loss or Decimal(0)), str(row.key))


def cluster_bars(clusters: Sequence[ClusterReport]) -> Markup:
    """Net and gross per cluster against the cap, which is a line of its own."""
    most = max((float(max(item.gross_usd, item.risk_usd, item.cap_usd or 0)) for item in clusters), default=0.0)
    drawn: list[Markup | None] = []
    for place, item in enumerate(clusters):
        figures = f"net {money(item.risk_usd)} of {money(item.gross_usd)}{' OVER' if item.over_cap else ''}"
        drawn.append(_row(place, plain(item.name), figures))
        drawn.append(_bar(place, 0.0, float(item.gross_usd), most, "gross"))
        drawn.append(_bar(place, 0.0, float(item.risk_usd), most, "over" if item.over_cap else "risk", thin=True))
        if item.cap_usd is not None:
            x = _LEFT + _length(float(item.cap_usd), most)
            y = place * _ROW
            drawn.append(element("line", x1=x, x2=x, y1=y + 3, y2=y + _ROW - 3, class_="cap"))
    return _chart("Can lose by cluster against its cap, USD", len(clusters), drawn)


def room_meter(book: BookReport) -> Markup | None:
    """The day's limit as one bar: lost today, what all stops would take, what is left; None where there is no room."""
    if book.room_usd is None or book.day_limit_usd is None or book.day_left_usd is None:
        return None
    limit, left = float(book.day_limit_usd), float(book.day_left_usd)
    stops = float(book.loss_if_all_stops_fill_usd or 0)
    lost = max(limit - left, 0.0)
    budget = max(limit, left)
    most = max(budget, lost + stops)
    scale = (_WIDTH - 20) / most if most else 0.0
    parts = [("lost", 0.0, lost), ("stops", lost, stops), ("free", lost + stops, max(budget - lost - stops, 0.0))]
    bars = [
        element("rect", x=10 + start * scale, y=6, width=size * scale, height=20, class_=f"meter {kind}")
        for kind, start, size in parts
        if size > 0
    ]
    edge = 10 + budget * scale
    words = "OVER by" if book.room_usd < 0 else "room"
    caption = (
        f"lost today {money(lost)} (dotted), if all stops fill {money(stops)} (hatched), {words} {money(abs(book.room_usd))}; "
        f"the line is the day's limit {money(budget)} USD"
    )
    return element(
        "figure",
        element(
            "svg",
            element("title", "The day's limit"),
            *bars,
            element("line", x1=edge, x2=edge, y1=1, y2=31, class_="cap"),
            viewBox=f"0 0 {_WIDTH:g} 32",
            role="img",
            class_="meterbox",
        ),
        element("figcaption", caption),
    )


def _chart(title: str, rows: int, drawn: Sequence[Markup | None]) -> Markup:
    return element(
        "svg",
        element("title", title),
        *drawn,
        viewBox=f"0 0 {_WIDTH:g} {max(rows, 1) * _ROW:g}",
        role="img",
        class_="bars",
    )


def _row(place: int, name: str, figures: str) -> Markup:
    y = place * _ROW + _ROW / 2 + 4
    return join(
        element("text", clipped(name, 17), x=_LEFT - 8, y=y, class_="axis end name"),
        element("text", figures, x=_WIDTH - _RIGHT + 8, y=y, class_="axis"),
    )


def _length(value: float, most: float) -> float:
    return max(value, 0.0) / most * (_WIDTH - _LEFT - _RIGHT) if most > 0 else 0.0


def _bar(place: int, start: float, value: float, most: float, kind: str, *, thin: bool = False) -> Markup | None:
    if value <= 0:
        return None
    height = _BAR / 2 if thin else _BAR
    return element(
        "rect",
        x=_LEFT + _length(start, most),
        y=place * _ROW + (_ROW - height) / 2,
        width=max(_length(value, most), 1.0),
        height=height,
        class_=f"bar {kind}",
    )
