"""The backtest against its slow twin, and what no later bar may change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from backtest_twin import twin
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.domain import Bars, Side
from market_analysis.risk.backtest import backtest
from market_analysis.risk.backtest_types import BacktestResult, EntryMoment
from market_analysis.risk.valuation import Valuer
from market_analysis.settings import StopsSettings

HOUR_MS = 3_600_000
STOPS = StopsSettings()
COSTS = Valuer(is_inverse=False, contract_size=1.0, taker_fee_frac=0.00055, slippage_frac=0.0005, usd_rate=None)


def random_rows(seed: int, count: int, step: float, gap: float) -> list[tuple[float, float, float, float]]:
    """A random walk in logs with gaps between bars."""
    rng = np.random.default_rng(seed)
    rows, price = [], 100.0
    for _ in range(count):
        open_ = price * float(np.exp(rng.normal(0.0, gap)))
        path = open_ * np.exp(np.cumsum(rng.normal(0.0, step, 6)))
        price = float(path[-1])
        rows.append((open_, max(open_, float(path.max())), min(open_, float(path.min())), price))
    return rows


def bars_of(rows: list[tuple[float, float, float, float]]) -> Bars:
    table = np.array(rows)
    columns = [np.ascontiguousarray(table[:, at]) for at in range(4)]
    return Bars(60, np.arange(len(rows), dtype=np.int64) * HOUR_MS, *columns, np.ones(len(rows)))


def run(
    rows: list[tuple[float, float, float, float]], at: int, side: Side, sigma: float, atr: list[float], k: float, m: float
) -> BacktestResult:
    bars = bars_of(rows)
    return backtest(bars, at, side, rows[at][3], sigma, np.array(atr), k, m, STOPS, COSTS, entry_moment=EntryMoment.CLOSE)


CASES = {
    "seed": st.integers(0, 10**6),
    "step": st.sampled_from([0.001, 0.004, 0.012]),
    "gap": st.sampled_from([0.0, 0.002, 0.01]),
    "side": st.sampled_from(list(Side)),
    "k": st.floats(0.6, 3.0),
    "m": st.floats(1.0, 6.0),
    "sigma": st.floats(0.004, 0.03),
}


@settings(deadline=None, max_examples=300)
@given(**CASES)
def test_equals_the_twin(seed: int, step: float, gap: float, side: Side, k: float, m: float, sigma: float) -> None:
    rows = random_rows(seed, 60, step, gap)
    atr = [float(x) for x in np.random.default_rng(seed + 1).uniform(0.1, 1.2, 60)]
    found = run(rows, 5, side, sigma, atr, k, m)
    for dynamic, trade in ((False, found.static), (True, found.dynamic)):
        want = twin(
            rows, 5, side.sign, k=k, m=m, sigma=sigma, atr=atr, fee=0.00055, slip=0.0005, dynamic=dynamic, stops=STOPS.model_dump()
        )
        assert (trade.first, trade.exit_index) == (want.first, want.exit_index)
        assert trade.r_gross == pytest.approx(want.gross, abs=1e-9)
        assert trade.r_net == pytest.approx(want.net, abs=1e-9)
        assert sum(fill.fraction for fill in trade.fills) <= 1 + 1e-12


@settings(deadline=None, max_examples=150)
@given(**CASES)
def test_later_bars_change_nothing_before_them(
    seed: int, step: float, gap: float, side: Side, k: float, m: float, sigma: float
) -> None:
    rows = random_rows(seed, 60, step, gap)
    atr = [float(x) for x in np.random.default_rng(seed + 1).uniform(0.1, 1.2, 60)]
    found = run(rows, 5, side, sigma, atr, k, m)
    cut = 30
    other = [*rows[:cut], *(tuple(3.0 * x for x in row) for row in rows[cut:])]
    changed = run(other, 5, side, sigma, [*atr[:cut], *(9.0 * x for x in atr[cut:])], k, m)
    for before, after in ((found.static, changed.static), (found.dynamic, changed.dynamic)):
        assert [at for at in before.levels if at.index <= cut] == [at for at in after.levels if at.index <= cut]
        assert [fill for fill in before.fills if fill.index < cut] == [fill for fill in after.fills if fill.index < cut]
        if before.exit_index is not None and before.exit_index < cut:
            assert before == after


@settings(deadline=None, max_examples=150)
@given(**CASES)
def test_the_stop_only_tightens_and_the_target_never_recedes(
    seed: int, step: float, gap: float, side: Side, k: float, m: float, sigma: float
) -> None:
    rows = random_rows(seed, 60, step, gap)
    rng = np.random.default_rng(seed + 1)
    atr = rng.uniform(0.1, 1.2, 60)
    sigmas = sigma * rng.uniform(0.5, 1.5, 60)
    found = backtest(bars_of(rows), 5, side, rows[5][3], sigmas, atr, k, m, STOPS, COSTS, entry_moment=EntryMoment.CLOSE).dynamic
    stops, targets = (side.sign * np.array([getattr(at, name) for at in found.levels]) for name in ("stop", "target"))
    assert (np.diff(stops) >= 0).all()
    assert (np.diff(targets) <= 0).all()


def test_prices_scale_out_of_the_result() -> None:
    rows = random_rows(3, 60, 0.004, 0.002)
    atr = [0.5] * 60
    found = run(rows, 5, Side.LONG, 0.01, atr, 2.0, 3.5)
    scaled = run([tuple(7.0 * x for x in row) for row in rows], 5, Side.LONG, 0.01, [3.5] * 60, 2.0, 3.5)  # type: ignore[misc]
    assert scaled.dynamic.r_net == pytest.approx(found.dynamic.r_net)
    assert (scaled.dynamic.first, scaled.dynamic.exit_index) == (found.dynamic.first, found.dynamic.exit_index)


def test_inverse_contracts_are_valued_in_the_coin() -> None:
    # Long one dollar at 100, target 110: 1/100 - 1/110 coin gained; the stop at 95 loses 1/95 - 1/100.
    rows = [(100.0, 100.0, 100.0, 100.0)] * 3 + [(100.0, 111.0, 100.0, 111.0)]
    free = replace(COSTS, is_inverse=True, taker_fee_frac=0.0, slippage_frac=0.0)
    found = backtest(bars_of(rows), 2, Side.LONG, 100.0, 0.05, np.full(4, 0.1), 1.0, 2.0, STOPS, free).static
    assert found.first == "TP"
    assert found.r_net == pytest.approx((1 / 100 - 1 / 110) / (1 / 95 - 1 / 100))


def test_static_hits_of_a_random_walk_are_the_closed_form() -> None:
    # Independent judge: for a driftless price first passage is d_sl / (d_sl + d_tp), 2 / 5.5 here; 500 trades, each resolved by
    # its minutes. The minute grid overshoots both levels alike.
    rng = np.random.default_rng(11)
    hits = resolved = 0
    flat = np.full((60, 1), 100.0)
    for _ in range(500):
        walk = 100 * np.exp(np.cumsum(rng.standard_normal(80 * 60) * 0.0008 - 0.5 * 0.0008**2))
        minutes = np.concatenate([flat.ravel(), walk]).reshape(-1, 1)
        opened = np.concatenate([minutes[:1], minutes[:-1]])
        fine = np.hstack([opened, np.maximum(opened, minutes), np.minimum(opened, minutes), minutes])
        hours = fine.reshape(-1, 60, 4)
        table = np.column_stack([hours[:, 0, 0], hours[:, :, 1].max(axis=1), hours[:, :, 2].min(axis=1), hours[:, -1, 3]])
        finer = Bars(1, np.arange(len(fine)) * 60_000, *(np.ascontiguousarray(fine[:, c]) for c in range(4)), np.ones(len(fine)))
        rows = [tuple(row) for row in table.tolist()]
        found = backtest(bars_of(rows), 0, Side.LONG, 100.0, 0.01, np.full(81, 0.1), 2.0, 3.5, STOPS, COSTS, finer=finer).static
        assert found.ambiguous == ()
        resolved += found.first is not None
        hits += found.first == "TP"
    assert resolved > 480
    assert hits / resolved == pytest.approx(2 / 5.5, abs=3 * (0.364 * 0.636 / resolved) ** 0.5)
