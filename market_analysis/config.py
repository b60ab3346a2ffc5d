"""Loads the settings, merges their sources, and knows the origin of every value.

Precedence: flags > environment > `.env` > `./settings.toml` (or the file named) > the user directory's > defaults.

`settings` is document 003's module global: a plain dictionary of the merged settings, loaded at first use.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from market_analysis.config_presets import preset_source
from market_analysis.config_sources import (
    Source,
    Tree,
    dotenv_variables,
    environment_source,
    leaves,
    overlaid,
    secret_files,
    toml_source,
)
from market_analysis.errors import AuthenticationError, SettingsError, did_you_mean
from market_analysis.settings import AccountSettings, Credentials, Settings

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    settings: dict[str, Any]

SETTINGS_FILE = "settings.toml"
_MOVED = {
    "bybit.api_key": "keys are never settings: put BYBIT_API_KEY into .env",
    "bybit.api_secret": "keys are never settings: put BYBIT_API_SECRET into .env",
    "binance": "this section was never read; remove it",
}
_NEVER_SHOWN = ("key_env", "secret_env")
"""A key pasted where the name of its variable belongs must not be printed."""
_MESSAGES: Mapping[str, str] = {
    "model_type": "must be a table, written as [section]",
    "mapping_type": "must be tables, written as [accounts.main]",
    "dict_type": "must be tables, written as [accounts.main]",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}
"""Where pydantic's words would speak of Python."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """Merged settings with the origin of each dotted key (`default` where nothing set it) and the variables for secrets."""

    settings: Settings
    origins: Mapping[str, str]
    variables: Mapping[str, str | None]

    def credentials(self, account: str) -> Credentials:
        """The key pair of an account.

        Raises:
            SettingsError: there is no such account.
            AuthenticationError: its variables are not set; says both ways on.
        """
        if account not in self.settings.accounts:
            known = ", ".join(sorted(self.settings.accounts))
            raise SettingsError(
                f"there is no account {account!r}; known: {known}", remedy=f"add [accounts.{account}] or choose one of these"
            )
        names = self.settings.accounts[account]
        key, secret = ((self.variables.get(name) or "").strip() for name in (names.key_env, names.secret_env))
        if not key or not secret:
            missing = " and ".join(name for name, value in ((names.key_env, key), (names.secret_env, secret)) if not value)
            raise AuthenticationError(
                f"no key for account {account!r}: {missing} not set",
                remedy="try without a key: `risk-manager --demo`; or set one up: `risk-manager init` (a read-only key is enough)",
            )
        return Credentials(key, secret)


def user_settings_path() -> Path:
    """The settings file of the user directory."""
    from platformdirs import user_config_path

    return user_config_path("risk-manager") / SETTINGS_FILE


