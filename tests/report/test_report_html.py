"""The page: well-formed, self-contained, escaped, complete; in the browser nothing is fetched and nothing overlaps."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Tree

import analyses
import pytest

from market_analysis.domain import History, Side, Unknown
from market_analysis.report.document import build_document
from market_analysis.report.html import render_html
from market_analysis.report.html.markup import element, join
from market_analysis.report.html.price_chart import price_chart
from market_analysis.report.html.risk_bars import position_bars, room_meter
from market_analysis.risk.types import Analysis, Verdict
from market_analysis.settings import Settings

D = Decimal
MAKERS = (analyses.demo, analyses.calm, analyses.flat, analyses.unknown, analyses.stale, analyses.hedged)
CHROMIUM = shutil.which("chromium")
EVIL = '<script>alert("x")</script>&\'"'


def page(analysis: Analysis, history: History | None = None) -> str:
    return render_html(build_document(analysis, Settings(), {"python": "3.11"}), history or analyses.history(analysis))


def tree(text: str) -> Tree.Element:
    return Tree.fromstring(text)  # noqa: S314 - our own page


class _Balanced(HTMLParser):
    """Fails on a tag that is closed out of turn."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in {"meta", "br"}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("make", [*MAKERS, lambda: analyses.many(12)])
def test_pages_are_well_formed_for_xml_and_html(make: Callable[[], Analysis]) -> None:
    text = page(make())
    tree(text)
    parser = _Balanced()
    parser.feed(text)
    assert parser.open == []


@pytest.mark.parametrize("make", MAKERS)
def test_pages_fetch_nothing_and_run_nothing(make: Callable[[], Analysis]) -> None:
    text = page(make())
    assert "default-src 'none'" in text.replace("&#x27;", "'")
    assert not re.search(r"<(script|link|img|iframe|object|embed|base|form)\b", text)
    assert not re.search(r"\b(href|src|xlink:href|on\w+)=", text)
    assert not re.search(r"url\((?!#)", text)
    assert not re.search(r"@import|https?://", text)


def test_everything_from_outside_is_escaped() -> None:
    finding = analyses.finding(EVIL, analyses.NAKED.severity, EVIL, EVIL, rule=EVIL, threshold=EVIL, action=EVIL)
    base = analyses.hedged()
    row = analyses.row(EVIL + "USDT", action_required=EVIL, size_refusal=EVIL, findings=(finding,))
    row = replace(row, protection=replace(row.protection, nearest_trigger_source=EVIL))
    report = analyses.volatility()
    row = replace(row, volatility=replace(report, method=EVIL))
    data = replace(base.data, parts={EVIL: EVIL, f"quote {EVIL}": "ok"}, details={EVIL: EVIL})
    evil = replace(
        base,
        account_name=EVIL,
        venue=EVIL,
        positions=(row,),
        holdings=(replace(base.holdings[0], coin=EVIL),),
        clusters=(replace(analyses.CLUSTER, name=EVIL),),
        correlation_symbols=(EVIL, "B"),
        correlation=((1.0, 0.5), (0.5, 1.0)),
        findings=(finding,),
        data=data,
        book=analyses.book(joint_liquidation_factor=EVIL),
    )
    for history in (
        analyses.history(evil),
        History({}, {}),
        History({row.key.instrument: Unknown(EVIL, EVIL, analyses.AS_OF)}, {}),
    ):
        text = page(evil, history)
        tree(text)
        assert "<script" not in text
        assert 'alert("x")' not in text
        assert "&lt;script&gt;" in text


def test_control_characters_do_not_break_the_page() -> None:
    tree(page(replace(analyses.demo(), positions=(analyses.row("A\x00B\x1b\u202eUSDT"),))))


def test_escape_by_construction() -> None:
    assert element("td", "<b>", class_='a"b', data_x=None) == '<td class="a&quot;b">&lt;b&gt;</td>'
    assert element("p", element("b", "&")) == "<p><b>&amp;</b></p>"
    assert element("rect", x=1.25, stroke_width=2.0) == '<rect x="1.2" stroke-width="2"></rect>'
    assert element("br") == "<br />"
    assert join("a<", None, element("i")) == "a&lt;<i></i>"


