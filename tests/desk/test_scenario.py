"""`rules test`: scenarios lived by the real guard; what is not so is said, what is not understood names its line."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from market_analysis.cli.app import app
from market_analysis.cli.boundary import run
from market_analysis.desk.scenario.examples import examples, read_scenario
from market_analysis.desk.scenario.head import Instead
from market_analysis.desk.scenario.looks import looks_between
from market_analysis.desk.scenario.run import Living, Passed, run_scenario
from market_analysis.desk.scenario.text import parse
from market_analysis.desk.scenario.world import instrument
from market_analysis.domain.decision import Intent, IntentKind
from market_analysis.domain.event import Outcome
from market_analysis.errors import SettingsError, UsageError
from market_analysis.report.text_scenario import deeds, scenario_text
from market_analysis.settings import AccountSettings

HEAD = """initial_balance = 10000
[rules.daily_realized_loss]
mode = "enforce"
loss = 500
---
"""


def lived(body: str, head: str = HEAD) -> tuple[Passed, ...]:
    return run_scenario(parse(head + body, "mine"), "mine")


def unmet(passed: tuple[Passed, ...]) -> list[str]:
    return [f"{item.line.text}: {item.found}" for item in passed if item.met is False and item.line is not None]


def judged(passed: tuple[Passed, ...]) -> int:
    return sum(item.met is not None for item in passed)


@pytest.mark.parametrize("name", examples())
def test_every_example_is_as_it_says(name: str) -> None:
    _, text = read_scenario(None, name)
    passed = run_scenario(parse(text, name), name)
    assert unmet(passed) == []
    assert judged(passed) >= 5


def test_the_pages_example_is_true() -> None:
    page = (Path(__file__).parents[2] / "docs/rules.md").read_text()
    (text,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    passed = run_scenario(parse(text, "docs/rules.md"), "docs/rules.md")
    assert unmet(passed) == []
    assert judged(passed) == 4


def test_what_is_not_so_is_said() -> None:
    passed = lived("""09:00 balance 10000
09:01 buy 1 BTCUSDT at 1000
expect flat
expect holds BTCUSDT 2
expect closed BTCUSDT
expect locked
expect daily_realized_loss breach
expect left daily_realized_loss 5
expect left max_leverage 5
expect equity 9999
expect stop BTCUSDT 950
expect entries 1
expect alert daily_realized_loss
expect page
09:02 sell 1 BTCUSDT at 400
expect unlocked
expect unlocked daily_realized_loss
expect locked daily_realized_loss until time
expect locked daily_realized_loss until 12:00
09:03 buy 1 BTCUSDT at 400
expect nothing
expect max_leverage ok
""")
    assert unmet(passed) == [
        "expect flat: holds 1 BTCUSDT",
        "expect holds BTCUSDT 2: holds 1 BTCUSDT",
        "expect closed BTCUSDT: holds 1 BTCUSDT",
        "expect locked: locked by nothing",
        "expect daily_realized_loss breach: daily_realized_loss is ok, 500 left "
        "(realised loss of the day: realized 0 USD, limit -500 USD, 500 USD left)",
        "expect left daily_realized_loss 5: 500 is left",
        "expect left max_leverage 5: max_leverage says nothing of the account",
        "expect equity 9999: equity is 10000",
        "expect stop BTCUSDT 950: the stop is none",
        "expect entries 1: 0 entry orders rest",
        "expect alert daily_realized_loss: told nothing",
        "expect page: woken for nothing",
        "expect unlocked: locked by daily_realized_loss",
        "expect unlocked daily_realized_loss: locked by daily_realized_loss",
        "expect locked daily_realized_loss until time: locked by daily_realized_loss until reset (00:00)",
        "expect locked daily_realized_loss until 12:00: locked by daily_realized_loss until reset (00:00)",
        "expect nothing: did close",
        "expect max_leverage ok: max_leverage is not switched on",
    ]


@pytest.mark.parametrize(
    ("head", "why"),
    [
        ("---\n", "locked by nothing; daily_realized_loss is not switched on"),
        ("[rules.daily_realized_loss]\nloss = 5\n---\n", "locked by nothing; daily_realized_loss has mode = alert and only tells"),
        (
            'enforce = false\n[rules.daily_realized_loss]\nmode = "enforce"\nloss = 5\n---\n',
            "locked by nothing; the account has no enforce = true: its rules only tell",
        ),
    ],
)
def test_a_rule_that_only_tells_says_so_where_a_lock_was_expected(head: str, why: str) -> None:
    body = "09:00 balance 100\n09:01 buy 1 ES at 50\n+1m sell 1 ES at 40\nexpect locked daily_realized_loss\n"
    assert unmet(lived(body, head)) == [f"expect locked daily_realized_loss: {why}"]


def test_the_guard_looks_between_the_lines() -> None:
    """A grace of 30 s ends at 30 s, not at the next line; what came of it belongs to that line's `nothing`."""
    head = '[rules.no_stop_loss_grace]\nmode = "enforce"\n---\n'
    passed = lived("09:00 balance 10000\n09:01 buy 1 ES at 50\nexpect nothing\n12:00 wait\nexpect nothing\nexpect flat\n", head)
    assert unmet(passed) == ["expect nothing: did close"]
    (look,) = [item for item in passed if item.line is None]
    assert timedelta(seconds=30) <= look.at - datetime(2026, 3, 2, 9, 1, tzinfo=UTC) <= timedelta(seconds=45)
    assert deeds(look.decisions)[0] == "page no_stop_loss_grace"


