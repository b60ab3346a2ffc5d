"""A size as text: verdict first, every factor with its money."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from sizing_requests import book, line, request

from market_analysis.report.sizing import sizing_text
from market_analysis.risk.sizing_engine.engine import size_position
from market_analysis.settings import SizingSettings


def lines(text: str) -> list[list[str]]:
    return [row.split() for row in text.splitlines()]


def test_an_approved_size_with_all_that_made_it() -> None:
    shown = lines(sizing_text(size_position(request(), book(), SizingSettings()), alone=False))
    assert shown[0] == ["BTCUSDT", "long:", "APPROVED"]
    assert ["size", "1,998", "USD", "0.0444", "contracts", "at", "45000"] in shown
    assert ["loss", "at", "stop", "60", "USD", "0.24%", "of", "equity", "25,000"] in shown
    assert ["stop", "43650", "3.00%", "away", "(yours)"] in shown
    assert ["volatility", "8,333", "0.40", "0.62", "5,128", "2", "daily", "sigmas", "cost", "0.02", "of", "equity"] in shown
    assert ["kelly", "--", "0.35", "0.00", "0", "no", "closed", "trades", "of", "this", "account", "are", "known"] in shown
    assert any(row[:6] == ["class_position", "2,000", "2,000", "-500", "<-", "decides"] for row in shown)


def test_a_refusal_says_why_and_shows_the_way() -> None:
    item = replace(request(), signal=0.5, stop_frac=None, sigma_day=0.001)
    text = sizing_text(size_position(item, book(loss_usd=Decimal(800)), SizingSettings()), alone=True)
    assert text.splitlines()[0] == "BTCUSDT long as if nothing were held: REFUSED"
    assert "no_room_portfolio_risk: " in text
    assert "2 sigma is 0.002, brought to 0.005" in text
    assert any(row[:3] == ["signal", "x", "0.6"] for row in lines(text))


def test_a_size_that_could_not_even_be_begun_has_no_tables() -> None:
    text = sizing_text(size_position(request(), book(None, [line("BTC", 1.0)]), SizingSettings()), alone=False)
    assert "no_equity" in text
    assert "Method" not in text
