"""`risk-manager lock` and `unlock`: new risk denied, until a moment that nothing brings nearer, or until unlocked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from market_analysis.cli.common import Common
from market_analysis.errors import UsageError

PasswordFile = Annotated[
    Path | None, typer.Option("--password-file", help="File of mode 0600 with the administrator's password, where it is asked for.")
]
Reason = Annotated[str, typer.Option("--reason", help="Why; it stands in the journal.")]


def lock(
    common: Common,
    until: Annotated[str | None, typer.Option("--until", help="A moment like 2026-03-02T17:00+00:00; without a zone, UTC.")] = None,
    length: Annotated[str | None, typer.Option("--for", help="A length of time: 90s, 30m, 8h, 2d.")] = None,
    reason: Reason = "by hand",
    password_file: PasswordFile = None,
) -> None:
    """Lock an account: new risk is denied, what is held may stay and be reduced.

    With --until or --for nobody can undo it before its time, nor pause the guard meanwhile. Without, it stands until
    `risk-manager unlock manual`. Needs a running guard, and its user, root, or the administrator's password.

    Examples (a guard must be running):

      $ risk-manager lock --for 8h --reason "two losses in a row"

      $ risk-manager lock --account main --until 2026-03-02T17:00+00:00

      $ risk-manager lock --reason "out of office"
    """
    from market_analysis.cli.ordering import moment, order, seconds

    if until is not None and length is not None:
        raise UsageError("--until and --for say the same thing twice", remedy="give one of them")
    end = None if until is None else moment(until)
    lasting = None if length is None else seconds(length)
    raise typer.Exit(order(common, "lock", reason=reason, until=end, seconds=lasting, password_file=password_file))


def unlock(
    common: Common,
    name: Annotated[str, typer.Argument(metavar="LOCK", help="The lock's rule, as `risk-manager status` shows it.")],
    reason: Reason = "",
    password_file: PasswordFile = None,
) -> None:
    """End a lock that an administrator may end. Every other ends by its own condition alone: its time, the reset, its cause.

    A rule that still asks for its lock sets it again at once.

    Examples (a guard must be running):

      $ risk-manager unlock manual --reason "back in the office"

      $ risk-manager unlock max_drawdown --account main --reason "new phase agreed with the firm"
    """
    from market_analysis.cli.ordering import order

    raise typer.Exit(order(common, "unlock", reason=reason, rule=name, password_file=password_file))