def test_the_demo_page_says_it_all() -> None:
    text = page(analyses.demo())
    for words in (
        "ROOM -190 USD OVER",
        "day left 974 of 1,286, resets in 09:56h",
        "NAKED positions",
        "NO STOP AT THE EXCHANGE",
        "STOP 68950.0",
        "plan 69200.0",
        "target 75400.0",
        "BTC ETH DOGE",
        "net 597 of 1,164 OVER",
        "459 (459 assumed)",
        "schema 1.1, seed 20250920",
        "2026-03-02 14:04:00 UTC, data 2s old",
        "an active market reduce-only stop rests on the loss side",
    ):
        assert words in text, words


def test_one_chart_a_position_worst_first() -> None:
    root = tree(page(analyses.demo()))
    titles = [node.text or "" for node in root.iter("title")]
    charts = [title.split(":")[0] for title in titles if "price, levels and forecast" in title]
    assert charts == ["DOGEUSDT", "BTCUSDT", "ETHUSDT"]


def test_odds_have_their_horizon() -> None:
    text = page(analyses.demo())
    assert "p72h" in text
    assert "Odds in 72 h" in text
    odds = re.findall(r"<dt>Odds in 72 h</dt><dd>(.*?)</dd>", text)
    assert len(odds) == 3
    assert all(
        re.fullmatch(r"[<>]?1?\.\d\d", number) for line in odds for number in re.findall(r"\S*\.\d+", line.replace("&lt;", "<"))
    )


@pytest.mark.parametrize("make", [analyses.demo, analyses.stale, analyses.unknown, analyses.hedged])
def test_nothing_is_marked_good_on_a_doubtful_book(make: Callable[[], Analysis]) -> None:
    assert 'class="badge clear"' not in page(make())
    assert 'class="badge clear"' not in page(replace(analyses.stale(), verdict=Verdict.NORMAL))
    assert 'class="badge clear"' in page(analyses.calm())


def test_unread_stale_and_flat_books() -> None:
    assert "Positions could not be read. This is not an empty book." in page(analyses.unknown())
    assert "ROOM --" in page(analyses.unknown())
    assert "STALE: quote BTCUSDT stale" in page(analyses.stale())
    assert "No open positions (read and proven)." in page(analyses.flat())
    assert "No finding." in page(analyses.flat())


def test_the_data_table_groups_what_is_fresh_and_names_what_is_not() -> None:
    base = analyses.stale()
    bars = {"bars bybit:linear:BTCUSDT": "ok", "bars bybit:linear:ETHUSDT": "gaps"}
    text = page(replace(base, data=replace(base.data, parts={**base.data.parts, **bars})))
    assert "BTCUSDT 1600 closed 1h (0 missing)" in text
    assert ">bars ETHUSDT</td>" in text
    assert ">GAPS</td>" in text
    assert ">DOGEUSDT, ETHUSDT</td>" in text


def test_missing_bars_are_said_not_drawn() -> None:
    analysis = analyses.demo()
    assert "No chart: no bars were read" in page(analysis, History({}, {}))
    unread = History(
        {row.key.instrument: Unknown("malformed_answer", "page 2", analyses.AS_OF) for row in analysis.positions or ()}, {}
    )
    assert "No chart: malformed_answer: page 2" in page(analysis, unread)


def _chart(row: Any) -> str:
    return price_chart(row, analyses.bars(71000.0), analyses.AS_OF, 72)


def test_liquidation_is_drawn_in_range_only() -> None:
    assert "LIQ 68000.0" in _chart(analyses.row(liquidation_price=D("68000")))
    assert "LIQ" not in _chart(analyses.row(liquidation_price=D("30000")))


def test_a_level_out_of_reach_is_named_at_the_edge() -> None:
    drawn = _chart(analyses.row(take_profit=D("190000"), stop_loss=D("10000")))
    assert "target 190000.0 (above)" in drawn
    assert "plan 10000.0 (below)" in drawn


