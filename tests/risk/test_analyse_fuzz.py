"""Whatever was read, and whatever could not be: the analysis answers, in finite numbers, and never with a false all-clear."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import books
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.domain import (
    Bars,
    Category,
    History,
    Instrument,
    InstrumentId,
    MarginMode,
    Memory,
    Order,
    OrderPurpose,
    OrderSide,
    Position,
    Severity,
    Side,
    Snapshot,
)
from market_analysis.risk.analyse import analyse
from market_analysis.risk.types import Analysis, Verdict
from market_analysis.risk.volatility import fit_models
from market_analysis.settings import ProbSettings, Settings

SETTINGS = Settings.model_validate({"prob": ProbSettings(paths=1_000), "risk": {"daily_loss_limit_frac": 0.05}})
PARTS = ("account", "positions", "orders", "day")


@cache
def market() -> Mapping[InstrumentId, tuple[Instrument, float, tuple[Bars, ...]]]:
    """Four contracts of very different prices, ticks and lots, each with histories of every kind of trouble."""
    pepe = replace(
        books.instrument("1000PEPE"), tick_size=Decimal("1E-10"), quantity_step=Decimal(1000), min_quantity=Decimal(1000)
    )
    coarse = replace(books.instrument("BTC"), tick_size=Decimal("0.5"), min_notional=Decimal(100))
    usdc = replace(books.instrument("SOL", quote="USDC"), tiers=())
    inverse = books.instrument("ETH", Category.INVERSE)
    prices = ((pepe, 0.00001234), (coarse, 100_000.0), (usdc, 150.0), (inverse, 2500.0))
    return {item.id: (item, price, tuple(histories(price, seed))) for seed, (item, price) in enumerate(prices)}


def histories(price: float, seed: int) -> Iterator[Bars]:
    for count in (1, 90, 110, 300, 720):
        yield books.walk(f"{price:.10f}", count=count, sigma=0.006 + 0.004 * seed, seed=seed)
    whole = books.walk(f"{price:.10f}", count=720, seed=seed + 10)
    keep = np.ones(len(whole), dtype=bool)
    keep[300:309] = False
    yield rows_of(whole, keep)
    keep[310:400] = False
    yield rows_of(whole, keep)
    steps = np.random.default_rng(seed).normal(0.0, 0.005, 720)
    yield books.bars_from_returns(np.zeros(720), f"{price:.10f}")
    yield books.bars_from_returns(np.where(np.arange(720) < 500, steps, 0.0), f"{price:.10f}")
    yield books.bars_from_returns(np.where(np.arange(720) == 715, -0.6, steps * 0.01), f"{price:.10f}")
    yield books.bars_from_returns(steps * 40, f"{price:.10f}")


def rows_of(bars: Bars, keep: np.ndarray) -> Bars:
    return Bars(bars.bar_minutes, *(getattr(bars, field.name)[keep] for field in fields(bars)[1:]))


@st.composite
def held(draw: st.DrawFn, item: Instrument, price: float, index: int) -> tuple[Position, tuple[Order, ...], float, timedelta]:
    side = Side.LONG if index == 1 else Side.SHORT if index == 2 else draw(st.sampled_from(list(Side)))
    tick = item.tick_size

    def near(low: float, high: float) -> Decimal:
        return max((Decimal(repr(price * draw(st.floats(low, high)))) // tick) * tick, tick)

    position = books.position(
        item,
        side,
        draw(st.integers(1, 400)) * item.quantity_step,
        near(0.6, 1.6),
        near(0.9, 1.1),
        position_index=index,
        margin_mode=draw(st.sampled_from(list(MarginMode))),
        leverage=draw(st.sampled_from([1, 3, 10, 17, 100])),
        liquidation=draw(st.none() | st.floats(0.5, 1.5).map(lambda share: f"{price * share:.12f}")),
    )
    closing = OrderSide.SELL if side is Side.LONG else OrderSide.BUY
    orders = []
    for number in range(draw(st.integers(0, 2))):
        plain = books.order(
            item,
            closing,
            draw(st.sampled_from(list(OrderPurpose))),
            quantity=draw(st.none() | st.integers(1, 400).map(lambda lots: lots * item.quantity_step)),
            trigger=near(0.7, 1.3),
            position_index=index,
            is_active=draw(st.booleans()),
            order_id=f"{position.key}-{number}",
        )
        orders.append(replace(plain, reduce_only=draw(st.booleans())))
    opened = timedelta(minutes=draw(st.sampled_from([0, 3, 30, 200, 60 * 50, 60 * 2000])))
    return position, tuple(orders), draw(st.sampled_from([0.0, 0.9, 0.98, 1.02])), opened


@st.composite
def looks(draw: st.DrawFn) -> tuple[Snapshot, History, Settings]:
    chosen = draw(st.lists(st.sampled_from(sorted(market())), max_size=3, unique=True))
    items = {key: market()[key][0] for key in chosen}
    bars = {key: draw(st.sampled_from(market()[key][2])) for key in chosen}
    pairs = [(key, index) for key in chosen for index in draw(st.sampled_from([(0,), (1, 2)]))]
    found = [(key, *draw(held(items[key], market()[key][1], index))) for key, index in pairs]
    equity = draw(st.sampled_from([10_000, 10_000, 10_000, 250, 1, 0, -50]))
    coins = (books.coin("USDT", equity), books.coin("BTC", "0.02", 100_000, unrealized=draw(st.sampled_from([0, "0.001"]))))
    rates = {"ETH": 2500, "BTC": 100_000, "SOL": 150, "1000PEPE": "0.00001234"}
    wallet = None
    if equity != 10_000:
        wallet = replace(
            books.account(10_000), equity=Decimal(equity), margin_balance=Decimal(equity), coins=draw(st.sampled_from([(), coins]))
        )
    read = books.snapshot(
        [position for _, position, *_ in found],
        list(items.values()),
        orders=[order for _, _, orders, *_ in found for order in orders],
        wallet=wallet,
        rates=rates,
        activity=books.day(draw(st.sampled_from([None, 10_000, 0])), realized=draw(st.integers(-900, 900)), revaluation=None),
    )
    entries: dict[Any, Any] = {
        position.key: books.entry_history(
            position,
            items[key],
            opened=books.AS_OF - opened,
            first_stop=None if not stop else position.entry_price * Decimal(str(stop)),
        )
        for key, position, _, stop, opened in found
    }
    read = replace(read, entries=entries)
    read, history = draw(spoiled(read, books.history(bars)))
    anchor = draw(st.sampled_from(["entry", "entry", "price"]))
    base = draw(st.sampled_from(["equity", "equity", "notional"]))
    state_anchored = draw(st.sampled_from([True, True, False]))
    changed = {"stops": SETTINGS.stops.model_copy(update={"tp_anchor": anchor, "use_state_anchored": state_anchored})}
    changed["risk"] = SETTINGS.risk.model_copy(update={"base": base})  # type: ignore[assignment]
    return read, history, SETTINGS.model_copy(update=changed)


@st.composite
def spoiled(draw: st.DrawFn, read: Snapshot, history: History) -> tuple[Snapshot, History]:
    """Any part unreadable, absent or stale."""
    read = books.with_unknown(read, *draw(st.sampled_from([(), (), (), *((part,) for part in PARTS), PARTS])))
    maps: dict[str, dict[Any, Any]] = {
        name: dict(getattr(read, name)) for name in ("instruments", "quotes", "entries", "usd_rates")
    } | {"hourly": dict(history.hourly)}
    for mapping in maps.values():
        for key in list(mapping):
            fate = draw(st.sampled_from(["whole"] * 12 + ["unknown", "absent"]))
            if fate == "unknown":
                mapping[key] = books.unknown()
            elif fate == "absent":
                del mapping[key]
    stale = draw(st.sampled_from([0, 0, 0, 3600, -3600]))
    quotes = {
        key: value if not hasattr(value, "last") else replace(value, time=value.time - timedelta(seconds=stale))
        for key, value in maps["quotes"].items()
    }
    hourly = maps.pop("hourly")
    return replace(read, **(maps | {"quotes": quotes})), History(hourly, {})


def numbers(value: Any, path: str = "") -> Iterator[tuple[str, float | Decimal]]:
    if isinstance(value, (float, Decimal)):
        yield path, value
    elif is_dataclass(value):
        for field in fields(value):
            yield from numbers(getattr(value, field.name), f"{path}.{field.name}")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from numbers(inner, f"{path}[{key}]")
    elif isinstance(value, (tuple, list)):
        for place, inner in enumerate(value):
            yield from numbers(inner, f"{path}[{place}]")


@settings(deadline=None, max_examples=60)
@given(looks(), st.booleans())
def test_the_analysis_always_answers(look: tuple[Snapshot, History, Settings], twice: bool) -> None:
    read, history, chosen = look
    models = fit_models(history, history.hourly, chosen, read.as_of)
    analysis, memory = analyse(read, history, Memory(), chosen, models)
    check(analysis, read)
    if twice:
        later = replace(read, as_of=read.as_of + timedelta(seconds=20))
        again, remembered = analyse(later, history, memory, chosen, models)
        check(again, later)
        for key, first in memory.positions.items():
            second = remembered.positions.get(key)
            assert second is None or second.anchor_estimated != first.anchor_estimated or second.stop == first.stop


def check(analysis: Analysis, read: Snapshot) -> None:
    for path, value in (*numbers(analysis), *numbers(list(analysis.findings), "findings")):
        assert math.isfinite(value), path
    positions = analysis.positions or ()
    if any(state != "ok" for state in analysis.data.parts.values()):
        assert analysis.verdict in (Verdict.UNKNOWN, Verdict.CRITICAL)
        assert any(finding.severity is Severity.UNKNOWN for finding in analysis.findings)
    if analysis.book.equity_usd is None or analysis.book.equity_usd <= 0:
        assert analysis.verdict is not Verdict.NORMAL
        assert analysis.book.risk_of_equity_frac is None
    for report in positions:
        sign = report.side.sign
        if report.probabilities is not None:
            assert report.probabilities.horizon_hours == 72
        else:
            assert report.dynamic_p_tp is None
        counting = [stop.trigger_price for stop in report.protection.stops if stop.counts]
        for advised in (report.stop_loss, report.dynamic_stop_loss):
            assert advised is None or (advised > 0 and sign * (report.current_price - advised) > 0)
            if advised is not None and report.protection.covered_frac == 1.0:
                assert sign * advised >= min(sign * price for price in counting)
        assert report.take_profit is None or sign * (report.take_profit - report.current_price) > 0
        assert not any(word in report.action_required for word in ("add size", "increase", "widen"))
        if report.protection.covered_frac < 1.0:
            assert report.position_health is not Verdict.NORMAL
    if not isinstance(read.positions, tuple):
        assert analysis.positions is None
        assert analysis.book.loss_if_all_stops_fill_usd is None


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("hours", [1, 30, 200])
def test_a_coin_that_collapses_is_answered_not_crashed_on(side: Side, hours: int) -> None:
    """LUNA's May 2022 by hand: calm, then down by a factor of e^14 within four days; the ATR is thousands of times the price."""
    calm = np.random.default_rng(3).normal(0.0, 0.005, 800)
    item = replace(books.instrument("LUNA"), tick_size=Decimal("1E-8"))
    bars = books.bars_from_returns(np.concatenate([calm, np.full(96, -14 / 96), calm[:hours]]), "0.00008")
    position = books.position(item, side, 1_000, 60, "0.00008")
    read = books.snapshot([position], [item], rates={"LUNA": "0.00008"})
    opened = books.AS_OF - timedelta(hours=hours + 97)
    for entry in (books.entry_history(position, item, opened=opened), books.unknown()):
        look = replace(read, entries={position.key: entry})  # type: ignore[dict-item]
        analysis, memory = analyse(look, books.history({item.id: bars}), Memory(), SETTINGS)
        check(analysis, look)
        check(analyse(look, books.history({item.id: bars}), memory, SETTINGS)[0], look)
        assert analysis.verdict is Verdict.CRITICAL  # naked
