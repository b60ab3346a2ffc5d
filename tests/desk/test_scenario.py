"""`rules test`: scenarios lived by the real guard; what is not so is said, what is not understood names its line."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from market_analysis.cli.app import app
from market_analysis.cli.boundary import run
from market_analysis.desk.scenario.examples import examples, read_scenario
from market_analysis.desk.scenario.run import Living, Passed, run_scenario
from market_analysis.desk.scenario.text import parse
from market_analysis.domain.event import Outcome
from market_analysis.errors import SettingsError, UsageError
from market_analysis.report.text_scenario import deeds, scenario_text

HEAD = """initial_balance = 10000
[rules.daily_realized_loss]
mode = "enforce"
loss = 500
---
"""


def lived(body: str, head: str = HEAD) -> tuple[Passed, ...]:
    return run_scenario(parse(head + body, "mine"), "mine")


def unmet(passed: tuple[Passed, ...]) -> list[str]:
    return [f"{item.line.text}: {item.found}" for item in passed if item.met is False]


@pytest.mark.parametrize("name", examples())
def test_every_example_is_as_it_says(name: str) -> None:
    _, text = read_scenario(None, name)
    passed = run_scenario(parse(text, name), name)
    assert unmet(passed) == []
    assert sum(item.line.expects for item in passed) >= 5


def test_the_pages_example_is_true() -> None:
    page = (Path(__file__).parents[2] / "docs/rules.md").read_text()
    (text,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    passed = run_scenario(parse(text, "docs/rules.md"), "docs/rules.md")
    assert unmet(passed) == []
    assert sum(item.line.expects for item in passed) == 2


def test_what_is_not_so_is_said() -> None:
    passed = lived("""09:00 balance 10000
09:01 buy 1 BTCUSDT at 1000
expect flat
expect holds BTCUSDT 2
expect closed BTCUSDT
expect locked
expect daily_realized_loss breach
expect left daily_realized_loss 5
expect stop BTCUSDT 950
expect entries 1
expect alert daily_realized_loss
09:02 sell 1 BTCUSDT at 400
expect unlocked
expect unlocked daily_realized_loss
expect locked daily_realized_loss until time
09:03 buy 1 BTCUSDT at 400
expect nothing
expect max_leverage ok
""")
    assert unmet(passed) == [
        "expect flat: holds BTCUSDT",
        "expect holds BTCUSDT 2: holds 1 BTCUSDT",
        "expect closed BTCUSDT: holds 1 BTCUSDT",
        "expect locked: locked by nothing",
        "expect daily_realized_loss breach: daily_realized_loss is ok",
        "expect left daily_realized_loss 5: 500 is left",
        "expect stop BTCUSDT 950: the stop is none",
        "expect entries 1: 0 entry orders rest",
        "expect alert daily_realized_loss: told nothing",
        "expect unlocked: locked by daily_realized_loss",
        "expect unlocked daily_realized_loss: locked by daily_realized_loss",
        "expect locked daily_realized_loss until time: locked by daily_realized_loss until reset",
        "expect nothing: did close",
        "expect max_leverage ok: the rule is not on",
    ]


def test_locks_commands_and_entries() -> None:
    passed = lived("""09:00 balance 10000
