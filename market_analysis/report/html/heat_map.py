"""Correlations as a heat map in the order of the clusters, each cell with its number."""

from __future__ import annotations

from collections.abc import Sequence

from market_analysis.report.html.markup import Markup, element, join
from market_analysis.report.numbers import clipped, plain
from market_analysis.risk.types import ClusterReport

_CELL_WIDTH, _CELL_HEIGHT = 48.0, 28.0
_LABEL, _TOP = 84.0, 26.0
_NAME = 9
_STRONG = 0.75
"""From here on a cell is deep enough to need light text."""


def cluster_order(symbols: Sequence[str], clusters: Sequence[ClusterReport]) -> list[list[int]]:
    """Indices of `symbols` cluster by cluster; what is in none comes last, one by one."""
    groups, seen = [], set()
    for cluster in clusters:
        names = cluster.name.split(" ")
        members = [symbols.index(name) for name in names if name in symbols and symbols.index(name) not in seen]
        seen.update(members)
        if members:
            groups.append(members)
    return [*groups, *([index] for index in range(len(symbols)) if index not in seen)]


def heat_map(symbols: Sequence[str], matrix: Sequence[Sequence[float]], clusters: Sequence[ClusterReport]) -> Markup:
    """The map as SVG; a heavy frame is drawn around each cluster of more than one."""
    groups = cluster_order(symbols, clusters)
    order = [index for group in groups for index in group]
    width, height = _LABEL + _CELL_WIDTH * len(order), _TOP + _CELL_HEIGHT * len(order)
    cells = [
        _cell(matrix[row][column], _LABEL + x * _CELL_WIDTH, _TOP + y * _CELL_HEIGHT)
        for y, row in enumerate(order)
        for x, column in enumerate(order)
    ]
    names = [
        join(
            element("text", _short(symbols[index]), x=_LABEL - 6, y=_TOP + place * _CELL_HEIGHT + 18, class_="axis end"),
            element("text", _short(symbols[index], 6), x=_LABEL + (place + 0.5) * _CELL_WIDTH, y=_TOP - 8, class_="axis mid"),
        )
        for place, index in enumerate(order)
    ]
    return element(
        "svg",
        element("title", "Correlations of 4h returns, ordered by cluster"),
        *names,
        *cells,
        *_frames(groups),
        viewBox=f"0 0 {width + 2:g} {height + 2:g}",
        style=f"width:{width + 2:g}px",
        role="img",
        class_="map",
    )


def _short(symbol: str, width: int = _NAME) -> str:
    return clipped(plain(symbol), width)


def _cell(value: float, x: float, y: float) -> Markup:
    """Deeper for stronger; the sign is in the number and in the hue. A strong cell takes light text."""
    strength = min(abs(value), 1.0)
    kind = "plus" if value >= 0 else "minus"
    return join(
        element("rect", x=x, y=y, width=_CELL_WIDTH, height=_CELL_HEIGHT, class_=f"cell {kind}", fill_opacity=f"{strength:.2f}"),
        element(
            "text",
            _number(value),
            x=x + _CELL_WIDTH / 2,
            y=y + 18,
            class_=f"mid number {'strong' if strength >= _STRONG else 'weak'}",
        ),
    )


def _number(value: float) -> str:
    shown = f"{round(value, 2) + 0.0:.2f}"
    return shown.replace("0.", ".", 1) if abs(value) < 0.995 else shown


def _frames(groups: Sequence[Sequence[int]]) -> list[Markup]:
    frames, start = [], 0
    for group in groups:
        if len(group) > 1:
            frames.append(
                element(
                    "rect",
                    x=_LABEL + start * _CELL_WIDTH,
                    y=_TOP + start * _CELL_HEIGHT,
                    width=_CELL_WIDTH * len(group),
                    height=_CELL_HEIGHT * len(group),
                    class_="frame",
                )
            )
        start += len(group)
    return frames
