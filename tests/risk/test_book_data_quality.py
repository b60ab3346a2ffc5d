"""Age and wholeness of data, verdicts and exit codes: nothing unknown or stale is ever green."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import books
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market_analysis.domain import Bars, Finding, History, Severity, Side, Snapshot
from market_analysis.risk.data_quality import MISSING, OK, STALE, assess_data, data_findings, unreliable
from market_analysis.risk.types import DataQuality, Verdict
from market_analysis.risk.verdict import exit_status, verdict
from market_analysis.settings import DataSettings

BTC = books.instrument("BTC")
HELD = books.position(BTC, Side.LONG, 1, 100)
READ = books.snapshot([HELD], [BTC])
BARS = books.history({BTC.id: books.walk(100, count=600)})
SETTINGS = DataSettings()


def states(snapshot: Snapshot = READ, history: History = BARS) -> dict[str, str]:
    return dict(assess_data(snapshot, history, SETTINGS).parts)


def bad(snapshot: Snapshot = READ, history: History = BARS) -> dict[str, str]:
    return {name: state for name, state in states(snapshot, history).items() if state != OK}


def test_a_whole_snapshot_is_ok_and_counted() -> None:
    quality = assess_data(READ, BARS, SETTINGS)
    assert unreliable(quality) == ()
    assert data_findings(quality) == ()
    assert quality.oldest_age_seconds == 0.0
    assert quality.bars == {str(BTC.id): 600}
    assert quality.gaps == {str(BTC.id): 0}
    assert set(quality.parts) >= {"account", "positions", "orders", "day", f"quote {BTC.id}", f"bars {BTC.id}", f"entry {HELD.key}"}


@pytest.mark.parametrize(("seconds", "state"), [(30, OK), (30.5, STALE), (-30, OK), (-31, STALE)])
def test_age_of_account_and_quotes(seconds: float, state: str) -> None:
    moment = books.AS_OF - timedelta(seconds=seconds)
    quote = replace(books.quote(BTC, 100), time=moment)
    assert states(replace(READ, quotes={BTC.id: quote}))[f"quote {BTC.id}"] == state
    assert states(replace(READ, account=replace(books.account(), as_of=moment)))["account"] == state
    if state == STALE:
        details = assess_data(replace(READ, quotes={BTC.id: quote}), BARS, SETTINGS).details
        assert f"quote {BTC.id}" in details


@pytest.mark.parametrize("part", ["account", "positions", "orders", "day"])
def test_every_unknown_part_is_named_with_its_reason(part: str) -> None:
    quality = assess_data(books.with_unknown(READ, part, reason="malformed_answer"), BARS, SETTINGS)
    assert quality.parts[part] == "malformed_answer"
    (finding,) = [item for item in data_findings(quality) if item.subject == part]
    assert (finding.code, finding.severity) == ("unreadable_data", Severity.UNKNOWN)
    assert "malformed_answer: test" in finding.message


def test_unknown_members_of_maps() -> None:
    gone = books.unknown("timeout")
    read = replace(
        READ,
        instruments={BTC.id: gone},
        quotes={BTC.id: gone},
        entries={HELD.key: gone},
        usd_rates={"USDT": gone},  # type: ignore[dict-item]
    )
    found = bad(read, History({BTC.id: gone}, {}))  # type: ignore[dict-item]
    names = (f"instrument {BTC.id}", f"quote {BTC.id}", f"entry {HELD.key}", "rate USDT", f"bars {BTC.id}")
    assert found == dict.fromkeys(names, "timeout")


def test_what_a_position_needs_and_nobody_read_is_missing() -> None:
    assert set(bad(replace(READ, instruments={}, quotes={}, entries={}), History({}, {})).values()) == {MISSING}
    assert bad(replace(READ, usd_rates={})) == {"rate USDT": MISSING}
    assert bad(READ, History({BTC.id: books.walk(100, count=5)[:0]}, {})) == {f"bars {BTC.id}": MISSING}


def test_old_and_holed_bars() -> None:
    bars = books.walk(100, count=600)
    later = replace(READ, as_of=books.AS_OF + timedelta(hours=2), account=books.account(time=books.AS_OF + timedelta(hours=2)))
    assert states(later)[f"bars {BTC.id}"] == STALE
    columns = ("open_time_ms", "open", "high", "low", "close", "volume")
    for missing, state in ((12, OK), (13, "gaps")):
        rows = list(range(100)) + list(range(100 + missing, 600))
        holed = Bars(60, *(getattr(bars, name)[rows].copy() for name in columns))
        assert states(READ, books.history({BTC.id: holed}))[f"bars {BTC.id}"] == state


def quality_of(**parts: str) -> DataQuality:
    return DataQuality(books.AS_OF, {"account": OK, "positions": OK, **parts}, {}, 0.0, {}, {})


def finding(severity: Severity) -> Finding:
    return Finding("x", severity, "book", "x")


def analysis(*severities: Severity, **parts: str) -> SimpleNamespace:
    findings, quality = tuple(map(finding, severities)), quality_of(**parts)
    return SimpleNamespace(findings=findings, data=quality, verdict=verdict(findings, quality))


C, W, U, I = Severity.CRITICAL, Severity.WARNING, Severity.UNKNOWN, Severity.INFO  # noqa: E741


@pytest.mark.parametrize(
    ("severities", "parts", "expected", "status"),
    [
        ((), {}, Verdict.NORMAL, 0),
        ((I,), {}, Verdict.NORMAL, 0),
        ((I, W), {}, Verdict.WARNING, 1),
        ((W, C), {}, Verdict.CRITICAL, 2),
        ((W, U), {}, Verdict.UNKNOWN, 3),
        ((C, U), {}, Verdict.CRITICAL, 3),
        ((), {"quote x": STALE}, Verdict.UNKNOWN, 3),
        ((C,), {"orders": "timeout"}, Verdict.CRITICAL, 3),
        ((), {"account": "timeout"}, Verdict.UNKNOWN, 3),
        ((), {"account": "timeout", "positions": "timeout"}, Verdict.UNKNOWN, 6),
        ((C,), {"account": "timeout", "positions": "malformed_answer"}, Verdict.CRITICAL, 6),
        ((), {"account": STALE, "positions": "timeout"}, Verdict.UNKNOWN, 3),
        ((), {"account": "authentication", "positions": "authentication"}, Verdict.UNKNOWN, 5),
        ((), {"day": "authentication"}, Verdict.UNKNOWN, 5),
    ],
)
def test_verdicts_and_exit_codes(severities: tuple[Severity, ...], parts: dict[str, str], expected: Verdict, status: int) -> None:
    made = analysis(*severities, **parts)
    assert made.verdict is expected
    assert exit_status(made) == status  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.lists(st.sampled_from(list(Severity))), st.dictionaries(st.text(min_size=1), st.sampled_from([OK, STALE, "timeout"])))
def test_unknown_in_is_never_normal(severities: list[Severity], parts: dict[str, str]) -> None:
    made = verdict(map(finding, severities), quality_of(**parts))
    if Severity.UNKNOWN in severities or any(state != OK for state in parts.values()):
        assert made in (Verdict.UNKNOWN, Verdict.CRITICAL)
    else:
        assert made is not Verdict.UNKNOWN