09:01 buy 1 BTCUSDT at 1000
09:02 lock for 2h
expect locked manual until time
expect holds BTCUSDT 1
09:03 entry sell 1 BTCUSDT at 1100
expect entries 0
09:04 unlock manual
expect locked manual until time
11:03 wait
expect unlocked
11:05 lock
expect locked manual until admin
11:06 unlock
expect unlocked
11:07 flatten
expect flat
11:08 restart
2026-03-03 09:09 wait
expect left daily_realized_loss 500
""")
    assert unmet(passed) == []
    done = [text for item in passed for text in deeds(item.decisions)]
    assert "cancel entry BTCUSDT 1" in done
    assert "unlock account (manual, me)" not in done
    assert any(text.startswith("close 1 BTCUSDT at 995 or better") for text in done)


def test_partial_exits_rest_and_are_placed_once() -> None:
    living = Living(parse(HEAD + "09:00 balance 10000\n", "mine"), "mine")
    world = living.world
    world.trade("BTCUSDT", Decimal(2), Decimal(100), living._at)
    world.trade("BTCUSDT", Decimal(2), Decimal(110), living._at)
    assert world.entries["BTCUSDT"] == 105
    world.trade("BTCUSDT", Decimal(-6), Decimal(115), living._at)
    assert (world.sizes["BTCUSDT"], world.entries["BTCUSDT"], world.balance) == (-2, 115, 40)
    assert world.held() == ["BTCUSDT"]
    world.stop("BTCUSDT", Decimal(120), living._at)
    world.trade("BTCUSDT", Decimal(2), Decimal(114), living._at)
    assert (world.orders, world.balance) == ({}, 42)
    assert living.state.policy.rules
    world.accepts = False
    assert world.carry_out(None, living._at) is Outcome.REJECTED  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "nothing happens after the dashes"),
        ("expect flat\n", "only expectations"),
        ("9:00 wait\n", "line 6: '9:00' is no time"),
        ("25:00 wait\n", "line 6: 25:00 is no time"),
        ("2026-13-01 09:00 wait\n", "line 6: 2026-13-01 is no date"),
        ("09:00\n", "line 6: nothing happens at 09:00"),
        ("09:00 wait\n08:00 wait\n", "line 7: '08:00 wait' lies before the line above it"),
        ("09:00 fly\n", "line 6: 'fly' is nothing that happens"),
        ("09:00 buy BTCUSDT\n", "line 6: 'buy BTCUSDT' is not complete"),
        ("09:00 buy x BTCUSDT at 5\n", "line 6: 'x' is no number"),
        ("09:00 balance NaN\n", "line 6: 'NaN' is no number"),
        ("09:00 restart soon\n", "line 6: 'soon' is no duration"),
        ("09:00 entry buy 1 BTCUSDT\n", "line 6: 'entry buy 1 BTCUSDT' is not complete"),
        ("09:00 wait\nexpect daily_realized_loss\n", "line 7: 'daily_realized_loss' is not complete"),
        ("09:00 wait\nexpect daily_realized_loss great\n", "line 7: 'daily_realized_loss great' is not complete"),
        ("09:00 wait\nexpect wonders\n", "line 7: 'wonders' is neither a rule nor one of"),
    ],
)
def test_what_is_not_understood_names_its_line(body: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        lived(body)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("x = \n---\n", "Invalid value"),
        ('date = "today"\n---\n', "write date = 2026-03-02"),
        ("reset_zone = 'Mars'\n---\n", "Mars"),
        ("[contracts.ES]\ntick_size = 0\n---\n", "tick_size"),
        ("[rules.daily_loss]\nmode = 'loud'\n---\n", "mode is 'loud'"),
        ("[rules.nothing]\n---\n", "there is no rule 'nothing'"),
        ("no dashes", "no line of dashes"),
    ],
)
def test_a_wrong_head_says_what_is_wrong(head: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        lived("09:00 wait\n", head)


def test_the_command(capsys: pytest.CaptureFixture[str], tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(str(tmp_path))
    assert run(app, ["rules", "test", "--example", "daily-loss"]) == 0
    assert "14 of 14 expectations met" in capsys.readouterr().out
    with open("mine.txt", "w") as file:
        file.write(HEAD + "09:00 balance 10000\nexpect locked\n")
    assert run(app, ["rules", "test", "mine.txt"]) == 2
    assert "NOT MET: locked by nothing" in capsys.readouterr().out
    assert run(app, ["rules", "test", "mine.txt", "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert (document["met"], document["lines"][1]["found"]) == (False, "locked by nothing")
    assert run(app, ["rules", "test", "--example", "no-stop", "--show"]) == 0
    assert capsys.readouterr().out == read_scenario(None, "no-stop")[1]
    for wrong in (["nowhere.txt"], [], ["--example", "x"], ["mine.txt", "--example", "no-stop"], ["."]):
        assert run(app, ["rules", "test", *wrong]) == 64
        assert "risk-manager:" in capsys.readouterr().err


def test_no_text_is_taken_for_a_file_that_cannot_be_read() -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_scenario("/nowhere/at/all", None)
    passed = lived("09:00 balance 10000\nexpect flat\n")
    assert scenario_text(passed, ZoneInfo("UTC")).endswith("1 of 1 expectations met")
