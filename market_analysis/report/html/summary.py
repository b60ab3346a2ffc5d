"""The top of the page: verdict, ROOM, the figures a trader looks at first."""

from __future__ import annotations

from market_analysis.report.cells import joint_liquidation_cell, no_room_reason
from market_analysis.report.document import Document
from market_analysis.report.html.markup import Markup, element, join
from market_analysis.report.html.risk_bars import room_meter
from market_analysis.report.names import doubtful_parts, is_reliable
from market_analysis.report.numbers import age, money, percent, until, when
from market_analysis.risk.types import Verdict


def summary(document: Document) -> Markup:
    """Header, alarm, ROOM with its meter, tiles."""
    return join(_header(document), _alarm(document), _room(document), _tiles(document))


def _header(document: Document) -> Markup:
    data = document.data_quality
    good = document.verdict is Verdict.NORMAL and is_reliable(data)
    return element(
        "header",
        element("h1", f"{document.account.name} at {document.account.venue}"),
        element("span", document.verdict.value, class_=f"badge {'clear' if good else document.verdict.value}"),
        element("span", f"{when(document.as_of)}, data {age(data.oldest_age_seconds)} old", class_="when"),
    )


def _alarm(document: Document) -> Markup | None:
    bad = doubtful_parts(document.data_quality)
    if not bad:
        return None
    parts = ", ".join(f"{name} {state}" for name, state in bad)
    word = "STALE" if all(state == "stale" for _, state in bad) else "UNKNOWN"
    return element(
        "p", f"{word}: {parts}. Figures that rest on it may be wrong or missing; this is no all-clear.", class_="alarm unknown"
    )


def _room(document: Document) -> Markup:
    book = document.portfolio
    losses = f"if all stops fill {money(book.loss_if_all_stops_fill_usd)} USD ({percent(book.risk_of_equity_frac)} of equity)"
    if book.room_usd is None:
        why, is_known = no_room_reason(book)
        big = element("div", "ROOM --", class_="big" if is_known else "big unknown")
        return element("div", element("div", big, element("div", why), element("div", losses), class_="card"), class_="room")
    over = book.room_usd < 0
    share = f"{percent(book.room_usd / book.equity_usd)} of equity; " if book.equity_usd else ""
    left = f"day left {money(book.day_left_usd)} of {money(book.day_limit_usd)}, resets in {until(book.next_reset, document.as_of)}"
    words = element(
        "div",
        element("div", f"ROOM {money(book.room_usd)} USD{' OVER' if over else ''}", class_="big warning" if over else "big"),
        element("div", share + left),
        element("div", losses),
        class_="card",
    )
    return element("div", words, room_meter(book), class_="room")


def _tiles(document: Document) -> Markup:
    book = document.portfolio
    naked = "?" if book.naked_count is None else str(book.naked_count)
    factor = f"joint liquidation, {book.joint_liquidation_factor}" if book.joint_liquidation_factor else "joint liquidation"
    tiles = [
        (money(book.equity_usd), "equity, USD", ""),
        (money(book.day_pnl_usd, sign=True), "day, net of flows", ""),
        (naked, "NAKED positions", "critical" if book.naked_count else "unknown" if book.naked_count is None else ""),
        (joint_liquidation_cell(book), factor, ""),
        (percent(book.maintenance_margin_frac, 0), f"MMR, {percent(book.mmr_at_stops_frac, 0)} at the stops", ""),
        (money(book.correlated_loss_usd), "all stops, correlated", ""),
        (money(book.resting_entries_usd, sign=True), "resting entries", ""),
        (money(book.es_99_1d_usd), "ES 99 %, 1 day", ""),
        (money(book.total_risk_if_all_sl_hit), f"planned risk, cap {money(book.risk_cap_usd)}", ""),
        (money(book.funding_per_day_usd, sign=True), "funding a day", ""),
    ]
    if document.holdings:
        tiles.append((money(book.holdings_stress_usd), "holdings, stress loss", ""))
    return element(
        "div",
        *(
            element("div", element("b", value, class_=kind or None), element("span", name), class_="tile")
            for value, name, kind in tiles
        ),
        class_="tiles",
    )
