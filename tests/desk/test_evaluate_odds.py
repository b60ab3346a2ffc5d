"""`evaluate --odds` on folders written here: what was said from nothing later, what came, how it was scored, what was written."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import typer
from forecast_bars import HOUR_MS, SimulatedBars, clustered_sigma, simulated_bars

from market_analysis.cli import evaluate as evaluate_command
from market_analysis.cli.boundary import run
from market_analysis.cli.common import with_common
from market_analysis.desk.evaluate_odds import OddsRequest, evaluate_odds
from market_analysis.desk.evaluation.odds.cases import (
    BROWNIAN,
    FOLLOWED,
    OUTCOMES,
    POLICY,
    PRINTED,
    SIMULATED,
    STATIC,
    STATIC_STOP,
    OddsCase,
)
from market_analysis.desk.evaluation.odds.entries import Terms
from market_analysis.desk.evaluation.odds.references import (
    PAST,
    SAMPLE,
    matured_before,
    past_frequencies,
    table_of,
    with_past,
)
from market_analysis.desk.evaluation.odds.scores import Comparison, KindScore, OddsScore, score_odds
from market_analysis.desk.evaluation.odds.walk import OddsPlan, tick_sizes, walk_odds
from market_analysis.desk.evaluation.parquet_bars import MarketSeries, read_market_folder
from market_analysis.domain import Side, from_milliseconds
from market_analysis.errors import OutputError, UsageError
from market_analysis.settings import ProbSettings, Settings

HOURS = 1500
FIRST = 1010
SETTINGS = Settings(prob=ProbSettings(paths=1000))
KINDS = (POLICY, FOLLOWED, STATIC)


def write(folder: Path, name: str, bars: SimulatedBars) -> None:
    columns = {key: getattr(bars, key) for key in ("open", "high", "low", "close", "volume")}
    stamps = pyarrow.array(bars.open_time_ms, pyarrow.timestamp("ms", tz="UTC"))
    pyarrow.parquet.write_table(pyarrow.table({"ts": stamps, **columns}), folder / name)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("bars")
    for seed in range(3):
        bars = simulated_bars(seed, HOURS, clustered_sigma(seed, HOURS))
        prices = {key: np.round(getattr(bars, key), 3) for key in ("open", "high", "low", "close")}
        write(where, f"COIN{seed}-1h.parquet", replace(bars, **prices))
    return where


@pytest.fixture(scope="module")
def market(folder: Path) -> dict[str, MarketSeries]:
    return read_market_folder(folder)


def plan_of(market: Mapping[str, MarketSeries], hours: int, every: int) -> OddsPlan:
    first = int(market["COIN0"].hourly.open_time_ms[FIRST])
    return OddsPlan(every, first, first + hours * HOUR_MS)


def said_by_entry(cases: list[OddsCase]) -> dict[tuple[str, str, int, Side], tuple[object, ...]]:
    return {(c.kind, c.symbol, c.origin_ms, c.side): (c.price, c.stop, c.target, c.m, dict(c.said)) for c in cases if c.m == c.m}


def test_changing_the_future_changes_no_level_and_no_probability(market: dict[str, MarketSeries]) -> None:
    plan = plan_of(market, 30, 12)
    terms = Terms(SETTINGS, Decimal(10), tick_sizes(market))
    last = plan.origins()[-1]
    other = {}
    for name, series in market.items():
        later = series.hourly.open_time_ms >= last
        bent = {key: np.where(later, getattr(series.hourly, key) * 3.0, getattr(series.hourly, key)) for key in ("open", "high")}
        bent |= {key: np.where(later, getattr(series.hourly, key) * 3.0, getattr(series.hourly, key)) for key in ("low", "close")}
        other[name] = replace(series, hourly=replace(series.hourly, **bent))
    ours, theirs = walk_odds(market, plan, terms), walk_odds(other, plan, terms)
    assert said_by_entry(ours) == said_by_entry(theirs)
    static = [[case.said for case in cases if case.kind == STATIC] for cases in (ours, theirs)]
    assert static[0] == static[1]
    assert [case.outcome for case in ours] != [case.outcome for case in theirs]


def test_every_symbol_is_entered_long_and_short_and_every_row_is_a_distribution(market: dict[str, MarketSeries]) -> None:
    cases = walk_odds(market, plan_of(market, 24, 24), Terms(SETTINGS, Decimal(20), tick_sizes(market)))
    assert cases
    for kind in KINDS:
        of_kind = [case for case in cases if case.kind == kind]
        assert sum(case.side.sign for case in of_kind) == 0
        assert {case.symbol for case in of_kind} == set(market)
    for case in cases:
        assert case.side.sign * (case.target - case.price) > 0.0 > case.side.sign * (case.stop - case.price)
        assert set(case.said) == {PRINTED, SIMULATED, STATIC_STOP, BROWNIAN}
        for row in case.said.values():
            assert math.fsum(row) == pytest.approx(1.0, abs=1e-9)
    policy = {(c.symbol, c.origin_ms, c.side): c for c in cases if c.kind == POLICY}
    for case in cases:
        if case.kind == FOLLOWED:
            assert case.said == policy[case.symbol, case.origin_ms, case.side].said


def hand_made(outcomes: list[int], p: list[float], hours_apart: int = 24) -> list[OddsCase]:
    """Static cases of one symbol, long and short in turn, with P(target) p and the rest on the stop."""
    cases = []
    for at, (outcome, chance) in enumerate(zip(outcomes, p, strict=True)):
        row = (chance, 1.0 - chance, 0.0, 0.0)
        said = {PRINTED: row, SIMULATED: row, STATIC_STOP: row, BROWNIAN: (0.5, 0.5, 0.0, 0.0)}
        side = Side.LONG if at % 2 == 0 else Side.SHORT
        cases.append(
            OddsCase(STATIC, "A", (at // 2) * hours_apart * HOUR_MS, side, 24, 100.0, 99.0, 102.0, math.nan, said, outcome)
        )
    return cases


def test_the_climatology_of_the_past_knows_only_what_had_ended() -> None:
    table = table_of(STATIC, hand_made([0, 1, 1, 1, 0, 0, 1, 1], [0.2] * 8))
    assert matured_before(table.origin_ms, 24).tolist() == [0, 0, 2, 2, 4, 4, 6, 6]
    # By the third origin one target and three stops had come; the prior is one half of a case each.
    assert past_frequencies(table)[4].tolist() == pytest.approx([1.5 / 5, 3.5 / 5, 0.0, 0.0])
    assert past_frequencies(table)[0].tolist() == pytest.approx([0.5, 0.5, 0.0, 0.0])
    changed = table_of(STATIC, hand_made([0, 1, 1, 1, 1, 1, 0, 0], [0.2] * 8))
    assert past_frequencies(table)[:6].tolist() == past_frequencies(changed)[:6].tolist()


def model_of(score: KindScore, name: str) -> OddsScore:
    return next(item for item in score.models if item.model == name)


def against(score: KindScore, name: str, reference: str) -> Comparison:
    return next(item for item in model_of(score, name).versus if item.reference == reference)


def test_scores_by_hand() -> None:
    # The first 100 cases teach; of the 100 after them a quarter are targets, said .2 for half of them and .3 for the other.
    outcomes = [0, 1] * 50 + [0, 1, 1, 1] * 25
    p = [0.5] * 100 + [0.2, 0.2, 0.3, 0.3] * 25
    (score,) = score_odds(with_past(hand_made(outcomes, p)), 1)
    assert (score.cases, score.learned_from, score.origins) == (100, 100, 50)
    assert score.frequency["target"] == 0.25
    assert (score.target_frequency_long, score.target_frequency_short) == (0.5, 0.0)
    printed = model_of(score, PRINTED)
    assert printed.mean_probability["target"] == pytest.approx(0.25)
    # Target said .2: 2 * .8^2; no target said .2: 2 * .2^2; no target said .3, twice: 2 * .3^2.
    brier = (2 * 0.64 + 2 * 0.04 + 2 * 2 * 0.09) / 4
    assert printed.brier_target == pytest.approx(brier)
    assert printed.brier_outcomes == pytest.approx(brier)
    assert printed.log_score == pytest.approx(-(math.log(0.2) + math.log(0.8) + 2 * math.log(0.7)) / 4)
    # Said .2 and came .5; said .3 and came 0.
    assert printed.ece_target.value == pytest.approx(0.5 * 0.3 + 0.5 * 0.3)
    assert [(part.mean_probability, part.frequency) for part in printed.reliability] == [
        (pytest.approx(0.2), 0.5),
        (pytest.approx(0.3), 0.0),
    ]
    sample = 2 * 0.25 * 0.75
    assert model_of(score, SAMPLE).brier_target == pytest.approx(sample)
    assert against(score, PRINTED, SAMPLE).brier_target_ratio.value == pytest.approx(brier / sample)
    assert against(score, PRINTED, SAMPLE).brier_target_skill == pytest.approx(1.0 - brier / sample)
    assert against(score, PRINTED, BROWNIAN).brier_outcomes_ratio.value == pytest.approx(brier / 0.5)
    assert against(score, PRINTED, BROWNIAN).log_score_difference.value == pytest.approx(printed.log_score - math.log(2.0))
    for comparison in printed.versus:
        figure = comparison.brier_target_ratio
        assert figure.low <= figure.value <= figure.high
    assert model_of(score, PAST).brier_target > sample


def test_scores_do_not_depend_on_the_order_of_cases_and_repeat() -> None:
    cases = hand_made([0, 1, 1, 1] * 60, [0.3, 0.2, 0.4, 0.1] * 60)
    first, second = score_odds(with_past(cases), 7), score_odds(with_past(list(reversed(cases))), 7)
    assert first[0].frequency == second[0].frequency
    assert model_of(first[0], PRINTED).brier_target == pytest.approx(model_of(second[0], PRINTED).brier_target)
    assert score_odds(with_past(cases), 7) == first


def test_too_few_cases_are_refused() -> None:
    with pytest.raises(UsageError, match="100 outcomes"):
        score_odds(with_past(hand_made([0, 1] * 30, [0.5] * 60)), 1)


def test_the_command_writes_a_table_json_cases_and_diagrams(
    folder: Path,
    market: dict[str, MarketSeries],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RISK_MANAGER__PROB__PATHS", "1000")
    app = typer.Typer()
    app.command("evaluate")(with_common(evaluate_command.command))
    start = from_milliseconds(int(market["COIN0"].hourly.open_time_ms[FIRST])).strftime("%Y-%m-%dT%H:%M")
    given = ["--odds", "--data", str(folder), "--from", start, "--every", "17"]
    assert run(app, [*given, "--json", "--forecasts", "cases.csv", "--plots", "plots"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert {score["kind"] for score in document["scores"]} == set(KINDS)
    assert document["paths"] == 1000
    assert document["horizon_hours"] == 72
    check_cases(document, tmp_path / "cases.csv")
    for kind in KINDS:
        chart = (tmp_path / "plots" / f"reliability_{kind}.svg").read_text(encoding="ascii")
        assert chart.startswith("<svg xmlns=")
        assert "<circle" in chart
    assert run(app, [*given, "--symbol", "COIN0", "--symbol", "COIN1", "--symbol", "COIN2"]) == 0
    table = capfd.readouterr().out
    for score in document["scores"]:
        assert f"{score['kind']}, {score['horizon_hours']} h: {score['cases']} cases" in table
        for model in score["models"]:
            assert f"{model['ece_target']['value']:.3f}" in table


def check_cases(document: dict[str, object], path: Path) -> None:
    """The Brier score of the printed odds, computed again from nothing but the file."""
    with path.open(encoding="ascii") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == document["cases_written"]
    scores = document["scores"]
    assert isinstance(scores, list)
    for score in scores:
        scored = [row for row in rows if row["case"] == score["kind"]][-score["cases"] :]
        losses = [
            sum((float(row[f"printed_p_{outcome.value}"]) - (row["outcome"] == outcome.value)) ** 2 for outcome in OUTCOMES)
            for row in scored
        ]
        (printed,) = [model for model in score["models"] if model["model"] == PRINTED]
        assert printed["brier_outcomes"] == pytest.approx(np.mean(losses))


def test_what_cannot_be_scored_says_why(folder: Path, tmp_path: Path, market: dict[str, MarketSeries]) -> None:
    end = from_milliseconds(int(market["COIN0"].hourly.open_time_ms[-1]))
    with pytest.raises(UsageError, match="1000 hourly returns before an origin and 72 hours after"):
        evaluate_odds(OddsRequest(folder, SETTINGS, first=end))
    with pytest.raises(UsageError, match="at least 1 hour"):
        evaluate_odds(OddsRequest(folder, SETTINGS, every_hours=0))
    early = from_milliseconds(int(market["COIN0"].hourly.open_time_ms[FIRST + 24]))
    with pytest.raises(OutputError, match="cannot be written"):
        evaluate_odds(OddsRequest(folder, SETTINGS, 24, last=early, cases_file=tmp_path / "missing" / "cases.csv"))
    app = typer.Typer()
    app.command("evaluate")(with_common(evaluate_command.command))
    assert run(app, ["--data", str(folder), "--plots", str(tmp_path)]) == 64
    assert run(app, ["--odds", "--data", str(folder), "--horizon", "4"]) == 64
