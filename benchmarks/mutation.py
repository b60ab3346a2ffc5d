"""How much of the guard and its rules the tests would miss: small faults are put in, one at a time, and the tests must notice.

    python -m benchmarks.mutation --mutants 100 --seed 1 --json FILE

Each mutant is one change of one expression (a comparison, an operator, a constant, a condition) in a copy of the package; it is
killed when `pytest tests/guard tests/rules` fails. Survivors are printed: each is a missing test, or a change that changes nothing.
"""

from __future__ import annotations

import argparse
import ast
import copy
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("guard", "rules")
TIMEOUT_S = 180

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}
_CALLED = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: where, what was there, what is there now, and whether the tests noticed."""

    file: str
    line: int
    before: str
    after: str
    killed: bool
    seconds: float


def sites(tree: ast.AST) -> Iterator[ast.AST]:
    """Expressions that can be changed. Types, decorators and the declared bounds of parameters are no logic."""
    left_out = {id(inner) for node in ast.walk(tree) for part in _declared(node) for inner in ast.walk(part)}
    for node in ast.walk(tree):
        if id(node) not in left_out and changed(node) is not None:
            yield node


def _declared(node: ast.AST) -> Iterator[ast.AST]:
    for name in ("annotation", "returns"):
        part = getattr(node, name, None)
        if isinstance(part, ast.AST):
            yield part
    yield from getattr(node, "decorator_list", [])
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Field":
        yield from (keyword.value for keyword in node.keywords if keyword.arg in ("gt", "ge", "lt", "le"))


def changed(node: ast.AST) -> ast.AST | None:
    """The changed expression, None where there is nothing to change."""
    found = copy.deepcopy(node)
    if isinstance(found, ast.Compare) and type(found.ops[0]) in _COMPARED:
        found.ops[0] = _COMPARED[type(found.ops[0])]()
    elif isinstance(found, ast.BinOp) and type(found.op) in _COMPUTED:
        found.op = _COMPUTED[type(found.op)]()
    elif isinstance(found, ast.BoolOp):
        found.op = ast.Or() if isinstance(found.op, ast.And) else ast.And()
    elif isinstance(found, ast.UnaryOp) and isinstance(found.op, ast.Not):
        return found.operand
    elif isinstance(found, ast.Constant) and isinstance(found.value, bool | int):
        found.value = not found.value if isinstance(found.value, bool) else int(found.value) + 1
    elif isinstance(found, ast.Call) and isinstance(found.func, ast.Name) and found.func.id in _CALLED:
        found.func.id = _CALLED[found.func.id]
    elif isinstance(found, ast.IfExp):
        found.test = ast.UnaryOp(ast.Not(), found.test)
    else:
        return None
    return found


class _Replace(ast.NodeTransformer):
    def __init__(self, place: int) -> None:
        self._place, self._at = place, -1
        self.before, self.after, self.line = "", "", 0

    def run(self, tree: ast.Module) -> str:
        """The source with the site at that place changed."""
        node = list(sites(tree))[self._place]
        new = changed(node)
        assert isinstance(node, ast.expr)
        assert isinstance(new, ast.expr)
        self.before, self.after, self.line = ast.unparse(node), ast.unparse(new), node.lineno
        self._target, self._new = node, new
        return ast.unparse(ast.fix_missing_locations(self.visit(tree)))

    def visit(self, node: ast.AST) -> ast.AST:
        """The new expression in the old one's place."""
        return ast.copy_location(self._new, node) if node is self._target else self.generic_visit(node)


def all_sites() -> list[tuple[Path, int]]:
    """Every place of every file, the same on every machine."""
    files = sorted(path for room in ROOMS for path in (ROOT / "market_analysis" / room).glob("*.py"))
    return [(path, place) for path in files for place in range(len(list(sites(ast.parse(path.read_text())))))]


def try_mutant(copied: Path, path: Path, place: int) -> Mutant:
    """Put it in, run the tests, take it out."""
    replacing = _Replace(place)
    target = copied / path.relative_to(ROOT)
    original = target.read_text()
    target.write_text(replacing.run(ast.parse(path.read_text())))
    began = time.monotonic()
    try:
        killed = not passes(copied, path.parent.name)
    finally:
        target.write_text(original)
    name = str(path.relative_to(ROOT))
    return Mutant(name, replacing.line, replacing.before, replacing.after, killed, round(time.monotonic() - began, 1))


def passes(copied: Path, room: str) -> bool:
    """Whether the tests of a copy notice nothing. Those of the changed room go first."""
    order = [room, *(other for other in ROOMS if other != room)]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n0", "-p", "no:cacheprovider", *(f"tests/{name}" for name in order)]
    environment = {**os.environ, "PYTHONPATH": str(copied), "PYTHONDONTWRITEBYTECODE": "1", "GUARD_SEEDS": "15"}
    try:
        return (
            subprocess.run(command, cwd=copied, env=environment, capture_output=True, timeout=TIMEOUT_S, check=False).returncode
            == 0
        )
    except subprocess.TimeoutExpired:
        return False


def main() -> None:
    """Print each survivor, then the score."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    places = all_sites()
    chosen = random.Random(given.seed).sample(places, min(given.mutants, len(places)))
    found: list[Mutant] = []
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder)
        for name in ("market_analysis", "tests"):
            shutil.copytree(ROOT / name, copied / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copied)
        if not passes(copied, ROOMS[0]):
            sys.exit("the tests fail without any change")
        for count, (path, place) in enumerate(chosen, 1):
            mutant = try_mutant(copied, path, place)
            found.append(mutant)
            if not mutant.killed:
                print(f"survived {mutant.file}:{mutant.line}: {mutant.before}  ->  {mutant.after}", flush=True)
            print(f"{count} of {len(chosen)}", end="\r", file=sys.stderr)
    killed = sum(mutant.killed for mutant in found)
    print(f"{killed} of {len(found)} killed ({killed / len(found):.1%}) of {len(places)} places, seed {given.seed}")
    if given.json is not None:
        given.json.write_text(json.dumps([asdict(mutant) for mutant in found], indent=1) + "\n")


if __name__ == "__main__":
    main()
