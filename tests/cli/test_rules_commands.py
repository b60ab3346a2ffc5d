"""`rules list` and `rules explain`: every rule is there, and says what a trader must know."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from market_analysis.cli.app import app
from market_analysis.cli.boundary import run
from market_analysis.rules.registry import rules


def call(*arguments: str) -> int:
    return run(app, arguments)


def test_every_rule_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("rules", "list") == 0
    shown = capsys.readouterr().out
    assert len(rules()) >= 26
    assert all(f"\n{name} " in shown for name in rules())


@pytest.mark.parametrize("name", sorted(rules()))
def test_every_rule_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("rules", "explain", name) == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("watches", "fires", "does not", f"[accounts.NAME.rules.{name}]"))
    assert call("rules", "explain", name, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert all(said[key] for key in ("watches", "fires", "does", "does_not", "source"))
    assert all(item["description"] for item in said["parameters"])
    assert {item["name"] for item in said["parameters"]} == set(rules()[name].parameters.model_fields)


def test_the_guide_names_every_rule() -> None:
    page = (Path(__file__).parents[2] / "docs/guard.md").read_text()
    assert [name for name in rules() if f"| `{name}` |" not in page] == []


def test_an_unknown_rule_names_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("rules", "explain", "max_luck") == 4
    assert "max_leverage" in capsys.readouterr().err
