"""`evaluate` on folders written here: what is read, what came, what was forecast from nothing later, and how it was scored."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import typer
from arch import arch_model
from forecast_bars import HOUR_MS, SimulatedBars, clustered_sigma, simulated_bars

from market_analysis.cli import evaluate as evaluate_command
from market_analysis.cli.boundary import run
from market_analysis.cli.common import with_common
from market_analysis.cli.evaluation_table import variance_text
from market_analysis.desk.evaluate import Evaluation, EvaluationRequest, evaluate_folder
from market_analysis.desk.evaluation.confidence_set import model_confidence_set
from market_analysis.desk.evaluation.parquet_bars import MarketSeries, last_digit, read_market_folder
from market_analysis.desk.evaluation.scores import score
from market_analysis.desk.evaluation.targets import REALISED, SQUARED, realised_over
from market_analysis.desk.evaluation.walk_forward import BASELINE, COMBINED, MODELS, Plan, walk_forward
from market_analysis.domain import from_milliseconds
from market_analysis.errors import DataUnknownError, OutputError, UsageError
from market_analysis.report.document import encode_value

HOURS = 1400
FIRST_ORIGIN = 1100


def write(folder: Path, name: str, bars: SimulatedBars, minutes: int = 60) -> None:
    step = minutes * 60_000
    times = bars.open_time_ms[0] + step * np.arange(bars.open_time_ms.size)
    columns = {key: getattr(bars, key) for key in ("open", "high", "low", "close", "volume")}
    stamps = pyarrow.array(times, pyarrow.timestamp("ms", tz="UTC"))
    pyarrow.parquet.write_table(pyarrow.table({"ts": stamps, **columns}), folder / name)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three symbols in bars of a quarter hour, prices to four decimals."""
    where = tmp_path_factory.mktemp("bars")
    for seed in range(3):
        sigma = np.repeat(clustered_sigma(seed, HOURS), 4) / 2.0
        bars = simulated_bars(seed, HOURS * 4, sigma, steps=15)
        prices = {key: np.round(getattr(bars, key), 4) for key in ("open", "high", "low", "close")}
        write(where, f"COIN{seed}-15m.parquet", replace(bars, **prices), 15)
    return where


@pytest.fixture(scope="module")
def market(folder: Path) -> dict[str, MarketSeries]:
    return read_market_folder(folder)


@pytest.fixture(scope="module")
def plan(market: dict[str, MarketSeries]) -> Plan:
    times = market["COIN0"].hourly.open_time_ms
    return Plan((1, 4, 24), 3, int(times[FIRST_ORIGIN]), int(times[-1]) + HOUR_MS)


def test_finer_bars_become_hours_with_their_realised_variance(folder: Path, market: dict[str, MarketSeries]) -> None:
    series = market["COIN1"]
    assert (series.fine_minutes, series.tick) == (15, pytest.approx(1e-4))
    assert len(series.hourly) >= HOURS - 1
    table = pyarrow.parquet.read_table(folder / "COIN1-15m.parquet").to_pydict()
    closes = {int(ts.timestamp() * 1000): close for ts, close in zip(table["ts"], table["close"], strict=True)}
    hour = int(series.hourly.open_time_ms[500])
    quarter = 15 * 60_000
    logs = np.log([closes[hour - quarter + quarter * at] for at in range(5)])
    assert series.fine_variance is not None
    assert series.fine_variance[500] == pytest.approx((np.diff(logs) ** 2).sum())


def test_targets_by_hand(market: dict[str, MarketSeries]) -> None:
    series = market["COIN0"]
    rows = np.array([200, len(series.hourly) - 3])
    came = realised_over(series, rows, (1, 4))
    returns = np.diff(np.log(series.hourly.close))
    assert came[SQUARED][0, 1] == pytest.approx((returns[200:204] ** 2).sum())
    assert series.fine_variance is not None
    assert came[REALISED][0, 1] == pytest.approx(series.fine_variance[201:205].sum())
    assert np.isfinite(came[SQUARED][1, 0])
    assert np.isnan(came[SQUARED][1, 1])


