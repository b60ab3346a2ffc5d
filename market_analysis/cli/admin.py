"""`risk-manager admin`: rules changed live, accounts paused, the guard stopped, the administrator's password."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from market_analysis.cli.common import Common, with_common
from market_analysis.cli.lock import PasswordFile, Reason
from market_analysis.errors import UsageError

NAME = "admin"
app = typer.Typer(
    no_args_is_help=True,
    help="Administer the running guard: its own user and root may, others with the password. Every act is in the journal.",
)
password = typer.Typer(no_args_is_help=True, help="The administrator's password.")
Key = Annotated[str, typer.Argument(metavar="KEY", help="RULE.SETTING of an account, as daily_loss.amount or daily_loss.mode.")]
Force = Annotated[bool, typer.Option("--force", help="Loosen at once, not with the next trading day.")]


@app.command("set")
@with_common
def set_rule(
    common: Common,
    key: Key,
    value: Annotated[str, typer.Argument(metavar="VALUE", help='As in the settings: 0.04, true, alert, ["BTC"].')],
    reason: Reason = "",
    force: Force = False,
    password_file: PasswordFile = None,
) -> None:
    """Change a rule of an account, live, over what the settings file says; `status` and `config show` name it as the origin.

    What tightens begins at once. What loosens, by the rule's own word or where it has none, begins after the next reset.

    Examples (a guard must be running):

      $ risk-manager admin set daily_loss.amount 0.03 --reason "smaller days"

      $ risk-manager admin set daily_loss.amount 0.05 --force --reason "the firm has raised it"

      $ risk-manager admin set max_leverage.mode enforce --account main --reason "tried for a month"
    """
    _order(common, "set", key, value=value, reason=reason, force=force, password_file=password_file)


@app.command("unset")
@with_common
def unset_rule(common: Common, key: Key, reason: Reason = "", force: Force = False, password_file: PasswordFile = None) -> None:
    """Take a change back: the settings file counts again, at once or after the next reset as with `set`.

    Examples (a guard must be running):

      $ risk-manager admin unset daily_loss.amount --reason "back to the plan"
    """
    _order(common, "unset", key, reason=reason, force=force, password_file=password_file)


@app.command("pause")
@with_common
def pause(common: Common, reason: Reason = "", password_file: PasswordFile = None) -> None:
    """Do not look at an account and do not act on it, until `resume`. Its lockouts stand; a lock on oneself is not paused.

    Examples (a guard must be running):

      $ risk-manager admin pause --account main --reason "the key is being changed"
    """
    from market_analysis.cli.ordering import order

    raise typer.Exit(order(common, "pause", reason=reason, password_file=password_file))


@app.command("resume")
@with_common
def resume(common: Common, reason: Reason = "", password_file: PasswordFile = None) -> None:
    """Look at an account again, and act.

    Examples (a guard must be running):

      $ risk-manager admin resume --account main --reason "the new key works"
    """
    from market_analysis.cli.ordering import order

    raise typer.Exit(order(common, "resume", reason=reason, password_file=password_file))


@app.command("stop")
@with_common
def stop(common: Common, reason: Reason = "", password_file: PasswordFile = None) -> None:
    """Stop the guard, all its accounts. What it knows stays; whoever starts it again finds every lockout as it was.

    Examples (a guard must be running):

      $ risk-manager admin stop --reason "the machine is moved"
    """
    from market_analysis.cli.ordering import order

    raise typer.Exit(order(common, "stop", reason=reason, password_file=password_file))


@password.command("set")
@with_common
def set_password(
    common: Common,
    reason: Annotated[str, typer.Option("--reason", help="Why; it stands in the journal.")] = "set by hand",
    new_password_file: Annotated[Path | None, typer.Option("--new-password-file", help="File of mode 0600 with it.")] = None,
    password_file: PasswordFile = None,
) -> None:
    """Set the administrator's password, of 12 to 128 characters: asked for twice, or from a file, or RISK_MANAGER_NEW_PASSWORD.

    It is for those whom the kernel does not vouch for: see docs/daemon.md. Only its argon2id hash is kept. Where no guard runs, it
    is written into the state directory, and stands in no journal.

    Examples (it asks for the password at the terminal):

      $ risk-manager admin password set
    """
    from market_analysis.cli.ordering import new_password, order, set_password_here
    from market_analysis.errors import DaemonUnreachableError

    given = new_password(new_password_file)
    try:
        status = order(common, "password", reason=reason, new_password=given, password_file=password_file)
    except DaemonUnreachableError:
        set_password_here(common, given)
        status = 0
    raise typer.Exit(status)


app.add_typer(password, name="password")


def _order(common: Common, request: str, key: str, **terms: Any) -> None:
    from market_analysis.cli.ordering import order

    rule, dot, setting = key.partition(".")
    if not (rule and dot and setting):
        raise UsageError(f"KEY is {key!r}; it must be RULE.SETTING", remedy="as daily_loss.amount; see `risk-manager rules list`")
    raise typer.Exit(order(common, request, rule=rule, setting=setting, **terms))
