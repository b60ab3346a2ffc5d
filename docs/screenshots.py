"""Takes the README's pictures from the running product: `python docs/screenshots.py` (needs Chromium, and a Unix terminal).

The terminal's picture is what `risk-manager --demo` writes to a terminal, drawn by rich; the page's is `--html`, in a browser.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

from rich.console import Console
from rich.text import Text

IMAGES = Path(__file__).resolve().parent / "images"
COLUMNS, ROWS = 112, 40
PAGE_WIDTH, PAGE_HEIGHT, PAGE_SCALE = 1280, 1180, 0.75


def main() -> None:
    """Write docs/images/screen.png and docs/images/report.png."""
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory)
        shown = _in_terminal([sys.executable, "-m", "market_analysis", "--demo", "--html", "report.html"], work)
        height = _draw(_last_lines(shown), work / "screen.html")
        _photograph(work / "screen.html", IMAGES / "screen.png", 1120, height)
        _photograph(work / "report.html", IMAGES / "report.png", PAGE_WIDTH, PAGE_HEIGHT, PAGE_SCALE)


def _in_terminal(command: list[str], directory: Path) -> str:
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(directory)
        os.execve(command[0], command, {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(IMAGES.parents[1])})  # noqa: S606 - fixed command
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    written = b""
    try:
        while block := os.read(terminal, 65_536):
            written += block
    except OSError:
        pass  # Linux ends a terminal whose process has gone with EIO
    os.waitpid(process, 0)
    return written.decode()


def _last_lines(written: str) -> str:
    """What is left to see: text that a progress line wiped is gone."""
    return re.sub(r"[^\n]*\r\x1b\[2K", "", written.replace("\r\n", "\n"))


def _draw(shown: str, page: Path) -> int:
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115
    console.print(Text.from_ansi("$ risk-manager --demo\n" + shown), soft_wrap=True)
    drawing = re.sub(r"@font-face\s*\{.*?\}", "", console.export_svg(title="risk-manager"), flags=re.DOTALL)
    drawing = drawing.replace("Fira Code", "DejaVu Sans Mono")
    page.write_text(f"<style>body{{margin:0}}svg{{display:block;width:1120px}}</style>{drawing}", encoding="utf-8")
    match = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawing)
    if match is None:
        raise RuntimeError("rich drew no viewBox")
    return round(1120 * float(match[2]) / float(match[1]))


def _photograph(page: Path, picture: Path, width: int, height: int, scale: float = 1.0) -> None:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        raise SystemExit("install Chromium to take the pictures")
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        f"--window-size={width},{height}",
        f"--force-device-scale-factor={scale}",
    ]
    subprocess.run([browser, *flags, f"--screenshot={picture}", page.as_uri()], check=True, capture_output=True)  # noqa: S603 - fixed command


if __name__ == "__main__":
    main()
