"""Report files: what is no plain file is never replaced, and a failed write does not silence stdout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from market_analysis.cli.output import write_output
from market_analysis.errors import OutputError


def test_a_plain_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "a b" / "\u00fc.json"
    path.parent.mkdir()
    path.write_text("old")
    write_output(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_a_symbolic_link_stays_and_its_target_is_written(tmp_path: Path) -> None:
    target, link = tmp_path / "target.json", tmp_path / "link.json"
    link.symlink_to(target)
    for content in (b"one", b"two"):
        write_output(link, content)
        assert link.is_symlink()
        assert target.read_bytes() == content


@pytest.mark.parametrize("kind", ["directory", "pipe", "link to itself", "missing directory"])
def test_nothing_but_a_plain_file_is_ever_replaced(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "there"
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "link to itself":
        path.symlink_to(path)
    else:
        path = path / "no" / "where.json"
    before = os.lstat(path) if os.path.lexists(path) else None
    with pytest.raises(OutputError, match="cannot write") as caught:
        write_output(path, b"x")
    assert "--output" in caught.value.remedy
    after = os.lstat(path) if os.path.lexists(path) else None
    assert (before and before.st_ino) == (after and after.st_ino)


def test_a_device_is_written_to_and_stays_one(tmp_path: Path) -> None:
    """Through a pseudo-terminal, a character device of this test's own: a mistake here must not break the machine's."""
    master, slave = os.openpty()
    try:
        path = Path(os.ttyname(slave))
        link = tmp_path / "device"
        link.symlink_to(path)
        write_output(link, b"written")
        assert os.read(master, 7) == b"written"
        assert path.is_char_device()
    finally:
        os.close(master)
        os.close(slave)