def test_looks_come_around_every_reset_and_in_order() -> None:
    zone = ZoneInfo("America/Chicago")
    first, last = datetime(2026, 3, 6, 12, tzinfo=UTC), datetime(2026, 3, 9, 12, tzinfo=UTC)
    looks = list(looks_between(first, last, zone, time(17)))
    assert looks == sorted(set(looks))
    assert first < looks[0]
    assert looks[-1] < last
    assert max(after - before for before, after in pairwise(looks)) <= timedelta(minutes=10)
    for reset in (datetime(2026, 3, 6, 23, tzinfo=UTC), datetime(2026, 3, 7, 23, tzinfo=UTC), datetime(2026, 3, 8, 22, tzinfo=UTC)):
        assert any(reset - timedelta(minutes=2) < look < reset for look in looks)
        assert any(reset <= look <= reset + timedelta(seconds=5) for look in looks)


def test_an_hour_that_occurs_twice_is_the_first_that_is_not_past() -> None:
    head = 'date = 2026-11-01\nreset_zone = "America/Chicago"\n---\n'
    scenario = parse(head + "00:50 balance 1\n01:30 wait\n+40m wait\n01:20 wait\n02:00 wait\n", "mine")
    found = [line.at.strftime("%H:%M") for line in scenario.lines if line.at is not None]
    assert found == ["05:50", "06:30", "07:10", "07:20", "08:00"]


def test_fees_rights_and_the_days_start() -> None:
    head = """[rules.daily_realized_loss]
mode = "enforce"
loss = 100
[rules.auth_loss_guard]
mode = "enforce"
[rules.daily_loss]
amount = 100
amount_of = "absolute"
---
"""
    passed = lived(
        """09:00 start 10,000 equity 10_050
expect left daily_loss 50
09:01 buy 1 ES at 50 fee 2.5
expect equity 9997.5
expect left daily_realized_loss 97.5
09:02 barred
expect auth_loss_guard breach
expect locked auth_loss_guard until condition
09:03 allowed
expect unlocked
""",
        head,
    )
    assert unmet(passed) == []


def test_the_users_account_or_a_preset_instead_of_the_heads() -> None:
    own = {"live": AccountSettings(reset_zone="Europe/Prague", rules={"daily_loss": {"amount": 100, "amount_of": "absolute"}})}
    text = HEAD + "09:00 balance 10000\n"
    mine = parse(text, "mine", own.__getitem__, Instead(account="live")).account
    assert (mine.reset_zone, list(mine.rules), mine.enforce, mine.initial_balance) == (
        "Europe/Prague",
        ["daily_loss"],
        False,
        10_000,
    )
    preset = parse(text, "mine", None, Instead(preset="ftmo-2-step")).account
    assert (preset.reset_zone, preset.rules["daily_loss"]["amount_of"], preset.enforce) == ("Europe/Prague", "initial", True)
    named = parse(
        'account = "live"\npreset = "the5ers"\nreset_zone = "UTC"\n' + HEAD + "09:00 wait\n", "mine", own.__getitem__
    ).account
    assert (named.reset_zone, named.reset_time) == ("UTC", time(17))
    assert named.rules["daily_loss"] == {"amount": 0.05, "amount_of": "reference", "series": "higher", "measure": "equity"}
    assert list(named.rules) == ["daily_loss", "daily_realized_loss"]


