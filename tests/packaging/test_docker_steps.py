"""The Dockerfile, step by step: built from a read-only tree, run as user 1000 with a read-only home and working directory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dockerfile_steps import NOT_RUN, Image, parse, shell_environment, stages

ROOT = Path(__file__).resolve().parents[2]
USER = 1000
FOREIGN_USER = 4242
pytestmark = pytest.mark.slow


@pytest.fixture
def app(image: Image) -> Iterator[Path]:
    """The image's working directory, as empty as after the build."""
    directory = image.path("/app")
    yield directory
    for path in directory.iterdir():
        path.rmdir() if path.is_dir() else path.unlink()
    directory.chmod(0o1777)


def run(image: Image, *arguments: str, user: int = USER, **variables: str) -> subprocess.CompletedProcess[str]:
    """What `docker run` would do: the entry point in the working directory, as the user, with nothing else to write to."""
    environment = shell_environment(image)
    program = subprocess.run(
        ["sh", "-c", f"command -v {image.entrypoint[0]}"], env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()
    return subprocess.run(
        [program, *image.entrypoint[1:], *arguments],
        cwd=image.path(image.directory),
        env={**environment, "HOME": str(image.root / "nobody"), **variables},
        user=user,
        group=user,
        extra_groups=[],
        capture_output=True,
        text=True,
        timeout=180,
    )


def test_it_runs_as_user_1000_from_app_with_a_health_check(image: Image) -> None:
    assert (image.user, image.directory, image.entrypoint) == ("1000:1000", "/app", ("risk-manager",))
    assert image.health_check
    assert image.environment["RISK_MANAGER_STATE_DIR"] == str(image.path("/state"))


def test_the_steps_passed_over_are_the_listed_ones() -> None:
    text = (ROOT / "Dockerfile").read_text()
    words = {instruction.word for instruction in parse(text)}
    assert words - {"ENV", "WORKDIR", "COPY", "RUN", "ENTRYPOINT", "HEALTHCHECK"} == {word for word in NOT_RUN if " " not in word}
    assert all(stage[0].text.startswith("python:3.11-slim") for stage in stages(parse(text)))


def test_the_copied_files_pass_the_dockerignore() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [
        instruction.text.split()[:-1] for instruction in parse((ROOT / "Dockerfile").read_text()) if instruction.word == "COPY"
    ]
    assert {name for names in copied for name in names if not names[0].startswith("--from")} == allowed


def test_the_installed_package_is_whole_and_compiled(image: Image) -> None:
    (package,) = image.path("/opt/risk-manager").glob("lib/python*/site-packages/market_analysis")
    assert (package / "py.typed").is_file()
    assert (package / "report/risk_analysis.schema.json").is_file()
    tag = sys.implementation.cache_tag
    assert (package / f"cli/__pycache__/app.{tag}.pyc").is_file()


def test_the_demo_runs_with_nothing_to_write_to(image: Image, app: Path) -> None:
    app.chmod(0o555)
    done = run(image, "--demo", "--exit-zero")
    assert done.returncode == 0, done.stderr
    assert "BTC" in done.stdout
    assert "ROOM" in done.stdout
    assert "cannot write" in done.stderr
    assert "--output" in done.stderr


def test_the_report_lands_in_a_mounted_directory(image: Image, app: Path, tmp_path: Path) -> None:
    out = app / "out"
    out.mkdir()
    os.chown(out, USER, USER)
    done = run(image, "--demo", "--exit-zero", "--json", "--output", "out/risk_analysis.json")
    assert done.returncode == 0, done.stderr
    written = (out / "risk_analysis.json").read_bytes()
    assert json.loads(written) == json.loads(done.stdout)
    (out / "risk_analysis.json").unlink()


def test_without_a_key_it_exits_5_and_names_both_ways_on(image: Image, app: Path) -> None:
    done = run(image)
    assert done.returncode == 5
    assert "--demo" in done.stderr
    assert "init" in done.stderr


def test_mounted_settings_and_env_are_read(image: Image, app: Path) -> None:
    (app / "settings.toml").write_text("[risk]\nequity_risk_frac = 0.004\n")
    (app / ".env").write_text("BYBIT_API_KEY=abc\nBYBIT_API_SECRET=def\n")
    done = run(image, "config", "show", "--json")
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown["settings"]["risk.equity_risk_frac"] == {"value": 0.004, "origin": "settings.toml:2"}
    assert shown["secrets"] == {"BYBIT_API_KEY": "set", "BYBIT_API_SECRET": "set"}


@pytest.mark.parametrize("name", ["settings.toml", ".env"])
def test_a_directory_in_the_place_of_a_file_is_named(image: Image, app: Path, name: str) -> None:
    (app / name).mkdir()
    done = run(image)
    assert done.returncode == 4
    assert name in done.stderr
    assert "directory" in done.stderr
    assert "create the file first" in done.stderr


@pytest.mark.parametrize("name", ["settings.toml", ".env"])
def test_a_0600_file_of_another_user_is_named_with_the_fix(image: Image, app: Path, name: str) -> None:
    (app / name).write_text("")
    (app / name).chmod(0o600)
    os.chown(app / name, FOREIGN_USER, FOREIGN_USER)
    refused = run(image)
    assert refused.returncode == 4
    assert name in refused.stderr
    assert "--user" in refused.stderr
    followed = run(image, user=FOREIGN_USER)
    assert followed.returncode == 5, "as the file's owner it is read, and only the key is missing"


def test_a_monitor_keeps_its_state_in_the_volume(image: Image, app: Path) -> None:
    (app / "settings.toml").write_text("[bybit]\nmax_attempts = 1\n")
    done = run(image, "doctor", BYBIT_API_KEY="k", BYBIT_API_SECRET="s", BYBIT_BASE_URL="http://127.0.0.1:9")
    assert str(image.path("/state")) in done.stdout, done.stdout + done.stderr


def test_health_follows_the_age_of_the_report(image: Image, app: Path) -> None:
    def healthy() -> bool:
        done = subprocess.run(["sh", "-c", image.health_check], env=shell_environment(image), capture_output=True)
        return done.returncode == 0

    report = app / "risk_analysis.json"
    assert not healthy()
    report.write_text("{}")
    assert healthy()
    old = time.time() - 600
    os.utime(report, (old, old))
    assert not healthy()
