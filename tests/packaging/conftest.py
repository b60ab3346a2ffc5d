"""The image, made step by step in a directory, once for all tests of a worker."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from dockerfile_steps import Image, build

ROOT = Path(__file__).resolve().parents[2]
OTHER_USER = 1000
FULL = bool(os.environ.get("RISK_MANAGER_FULL_IMAGE"))
"""Install the dependencies by hash as the Dockerfile does (minutes); else the environment of this run lends its own."""


def interpreter_for(user: int) -> str | None:
    """A Python of this version that another user may run and that makes virtual environments; None if there is none."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    candidates = [os.path.realpath(sys.executable), f"/usr/local/bin/python{version}", f"/usr/bin/python{version}"]
    for candidate in candidates:
        try:
            subprocess.run(
                [candidate, "-c", "import ensurepip, venv"], user=user, extra_groups=[], check=True, capture_output=True, cwd="/"
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return candidate
    return None


@pytest.fixture(scope="session")
def image() -> Iterator[Image]:
    """The image of the Dockerfile, owned by this user, writable by nobody else but where it says so."""
    if os.name != "posix" or os.getuid() != 0:
        pytest.skip("only root can run the steps after USER as another user")
    python = interpreter_for(OTHER_USER)
    if python is None:
        pytest.skip("no Python of this version that another user may run")
    if not FULL and importlib.util.find_spec("hatchling") is None:
        pytest.skip("this environment was not made by `make install`: it has no hatchling to build with")
    root = Path(tempfile.mkdtemp(prefix="risk-manager-image-"))
    root.chmod(0o755)
    try:
        context = root / "context"
        _export_tree(context)
        made = build(context / "Dockerfile", root, python, replace={} if FULL else _lent_dependencies(root))
        yield made
    finally:
        subprocess.run(["chmod", "-R", "u+w", str(root)], check=False)
        shutil.rmtree(root)


def _export_tree(target: Path) -> None:
    """A read-only copy of what git knows here, uncommitted changes included."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    subprocess.run(["chmod", "-R", "a-w,a+rX", str(target)], check=True)


def _lent_dependencies(root: Path) -> dict[str, str]:
    """The two slow steps in a faster form: this run's own packages instead of downloads, compiled where they are new."""
    environment = root / "opt/risk-manager"
    packages = environment / f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    lend = f"echo {sysconfig.get_paths()['purelib']} > {packages}/lent.pth"
    compile_own = f"{environment}/bin/python -m compileall -q {packages}/market_analysis"
    return {
        "/opt/risk-manager/bin/python -m pip install --require-hashes --requirement .ci/requirements.txt": lend,
        "/opt/risk-manager/bin/python -m compileall -q /opt/risk-manager/lib": compile_own,
    }
