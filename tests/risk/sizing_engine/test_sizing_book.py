"""The account as the engine sees it, from a snapshot and its analysis."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import books
import pytest
from two_coins import BTC, ETH, INVERSE, long_btc, market, snapshot

from market_analysis.domain import MarginMode, Memory, OrderPurpose, OrderSide, Side, Snapshot
from market_analysis.risk.analyse import analyse
from market_analysis.risk.sizing_engine.book import sizing_book
from market_analysis.risk.sizing_engine.engine import size_position
from market_analysis.risk.sizing_engine.types import SizingBook, SizingRequest
from market_analysis.settings import ProbSettings, RiskSettings, Settings

D = Decimal
SETTINGS = Settings(prob=ProbSettings(paths=1_000))
LIMITED = Settings(prob=ProbSettings(paths=1_000), risk=RiskSettings(daily_loss_limit_frac=0.05))


def seen(now: Snapshot, settings: Settings = SETTINGS, **chosen: Any) -> SizingBook:
    analysis, _ = analyse(now, market(), Memory(), settings)
    return sizing_book(now, market(), analysis, settings, chosen.pop("instrument", ETH.id), **chosen)


def stopped() -> Snapshot:
    """0.1 BTC at 70,000 with a stop at 69,000."""
    held = long_btc()
    return replace(snapshot(held), orders=(books.stop_for(held, BTC, 69_000),))


def test_lines_limits_and_the_cluster_that_the_trade_would_join() -> None:
    now = stopped()
    book = seen(now)
    (line,) = book.lines
    assert (line.asset, line.delta_usd) == ("BTC", 7_000.0)
    assert book.net_usd() == {"BTC": 7_000}
    # From the mark to the stop .1 * 1,000, fee and slippage of the exit: 6,900 * (.00055 + .0005).
    assert line.risk_usd == pytest.approx(100 + 6_900 * 0.00105, abs=1e-3)
    assert float(book.loss_usd or 0) == pytest.approx(line.risk_usd, abs=1e-3)
    assert (book.equity_usd, book.cluster_cap_usd, book.risk_cap_usd) == (10_000, 150, 300)
    assert [item.subject for item in book.cluster] == ["main/BTCUSDT"]  # ETH at correlation .8
    assert set(book.cluster_name.split()) == {"BTC", "ETH"}
    assert (book.day_limited, book.problems) == (False, ())
    assert seen(now, LIMITED).day_left_usd == 500


def test_an_entry_that_rests_is_risk_already_taken() -> None:
    now = stopped()
    entry = books.order(ETH, OrderSide.BUY, OrderPurpose.ENTRY, quantity=1, limit=2_400, attached_stop=2_300, order_id="e")
    waiting = seen(replace(now, orders=(*now.orders, entry)))  # type: ignore[misc]
    # From 2,400 to 2,300; the entry's fee 1.32, the stop's fee and slippage 2,300 * .00105.
    added = float((waiting.loss_usd or D(0)) - (seen(now).loss_usd or D(0)))
    assert added == pytest.approx(100 + 1.32 + 2_300 * 0.00105, abs=1e-3)


def test_a_short_counts_against_and_a_holding_counts() -> None:
    short = books.position(INVERSE, Side.SHORT, "4000", 70_000)
    wallet = books.account(coins=(books.coin("BTC", "0.1", 70_000), books.coin("USDT", 3_000)))
    book = seen(replace(snapshot(short), account=wallet))
    assert book.net_usd() == {"BTC": pytest.approx(3_000, abs=1)}
    assert {line.subject for line in book.lines} == {"main/BTCUSD", "holding BTC"}


def test_alone_nothing_is_held_and_all_is_free() -> None:
    book = seen(stopped(), alone=True)
    assert (book.lines, book.cluster, book.loss_usd, book.available_usd) == ((), (), 0, 10_000)
    assert book.view.assets == ("ETH",)


def test_free_margin_of_isolated_accounts_is_equity_less_margins() -> None:
    now = stopped()
    isolated = replace(books.account(margin_mode=MarginMode.ISOLATED), available_balance=None)
    assert seen(replace(now, account=isolated)).available_usd == 9_300  # 7,000 at 10x
    assert seen(replace(now, account=replace(isolated, margin_mode=MarginMode.CROSS))).available_usd is None


def request() -> SizingRequest:
    return SizingRequest(ETH, "ETH", Side.LONG, D(2_500), D(1), 1.0, 0.03, 12, stop_frac=0.03)


def test_the_engine_on_a_real_book_by_hand() -> None:
    book = seen(stopped())
    got = size_position(request(), book, SETTINGS.sizing)
    # 25 % of equity for all majors, 7,000 of BTC held: nothing left.
    assert "no_room_class_exposure" in {refusal.code for refusal in got.refusals}
    wide = SETTINGS.sizing.model_copy(update={"max_class_exposure_frac": 2.0})
    allowed = size_position(request(), book, wide)
    assert allowed.approved
    assert allowed.size_usd <= 800  # 8 % of 10,000 in one coin
    assert allowed.quantity == D("0.32")


@pytest.mark.parametrize("part", ["account", "positions", "orders"])
def test_what_could_not_be_read_refuses(part: str) -> None:
    got = size_position(request(), seen(books.with_unknown(stopped(), part)), SETTINGS.sizing)
    assert not got.approved
    assert got.rests_on_unknown
    assert {"data_unknown"} <= {refusal.code for refusal in got.refusals}
    assert got.quantity == 0


def test_a_stale_price_refuses() -> None:
    now = stopped()
    old = replace(now.quotes[BTC.id], time=books.AS_OF.replace(hour=9))  # type: ignore[type-var]
    got = size_position(request(), seen(replace(now, quotes={**now.quotes, BTC.id: old})), SETTINGS.sizing)
    assert [refusal.code for refusal in got.refusals] == ["data_unknown"]
    assert "stale" in got.refusals[0].message
