"""The commands that README and `--help` show, and how each is run without Docker, without Bybit and without a second installation.

Equivalents, all of them:

- `make TARGET`: the recipe must be what README promises; its product command is run, and `make test` is this very run.
- `docker build`: the Dockerfile's steps are run by tests/packaging.
- `docker run ... IMAGE ARGUMENTS`: the mounted files are made, and `risk-manager ARGUMENTS` runs beside them.
- commands without `--demo` find the embedded exchange under `BYBIT_BASE_URL`, and its key in the environment.
- `...` stands for the key and the secret that the exchange printed.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
IMAGE = "risk-manager-app"
FLAGS_OF_DOCKER = {"--rm", "--read-only"}
OPTIONS_OF_DOCKER = {"-v", "--user", "--tmpfs"}


def readme_commands() -> list[str]:
    """Every line of README's console blocks, without its prompt."""
    text = (ROOT / "README.md").read_text(encoding="ascii")
    lines = [line for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    assert all(line.startswith("$ ") for line in lines), "a console block holds commands only, each after a prompt"
    return [line[2:] for line in lines]


def help_commands() -> list[str]:
    """Every example of every command's help; what follows two spaces is an explanation."""
    from typer.main import get_command

    from market_analysis.cli.app import app

    examples = []
    for text in _helps(get_command(app)):
        for line in text.partition("Examples:")[2].splitlines():
            command = re.search(r"(?:[A-Z_0-9]+=\S+ )*\brisk-manager\b.*?(?=  |$)", line)
            if command:
                examples.append(command[0].strip())
    return examples


def _helps(command: Any) -> Iterator[str]:
    yield command.help or ""
    for inner in getattr(command, "commands", {}).values():
        yield from _helps(inner)


def docker_run(command: str) -> tuple[list[str], list[str]]:
    """The files mounted into /app by a `docker run`, and the arguments that the entry point gets."""
    words = shlex.split(command)[2:]
    mounted: list[str] = []
    while words[0] != IMAGE:
        word = words.pop(0)
        if word in OPTIONS_OF_DOCKER:
            value = words.pop(0)
            if word == "-v":
                source, _, target = value.partition(":")
                assert target == f"/app/{source.removeprefix('$(pwd)/')}", f"{target} is not where {source} is read"
                mounted.append(target.removeprefix("/app/"))
        else:
            assert word in FLAGS_OF_DOCKER, f"an option nobody checked: {word}"
    return mounted, words[1:]
