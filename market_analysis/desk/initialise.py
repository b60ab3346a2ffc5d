"""Writes a first settings file and a `.env` that only its owner can read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from market_analysis.config_example import render
from market_analysis.errors import OutputError, UsageError
from market_analysis.settings import Settings

SETTINGS_NAME, ENV_NAME = "settings.toml", ".env"


def write_settings(directory: Path, values: Mapping[str, Any], *, overwrite: bool) -> Path:
    """Write `settings.toml` with every key explained. values: dotted key -> value instead of the default.

    Raises:
        UsageError: the file exists and overwrite is False.
        OutputError: it cannot be written.
    """
    tree: dict[str, Any] = {}
    for dotted, value in values.items():
        node = tree
        *parents, leaf = dotted.split(".")
        for parent in parents:
            node = node.setdefault(parent, {})
        node[leaf] = value
    Settings.model_validate(tree)
    return _write(directory / SETTINGS_NAME, render(values), mode=0o644, overwrite=overwrite)


def write_env(directory: Path, key: str, secret: str, *, overwrite: bool) -> Path:
    """Write `.env` with the key pair, mode 0600 from its first byte on.

    Raises:
        UsageError: the file exists and overwrite is False; or a value has a character that a `.env` line cannot hold.
        OutputError: it cannot be written.
    """
    for name, value in (("key", key), ("secret", secret)):
        if not value or any(character.isspace() or character in "'\"\\" for character in value):
            raise UsageError(
                f"the {name} is empty or holds a space or a quote", remedy="copy it again from Bybit's API management page"
            )
    return _write(directory / ENV_NAME, f"BYBIT_API_KEY={key}\nBYBIT_API_SECRET={secret}\n", mode=0o600, overwrite=overwrite)


def _write(path: Path, text: str, *, mode: int, overwrite: bool) -> Path:
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if overwrite else os.O_EXCL)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, flags, mode)
        if overwrite and hasattr(os, "fchmod"):
            os.fchmod(descriptor, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(f"{path} exists", remedy="edit it, or run `risk-manager init --overwrite`") from None
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}", remedy="run it in a directory that you can write") from error
    return path
