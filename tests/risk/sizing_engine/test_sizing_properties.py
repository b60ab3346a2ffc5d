"""What must hold of every size, whatever the request and the book."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import books
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sizing_requests import FREE, book, line, request, view

from market_analysis.domain import Category, Side
from market_analysis.risk.exposure import Line
from market_analysis.risk.sizing_engine.engine import size_position
from market_analysis.risk.sizing_engine.types import SizingBook, SizingRequest, SizingResult, TradeRecord
from market_analysis.settings import SizingSettings

D = Decimal
COINS = ("BTC", "ETH", "DOGE", "AAVE")
WIDE = SizingSettings(
    max_position_frac=5, crypto_max_position_frac=5, max_class_exposure_frac=5, max_leverage=20, max_hhi=1, kelly_fraction=0.5
)
settings_in_use = st.sampled_from([SizingSettings(), WIDE, SizingSettings(off_hours_multiplier=0.8, risk_per_trade_frac=0.005)])


@st.composite
def trades(draw: st.DrawFn) -> SizingRequest:
    inverse = draw(st.booleans())
    base = books.instrument("BTC", Category.INVERSE) if inverse else FREE
    item = replace(base, taker_fee_frac=D(draw(st.sampled_from(["0", "0.00055", "0.002"]))), tiers=())
    record = TradeRecord(draw(st.integers(50, 500)), draw(st.floats(0.2, 0.8)), draw(st.floats(0.3, 4.0)), "test")
    return request(
        instrument=item,
        side=draw(st.sampled_from(list(Side))),
        price=D(str(draw(st.floats(0.5, 90_000.0).map(lambda value: round(value, 2))))),
        usd_rate=D(draw(st.sampled_from(["1", "0.9987", "1.0003"]))),
        signal=draw(st.floats(0.0, 1.0)),
        sigma_day=draw(st.none() | st.floats(0.0005, 0.4)),
        stop_frac=draw(st.none() | st.floats(0.005, 0.15)),
        hour_utc=draw(st.integers(0, 23)),
        leverage=draw(st.none() | st.sampled_from([D(1), D(3), D(10)])),
        record=draw(st.none() | st.just(record)),
        turnover_24h_usd=draw(st.none() | st.just(D(5_000_000))),
        slippage_frac=draw(st.sampled_from([0.0, 0.0005])),
    )


@st.composite
def held(draw: st.DrawFn) -> tuple[Line, ...]:
    coins = draw(st.lists(st.sampled_from(COINS), max_size=5))
    return tuple(line(coin, draw(st.floats(-8_000.0, 8_000.0)), draw(st.floats(-150.0, 150.0))) for coin in coins)


def around(lines: tuple[Line, ...], equity: str, rho: float = 0.4, used: str = "500") -> SizingBook:
    """A book of these lines, all in one cluster."""
    free = max(D(equity) - D(used), D(0))
    loss = sum((abs(D(str(item.risk_usd))) for item in lines), start=D(0))
    known = view(sorted({"BTC", *(item.asset for item in lines)}), rho)
    return book(equity, lines, view=known, cluster=lines, cluster_name="all", loss_usd=loss, available_usd=free)


def sized(item: SizingRequest, now: SizingBook, settings: SizingSettings) -> SizingResult:
    return size_position(item, now, settings)


@given(trades(), held(), settings_in_use)
def test_nothing_is_above_a_cap_and_every_dollar_is_accounted_for(
    item: SizingRequest, lines: tuple[Line, ...], settings: SizingSettings
) -> None:
    got = sized(item, around(lines, "25000"), settings)
    unit = item.unit_usd or D(0)
    if not got.approved:
        assert (got.size_usd, got.quantity, got.max_loss_usd, got.fees_usd) == (0, 0, 0, 0)
        assert got.refusals
        assert all(refusal.code and refusal.message for refusal in got.refusals)
        return
    assert not got.refusals
    assert got.stop is not None
    assert got.size_usd == got.quantity * unit > 0
    assert got.quantity % item.instrument.quantity_step == 0
    assert all(cap.room_usd is not None and got.size_usd <= cap.room_usd for cap in got.caps)
    effects = [*got.multipliers, *got.caps]
    assert all(part.effect_usd <= 0 for part in effects)
    assert sum((part.effect_usd for part in effects), start=got.combined_usd or D(0)) + got.lot_effect_usd == got.size_usd
    assert sum((method.contribution_usd for method in got.methods), start=D(0)) == got.combined_usd
    assert -unit * item.instrument.quantity_step < got.lot_effect_usd <= 0


@given(trades(), held(), settings_in_use)
def test_the_loss_is_the_size_times_its_stop_and_within_every_money_limit(
    item: SizingRequest, lines: tuple[Line, ...], settings: SizingSettings
) -> None:
    now = around(lines, "25000")
    got = sized(item, now, settings)
    if not got.approved or got.stop is None:
        return
    assert 0 <= got.max_loss_usd - got.size_usd * (got.stop.frac + got.stop.cost_frac) < D("0.0001")
    assert 0 <= got.fees_usd - got.size_usd * got.stop.cost_frac < D("0.0001")
    assert got.stop.frac == pytest.approx(abs(got.stop.price / item.price - 1), abs=D("1e-9"))
    assert got.max_loss_usd <= D(str(settings.risk_per_trade_frac)) * 25_000
    assert got.max_loss_usd + (now.loss_usd or D(0)) <= (now.risk_cap_usd or D(0))
    net = (now.net_usd() or {}).get("BTC", D(0))
    after = abs(net + item.side.sign * got.size_usd)
    assert after <= max(D(str(settings.max_position_frac)) * 25_000, abs(net))
    sign = item.side.sign
    assert sign * (item.price - got.stop.price) > 0
    assert got.stop.price > 0
    chosen = item.stop_frac
    assert got.stop.source == ("yours" if chosen is not None else "volatility" if item.sigma_day is not None else "default")
    if chosen is not None:
        assert got.stop.frac <= D(str(chosen)) + D("1e-10")


@given(trades(), held(), settings_in_use, st.integers(900, 60_000), st.floats(1.0, 4.0))
def test_more_equity_is_never_a_smaller_size(
    item: SizingRequest, lines: tuple[Line, ...], settings: SizingSettings, equity: int, factor: float
) -> None:
    larger = str(int(equity * factor))
    assert sized(item, around(lines, larger), settings).size_usd >= sized(item, around(lines, str(equity)), settings).size_usd


@given(trades(), held(), settings_in_use, st.floats(0.0005, 0.4), st.floats(1.0, 5.0))
def test_more_volatility_is_never_a_larger_size(
    item: SizingRequest, lines: tuple[Line, ...], settings: SizingSettings, sigma: float, factor: float
) -> None:
    now = around(lines, "25000")
    calm, wild = (replace(item, sigma_day=value) for value in (sigma, sigma * factor))
    assert sized(wild, now, settings).size_usd <= sized(calm, now, settings).size_usd


@given(trades(), st.floats(0.0, 1.0), st.floats(0.0, 1.0), settings_in_use)
def test_a_stronger_signal_is_never_a_smaller_size(item: SizingRequest, one: float, other: float, settings: SizingSettings) -> None:
    weak, strong = sorted((one, other))
    now = around((), "25000")
    assert sized(replace(item, signal=weak), now, settings).size_usd <= sized(replace(item, signal=strong), now, settings).size_usd


@given(trades(), held(), settings_in_use)
def test_a_short_in_the_mirrored_book_is_the_long(item: SizingRequest, lines: tuple[Line, ...], settings: SizingSettings) -> None:
    """Without fees, whose exit part is a little more above the price than below it, and on a price that the tick divides."""
    free = replace(item.instrument, taker_fee_frac=D(0), tick_size=D("1e-9"))
    plain = replace(item, instrument=free, slippage_frac=0.0, side=Side.LONG)
    turned = tuple(replace(held, delta_usd=-(held.delta_usd or 0.0), risk_usd=-(held.risk_usd or 0.0)) for held in lines)
    long = sized(plain, around(lines, "25000"), settings)
    short = sized(replace(plain, side=Side.SHORT), around(turned, "25000"), settings)
    assert (long.quantity, long.approved) == (short.quantity, short.approved)
    assert [refusal.code for refusal in long.refusals] == [refusal.code for refusal in short.refusals]


@given(trades(), st.sampled_from(["equity_usd", "available_usd", "risk_cap_usd", "loss_usd", "cluster_cap_usd"]))
def test_what_is_not_known_refuses(item: SizingRequest, part: str) -> None:
    changed: dict[str, Any] = {part: None}
    got = sized(item, replace(around((), "25000"), **changed), SizingSettings())
    assert not got.approved
    assert got.quantity == 0