def test_a_target_is_at_least_one_tick_and_not_over_a_gap(market: dict[str, MarketSeries]) -> None:
    series = market["COIN0"]
    close = series.hourly.close.copy()
    close[300:304] = close[300]
    kept = np.delete(np.arange(len(series.hourly)), 500)
    hourly = replace(series.hourly, close=close)
    assert realised_over(replace(series, hourly=hourly, fine_variance=None), np.array([300]), (2,))[SQUARED][0, 0] == pytest.approx(
        (series.tick / close[300]) ** 2
    )
    arrays = {name: getattr(series.hourly, name)[kept] for name in ("open_time_ms", "open", "high", "low", "close", "volume")}
    gapped = replace(series, hourly=replace(series.hourly, **arrays), fine_variance=None)
    assert np.isnan(realised_over(gapped, np.array([498]), (4,))[SQUARED][0, 0])


def test_changing_the_future_changes_no_forecast(market: dict[str, MarketSeries], plan: Plan) -> None:
    early = Plan(plan.horizons, 12, plan.first_ms, plan.first_ms + 100 * HOUR_MS)
    cut = {}
    for name, series in market.items():
        times = series.hourly.open_time_ms
        later = times >= early.last_ms
        arrays = {
            key: np.where(later, getattr(series.hourly, key) * 3.0, getattr(series.hourly, key))
            for key in ("open", "high", "low", "close")
        }
        cut[name] = replace(series, hourly=replace(series.hourly, **arrays))
    ours, theirs = walk_forward(market, early), walk_forward(cut, early)
    for name, made in ours.items():
        for model in MODELS:
            assert made.forecasts[model].tobytes() == theirs[name].forecasts[model].tobytes()


def test_the_baseline_is_what_arch_says(market: dict[str, MarketSeries], plan: Plan) -> None:
    made = walk_forward(market, Plan((1, 24), 24, plan.first_ms, plan.first_ms + 24 * HOUR_MS))["COIN2"]
    close = market["COIN2"].hourly.close[: made.rows[0] + 1]
    returns = 100.0 * np.diff(np.log(close[-1001:]))
    result = arch_model(returns, mean="Zero", vol="GARCH", p=1, q=1, rescale=False).fit(disp="off")
    theirs = np.cumsum(result.forecast(horizon=24, reindex=False).variance.to_numpy()[-1])[[0, 23]] / 1e4
    np.testing.assert_allclose(made.forecasts[BASELINE][0], theirs, rtol=2e-2)
    assert made.origin_ms[0] == market["COIN2"].hourly.open_time_ms[made.rows[0]] + HOUR_MS