def load(
    path: Path | None = None,
    *,
    flags: Mapping[str, Any] | None = None,
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Configuration:
    """Merge all sources.

    path: a settings file named by the user, which must exist. flags: dotted key -> value, strongest. directory: where
    `settings.toml` and `.env` are looked for (the current one). environment: os.environ unless given.

    Raises:
        SettingsError: every wrong key at once, each with its file and line, value, bound and fix.
    """
    here = Path.cwd() if directory is None else directory
    variables_now: Mapping[str, str] = os.environ if environment is None else environment
    from_dotenv = dotenv_variables(here / ".env")
    secrets_dir = variables_now.get("RISK_MANAGER_SECRETS_DIR")
    sources: list[Source] = []
    if user_settings_path().is_file():
        sources.append(toml_source(user_settings_path()))
    if path is not None:
        sources.append(toml_source(path))
    elif (here / SETTINGS_FILE).exists():
        sources.append(toml_source(here / SETTINGS_FILE))
    sources.append(environment_source(".env", from_dotenv))
    sources.append(environment_source("environment", variables_now))
    sources.append(_flag_source(flags or {}))
    layers = (from_dotenv, secret_files(Path(secrets_dir) if secrets_dir else None), variables_now)
    variables = {name: value for layer in layers for name, value in layer.items() if value}
    sources.insert(0, preset_source(*_merge(sources)))
    merged, origins = _merge(sources)
    return Configuration(_validate(merged, origins), _with_defaults(merged, origins), variables)


def account_of(source: Source, name: str) -> AccountSettings:
    """One account from one source alone, as limits to try: [accounts.NAME], or its keys at the top. Its preset lies below it.

    Raises:
        SettingsError: as `load`; or several accounts are in it, and `name` is none of them.
    """
    if not isinstance(source.values.get("accounts"), Mapping):
        placed = {f"accounts.{name}.{key}": place for key, place in source.origins.items()}
        source = Source(source.name, {"accounts": {name: source.values}}, placed)
    accounts = _validate(*_merge([preset_source(source.values, source.origins), source])).accounts
    if name not in accounts and len(accounts) != 1:
        raise SettingsError(
            f"{source.name}: which account's limits: {', '.join(sorted(accounts))}?", remedy="choose one with --account"
        )
    return accounts[name] if name in accounts else next(iter(accounts.values()))


def _flag_source(flags: Mapping[str, Any]) -> Source:
    values: Tree = {}
    for dotted, value in flags.items():
        node = values
        *parents, leaf = dotted.split(".")
        for parent in parents:
            node = node.setdefault(parent, {})
        node[leaf] = value
    return Source("flag", values, dict.fromkeys(flags, "flag"))


def _merge(sources: list[Source]) -> tuple[Tree, dict[str, str]]:
    merged: Tree = {}
    origins: dict[str, str] = {}
    for source in sources:
        merged = overlaid(merged, source.values)
        origins.update(source.origins)
    return merged, origins


def _with_defaults(merged: Tree, origins: Mapping[str, str]) -> dict[str, str]:
    given = {key for key, _ in leaves(merged)}
    every = dict(leaves(_validate(merged, origins).model_dump(mode="json")))
    return {key: origins.get(key, "given") if key in given else "default" for key in sorted({*every, *given})}


def _validate(merged: Tree, origins: Mapping[str, str]) -> Settings:
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        problems = [_problem(detail, merged, origins) for detail in error.errors(include_url=False)]
        count = f"{len(problems)} settings are wrong" if len(problems) > 1 else "a setting is wrong"
        raise SettingsError(
            count + ":\n  " + "\n  ".join(problems), remedy="every key is explained in settings.example.toml"
        ) from None


def _problem(detail: ErrorDetails, merged: Tree, origins: Mapping[str, str]) -> str:
    dotted = ".".join(str(part) for part in detail["loc"])
    where = _where(dotted, origins)
    value = _lookup(merged, detail["loc"])
    unknown = detail["type"] == "extra_forbidden"
    if dotted in _MOVED:
        return f"{where}: {dotted}: {_MOVED[dotted]}"
    if unknown and any(word in dotted.lower() for word in ("key", "secret", "api_")):
        return f"{where}: {dotted}: keys are never settings: put BYBIT_API_KEY and BYBIT_API_SECRET into .env"
    shown = isinstance(value, str | int | float) and not unknown and not dotted.endswith(_NEVER_SHOWN)
    head = f"{where}: {dotted}" + (f" = {value!r}" if shown else "")
    if unknown:
        return f"{head}: unknown key{did_you_mean(str(detail['loc'][-1]), _section_fields(detail['loc']))}"
    message = _MESSAGES.get(detail["type"]) or detail["msg"].removeprefix("Value error, ")
    return f"{head}: {message}{_other_unit(detail, value)}{_meaning(detail['loc'])}"


def _where(dotted: str, origins: Mapping[str, str]) -> str:
    """Where a key stands: it, the nearest table around it, or something inside it."""
    outer = dotted
    while outer:
        if outer in origins:
            return origins[outer]
        outer = outer.rpartition(".")[0]
    return next((text for key, text in origins.items() if key.startswith(dotted + ".")), "merged settings")


def _lookup(tree: Any, path: tuple[int | str, ...]) -> Any:
    for part in path:
        try:
            tree = tree[part]
        except (KeyError, IndexError, TypeError):
            return None
    return tree


def _section_fields(path: tuple[int | str, ...]) -> Mapping[str, Any]:
    fields: Mapping[str, Any] = Settings.model_fields
    if path[0] == "accounts" and len(path) > 2:
        return AccountSettings.model_fields
    for part in path[:-1]:
        field = fields.get(str(part))
        annotation = getattr(field, "annotation", None)
        if not hasattr(annotation, "model_fields"):
            return {}
        fields = annotation.model_fields  # type: ignore[union-attr]
    return fields


def _other_unit(detail: ErrorDetails, value: Any) -> str:
    """A value that would fit as its hundredth was probably meant as percent."""
    bounds = detail.get("ctx", {})
    upper = bounds.get("le", bounds.get("lt"))
    percent = isinstance(value, str) and value.rstrip().endswith("%")
    try:
        number = float(value.rstrip().removesuffix("%") if isinstance(value, str) else value)
    except (TypeError, ValueError):
        return ""
    if percent or (upper is not None and upper <= 1 and upper < number <= 100 * float(upper)):
        return f"; it is a fraction: {number:g} percent is {number / 100:g}"
    return ""


def _meaning(path: tuple[int | str, ...]) -> str:
    field = _section_fields(path).get(str(path[-1])) if path else None
    description = getattr(field, "description", None)
    return f" [{description}; default {field.get_default()!r}]" if field is not None and description else ""


def __getattr__(name: str) -> Any:
    if name == "settings":
        value = load().settings.model_dump()
        globals()["settings"] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
