"""The pages say what is so: generated ones are current, links lead somewhere, README's library example is document 003's."""

from __future__ import annotations

import importlib.util
import re
import runpy
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs/generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["cli.md", "report.md"])
def test_a_generated_page_is_current(name: str) -> None:
    assert (ROOT / "docs" / name).read_text() == generator().PAGES[name](), "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="ascii")
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert (page.parent / target).exists(), target


def test_pictures_are_small() -> None:
    pictures = sorted((ROOT / "docs/images").glob("*.png"))
    assert len(pictures) >= 2
    assert all(picture.stat().st_size < 200_000 for picture in pictures)


def test_every_ruling_that_the_code_names_is_written_down() -> None:
    named: set[int] = set()
    for path in (ROOT / "market_analysis").rglob("*.py"):
        for numbers in re.findall(r"[Rr]ulings? ([\d, and]+)", path.read_text()):
            named |= {int(number) for number in re.findall(r"\d+", numbers)}
    written = {int(number) for number in re.findall(r"^\*\*(\d+)\.", (ROOT / "docs/decisions.md").read_text(), re.MULTILINE)}
    assert named
    assert named <= written, sorted(named - written)


def test_every_path_of_the_package_that_a_page_names_exists() -> None:
    for page in PAGES:
        for path in re.findall(r"`((?:market_analysis|tests|benchmarks|docs)/[\w./]+)`", page.read_text()):
            assert (ROOT / path).exists(), f"{page.name}: {path}"


def test_the_exit_codes_are_the_product_s() -> None:
    from market_analysis import errors

    shown = {int(code) for code in re.findall(r"\| (\d+) \|", (ROOT / "README.md").read_text())}
    assert shown == {value for name, value in vars(errors).items() if name.startswith("EXIT_")}


def test_the_example_of_the_exchange_page_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_example(ROOT / "docs/embedded-exchange.md", tmp_path)
    assert "stop_loss=Decimal('60000')" in capsys.readouterr().out


def test_the_library_example_runs_with_ccxt_s_address_replaced(
    exchange_variables: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    address = exchange_variables["BYBIT_BASE_URL"]
    urls = f'{{"urls": {{"api": {{"public": "{address}", "private": "{address}"}}}}}}'
    run_example(ROOT / "README.md", tmp_path, ("ccxt.bybit()", f"ccxt.bybit({urls})"))
    assert "dynamic" in capsys.readouterr().out


def run_example(page: Path, directory: Path, *replaced: tuple[str, str]) -> None:
    """Run the page's only Python block as a program."""
    (code,) = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    for old, new in replaced:
        assert old in code
        code = code.replace(old, new)
    (directory / "example.py").write_text(code)
    runpy.run_path(str(directory / "example.py"))