@pytest.fixture(scope="module")
def evaluation(folder: Path, plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> tuple[Evaluation, Path]:
    out = tmp_path_factory.mktemp("out") / "forecasts.csv"
    request = EvaluationRequest(folder, every_hours=3, first=from_milliseconds(plan.first_ms), forecasts_file=out)
    shares: list[float] = []
    made = evaluate_folder(request, shares.append)
    assert shares == sorted(shares)
    return made, out


def test_figures_can_be_computed_again_from_the_forecasts_written(
    evaluation: tuple[Evaluation, Path], market: dict[str, MarketSeries]
) -> None:
    made, path = evaluation
    losses: dict[tuple[str, str], list[float]] = {}
    with path.open(encoding="ascii") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == made.forecasts_written
    for row in rows:
        if row["horizon_hours"] != "4" or row["model"] not in (BASELINE, COMBINED):
            continue
        series = market[row["symbol"]]
        origin = int(datetime.fromisoformat(row["origin"]).timestamp() * 1000)
        last = int(np.searchsorted(series.hourly.open_time_ms, origin)) - 1
        if last + 4 < len(series.hourly) and series.fine_variance is not None:
            ratio = series.fine_variance[last + 1 : last + 5].sum() / float(row["forecast"])
            losses.setdefault((row["symbol"], row["model"]), []).append(ratio - np.log(ratio) - 1.0)
    ratios = [np.mean(losses[name, COMBINED]) / np.mean(losses[name, BASELINE]) for name in market]
    (found,) = [item for item in made.scores if (item.proxy, item.horizon_hours, item.model) == (REALISED, 4, COMBINED)]
    assert found.qlike_ratio_median == pytest.approx(np.median(ratios), rel=1e-9)
    assert found.cases == sum(len(losses[name, COMBINED]) for name in market)


def test_every_figure_is_named_and_sane(evaluation: tuple[Evaluation, Path]) -> None:
    made, _ = evaluation
    document = json.loads(encode_value(made))
    assert {item["proxy"] for item in document["scores"]} == {REALISED, SQUARED}
    assert len(document["scores"]) == 2 * 3 * len(MODELS)
    for item in made.scores:
        if item.model == BASELINE:
            assert item.qlike_ratio_median == 1.0
            assert item.dm_pooled is None
        else:
            assert 0.2 < item.qlike_ratio_median < 2.0
        assert item.confidence_set_share is not None
        assert len(item.symbols) == 3
    for proxy, horizon in {(item.proxy, item.horizon_hours) for item in made.scores}:
        kept = [item.confidence_set_share for item in made.scores if (item.proxy, item.horizon_hours) == (proxy, horizon)]
        assert sum(share for share in kept if share is not None) >= 1.0, "some model is the best"
    text = variance_text(made)
    assert "15-minute realised variance" in text
    assert "garch_normal_1000" in text


def test_a_better_forecast_scores_better(market: dict[str, MarketSeries], plan: Plan) -> None:
    forecasts = walk_forward(market, plan)
    spoiled = {
        name: replace(made, forecasts=dict(made.forecasts) | {COMBINED: made.forecasts[COMBINED] * 3.0})
        for name, made in forecasts.items()
    }
    good, bad = (score(market, made, plan, confidence_set=False, seed=1) for made in (forecasts, spoiled))
    for ours, theirs in zip(good, bad, strict=True):
        if ours.model == COMBINED:
            assert theirs.qlike_ratio_median > ours.qlike_ratio_median
            assert theirs.slope_covers_one_share <= ours.slope_covers_one_share
            assert np.median([part.mean_ratio for part in theirs.deciles]) < 0.6


def test_hourly_files_have_squared_returns_only(tmp_path: Path) -> None:
    write(tmp_path, "LONE-1h.parquet", simulated_bars(9, 1300))
    made = evaluate_folder(EvaluationRequest(tmp_path, horizons=(4,), every_hours=2, confidence_set=False))
    assert {item.proxy for item in made.scores} == {SQUARED}
    assert made.fine_minutes is None


def test_what_cannot_be_evaluated_says_why(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(UsageError, match="holds no"):
        evaluate_folder(EvaluationRequest(tmp_path))
    write(tmp_path, "A-1h.parquet", simulated_bars(1, 300))
    with pytest.raises(UsageError, match="1000 hourly returns"):
        evaluate_folder(EvaluationRequest(tmp_path))
    with pytest.raises(UsageError, match="at least 1 hour"):
        evaluate_folder(EvaluationRequest(tmp_path, horizons=()))
    write(tmp_path, "A-1h-more.parquet", simulated_bars(1, 300))
    with pytest.raises(UsageError, match="both A"):
        read_market_folder(tmp_path)
    write(tmp_path, "B-7m.parquet", simulated_bars(1, 300), 7)
    with pytest.raises(DataUnknownError, match="divides an hour"):
        read_market_folder(tmp_path, frozenset({"B"}))
    (tmp_path / "C-1h.parquet").write_bytes(b"no parquet")
    with pytest.raises(DataUnknownError, match="cannot be read"):
        read_market_folder(tmp_path, frozenset({"C"}))
    pyarrow.parquet.write_table(pyarrow.table({"ts": [1]}), tmp_path / "D-1h.parquet")
    with pytest.raises(DataUnknownError, match="cannot be read"):
        read_market_folder(tmp_path, frozenset({"D"}))
    with pytest.raises(DataUnknownError, match="coefficient file"):
        evaluate_folder(EvaluationRequest(folder, coefficients=tmp_path / "C-1h.parquet"))
    late = datetime(2030, 1, 1, tzinfo=UTC)
    with pytest.raises(UsageError, match="1000 hourly returns"):
        evaluate_folder(EvaluationRequest(folder, first=late))


def test_forecasts_that_cannot_be_written(folder: Path, plan: Plan, tmp_path: Path) -> None:
    request = EvaluationRequest(
        folder, every_hours=100, first=from_milliseconds(plan.first_ms), forecasts_file=tmp_path / "missing" / "f.csv"
    )
    with pytest.raises(OutputError, match="cannot be written"):
        evaluate_folder(request)


def test_last_digit() -> None:
    assert last_digit(np.array([100.0, 30.0])) == 1.0
    assert last_digit(np.array([0.25, 1.5])) == pytest.approx(0.01)
    assert last_digit(np.array([1.0 / 3.0])) == pytest.approx(1e-12)
    assert last_digit(np.array([0.00001234, 0.00002])) == pytest.approx(1e-8)


def test_the_confidence_set_holds_the_best_and_drops_the_worst() -> None:
    rng = np.random.default_rng(1)
    common = rng.gamma(2.0, 1.0, 400)
    good, near, bad = common + 0.1 * rng.standard_normal((3, 400))
    kept = model_confidence_set({"good": good, "twin": good.copy(), "near": near, "bad": bad + 0.5}, 4, 1)
    assert kept >= {"good", "twin"}
    assert "bad" not in kept
    assert kept == model_confidence_set({"good": good, "twin": good.copy(), "near": near, "bad": bad + 0.5}, 4, 1)
    assert model_confidence_set({"a": good, "b": good.copy()}, 4, 1) == {"a", "b"}


def test_a_symbol_that_stands_still_for_a_month_is_left_out_and_stops_nothing(tmp_path: Path) -> None:
    moving, still = simulated_bars(1, 1300), simulated_bars(2, 1300)
    for values in (still.open, still.high, still.low, still.close):
        values[100:] = still.close[99]
    write(tmp_path, "MOVES-1h.parquet", moving)
    write(tmp_path, "STANDS-1h.parquet", still)
    made = evaluate_folder(EvaluationRequest(tmp_path, horizons=(1,), confidence_set=False))
    assert made.symbols == ("MOVES",)


def test_a_horizon_too_long_for_the_span_is_not_scored(tmp_path: Path) -> None:
    write(tmp_path, "SHORT-1h.parquet", simulated_bars(1, 1100))
    made = evaluate_folder(EvaluationRequest(tmp_path, horizons=(1, 72), every_hours=1, confidence_set=False))
    assert {item.horizon_hours for item in made.scores} == {1}


def test_the_command_prints_a_table_or_json(folder: Path, plan: Plan, capfd: pytest.CaptureFixture[str]) -> None:
    app = typer.Typer()
    app.command("evaluate")(with_common(evaluate_command.command))
    start = from_milliseconds(plan.first_ms).strftime("%Y-%m-%dT%H:%M")
    given = ["--data", str(folder), "--from", start, "--horizon", "4", "--symbol", "COIN1", "--no-confidence-set"]
    assert run(app, given) == 0
    table = capfd.readouterr().out
    assert "combined" in table
    assert run(app, [*given, "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    (score_,) = [item for item in document["scores"] if item["model"] == COMBINED and item["proxy"] == REALISED]
    assert f"{score_['qlike_ratio_median']:.3f}" in table
    assert run(app, ["--data", str(folder / "none")]) == 64
