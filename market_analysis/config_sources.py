"""Where settings come from: TOML files with line numbers, `.env`, the environment, secret files. Reads, never judges."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli
from dotenv import dotenv_values

from market_analysis.errors import SettingsError

ENV_PREFIX = "RISK_MANAGER__"
DOCUMENT_ENV_NAMES: Mapping[str, tuple[str, ...]] = {
    "BYBIT_BASE_URL": ("bybit", "base_url"),
    "BYBIT_WS_URL": ("bybit", "ws_url"),
    "BYBIT_SANDBOX": ("bybit", "sandbox"),
}
"""Environment names that the documents use, and the keys that they set."""

Tree = dict[str, Any]
_TABLE = re.compile(r"^\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+)(?:\s*\.\s*(?:"[^"]*"|'[^']*'|[A-Za-z0-9_-]+))*)\s*=""")


@dataclass(frozen=True, slots=True)
class Source:
    """One layer of settings. `origins` names where each dotted key stands, for example `settings.toml:12`."""

    name: str
    values: Tree
    origins: Mapping[str, str]


def key_lines(text: str) -> dict[str, int]:
    """Line number of each dotted key and table in TOML source, by a scan of line starts.

    Strings over several lines that contain `key =` may mislead it; the number is a courtesy, never used to read values.
    """
    lines: dict[str, int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if match := _TABLE.match(line):
            table = _parts(match[1])
            lines.setdefault(".".join(table), number)
        elif match := _KEY.match(line):
            lines.setdefault(".".join((*table, *_parts(match[1]))), number)
    return lines


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def toml_source(path: Path) -> Source:
    """Settings of a TOML file.

    Raises:
        SettingsError: missing, a directory, unreadable, not UTF-8 or not TOML; says which and what to do.
    """
    label = str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
    try:
        text = path.read_text(encoding="utf-8")
        values = tomli.loads(text)
    except FileNotFoundError:
        raise SettingsError(
            f"settings file {label} does not exist", remedy="run `risk-manager init`, or name an existing file with --config"
        ) from None
    except IsADirectoryError:
        raise SettingsError(
            f"settings file {label} is a directory",
            remedy="Docker makes a directory where the mounted file is missing on the host: create the file first",
        ) from None
    except PermissionError:
        raise SettingsError(
            f"settings file {label} may not be read by user {_user()}",
            remedy='chmod it, or in Docker add --user "$(id -u):$(id -g)"',
        ) from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"settings file {label} is not UTF-8 at byte {error.start}", remedy="save it as UTF-8") from None
    except tomli.TOMLDecodeError as error:
        raise SettingsError(f"settings file {label} is not TOML: {error}", remedy="see settings.example.toml") from None
    lines = key_lines(text)
    origins = {key: f"{label}:{lines[key]}" if key in lines else label for key, _ in leaves(values)}
    origins.update({key: f"{label}:{line}" for key, line in lines.items() if key not in origins})
    return Source(label, values, origins)


def environment_source(name: str, variables: Mapping[str, str | None]) -> Source:
    """Settings in `RISK_MANAGER__SECTION__KEY` variables and the documents' own names; other variables are passed over.

    Values stay text; the typed sections parse them. A value that starts with `[` or `{` is read as TOML, for lists.
    """
    values: Tree = {}
    origins: dict[str, str] = {}
    for variable, text in sorted(variables.items()):
        if text is None or text == "":
            continue
        if variable in DOCUMENT_ENV_NAMES:
            path = DOCUMENT_ENV_NAMES[variable]
        elif variable.upper().startswith(ENV_PREFIX):
            path = _environment_path(variable[len(ENV_PREFIX) :])
        else:
            continue
        node = values
        for part in path[:-1]:
            node = node.setdefault(part, {})
        node[path[-1]] = _environment_value(variable, text)
        origins[".".join(path)] = f"{name} {variable}"
    return Source(name, values, origins)


def _environment_path(rest: str) -> tuple[str, ...]:
    parts = tuple(part.lower() for part in rest.split("__"))
    return (*parts[:-1], "breakeven_after_R") if parts[-1] == "breakeven_after_r" else parts


def _environment_value(variable: str, text: str) -> Any:
    if text.lstrip()[:1] not in "[{":
        return text
    try:
        return tomli.loads(f"value = {text}")["value"]
    except tomli.TOMLDecodeError as error:
        raise SettingsError(
            f"environment variable {variable} is not a TOML value: {error}", remedy="write it as in settings.toml"
        ) from None


def dotenv_variables(path: Path) -> dict[str, str | None]:
    """Variables of a `.env` file; none when it does not exist.

    Raises:
        SettingsError: a directory or unreadable.
    """
    try:
        if path.is_dir():
            raise SettingsError(
                f"{path} is a directory",
                remedy="Docker makes one where the mounted .env is missing on the host: create the file first",
            )
        if not path.exists():
            return {}
        with path.open(encoding="utf-8") as stream:
            return dict(dotenv_values(stream=stream, interpolate=False))
    except PermissionError:
        raise SettingsError(
            f"{path} may not be read by user {_user()}",
            remedy='in Docker add --user "$(id -u):$(id -g)"; else chmod 600 and chown it',
        ) from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 at byte {error.start}", remedy="save it as UTF-8") from None


def secret_files(directory: Path | None) -> dict[str, str | None]:
    """Variables from a directory with one file a name (Docker and systemd secrets); none when there is no directory."""
    if directory is None or not directory.is_dir():
        return {}
    return {
        entry.name.upper(): entry.read_text(encoding="utf-8").strip() for entry in sorted(directory.iterdir()) if entry.is_file()
    }


def leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted key and value of every leaf of nested tables."""
    for key, value in tree.items():
        dotted = f"{prefix}{key}"
        if isinstance(value, Mapping):
            yield from leaves(value, dotted + ".")
        else:
            yield dotted, value


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "?")
