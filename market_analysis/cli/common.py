"""The options that every command takes, before or after its name."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from market_analysis.cli.boundary import silence_stdout
from market_analysis.errors import UsageError


@dataclass(frozen=True, slots=True)
class Common:
    """What the common options said. None: not given, so settings and defaults decide."""

    account: tuple[str, ...] | None = None
    venue: str | None = None
    config: Path | None = None
    state_dir: Path | None = None
    demo: bool | None = None
    json: bool | None = None
    exit_zero: bool | None = None

    @property
    def account_name(self) -> str:
        """The account asked for; `main` unless named.

        Raises:
            UsageError: several are named, which only `guard` takes.
        """
        if self.account is not None and len(self.account) > 1:
            raise UsageError(f"one account at a time, not {' and '.join(self.account)}", remedy="give --account once")
        return self.account[0] if self.account else "main"


_OPTIONS: Mapping[str, Any] = {
    "account": Annotated[
        list[str] | None, typer.Option("--account", help="Account to look at, a name from [accounts]. Default: main.")
    ],
    "venue": Annotated[str | None, typer.Option("--venue", help="Venue of the account, where settings do not say. Known: bybit.")],
    "config": Annotated[Path | None, typer.Option("--config", help="Settings file. Default: ./settings.toml, if there is one.")],
    "state_dir": Annotated[
        Path | None, typer.Option("--state-dir", help="Directory of cache and memory. Default: the user's own.")
    ],
    "demo": Annotated[bool | None, typer.Option("--demo", help="Use the embedded exchange: no key, no network.")],
    "json": Annotated[bool | None, typer.Option("--json", help="Print JSON on stdout (one object a line in monitor mode).")],
    "exit_zero": Annotated[
        bool | None, typer.Option("--exit-zero", help="Exit 0 instead of 1 (warning) and 2 (critical), for cron.")
    ],
}


def with_common(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the common options; it receives them merged as its `common` argument, the nearest one winning."""
    signature = inspect.signature(command, eval_str=True)
    own = [parameter for name, parameter in signature.parameters.items() if name not in ("common", "ctx")]
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in _OPTIONS.items()
    ]
    context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)

    @functools.wraps(command)
    def wrapper(ctx: typer.Context, **arguments: Any) -> None:
        given = {name: arguments.pop(name) for name in _OPTIONS}
        given["account"] = tuple(given["account"]) if given["account"] else None
        ctx.obj = _merged(ctx.obj, given)
        if "ctx" in signature.parameters:
            arguments["ctx"] = ctx
        try:
            command(common=ctx.obj, **arguments)
        except BrokenPipeError:
            # A reader that went away (`| head`) is no error; left to Typer it would exit 1, which is a verdict here.
            silence_stdout()
            raise typer.Exit(0) from None

    wrapper.__signature__ = signature.replace(parameters=[context, *own, *shared])  # type: ignore[attr-defined]
    wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in (context, *own, *shared)}
    return wrapper


def _merged(outer: Common | None, given: Mapping[str, Any]) -> Common:
    base = outer or Common()
    return Common(**{name: getattr(base, name) if value is None else value for name, value in given.items()})
