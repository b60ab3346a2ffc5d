"""The one place where results and errors become an exit status (rulings 38)."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

import typer

from market_analysis.errors import EXIT_INTERNAL, EXIT_USAGE, RiskManagerError

_WRITE_ERRORS = frozenset({errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG})


def run(command: Callable[..., object], arguments: Sequence[str]) -> int:
    """Run a Typer command and return the process's exit status.

    Typer's own usage error would exit 2 and an uncaught exception 1, which are verdicts here; both are mapped. With `--json` an
    error is one JSON object on stdout as well, so that a reader of stdout always gets JSON.
    """
    _replace_closed_streams()
    try:
        result = command(args=list(arguments), prog_name="risk-manager", standalone_mode=False)
    except typer.TyperException as error:
        return _report("usage", _usage_text(error), "see `risk-manager --help`", EXIT_USAGE, arguments)
    except typer.Abort:
        return _report("aborted", "aborted", "", EXIT_USAGE, arguments)
    except RiskManagerError as error:
        return _report(error.code, error.message, error.remedy, error.exit_status, arguments)
    except OSError as error:
        if error.errno not in _WRITE_ERRORS:
            raise
        silence_stdout()
        return _report("output", f"output cannot be written: {error.strerror}", "free some space", EXIT_INTERNAL, ())
    except KeyboardInterrupt:
        return _report("interrupted", "interrupted", "", 130, arguments)
    return result if isinstance(result, int) else 0


def internal_error(error: BaseException, arguments: Sequence[str]) -> int:
    """The status of an error that nobody foresaw: its kind and place, never its data (which may hold secrets)."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = "" if trace is None else f" at {trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
    message = f"internal error: {type(error).__name__}{place}"
    return _report("internal", message, "set RISK_MANAGER_TRACEBACK=1 for the full trace and report it", EXIT_INTERNAL, arguments)


def _usage_text(error: typer.TyperException) -> str:
    formatted = getattr(error, "format_message", None)
    return str(formatted()) if callable(formatted) else str(error)


def _report(code: str, message: str, remedy: str, status: int, arguments: Sequence[str]) -> int:
    if "--json" in arguments:
        try:
            sys.stdout.write(json.dumps({"error": code, "message": message, "remedy": remedy, "exit_status": status}) + "\n")
            sys.stdout.flush()
        except OSError:
            silence_stdout()
    with suppress(OSError):
        sys.stderr.write(f"risk-manager: {message}\n" + (f"  -> {remedy}\n" if remedy else ""))
    return status


def silence_stdout() -> None:
    """What is still buffered goes nowhere, so that the interpreter does not stumble over it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _replace_closed_streams() -> None:
    """A stream that was closed before the start (`>&-`, a service without a console) is None: read and write nothing there."""
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115  # as long-lived as the process
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
