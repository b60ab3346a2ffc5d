"""Every case as a row: what was entered, what each model said, what came; whoever wants can score it again."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from market_analysis.desk.evaluation.odds.cases import OUTCOMES, OddsCase
from market_analysis.domain import from_milliseconds
from market_analysis.errors import OutputError

__all__ = ["write_cases"]

ENTRY_COLUMNS = ("case", "symbol", "origin", "side", "horizon_hours", "price", "stop", "target", "target_multiple")


def write_cases(path: Path, cases: Sequence[OddsCase]) -> int:
    """Write CSV; origin is when the last bar seen closed (UTC). Columns MODEL_p_OUTCOME for each model; outcome is what came.

    Returns the number of rows. Raises OutputError when the file cannot be written.
    """
    try:
        with path.open("w", encoding="ascii", newline="") as stream:
            csv.writer(stream).writerows(_rows(cases))
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}", remedy="name a file in a directory that exists") from error
    return len(cases)


def _rows(cases: Iterable[OddsCase]) -> Iterator[tuple[object, ...]]:
    models: tuple[str, ...] = ()
    for case in cases:
        if not models:
            models = tuple(case.said)
            yield (*ENTRY_COLUMNS, *(f"{model}_p_{outcome.value}" for model in models for outcome in OUTCOMES), "outcome")
        entry = (case.kind, case.symbol, from_milliseconds(case.origin_ms).isoformat(), case.side.value, case.horizon_hours)
        levels = (case.price, case.stop, case.target, "" if case.m != case.m else case.m)
        yield (*entry, *levels, *(p for model in models for p in case.said[model]), OUTCOMES[case.outcome].value)
