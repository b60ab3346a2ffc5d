"""Two real users: the trader's sees the status, and can neither read the guard's state, order it, nor end it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

GUARD_UID, TRADER_UID = 54_321, 54_322
PACKAGE = Path(__file__).resolve().parents[2]
PACKAGES = sysconfig.get_paths()["purelib"]
ENVIRONMENT = {"PATH": os.defpath, "HOME": "/nowhere", "PYTHONPATH": f"{PACKAGE}:{PACKAGES}", "PYTHONDONTWRITEBYTECODE": "1"}
PYTHONS = (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}")
"""This one, or the system's of the same version with this one's packages: this one may lie where others may not look."""
MARK = "a-secret-in-the-guard-s-environment"
ATTEMPTS = """
import json, os, signal, socket, sys
pid, state, admin = int(sys.argv[1]), sys.argv[2], sys.argv[3]
def connect(path):
    socket.socket(socket.AF_UNIX).connect(path)
tries = {
    "list the state": lambda: os.listdir(state),
    "read the record": lambda: open(os.path.join(state, "admin.json")).read(),
    "move the state": lambda: os.rename(state, state + "2"),
    "write beside it": lambda: open(os.path.join(state, "new"), "w"),
    "connect to the admin socket": lambda: connect(os.path.join(state, "run", "admin.sock")),
    "connect to one that can be seen": lambda: connect(admin),
    "remove the read socket": lambda: os.unlink(os.path.join(os.path.dirname(admin), "read.sock")),
    "stop it": lambda: os.kill(pid, 15),
    "kill it": lambda: os.kill(pid, 9),
    "freeze it": lambda: os.kill(pid, 19),
    "read its memory": lambda: open(f"/proc/{pid}/mem", "rb"),
    "read its environment": lambda: open(f"/proc/{pid}/environ", "rb").read(),
}
found = {}
for name, attempt in tries.items():
    try:
        attempt()
        found[name] = "done"
    except OSError as error:
        found[name] = type(error).__name__
print(json.dumps(found))
"""


def as_user(uid: int, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [python(), *arguments],
        user=uid,
        group=uid,
        extra_groups=[],
        cwd="/",
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**ENVIRONMENT, **options},
    )


@cache
def python() -> str:
    """An interpreter that others can run the product with; empty where there is none."""
    if sys.platform == "win32" or os.getuid() != 0:
        return ""
    for name in PYTHONS:
        try:
            command = [name, "-c", "import numpy, apsw, argon2, market_analysis.cli.app"]
            if (
                subprocess.run(command, user=TRADER_UID, group=TRADER_UID, extra_groups=[], cwd="/", env=ENVIRONMENT).returncode
                == 0
            ):
                return name
        except OSError:
            continue
    return ""


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@contextmanager
def guarded() -> Iterator[tuple[subprocess.Popen[str], Path, Path]]:
    """A demo guard of its own user: the process, its state directory, the directory that others may enter."""
    with tempfile.TemporaryDirectory(prefix="rm") as name:
        top, state, run = Path(name), Path(name) / "state", Path(name) / "run"
        top.chmod(0o755)
        for folder, mode in ((state, 0o700), (run, 0o755)):
            folder.mkdir()
            os.chown(folder, GUARD_UID, GUARD_UID)
            folder.chmod(mode)
        places = {
            "RISK_MANAGER_STATE_DIR": str(state),
            "RISK_MANAGER__DAEMON__ADMIN_SOCKET": str(run / "admin.sock"),
            "RISK_MANAGER__VOL__BARS": "700",
            "RISK_MANAGER__PROB__PATHS": "1000",
            "MARK": MARK,
        }
        command = ("-m", "market_analysis", "guard", "--demo", "--quiet", "--interval", "1", "--socket", str(run / "read.sock"))
        process = as_user(GUARD_UID, *command, **places)
        try:
            deadline = time.monotonic() + 60
            while not (run / "read.sock").exists() or not (run / "admin.sock").exists():
                assert process.poll() is None, ended(process)
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield process, state, run
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()


def test_the_trader_s_user_may_look_and_nothing_else() -> None:
    if sys.platform == "win32" or os.getuid() != 0:
        pytest.skip("only root can become two other users")
    if not python():
        pytest.skip("another user cannot run any Python of this version with the product")
    with guarded() as (process, state, run):
        assert state.stat().st_mode & 0o777 == 0o700
        for name in ("journal.sqlite3", "admin.json"):
            (state / name).write_text("{}")
        (state / "run").mkdir(mode=0o700)
        status, out, err = ended(as_user(TRADER_UID, "-c", ATTEMPTS, str(process.pid), str(state), str(run / "admin.sock")))
        assert status == 0, err
        tried = json.loads(out)
        assert len(tried) == 12
        assert set(tried.values()) == {"PermissionError"}, tried
        asked = ("-m", "market_analysis", "status", "--json", "--socket", str(run / "read.sock"))
        status, out, err = ended(as_user(TRADER_UID, *asked))
        assert status in (2, 3), err  # 3 until the first look has ended
        assert [item["name"] for item in json.loads(out)["accounts"]] == ["main"]
        assert MARK not in out
        told = {"RISK_MANAGER__DAEMON__ADMIN_SOCKET": str(run / "admin.sock")}
        status, _, err = ended(as_user(TRADER_UID, "-m", "market_analysis", "admin", "stop", "--reason", "mine", **told))
        assert status == 3, err
        assert "this user may not connect" in err
        assert process.poll() is None
        status, out, err = ended(as_user(GUARD_UID, "-m", "market_analysis", "admin", "stop", "--reason", "done", **told))
        assert (status, out) == (0, "the guard stops\n"), err
        assert process.wait(30) == 0