def test_locks_commands_and_entries() -> None:
    passed = lived("""09:00 balance 10000
09:01 buy 1 BTCUSDT at 1000
09:02 lock for 2h
expect locked manual until time
expect holds BTCUSDT 1
09:03 entry buy 1 BTCUSDT at 900
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
    intent = Intent("guard-1", IntentKind.CLOSE, "test", instrument("BTCUSDT"), quantity=Decimal(1))
    assert world.carry_out(intent, living._at) is Outcome.REJECTED  # reduce-only, and nothing is held
    world.trade("BTCUSDT", Decimal(1), Decimal(114), living._at)
    world.accepts = False
    assert world.carry_out(intent, living._at) is Outcome.REJECTED
    world.accepts = True
    assert world.carry_out(intent, living._at) is Outcome.DONE
    assert (world.held(), world.refused) == ([], {"guard-1"})


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
        ("09:00 buy BTCUSDT\n", "line 6: 'buy BTCUSDT' is not understood .write `buy QUANTITY SYMBOL at PRICE` or"),
        ("09:00 buy 1 BTCUSDT @ 5\n", "'@' stands where 'at' belongs"),
        ("09:00 buy -1 BTCUSDT at 5\n", "-1 is not above zero"),
        ("09:00 mark BTCUSDT 5\n", "'BTCUSDT' was neither traded nor named before .known here: nothing yet"),
        ("09:00 buy 1 ES at 5\n+1s sell 1 ES at 5\n+1s stop ES 4\n", "line 8: 'stop ES 4': nothing is held of it"),
        ("+1s wait\n", "line 6: '.1s wait' follows no line"),
        ("09:00 lock 5m\n", "write `lock` or `lock for DURATION`"),
        ("09:00 wait now\n", "line 6: 'wait now' is not understood .write `wait`"),
        ("09:00 buy x BTCUSDT at 5\n", "line 6: 'buy x BTCUSDT at 5' is not understood: 'x' is no number"),
        ("09:00 balance NaN\n", "line 6: 'balance NaN' is not understood: 'NaN' is no number"),
        (
            "09:00 restart soon\n",
            "line 6: 'restart soon' is not understood: 'soon' is no length of time; 90s",
        ),
        ("09:00 entry buy 1 BTCUSDT\n", "line 6: 'entry buy 1 BTCUSDT' is not understood"),
        ("09:00 entry hold 1 BTCUSDT at 5\n", "'hold' is no side: buy, sell"),
        ("09:00 wait\nexpect\n", "line 7: 'expect': nothing is expected"),
        (
            "09:00 wait\nexpect daily_realized_loss\n",
            "'expect daily_realized_loss' is not understood .write `expect daily_realized_loss",
        ),
        ("09:00 wait\nexpect daily_realized_loss great\n", "line 7: .* 'great' is no status: ok, warn, act, breach, unknown"),
        ("09:00 wait\nexpect wonders\n", "line 7: 'expect wonders': 'wonders' is neither a rule nor one of"),
        ("09:00 wait\nexpect unlocked daily_los\n", "there is no rule 'daily_los'"),
        ("09:00 wait\nexpect closed BTCUSDT\n", "line 7: 'BTCUSDT' was neither traded nor named before"),
        ("09:00 wait\nexpect flat now\n", "'expect flat now' is not understood .write `expect flat`"),
        ("09:00 wait\nexpect locked manual till reset\n", "'till' stands where 'until' belongs"),
        ("09:00 wait\nexpect locked manual until 25:00\n", "'25:00' is no"),
        ("09:00 wait\nexpect entries x\n", "'x' is no count"),
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
        ("account = 5\n---\n", "account is 5; the name of an account of your settings is meant"),
        ("account = 'live'\n---\n", "account is 'live'"),
        ("preset = 'nope'\n---\n", "there is no preset 'nope'"),
        ("contracts = 5\n---\n", "mine: "),
        ("date = 2026-03-08\nreset_zone = 'America/Chicago'\n---\n02:30 wait\n", "line 4: there is no 02:30 on 2026-03-08"),
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
    assert capsys.readouterr().out.endswith("0 of 1 expectations met\nline 7: expect locked\n  found: locked by nothing\n")
    assert run(app, ["rules", "test", "mine.txt", "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert (document["met"], document["expectations"], document["lines"][1]["found"]) == (False, 1, "locked by nothing")
    (verdict,) = document["lines"][0]["verdicts"]
    assert (document["lines"][0]["equity"], verdict["status"], verdict["left"]) == ("10000", "ok", "500")
    assert run(app, ["rules", "test", "mine.txt", "--exit-zero"]) == 0
    capsys.readouterr()
    with open("settings.toml", "w") as file:
        file.write("[accounts.live.rules.max_leverage]\n")
    assert run(app, ["rules", "test", "mine.txt", "--account", "live"]) == 2
    assert "daily_realized_loss" not in capsys.readouterr().out
    assert run(app, ["rules", "test", "mine.txt", "--account", "dead"]) == 4
    assert "there is no account 'dead'; known: live" in capsys.readouterr().err
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
