"""Reliability diagrams as self-contained SVG: how often the target came, against how likely it was said to be."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from market_analysis.desk.evaluation.odds.cases import BROWNIAN, PRINTED, SIMULATED
from market_analysis.desk.evaluation.odds.scores import KindScore, OddsScore
from market_analysis.errors import OutputError
from market_analysis.report.html.markup import Markup, element
from market_analysis.report.html.scale import Scale
from market_analysis.report.write import write_atomically

__all__ = ["reliability_chart", "write_charts"]

_WIDTH, _HEIGHT = 520.0, 470.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 16.0, 94.0, 48.0
_LEGEND_TOP, _LEGEND_ROW = 40.0, 17.0
_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_LARGEST_RADIUS = 14.0
_SHOWN = {PRINTED: "solid", SIMULATED: "green", BROWNIAN: "hollow"}
_STYLE = """
svg{background:#fff}text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:#16191d}
.title{font-size:14px;font-weight:700}.soft{fill:#5b6470}.mid{text-anchor:middle}.end{text-anchor:end}
.grid{stroke:#e9ecf0}.even{stroke:#5b6470;stroke-dasharray:4 4}
circle{stroke-width:2}circle.solid{fill:#2166ac;fill-opacity:.75;stroke:#2166ac}circle.hollow{fill:none;stroke:#c2571a}
circle.green{fill:#0b7a43;fill-opacity:.6;stroke:#0b7a43}line.green{stroke:#0b7a43}
line.solid{stroke:#2166ac}line.hollow{stroke:#c2571a}
"""


def write_charts(folder: Path, scores: Sequence[KindScore]) -> tuple[str, ...]:
    """`reliability_KIND.svg` for each kind, into `folder`, which is made if it is not there; returns the names.

    Raises OutputError when a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made: {error.strerror}", remedy="name a writable directory") from error
    names = []
    for score in scores:
        names.append(f"reliability_{score.kind}.svg")
        write_atomically(folder / names[-1], reliability_chart(score).encode("ascii", "xmlcharrefreplace"))
    return tuple(names)


def reliability_chart(score: KindScore) -> Markup:
    """One kind: a disc per bin of P(target), its area the share of cases; whiskers of two binomial standard errors.

    The whiskers take cases as independent, which they are not: they are too short.
    """
    x, y = Scale(0.0, 1.0, _LEFT, _WIDTH - _RIGHT), Scale(0.0, 1.0, _HEIGHT - _BOTTOM, _TOP)
    title = f"{score.kind}: P(target) within {score.horizon_hours} h, {score.cases} cases"
    shown = [(model, _SHOWN[model.model]) for model in score.models if model.model in _SHOWN]
    return element(
        "svg",
        element("title", title),
        element("style", Markup(_STYLE)),
        element("text", title, x=_LEFT, y=20, class_="title"),
        *(mark for row, (model, style) in enumerate(shown) for mark in _legend(row, model, style)),
        *_axes(x, y),
        *(mark for model, style in shown for mark in _discs(model, style, score.cases, x, y)),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_WIDTH:g} {_HEIGHT:g}",
        role="img",
    )


def _legend(row: int, model: OddsScore, style: str) -> Iterator[Markup]:
    y = _LEGEND_TOP + row * _LEGEND_ROW
    yield element("circle", cx=_LEFT + 6, cy=y - 4, r=4.0, class_=style)
    yield element("text", f"{model.model}, calibration error {model.ece_target.value:.3f}", x=_LEFT + 18, y=y, class_="soft")


def _axes(x: Scale, y: Scale) -> Iterator[Markup]:
    for tick in _TICKS:
        yield element("line", x1=x.at(tick), x2=x.at(tick), y1=y.start, y2=y.end, class_="grid")
        yield element("line", x1=x.start, x2=x.end, y1=y.at(tick), y2=y.at(tick), class_="grid")
        yield element("text", f"{tick:g}", x=x.at(tick), y=y.start + 17, class_="soft mid")
        yield element("text", f"{tick:g}", x=x.start - 8, y=y.at(tick) + 4, class_="soft end")
    yield element("line", x1=x.start, x2=x.end, y1=y.start, y2=y.end, class_="even")
    yield element("text", "said", x=(x.start + x.end) / 2, y=_HEIGHT - 12, class_="mid")
    yield element("text", "came", x=14, y=(y.start + y.end) / 2, class_="soft")


def _discs(model: OddsScore, style: str, cases: int, x: Scale, y: Scale) -> Iterator[Markup]:
    for part in model.reliability:
        across = x.at(part.mean_probability)
        error = 2.0 * math.sqrt(part.frequency * (1.0 - part.frequency) / part.cases)
        low, high = y.clamped(part.frequency - error), y.clamped(part.frequency + error)
        yield element("line", x1=across, x2=across, y1=low, y2=high, class_=style)
        radius = max(_LARGEST_RADIUS * math.sqrt(part.cases / cases), 1.5)
        yield element("circle", cx=across, cy=y.at(part.frequency), r=radius, class_=style)
