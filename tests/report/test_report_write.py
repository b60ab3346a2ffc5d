"""A file is replaced whole or not at all: also without permission, on a full disk, and when the writer is killed."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from market_analysis.errors import OutputError
from market_analysis.report import write
from market_analysis.report.write import write_atomically


def test_a_new_file_is_readable_by_others_as_the_umask_says(tmp_path: Path) -> None:
    target = tmp_path / "risk_analysis.json"
    old = os.umask(0o022)
    try:
        write_atomically(target, b"{}\n")
    finally:
        os.umask(old)
    assert target.read_bytes() == b"{}\n"
    assert target.stat().st_mode & 0o777 == 0o644
    assert os.listdir(tmp_path) == ["risk_analysis.json"]


def test_an_old_file_is_replaced(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_bytes(b"old, and longer")
    write_atomically(target, b"new")
    assert target.read_bytes() == b"new"


def test_a_missing_directory_is_named_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot write .*nowhere/report\.json.*--output"):
        write_atomically(tmp_path / "nowhere" / "report.json", b"x")


def test_a_directory_in_the_files_place_is_refused_and_nothing_is_left_behind(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.mkdir()
    with pytest.raises(OutputError, match="cannot write"):
        write_atomically(target, b"x")
    assert os.listdir(tmp_path) == ["report.json"]


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that every user may reach, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o755)
        yield directory
        directory.chmod(0o755)


def test_an_unwritable_directory_keeps_the_old_file(open_directory: Path) -> None:
    """In a process without root's rights, for root may write anywhere."""
    target = open_directory / "report.json"
    target.write_bytes(b"old")
    open_directory.chmod(0o555)
    code = (
        "import os, sys, pathlib\n"
        "from market_analysis.errors import OutputError\n"
        "from market_analysis.report.write import write_atomically\n"
        "if os.geteuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "try: write_atomically(pathlib.Path(sys.argv[1]), b'new')\n"
        "except OutputError as error: print(error.code); sys.exit(7)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(target)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (7, "output"), done.stderr
    assert target.read_bytes() == b"old"


def test_a_full_disk_keeps_the_old_file_and_leaves_no_rubbish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "report.json"
    target.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write_atomically(target, b"new")
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["report.json"]


def test_windows_is_tried_again_while_a_reader_holds_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = os.replace, []

    def held(source: str, target: Path) -> None:
        calls.append(source)
        if len(calls) < 3:
            raise PermissionError(errno.EACCES, "in use")
        real(source, target)

    monkeypatch.setattr(os, "replace", held)
    monkeypatch.setattr(write, "_IS_WINDOWS", True)
    write_atomically(tmp_path / "report.json", b"new")
    assert len(calls) == 3
    monkeypatch.setattr(write, "_IS_WINDOWS", False)
    calls.clear()
    with pytest.raises(OutputError, match="in use"):
        write_atomically(tmp_path / "report.json", b"newer")
    assert len(calls) == 1


def test_a_killed_writer_leaves_a_whole_file(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    size = 2_000_000
    target.write_bytes(b"a" * size)
    code = (
        "import sys, pathlib, itertools\n"
        "from market_analysis.report.write import write_atomically\n"
        "target = pathlib.Path(sys.argv[1])\n"
        "print('ready', flush=True)\n"
        f"for letter in itertools.cycle((b'b', b'c')): write_atomically(target, letter * {size})\n"
    )
    for delay in (0.0, 0.01, 0.03, 0.06):
        writer = subprocess.Popen([sys.executable, "-c", code, str(target)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(delay)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        content = target.read_bytes()
        assert len(content) == size
        assert len(set(content)) == 1


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    write_atomically(target, b"a" * 500_000)
    torn: list[int] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            content = target.read_bytes()
            if len(content) != 500_000 or len(set(content)) != 1:
                torn.append(len(content))

    reader = threading.Thread(target=read)
    reader.start()
    for letter in b"bcdefghij" * 3:
        write_atomically(target, bytes([letter]) * 500_000)
    done.set()
    reader.join()
    assert torn == []
