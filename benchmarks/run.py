"""Runs benchmarks and prints a table: `python -m benchmarks.run [NAME ...] [--quick] [--json FILE]`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from importlib import import_module
from pathlib import Path

from benchmarks.figure import Figure, machine


def _measure(module: str, *arguments: float) -> list[Figure]:
    figures: list[Figure] = import_module(f"benchmarks.{module}").measure(*arguments)
    return figures


FULL: Mapping[str, Callable[[], list[Figure]]] = {
    "startup": partial(_measure, "startup", 7),
    "garch": partial(_measure, "garch", 9),
    "loop": partial(_measure, "loop", 9),
    "monitor": partial(_measure, "monitor", 1_000, 2_400.0),
    "guard": partial(_measure, "guard", 10.0, 60, 10_000),
    "first_run": partial(_measure, "first_run"),
}
QUICK: Mapping[str, Callable[[], list[Figure]]] = {
    "startup": partial(_measure, "startup", 2),
    "garch": partial(_measure, "garch", 2),
    "loop": partial(_measure, "loop", 2),
    "monitor": partial(_measure, "monitor", 30, 60.0),
    "guard": partial(_measure, "guard", 2.0, 5, 500),
}


def main(arguments: Sequence[str]) -> None:
    """Measure what was asked for (all by default)."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of: {', '.join(FULL)}")
    parser.add_argument("--quick", action="store_true", help="few runs and no fresh clone: minutes, rougher figures")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args(arguments)
    known = QUICK if options.quick else FULL
    unknown = set(options.names) - set(known)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    where, figures = machine(), []
    print("  ".join(f"{name} {value}" for name, value in where.items()), flush=True)
    for name in options.names or known:
        for figure in known[name]():
            figures.append(figure)
            print(_line(figure), flush=True)
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps({"machine": where, "figures": [asdict(figure) for figure in figures]}, indent=2) + "\n")


def _line(figure: Figure) -> str:
    low, high = figure.spread
    return f"{figure.name:32} {figure.value:10.4g} {figure.unit:9} [{low:.4g} .. {high:.4g}] n={figure.runs:<5} {figure.note}"


if __name__ == "__main__":
    main(sys.argv[1:])
