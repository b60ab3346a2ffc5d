"""One position's chart: ten days of closed candles, its levels, and where the forecast lets the price go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from market_analysis.domain import Bars
from market_analysis.report.html.candles import Candle, candles, cone
from market_analysis.report.html.markup import Markup, element, join
from market_analysis.report.html.price_levels import Level, levels_of
from market_analysis.report.html.scale import Scale, round_ticks, spread
from market_analysis.report.names import NO_STOP, full_name
from market_analysis.report.numbers import price
from market_analysis.risk.types import PositionReport

_WIDTH, _HEIGHT = 640.0, 330.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 80.0, 134.0, 10.0, 24.0
_DAYS, _CANDLE_HOURS = 10, 4
_LABEL_GAP = 14.0
_REACH = 0.8
"""Levels up to this many times the candles' and cone's range beyond it stretch the axis; further ones are named at the edge."""


@dataclass(frozen=True, slots=True)
class _Frame:
    row: PositionReport
    now: datetime
    time: Scale
    value: Scale


def price_chart(row: PositionReport, bars: Bars, now: datetime, horizon_hours: int) -> Markup:
    """The chart as SVG. `bars`: closed hourly bars; those after `now` are not drawn."""
    since = now - timedelta(days=_DAYS)
    shown = candles(bars, _ms(since), _ms(now), _CANDLE_HOURS)
    outer = _cone(row, horizon_hours, 2.0)
    levels = levels_of(row)
    low, high = _range(shown, outer, levels)
    frame = _Frame(
        row,
        now,
        Scale(_ms(since), _ms(now + timedelta(hours=horizon_hours)), _LEFT, _WIDTH - _RIGHT),
        Scale(low, high, _HEIGHT - _BOTTOM, _TOP),
    )
    liquidation = row.liquidation_price
    if liquidation is not None and frame.value.covers(float(liquidation)):
        levels = [*levels, Level(float(liquidation), "LIQ", "liq")]
    return element(
        "svg",
        element("title", f"{full_name(row)}: price, levels and forecast over {horizon_hours} hours"),
        _axes(frame),
        _band(frame, outer, "cone2"),
        _band(frame, _cone(row, horizon_hours, 1.0), "cone1"),
        *(_candle(frame, candle) for candle in shown),
        *_levels(frame, levels),
        *_words(frame, horizon_hours),
        viewBox=f"0 0 {_WIDTH:g} {_HEIGHT:g}",
        role="img",
        class_="chart",
    )


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _cone(row: PositionReport, horizon_hours: int, sigmas: float) -> list[tuple[float, float, float]]:
    if row.volatility is None:
        return []
    return cone(float(row.current_price), row.volatility.term_structure, horizon_hours, sigmas)


def _range(shown: list[Candle], outer: list[tuple[float, float, float]], levels: list[Level]) -> tuple[float, float]:
    mark = next(level.value for level in levels if level.kind == "mark")
    low = min([mark, *(candle.low for candle in shown), *(lower for _, lower, _ in outer)])
    high = max([mark, *(candle.high for candle in shown), *(upper for _, _, upper in outer)])
    span = (high - low) or mark * 0.01
    near = [level.value for level in levels if low - _REACH * span <= level.value <= high + _REACH * span]
    low, high = min([low, *near]), max([high, *near])
    margin = 0.04 * ((high - low) or span)
    return low - margin, high + margin


def _axes(frame: _Frame) -> Markup:
    left, right = frame.time.start, frame.time.end
    rows = [
        join(
            element("line", x1=left, x2=right, y1=frame.value.at(tick), y2=frame.value.at(tick), class_="grid"),
            element("text", price(tick, frame.row.tick_size), x=left - 6, y=frame.value.at(tick) + 4, class_="axis end"),
        )
        for tick in round_ticks(frame.value.low, frame.value.high, 6)
    ]
    now_x = frame.time.at(_ms(frame.now))
    return join(
        *rows,
        *_days(frame),
        element("line", x1=now_x, x2=now_x, y1=_TOP, y2=_HEIGHT - _BOTTOM, class_="now"),
    )


def _days(frame: _Frame) -> list[Markup]:
    """A date below every second midnight (UTC) that has room."""
    first = (frame.now - timedelta(days=_DAYS)).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    marks = []
    for number in range(0, _DAYS + 31, 2):
        moment = first + timedelta(days=number)
        x = frame.time.at(_ms(moment))
        if x > frame.time.end - 8:
            break
        marks.append(element("line", x1=x, x2=x, y1=_HEIGHT - _BOTTOM, y2=_HEIGHT - _BOTTOM + 4, class_="grid"))
        marks.append(element("text", f"{moment.day} {moment:%b}", x=x, y=_HEIGHT - 7, class_="axis mid"))
    return marks


def _band(frame: _Frame, points: list[tuple[float, float, float]], kind: str) -> Markup | None:
    if not points:
        return None
    start = _ms(frame.now)

    def at(hours: float, value: float) -> str:
        return f"{frame.time.clamped(start + hours * 3_600_000):.1f},{frame.value.clamped(value):.1f}"

    upper = [at(hours, high) for hours, _, high in points]
    lower = [at(hours, low) for hours, low, _ in reversed(points)]
    return element("polygon", points=" ".join([*upper, *lower]), class_=kind)


def _candle(frame: _Frame, candle: Candle) -> Markup:
    """Hollow when it closed higher, filled when lower."""
    width = (frame.time.at(_CANDLE_HOURS * 3_600_000) - frame.time.at(0)) * 0.72
    left = frame.time.at(candle.open_ms) + width * 0.19
    middle = left + width / 2
    top, bottom = frame.value.at(max(candle.open, candle.close)), frame.value.at(min(candle.open, candle.close))
    kind = "up" if candle.close >= candle.open else "down"
    return join(
        element("line", x1=middle, x2=middle, y1=frame.value.at(candle.high), y2=top, class_=f"wick {kind}"),
        element("line", x1=middle, x2=middle, y1=bottom, y2=frame.value.at(candle.low), class_=f"wick {kind}"),
        element("rect", x=left, y=top, width=width, height=max(bottom - top, 0.6), class_=f"candle {kind}"),
    )


def _words(frame: _Frame, horizon_hours: int) -> list[Markup]:
    """How far the cone reaches, and in words what no line can show: that nothing protects the position."""
    words = [element("text", f"+{horizon_hours} h", x=frame.time.end - 4, y=_TOP + 12, class_="axis end")]
    absent = NO_STOP.get(frame.row.protection.state)
    if absent is not None:
        stop = "STOPS NOT KNOWN" if absent == "?" else f"NO STOP: {absent}" if absent != "NONE" else "NO STOP AT THE EXCHANGE"
        words.append(element("text", stop, x=frame.time.start + 8, y=_TOP + 14, class_="absent"))
    return words


def _levels(frame: _Frame, levels: list[Level]) -> list[Markup]:
    right = frame.time.end
    wanted = [frame.value.clamped(level.value) for level in levels]
    placed = spread(wanted, _LABEL_GAP, _TOP + 4, _HEIGHT - _BOTTOM - 2)
    drawn = []
    for level, y, label_y in zip(levels, wanted, placed, strict=True):
        inside = frame.value.covers(level.value)
        if inside:
            drawn.append(element("line", x1=frame.time.start, x2=right, y1=y, y2=y, class_=f"level {level.kind}"))
        where = "" if inside else " (above)" if level.value > frame.value.high else " (below)"
        drawn.append(element("path", d=f"M{right:.1f} {y:.1f}L{right + 10:.1f} {label_y:.1f}", class_=f"leader {level.kind}"))
        label = level.label(frame.row.tick_size) + where
        drawn.append(element("text", label, x=right + 13, y=label_y + 4, class_=f"label {level.kind}"))
    return drawn
