"""The whole page."""

from __future__ import annotations

from market_analysis.domain import History
from market_analysis.report.document import Document
from market_analysis.report.html.card import position_card
from market_analysis.report.html.heat_map import heat_map
from market_analysis.report.html.markup import Markup, element
from market_analysis.report.html.risk_bars import cluster_bars, position_bars
from market_analysis.report.html.style import STYLE
from market_analysis.report.html.summary import summary
from market_analysis.report.html.tables import data_table, findings_table, positions_table
from market_analysis.report.names import worst_first
from market_analysis.report.numbers import money

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""What a browser may load for this page: nothing but the style within it."""
_CHART_LEGEND = (
    "Closed 4h candles (hollow: up, filled: down); bold line: stop at the exchange; dashed: planned stop; dotted: entry, mark, "
    "scale-outs; dash-dot: target; shaded: 1 and 2 sigma of the forecast over the horizon of the odds."
)


def render_html(document: Document, history: History) -> str:
    """One self-contained page: nothing is fetched, nothing runs; everything from outside is escaped.

    `history`: the closed bars behind the document, for the price charts.
    """
    title = f"{document.verdict.value}: {document.account.name} at {document.account.venue}"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", **{"http-equiv": "Content-Security-Policy", "content": _POLICY}),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", Markup(STYLE)),
    )
    body = element(
        "body",
        _patterns(),
        element(
            "main",
            summary(document),
            *_positions(document, history),
            *_book(document),
            element("h2", f"Findings ({len(document.findings)})"),
            findings_table(document.findings) if document.findings else element("p", "No finding."),
            element("h2", "Data quality"),
            data_table(document.data_quality),
            _footer(document),
        ),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _patterns() -> Markup:
    """Hatching and dots, so that an assumed or a lost amount is told without colour."""
    hatch = element(
        "pattern",
        element("path", d="M-1,1 l2,-2 M0,6 l6,-6 M5,7 l2,-2", stroke="var(--bad)", stroke_width="1.6"),
        id="hatch",
        width="6",
        height="6",
        patternUnits="userSpaceOnUse",
    )
    dots = element(
        "pattern",
        element("circle", cx="2.5", cy="2.5", r="1.4", fill="var(--warn)"),
        id="dots",
        width="5",
        height="5",
        patternUnits="userSpaceOnUse",
    )
    return element("svg", element("defs", hatch, dots), class_="defs", **{"aria-hidden": "true"})


def _positions(document: Document, history: History) -> list[Markup]:
    heading = element("h2", "Positions")
    if document.positions is None:
        return [heading, element("p", "Positions could not be read. This is not an empty book.", class_="alarm unknown")]
    if not document.positions:
        return [heading, element("p", "No open positions (read and proven).", class_="card")]
    rows = worst_first(document.positions)
    cards = [position_card(row, history, document.as_of) for row in rows]
    marks = element("p", "! of it counted at the assumed stress gap, for size without a stop", class_="soft")
    is_assumed = any(row.protection.assumed_usd > 0 for row in rows)
    return [
        heading,
        positions_table(rows),
        *([marks] if is_assumed else []),
        element("h2", "Price and levels"),
        element("p", _CHART_LEGEND, class_="soft"),
        element("div", *cards, class_="cards"),
    ]


def _book(document: Document) -> list[Markup]:
    """Risk by position and cluster, correlations, holdings; only what there is."""
    figures = []
    if document.positions:
        figures.append(_figure(position_bars(document.positions), "Can lose by position, USD; hatched: assumed, no stop rests"))
    if document.clusters:
        caption = "Can lose by cluster, USD; wide: gross, narrow: net sqrt(r' C r); the line is the cap"
        figures.append(_figure(cluster_bars(document.clusters), caption))
    blocks = [element("h2", "Risk by position and cluster"), element("div", *figures, class_="two")] if figures else []
    if len(document.correlation.symbols) > 1:
        drawn = heat_map(document.correlation.symbols, document.correlation.matrix, document.clusters)
        caption = "Correlation of closed 4h returns, shrunk; framed: one cluster, one bet"
        figure = element("figure", element("div", drawn, class_="scroll bare"), element("figcaption", caption))
        blocks += [element("h2", "Correlations and clusters"), figure]
    if document.holdings:
        held = [f"{item.coin} {item.quantity:f} = {money(item.value_usd)} USD" for item in document.holdings]
        blocks += [element("h2", "Holdings"), element("p", "; ".join(held), class_="card")]
    return blocks


def _figure(drawn: Markup, caption: str) -> Markup:
    return element("figure", drawn, element("figcaption", caption))


def _footer(document: Document) -> Markup:
    made = document.diagnostics
    versions = ", ".join(f"{name} {version}" for name, version in made.versions.items())
    return element(
        "footer",
        element("div", f"schema {document.schema_version}, seed {made.seed}, settings {made.settings_hash[:16]}; {versions}"),
        element(
            "div", "Losses are positive. Probabilities hold for the stated horizon only. Advice, not orders: nothing here trades."
        ),
    )
