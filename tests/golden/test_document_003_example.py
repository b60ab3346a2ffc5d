"""Document 003's library example, executed as printed: only ccxt's addresses are replaced."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ccxt
import numpy as np
import pytest
from embedded_exchange import World, served_world

from market_analysis.garch_vol_triggers import ModelFallbackWarning
from market_analysis.venues.simulated.market.market import to_ms
from market_analysis.venues.simulated.server import LimitSettings

EXAMPLE = Path(__file__).with_name("document_003_example.txt").read_text("ascii")
SEEDS = Path(__file__).resolve().parents[2].parent / "shared" / "reference" / "seeds"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The embedded exchange at the addresses that an unmodified `ccxt.bybit()` asks."""
    described = ccxt.bybit.describe
    with served_world(limits=LimitSettings(enabled=False)) as served:

        def elsewhere(self: Any) -> Any:
            description = described(self)
            addresses = description["urls"]["api"]
            description["urls"]["api"] = dict.fromkeys(addresses, served.server.base_url)
            return description

        monkeypatch.setattr(ccxt.bybit, "describe", elsewhere)
        yield served


def test_the_copy_is_the_documents() -> None:
    if not SEEDS.is_dir():
        pytest.skip("../shared is not here: the example cannot be compared with document 003")
    document = next(SEEDS.glob("003*")).read_text("utf-8")
    printed = re.search(r"Example \(library usage\):\n```python\n(.*?)```", document, re.DOTALL)
    assert printed is not None
    assert printed.group(1) == EXAMPLE


def test_runs_as_printed(world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    with warnings.catch_warnings():
        # 1,000 simulated hours may carry no stationary fit: the stand-in is named, and that is all right here.
        warnings.simplefilter("ignore", ModelFallbackWarning)
        exec(compile(EXAMPLE, "document_003_example", "exec"), names)  # noqa: S102
    names["ex"].session.close()
    raw, result = names["raw"], names["res"]
    assert str(result)[:40] in capsys.readouterr().out
    assert len(raw) == 1000
    assert str(raw.index.tz) == "UTC"
    last_open_ms = to_ms(raw.index[-1].to_pydatetime())
    now_ms = to_ms(world.exchange.now)
    assert last_open_ms + 3_600_000 <= now_ms < last_open_ms + 2 * 3_600_000
    entry = names["entry_price"]
    assert 0.001 < names["sigH"] < 0.05
    assert result["static_levels"]["SL"] == pytest.approx(entry * (1 - 2.0 * names["sigH"]))
    assert result["static_levels"]["TP"] == pytest.approx(entry * (1 + 3.5 * names["sigH"]))
    for method in ("static", "dynamic"):
        first, row = result[f"{method}_first"], result[f"{method}_hit_index"]
        assert first in {"TP", "SL", None}
        assert (row is None) == (first is None)
        assert row is None or 800 < row < 1000
    first, row = result["static_first"], result["static_hit_index"]
    after = raw.iloc[801:]
    stopped = np.flatnonzero(after["low"] <= result["static_levels"]["SL"])
    reached = np.flatnonzero(after["high"] >= result["static_levels"]["TP"])
    hits = [(int(rows[0]) + 801, which) for which, rows in (("TP", reached), ("SL", stopped)) if rows.size]
    assert (row, first) == (min(hits) if hits else (None, None))
