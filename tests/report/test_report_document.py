"""The JSON document: schema, decimals, refusal of NaN, stable bytes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any

import analyses
import jsonschema
import pytest

from market_analysis.report.document import Document, build_document, encode, encode_value, settings_hash
from market_analysis.report.schema import document_schema, schema_bytes, shipped_schema
from market_analysis.risk.types import Analysis, BookReport, PositionReport
from market_analysis.settings import RiskSettings, Settings

D = Decimal
VERSIONS = {"python": "3.11", "risk-manager": "0.1.0"}
MAKERS = (analyses.demo, analyses.calm, analyses.flat, analyses.unknown, analyses.stale, analyses.hedged, analyses.many)


def document(analysis: Analysis) -> Document:
    return build_document(analysis, Settings(), VERSIONS)


def loaded(analysis: Analysis) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(encode(document(analysis)))
    return found


def closed(schema: Any) -> Any:
    """The schema with no room for fields that it does not name."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: closed(value) for key, value in schema.items()}
    return inner | {"additionalProperties": False} if "properties" in schema else inner


def test_the_shipped_schema_is_current() -> None:
    assert shipped_schema() == schema_bytes()


def test_the_schema_module_prints_the_schema() -> None:
    printed = subprocess.run([sys.executable, "-m", "market_analysis.report.schema"], capture_output=True, check=True)
    assert printed.stdout == schema_bytes()


def test_the_schema_is_a_schema_and_says_what_things_are() -> None:
    schema = document_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"].endswith("2020-12/schema")
    named = schema["$defs"]
    assert "which is not an empty book" in named["Document"]["description"]
    for name in ("PositionReport", "BookReport", "ProtectionReport", "Finding", "DataQuality"):
        assert named[name]["description"]
        assert named[name]["required"] == list(named[name]["properties"])


def test_moments_are_marked_as_such_and_are_utc() -> None:
    named = document_schema()["$defs"]
    assert named["Document"]["properties"]["as_of"] == {"type": "string", "format": "date-time"}
    opened = named["PositionReport"]["properties"]["opened_at"]["anyOf"]
    assert {"type": "string", "format": "date-time"} in opened
    assert named["VolatilityReport"]["properties"]["last_bar_close"]["format"] == "date-time"
    assert "format" not in named["Document"]["properties"]["report"]
    assert loaded(analyses.demo())["as_of"] == "2026-03-02T14:04:00Z"


@pytest.mark.parametrize("make", MAKERS)
def test_documents_obey_the_schema_to_the_last_field(make: Callable[[], Analysis]) -> None:
    jsonschema.Draft202012Validator(closed(document_schema())).validate(loaded(make()))


@pytest.mark.parametrize(
    ("path", "bad"),
    [
        (("portfolio", "equity_usd"), 25410),
        (("portfolio", "equity_usd"), "2.5E+4"),
        (("verdict",), "FINE"),
        (("positions",), {}),
        (("account", "total_equity"), "NaN"),
    ],
)
def test_the_schema_refuses_what_is_wrong(path: tuple[str, ...], bad: object) -> None:
    whole = loaded(analyses.demo())
    node = whole
    for name in path[:-1]:
        node = node[name]
    node[path[-1]] = bad
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(document_schema()).validate(whole)


def test_every_field_of_the_types_is_there() -> None:
    whole = loaded(analyses.demo())
    assert set(whole["positions"][0]) == {field.name for field in fields(PositionReport)}
    assert set(whole["portfolio"]) == {field.name for field in fields(BookReport)}
    for name in ("total_equity", "available_balance", "todays_realized_pnl", "todays_fees", "todays_total_pnl"):
        assert name in whole["account"]


def test_an_unread_book_is_null_and_a_flat_one_is_empty() -> None:
    assert loaded(analyses.unknown())["positions"] is None
    assert loaded(analyses.unknown())["exit_status"] == 6
    assert loaded(analyses.flat())["positions"] == []
    assert loaded(analyses.flat())["exit_status"] == 0
    assert loaded(analyses.stale())["exit_status"] == 3
    assert loaded(analyses.demo())["exit_status"] == 2


def test_decimals_are_plain_strings() -> None:
    odd = analyses.book(equity_usd=D("1E+5"), day_pnl_usd=D("-0.00"), available_usd=D("1E-10"))
    whole = loaded(replace(analyses.demo(), book=odd))
    assert whole["portfolio"]["equity_usd"] == "100000"
    assert whole["portfolio"]["day_pnl_usd"] == "0.00"
    assert whole["portfolio"]["available_usd"] == "0.0000000001"
    assert not re.search(rb'"-?[0-9.]+[eE][+-]?[0-9]+"', encode(document(replace(analyses.demo(), book=odd))))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_floats_that_are_not_finite_are_refused_by_their_path(bad: float) -> None:
    wrong = replace(document(analyses.demo()), positions=(analyses.row(r_multiple=bad),))
    with pytest.raises(ValueError, match=r"document\.positions\[0\]\.r_multiple is"):
        encode(wrong)


@pytest.mark.parametrize("bad", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_decimals_that_are_not_finite_are_refused(bad: str) -> None:
    wrong = replace(document(analyses.demo()), portfolio=analyses.book(equity_usd=D(bad)))
    with pytest.raises(ValueError, match=r"document\.portfolio\.equity_usd"):
        encode(wrong)


def test_the_word_nan_in_a_text_is_only_a_word() -> None:
    named = replace(document(analyses.demo()), report="NaN")
    assert json.loads(encode(named))["report"] == "NaN"


def test_one_line_for_streams_and_the_same_content() -> None:
    whole = document(analyses.demo())
    line = encode(whole, pretty=False)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert json.loads(line) == json.loads(encode(whole))


def test_the_order_in_which_answers_came_in_leaves_no_trace() -> None:
    one = analyses.demo()
    data = one.data
    parts = dict(reversed(list(data.parts.items())))
    other = replace(one, data=replace(data, parts=parts, bars=dict(reversed(list(data.bars.items())))))
    mixed = build_document(other, Settings(), dict(reversed(list(VERSIONS.items()))))
    first, second = json.loads(encode(document(one))), json.loads(encode(mixed))
    del first["report"], second["report"]
    assert json.dumps(first) == json.dumps(second)


def test_same_input_same_bytes() -> None:
    assert encode(document(analyses.demo())) == encode(document(analyses.demo()))


def test_the_settings_hash_tells_settings_apart() -> None:
    assert settings_hash(Settings()) == settings_hash(Settings())
    assert settings_hash(Settings()) != settings_hash(Settings(risk=RiskSettings(daily_loss_limit_frac=0.05)))
    assert len(settings_hash(Settings())) == 64


def test_the_text_is_in_the_document() -> None:
    assert "PORTFOLIO SUMMARY" in loaded(analyses.demo())["report"]


@dataclass(frozen=True)
class _Result:
    amount: Decimal
    share: float


def test_any_result_is_said_by_the_same_rules() -> None:
    assert json.loads(encode_value(_Result(D("1E+2"), 0.5))) == {"amount": "100", "share": 0.5}
    with pytest.raises(ValueError, match=r"result\.share is nan"):
        encode_value(_Result(D(1), float("nan")))
