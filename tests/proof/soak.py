"""`make soak MINUTES=n`: every proof in turn for so long; totals add up over runs, in build/soak.json. A failure names the seed
that repeats it, is kept in the totals, and ends with status 1.

python tests/proof/soak.py --minutes 10 [--only kills,boundaries,faults,storage,limits,days] [--totals FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "helpers")]

from fault_cells import fault_world, run_cell, table  # noqa: E402 (after the path)
from guard_days import Account  # noqa: E402
from killing import FAR, boundaries_of_a_run, kill_at, killer, random_kills  # noqa: E402
from limit_pairs import disagreements  # noqa: E402
from storage_faults import KINDS, damaged_once, failing, fails_at, the_events, write  # noqa: E402

AIMS = {"kills.kills": 10_000, "faults.enforcements": 10_000, "limits.pairs": 1_000_000, "storage.damages": 10_000}
AIMS["days.account_years"] = 100
TRIALS_PER_EXCHANGE = 40
"""An account's log grows with each trial, and with it every first look."""
BLOCK = 10
Totals = Counter[str]
Proof = Callable[[int, float], Iterator[Totals]]


def kills(seed: int, until: float) -> Iterator[Totals]:
    """Random kills, kills at each boundary, and an account that nothing should touch."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as directory, killer(Path(directory)) as world:
        boundaries = boundaries_of_a_run(world)
        for trial in range(TRIALS_PER_EXCHANGE):
            if time.monotonic() > until:
                return
            before = world.kills
            loss = {"loss": FAR} if trial % 8 == 7 else {}
            if trial % 2:
                kill_at(world, [rng.randrange(1, boundaries + 20) for _ in range(10)], **loss)
            else:
                random_kills(world, rng, 10, **loss)
            yield Counter({"kills": world.kills - before, "trials": 1, "trials_untouched": int(bool(loss))})


def boundaries(seed: int, _: float) -> Iterator[Totals]:
    """One kill at each boundary of input and output of a whole first look, in blocks: a turn for each."""
    with tempfile.TemporaryDirectory() as directory, killer(Path(directory)) as world:
        count = boundaries_of_a_run(world)
        for number in range(BLOCK):  # a short one, done whole: the next turn goes on behind it
            before = world.kills
            kill_at(world, [1 + (seed * BLOCK + number) % count])
            yield Counter({"kills": world.kills - before, "trials": 1})


def faults(seed: int, until: float) -> Iterator[Totals]:
    """The table, in an order of its own each time."""
    cells = table()
    random.Random(seed).shuffle(cells)

    async def some(chosen: list[object]) -> Totals:
        done: Totals = Counter()
        async with fault_world() as world:
            for cell in chosen:
                run = await run_cell(world, cell)  # type: ignore[arg-type]
                done += Counter({"cells": 1, "enforcements": len(run.given), "reads": run.reads})
        return done

    for first in range(0, len(cells), 67):
        if time.monotonic() > until:
            return
        yield asyncio.run(some(list(cells[first : first + 67])))


def storage(seed: int, until: float) -> Iterator[Totals]:
    """Damage of every kind, and every write that may fail."""
    import apsw

    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        both = [write(directory, merged=merged) for merged in (False, True)]
        for number in range(200):
            if time.monotonic() > until:
                return
            ends = [damaged_once(written, directory / "scratch", kind, rng) for written in both for kind in KINDS]
            with failing(rng.choice([apsw.FullError, apsw.IOError])) as system:
                met = fails_at(directory / f"run{number}", system, rng.randrange(1, 60), the_events())
            refused = sum(end is None for end in ends)
            yield Counter({"damages": len(ends), "refused": refused, "failed_writes": int(met)})


def limits(seed: int, until: float) -> Iterator[Totals]:
    """Pairs of account and limit."""
    for number in range(10):
        if time.monotonic() > until:
            return
        answers, wrong = disagreements(seed * 10 + number, 50_000)
        assert not wrong, wrong[:3]
        yield Counter({"pairs": answers.total()})


def days(seed: int, until: float) -> Iterator[Totals]:
    """Ten days of one account after another."""
    for number in range(20):
        if time.monotonic() > until:
            return
        account = Account(seed * 100 + number)
        for _ in range(10):
            account.run_day()
        yield account.counts


PROOFS: dict[str, Proof] = {
    "kills": kills,
    "boundaries": boundaries,
    "faults": faults,
    "storage": storage,
    "limits": limits,
    "days": days,
}


def main() -> int:
    """Turns of a minute at most for each proof, until the time is over."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--only", default=",".join(PROOFS))
    parser.add_argument("--totals", type=Path, default=ROOT / "build" / "soak.json")
    options = parser.parse_args()
    kept = json.loads(options.totals.read_text()) if options.totals.exists() else {"totals": {}, "turns": {}, "failures": []}
    end, names, failed = time.monotonic() + 60 * options.minutes, options.only.split(","), False
    turn_s = min(60.0, 60 * options.minutes / len(names))
    while time.monotonic() < end:
        for name in names:
            failed |= not _turn(name, min(end, time.monotonic() + turn_s), kept, options.totals)
    print(json.dumps(_reached(kept), indent=2))  # noqa: T201
    return 1 if failed else 0


def _turn(name: str, until: float, kept: dict, path: Path) -> bool:  # type: ignore[type-arg]
    """Work on one proof; what was done is written down after each part of it."""
    while time.monotonic() < until:
        seed = kept["turns"].get(name, 0)
        kept["turns"][name] = seed + 1
        begun = time.monotonic()
        try:
            for done in PROOFS[name](seed, until):
                for key, count in done.items():
                    kept["totals"][f"{name}.{key}"] = kept["totals"].get(f"{name}.{key}", 0) + count
                _save(kept, path)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is a finding)
            traceback.print_exc()
            kept["failures"].append({"proof": name, "seed": seed, "error": f"{type(error).__name__}: {error}"[:500]})
            return False
        finally:
            spent = f"{name}.seconds"
            kept["totals"][spent] = round(kept["totals"].get(spent, 0) + time.monotonic() - begun, 1)
            _save(kept, path)
    return True


def _save(kept: dict, path: Path) -> None:  # type: ignore[type-arg]
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")
    os.replace(fresh, path)


def _reached(kept: dict) -> dict[str, object]:  # type: ignore[type-arg]
    totals = dict(sorted(kept["totals"].items()))
    totals["days.account_years"] = round(totals.get("days.days", 0) / 365, 2)
    return {"totals": totals, "aims": AIMS, "failures": kept["failures"]}


if __name__ == "__main__":
    sys.exit(main())
