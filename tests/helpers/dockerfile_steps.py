"""Runs a Dockerfile's steps in a directory instead of in an image, for machines without a Docker engine.

Absolute paths of the image (`/app`, `/opt/risk-manager`, ...) become folders below a root directory. What a directory cannot be
(base images, users, volumes) is passed over openly: `NOT_RUN` lists it.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

NOT_RUN = {
    "FROM": "the base image's interpreter is this machine's Python of the same version",
    "USER": "the steps after it run as that user id where the test is root",
    "VOLUME": "a plain directory",
    "RUN useradd": "no user is added to this machine; the user id alone is taken",
}
IMAGE_PATHS = ("/opt/risk-manager", "/build", "/app", "/state")


@dataclass(frozen=True)
class Instruction:
    """One instruction: its word and the rest, continuation lines joined."""

    word: str
    text: str


@dataclass
class Image:
    """What the steps have made: environment, working directory, user, entry point and health check."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    directory: str = "/"
    user: str = "0:0"
    entrypoint: tuple[str, ...] = ()
    health_check: str = ""

    def path(self, inside: str) -> Path:
        """Where a path of the image lies on this machine."""
        return self.root / inside.lstrip("/")

    def moved(self, text: str) -> str:
        """Text with the image's absolute paths replaced by this machine's."""
        pattern = "|".join(re.escape(path) for path in IMAGE_PATHS)
        return re.sub(rf"(?<![\w.])({pattern})(?=[/\s\":]|$|\}})", lambda match: str(self.path(match[1])), text)


def parse(text: str) -> list[Instruction]:
    """The instructions of a Dockerfile."""
    joined = re.sub(r"\\\n\s*", " ", text)
    lines = [line.strip() for line in joined.splitlines()]
    return [Instruction(*line.split(maxsplit=1)) for line in lines if line and not line.startswith("#")]


def stages(instructions: list[Instruction]) -> list[list[Instruction]]:
    """The instructions stage by stage, each starting with its FROM."""
    parts: list[list[Instruction]] = []
    for instruction in instructions:
        if instruction.word == "FROM":
            parts.append([])
        parts[-1].append(instruction)
    return parts


def build(dockerfile: Path, root: Path, python: str, *, replace: dict[str, str] | None = None) -> Image:
    """Run all stages below `root` and return the last one's image. replace: RUN text -> shell text to run in its place.

    Stages share the root, so a COPY from an earlier stage finds its files where they already are.
    """
    image = Image(root)
    tools = root / "tools"
    tools.mkdir(parents=True)
    (tools / "python").symlink_to(python)
    for stage in stages(parse(dockerfile.read_text())):
        image = Image(root)
        for instruction in stage:
            _perform(instruction, image, dockerfile.parent, replace or {})
    return image


def _perform(instruction: Instruction, image: Image, context: Path, replace: dict[str, str]) -> None:
    word, text = instruction.word, instruction.text
    if word == "RUN" and text.startswith("useradd "):
        return
    if word == "RUN":
        _run(image, replace.get(text, image.moved(text)))
    elif word == "ENV":
        image.environment.update(part.split("=", 1) for part in shlex.split(image.moved(text)))
    elif word == "WORKDIR":
        image.directory = text
        image.path(text).mkdir(parents=True, exist_ok=True)
    elif word == "COPY":
        _copy(image, text, context)
    elif word == "USER":
        image.user = text
    elif word == "ENTRYPOINT":
        image.entrypoint = tuple(re.findall(r'"([^"]+)"', text))
    elif word == "HEALTHCHECK":
        image.health_check = image.moved(text.split("CMD", 1)[1].strip())
    elif word not in NOT_RUN:
        raise ValueError(f"a step this helper does not know: {word} {text}")


def _copy(image: Image, text: str, context: Path) -> None:
    *sources, target = text.split()
    if sources[0].startswith("--from="):
        assert image.path(target).is_dir(), f"{target} was not made by an earlier stage"
        return
    into = image.path(image.directory) / target
    for source in sources:
        path = context / source
        if path.is_dir():
            shutil.copytree(path, into, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            goal = into / path.name if target.endswith("/") else into
            goal.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, goal)


def _run(image: Image, shell_text: str) -> None:
    environment = {**shell_environment(image), "HOME": str(image.root)}
    done = subprocess.run(
        ["sh", "-c", shell_text], cwd=image.path(image.directory), env=environment, capture_output=True, text=True, timeout=900
    )
    if done.returncode:
        raise AssertionError(f"{shell_text}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")


def shell_environment(image: Image) -> dict[str, str]:
    """The image's environment on this machine; pip's own settings are kept, so that it finds its packages here."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "LANG", "LC_", "SSL_"))}
    path = f"{image.root / 'tools'}:/usr/local/bin:/usr/bin:/bin"
    own = {name: value.replace("$PATH", path) for name, value in image.environment.items()}
    return {"PATH": path, **kept, **own}
