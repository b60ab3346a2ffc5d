"""`risk-manager` in a process that has loaded everything before: what a command does is tested dozens of times, its imports once.

A server imports the product and waits at a socket. For each command a small client on the PATH hands over its arguments,
environment, directory and three streams; the server forks, and the child calls the same entry point as the installed script.
Signals that the client gets are passed on, and it ends as the child does. Start-up itself is tested by what runs the real script.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CLIENT = """#!{python} -SE
import array, json, os, signal, socket, sys
link = socket.socket(socket.AF_UNIX)
link.connect({address!r})
asked = json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]).encode()
link.sendmsg([len(asked).to_bytes(4, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0, 1, 2]))])
link.sendall(asked)
said = link.makefile("r")
child = int(said.readline())
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda received, frame: os.kill(child, received))
sys.exit(int(said.readline()))
"""
PRELOADED = (
    "market_analysis.cli.app",
    "market_analysis.cli.guarding",
    "market_analysis.desk.session",
    "market_analysis.desk.demo",
    "market_analysis.report.document",
    "market_analysis.venues.bybit.client",
    "market_analysis.venues.bybit.trading_client",
    "market_analysis.venues.simulated.server",
    "scipy.cluster.hierarchy",
    "scipy.optimize",
    "scipy.special",
    "rich.console",
)


@contextmanager
def warm_commands(directory: Path) -> Iterator[Path]:
    """A directory with a `risk-manager` in it, to be put first in PATH."""
    address = directory / "warm.sock"
    script = directory / "risk-manager"
    script.write_text(CLIENT.format(python=sys.executable, address=str(address)))
    script.chmod(0o755)
    with subprocess.Popen([sys.executable, __file__, str(address)], start_new_session=True) as server:
        try:
            while not address.exists():
                assert server.poll() is None, "the server of warm commands ended"
                time.sleep(0.05)
            yield directory
        finally:
            os.killpg(server.pid, signal.SIGKILL)


def serve(address: str) -> None:
    """Until killed: one fork watches one command."""
    for name in PRELOADED:
        __import__(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address + ".new")
        listening.listen()
        os.rename(address + ".new", address)
        while True:
            link, _ = listening.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                listening.close()
                watch(link)
            link.close()


def watch(link: socket.socket) -> None:
    """Fork the command, tell its pid and then its status."""
    length, streams, _, _ = socket.recv_fds(link, 4, 3)
    asked = b""
    while len(asked) < int.from_bytes(length, "big"):
        asked += link.recv(65_536)
    child = os.fork()
    if child == 0:
        link.close()
        command(streams, json.loads(asked))
    for stream in streams:
        os.close(stream)
    link.sendall(f"{child}\n".encode())
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            link.sendall(f"{code if code >= 0 else 128 - code}\n".encode())
            os._exit(0)
        if select.select([link], [], [], 0.02)[0]:  # the client is gone: killed
            os.kill(child, signal.SIGKILL)
            os._exit(1)


def command(streams: list[int], asked: list[Any]) -> None:
    """The entry point, in the client's place."""
    arguments, environment, directory = asked
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(directory)
    sys.argv = ["risk-manager", *arguments]
    from market_analysis.__main__ import main

    try:
        main()
    except SystemExit as ended:
        code = ended.code
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)
    os._exit(0)


if __name__ == "__main__":
    serve(sys.argv[1])
