"""What may stand in the repository, and what a built wheel must hold."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = {".png"}
HOSTS = [
    ".".join(parts)
    for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("ghcr", "io"), ("docker", "io"), ("quay", "io"))
]
PLACES = ["/" + name + "/" for name in ("work", "root", "opt/wheels", "opt/pypi", "home/runner")]
INDEX_OPTIONS = ["--" + name for name in ("index-url", "extra-index-url", "find-links", "trusted-host")]
LONGEST_FILE, LONGEST_FUNCTION = 400, 60


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in tracked() if path.suffix not in BINARY}


def test_no_file_names_a_registry_or_a_place_on_one_machine(texts: dict[str, str]) -> None:
    found = [(name, word) for name, text in texts.items() for word in (*HOSTS, *PLACES) if word in text]
    assert found == []


def test_no_installation_names_an_index(texts: dict[str, str]) -> None:
    names = [
        "Makefile",
        "Dockerfile",
        "pyproject.toml",
        ".ci/run",
        ".ci/build.in",
        ".ci/requirements.txt",
        ".ci/requirements-dev.txt",
    ]
    allowed = "--no-emit-index-url"
    assert [(name, option) for name in names for option in INDEX_OPTIONS if option in texts[name].replace(allowed, "")] == []


def test_files_are_ascii_with_unix_line_ends(texts: dict[str, str]) -> None:
    assert [name for name, text in texts.items() if not text.isascii() or "\r" in text] == []


def test_every_pin_carries_a_hash(texts: dict[str, str]) -> None:
    for name in (".ci/requirements.txt", ".ci/requirements-dev.txt"):
        blocks = re.split(r"\n(?=[A-Za-z0-9])", texts[name])
        pins = [block for block in blocks if re.match(r"[A-Za-z0-9_.\[\]-]+==", block)]
        assert len(pins) > 20
        assert all("--hash=sha256:" in block for block in pins)


def test_files_and_functions_stay_small(texts: dict[str, str]) -> None:
    long = []
    for name, text in texts.items():
        if not name.startswith("market_analysis/") or not name.endswith(".py"):
            continue
        if text.count("\n") > LONGEST_FILE:
            long.append(f"{name}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > LONGEST_FUNCTION:
                    long.append(f"{name}:{node.lineno}: {node.name} has {lines} lines")
    assert long == []


@pytest.mark.slow
def test_the_wheel_is_whole(tmp_path: Path) -> None:
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("this environment was not made by `make install`: it has no hatchling to build with")
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(tmp_path),
        str(ROOT),
    ]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("risk_manager-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        entry_points = archive.read(next(name for name in names if name.endswith("entry_points.txt"))).decode()
    sources = {str(path.relative_to(ROOT)) for path in tracked() if path.relative_to(ROOT).parts[0] == "market_analysis"}
    assert sources <= names
    assert {"market_analysis/py.typed", "market_analysis/report/risk_analysis.schema.json"} <= names
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"market_analysis"}
    assert "risk-manager = market_analysis.__main__:main" in entry_points
    assert any(name.endswith("licenses/LICENSE") for name in names)
