"""Where settings come from: TOML files with line numbers, `.env`, the environment, secret files. Reads, never judges."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli
from dotenv.parser import parse_stream

from market_analysis.config_document_names import DOCUMENT_VARIABLES, with_house_names
from market_analysis.errors import SettingsError

ENV_PREFIX = "RISK_MANAGER__"
DOCUMENT_ENV_NAMES: Mapping[str, tuple[str, ...]] = {
    "BYBIT_BASE_URL": ("bybit", "base_url"),
    "BYBIT_WS_URL": ("bybit", "ws_url"),
    "BYBIT_SANDBOX": ("bybit", "sandbox"),
    **DOCUMENT_VARIABLES,
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


def overlaid(below: Mapping[str, Any], above: Mapping[str, Any]) -> Tree:
    """Tables key by key, the upper one's value where both have one."""
    found = dict(below)
    for key, value in above.items():
        under = found.get(key)
        found[key] = overlaid(under, value) if isinstance(value, Mapping) and isinstance(under, Mapping) else value
    return found


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


def toml_source(path: Path, option: str = "--config") -> Source:
    """Settings of a TOML file. option: by which it was named.

    Raises:
        SettingsError: missing, a directory, unreadable, not UTF-8 or not TOML; says which and what to do.
    """
    label = str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
        values = tomli.loads(text)
    except FileNotFoundError:
        raise SettingsError(
            f"settings file {label} does not exist", remedy=f"run `risk-manager init`, or name an existing file with {option}"
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
    except OSError as error:
        raise SettingsError(
            f"settings file {label} cannot be read: {error.strerror}", remedy=f"name another with {option}"
        ) from None
    except (ValueError, RecursionError) as error:
        # Beside TOMLDecodeError: a plain ValueError for an integer of thousands of digits, RecursionError for deep nesting.
        raise SettingsError(f"settings file {label} is not TOML: {error}", remedy="see settings.example.toml") from None
    lines = key_lines(text)
    origins = {key: _place(label, lines, key) for key, _ in leaves(values)}
    origins.update({key: f"{label}:{line}" for key, line in lines.items() if key not in origins})
    return Source(label, *with_house_names(values, origins))


def _place(label: str, lines: Mapping[str, int], key: str) -> str:
    """File and line of a key, or of the nearest table around it (inline tables)."""
    while key and key not in lines:
        key = key.rpartition(".")[0]
    return f"{label}:{lines[key]}" if key else label


def environment_source(name: str, variables: Mapping[str, str | None]) -> Source:
    """Settings in `RISK_MANAGER__SECTION__KEY` variables and the documents' own names; other variables are passed over.

    Values stay text; the typed sections parse them. A value that starts with `[` or `{` is read as TOML, for lists.

    Raises:
        SettingsError: a value is not TOML, two variables contradict, or a name is misspelt (`RISK_MANAGER_RISK__BASE`).
    """
    values: Tree = {}
    origins: dict[str, str] = {}
    for variable, text in sorted(variables.items()):
        if text is None or not text.strip():
            continue
        if variable in DOCUMENT_ENV_NAMES:
            path = DOCUMENT_ENV_NAMES[variable]
        elif variable.upper().startswith(ENV_PREFIX):
            path = _environment_path(variable[len(ENV_PREFIX) :])
        elif variable.upper().startswith("RISK_MANAGER_") and "__" in variable:
            right = ENV_PREFIX + variable[len("RISK_MANAGER_") :].lstrip("_")
            raise SettingsError(f"{name} {variable} would be ignored", remedy=f"write two underscores: {right}")
        else:
            continue
        value = _environment_value(variable, text.strip())
        _put(values, path, value, f"{name} {variable}")
        inner = [f"{'.'.join(path)}.{key}" for key, _ in leaves(value)] if isinstance(value, Mapping) else ()
        origins.update(dict.fromkeys((".".join(path), *inner), f"{name} {variable}"))
    return Source(name, *with_house_names(values, origins))


def _put(values: Tree, path: tuple[str, ...], value: Any, origin: str) -> None:
    node: Any = values
    for part in path[:-1]:
        node = node.setdefault(part, {})
        if not isinstance(node, dict):
            raise SettingsError(f"{origin} contradicts another variable that sets {part} as a whole", remedy="unset one of them")
    node[path[-1]] = value


def _environment_path(rest: str) -> tuple[str, ...]:
    parts = tuple(part.lower() for part in rest.split("__"))
    return (*parts[:-1], "breakeven_after_R") if parts[-1] == "breakeven_after_r" else parts


def _environment_value(variable: str, text: str) -> Any:
    if text.lstrip()[:1] not in "[{":
        return text
    try:
        return tomli.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError) as error:
        raise SettingsError(
            f"environment variable {variable} is not a TOML value: {error}", remedy="write it as in settings.toml"
        ) from None


def dotenv_variables(path: Path) -> dict[str, str | None]:
    """Variables of a `.env` file; none when it does not exist.

    Raises:
        SettingsError: a directory, unreadable, or with a line that is no `NAME=value`; the line's text is never echoed.
    """
    try:
        if path.is_dir():
            raise SettingsError(
                f"{path} is a directory",
                remedy="Docker makes one where the mounted .env is missing on the host: create the file first",
            )
        if not path.exists():
            return {}
        with path.open(encoding="utf-8-sig") as stream:
            bindings = list(parse_stream(stream))
    except PermissionError:
        raise SettingsError(
            f"{path} may not be read by user {_user()}",
            remedy='in Docker add --user "$(id -u):$(id -g)"; else chmod 600 and chown it',
        ) from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 at byte {error.start}", remedy="save it as UTF-8") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}", remedy="make it a plain file that you can read") from None
    for binding in bindings:
        if binding.error:
            raise SettingsError(f"{path}:{binding.original.line}: not a NAME=value line", remedy="mend its quotes, or remove it")
    return {binding.key: binding.value for binding in bindings if binding.key is not None}


def secret_files(directory: Path | None) -> dict[str, str | None]:
    """Variables from a directory with one file a name (Docker and systemd secrets); none when no directory is named.

    Raises:
        SettingsError: the directory is missing, or it or a file in it cannot be read.
    """
    if directory is None:
        return {}
    try:
        files = [entry for entry in sorted(directory.iterdir()) if entry.is_file()]
        return {entry.name.upper(): entry.read_text(encoding="utf-8-sig").strip() for entry in files}
    except OSError as error:
        problem = f"{error.filename or directory}: {error.strerror}"
    except UnicodeDecodeError:
        problem = f"a file in {directory} is not UTF-8"
    raise SettingsError(f"RISK_MANAGER_SECRETS_DIR cannot be read: {problem}", remedy="name a readable directory, or unset it")


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