def test_the_chart_never_shows_the_future() -> None:
    late = analyses.bars(71000.0, end=analyses.LAST_CLOSE.replace(hour=22))
    now = price_chart(analyses.row(), late, analyses.AS_OF, 72)
    cut = price_chart(analyses.row(), late.closed_before(int(analyses.AS_OF.timestamp() * 1000)), analyses.AS_OF, 72)
    assert now == cut


def test_labels_of_a_chart_do_not_overlap() -> None:
    near = analyses.row(stop_loss=D("70990"), tp1=D("71010"), tp2=D("71020"), take_profit=D("71030"), entry_price=D("71000"))
    root = tree(str(_chart(near)))
    heights = sorted(float(node.attrib["y"]) for node in root.iter("text") if node.attrib["class"].startswith("label"))
    assert len(heights) == 8
    assert min(after - before for before, after in pairwise(heights)) >= 13.8


def test_a_chart_without_movement_or_model() -> None:
    flat = analyses.bars(71000.0, sigma=0.0)
    still = analyses.row(volatility=None, stop_loss=None, take_profit=None, tp1=None, tp2=None, entry_price=D("71000"))
    still = replace(still, protection=analyses.protection(lose="1"))
    tree(str(price_chart(still, flat, analyses.AS_OF, 72)))


def test_an_unknown_loss_leads_the_bars() -> None:
    drawn = position_bars((analyses.row(), analyses.unmodelled()))
    assert drawn.index("NEWUSDT") < drawn.index("BTCUSDT")
    assert "not known" in drawn
    assert "assumed" in position_bars((analyses.doge(),))


def test_the_room_meter() -> None:
    over = str(room_meter(analyses.book()))
    assert "lost today 312 (dotted), if all stops fill 1,164 (hatched), OVER by 190" in over
    assert "meter free" not in over
    room = str(room_meter(analyses.book(room_usd=D(500), loss_if_all_stops_fill_usd=D(474))))
    assert "room 500" in room
    assert "meter free" in room
    winning = str(room_meter(analyses.book(day_left_usd=D(1500), room_usd=D(336))))
    assert "lost today 0" in winning
    assert "the day&#x27;s limit 1,500" in winning
    assert room_meter(analyses.book(room_usd=None)) is None


def test_hedge_legs_and_holdings_on_the_page() -> None:
    text = page(analyses.hedged())
    assert "BTC #1" in text
    assert "BTCUSDT#2" in text
    assert "BTC 0.3 = 21,300 USD" in text


def test_a_zero_equity_room_has_no_share() -> None:
    text = page(replace(analyses.flat(), book=analyses.book(equity_usd=D(0))))
    assert ">day left 974 of 1,286, resets in 09:56h<" in text
    assert ">-0.7% of equity; day left 974 of 1,286, resets in 09:56h<" in page(analyses.demo())


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.mark.parametrize("width", [400, 600, 1280])
def test_in_a_browser_nothing_is_fetched_and_nothing_runs_over(browser: Any, tmp_path: Path, width: int) -> None:
    path = tmp_path / "report.html"
    short = replace(analyses.demo(), positions=(*(analyses.demo().positions or ()), analyses.row("XRPUSDT", Side.SHORT)))
    path.write_text(page(short))
    opened = browser.new_page(viewport={"width": width, "height": 900})
    asked: list[str] = []
    said: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: said.append(message.text))
    opened.goto(path.as_uri())
    assert asked == [path.as_uri()]
    assert said == []
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    overlaps = opened.evaluate(
        """() => { let bad = 0;
        for (const chart of document.querySelectorAll('svg.chart')) {
          const boxes = [...chart.querySelectorAll('text.label')].map(node => node.getBoundingClientRect());
          const outer = chart.getBoundingClientRect();
          for (const [i, a] of boxes.entries()) {
            if (a.right > outer.right + 1) bad += 1;
            for (const b of boxes.slice(i + 1)) if (a.top + 2 < b.bottom && b.top + 2 < a.bottom) bad += 1; } }
        return bad; }"""
    )
    assert overlaps == 0
    opened.close()
