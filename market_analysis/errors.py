"""Every error the product raises on purpose.

    RiskManagerError                exit 70  internal
    |-- UsageError                  exit 64  wrong flags or arguments
    |-- SettingsError               exit 4   a settings key, value, bound and fix
    |-- StateError                  exit 70  the state directory cannot be used
    |   `-- StateLockedError        exit 64  another instance owns it
    |-- QuantError                  exit 70  a numeric kernel was given impossible input
    |-- OutputError                 exit 70  a report could not be written
    |-- DataUnknownError            exit 3   read, but incomplete, stale or malformed
    |   `-- DaemonUnreachableError  exit 3   no guard answers at its socket
    `-- VenueError                  exit 6   the venue could not be read
        |-- AuthenticationError     exit 5   key missing, wrong, expired, or without the right
        |-- VenueUnavailableError   exit 6   network, time-out, 5xx                 (retryable)
        |-- RateLimitedError        exit 6   429, 403 ban, 10006                    (retryable)
        |-- ClockSkewError          exit 6   timestamp outside the receive window   (retryable once)
        |-- MalformedAnswerError    exit 3   an answer that proves nothing          (retryable)
        |-- VenueRejectedError      exit 6   a definite refusal
        `-- WriteRefusedError       exit 70  a watch-only client was asked to write

Law 12: an error names the parameter, the value, the bound and the fix. `code` is the stable contract; the message is prose.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

EXIT_OK = 0
EXIT_WARNING = 1
EXIT_CRITICAL = 2
EXIT_UNKNOWN = 3
EXIT_CONFIGURATION = 4
EXIT_AUTHENTICATION = 5
EXIT_VENUE = 6
EXIT_USAGE = 64
EXIT_INTERNAL = 70


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """How an error about an unknown name goes on: the nearest known one, or else all of them; empty where none are known."""
    import difflib  # needed only where something went wrong; every command loads this module

    names = sorted(known)
    close = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.4)
    return f"; did you mean {close[0]}?" if close else f"; known here: {', '.join(names)}" if names else ""


class RiskManagerError(Exception):
    """Base of all errors of this product.

    `code` is stable and machine-readable, `remedy` says what to do next, `retryable` whether the same call may succeed later.
    """

    code: ClassVar[str] = "internal"
    exit_status: ClassVar[int] = EXIT_INTERNAL
    retryable: ClassVar[bool] = False
    default_remedy: ClassVar[str] = ""

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = self.default_remedy if remedy is None else remedy

    def __str__(self) -> str:
        return f"{self.message} ({self.remedy})" if self.remedy else self.message


class UsageError(RiskManagerError):
    """Wrong flags or arguments."""

    code = "usage"
    exit_status = EXIT_USAGE


class SettingsError(RiskManagerError):
    """A setting is wrong: names file, line, key, value, bound and fix."""

    code = "settings"
    exit_status = EXIT_CONFIGURATION


class StateError(RiskManagerError):
    """The state directory or database cannot be used."""

    code = "state"


class StateLockedError(StateError):
    """Another instance owns the state directory."""

    code = "state_locked"
    exit_status = EXIT_USAGE


class QuantError(RiskManagerError):
    """A numeric kernel was given input for which its result is undefined."""

    code = "quant"

    def __init__(self, message: str, *, parameter: str = "", remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.parameter = parameter


class OutputError(RiskManagerError):
    """A report or export could not be written."""

    code = "output"


class DataUnknownError(RiskManagerError):
    """Something was read, but it is incomplete, stale or malformed."""

    code = "data_unknown"
    exit_status = EXIT_UNKNOWN


class DaemonUnreachableError(DataUnknownError):
    """No guard answers at its socket: nothing is known of the accounts, which is not the same as nothing being wrong."""

    code = "daemon_unreachable"
    retryable = True
    default_remedy = "start it: `risk-manager guard`; or name its socket: --socket"


class VenueError(RiskManagerError):
    """The venue could not be read, or refused."""

    code = "venue"
    exit_status = EXIT_VENUE

    def __init__(self, message: str, *, remedy: str | None = None, venue_code: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.venue_code = venue_code


class AuthenticationError(VenueError):
    """Key missing, wrong, expired, bound to another address, or without the right."""

    code = "authentication"
    exit_status = EXIT_AUTHENTICATION
    default_remedy = "run `risk-manager doctor` to check the key, or `risk-manager --demo` to try without one"


class VenueUnavailableError(VenueError):
    """Network, time-out or server failure: nothing is known about the outcome."""

    code = "venue_unavailable"
    retryable = True


class RateLimitedError(VenueError):
    """The venue asked to slow down (429, 403 ban, 10006)."""

    code = "rate_limited"
    retryable = True

    def __init__(
        self,
        message: str,
        *,
        remedy: str | None = None,
        venue_code: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, remedy=remedy, venue_code=venue_code)
        self.retry_after_s = retry_after_s


class ClockSkewError(VenueError):
    """The request's timestamp lies outside the venue's receive window."""

    code = "clock_skew"
    retryable = True
    default_remedy = "synchronise this machine's clock (NTP)"


class MalformedAnswerError(VenueError):
    """The answer has not the shape that would prove it; nothing may be concluded from it."""

    code = "malformed_answer"
    exit_status = EXIT_UNKNOWN
    retryable = True


class VenueRejectedError(VenueError):
    """A definite refusal: the same request will be refused again."""

    code = "venue_rejected"


class WriteRefusedError(VenueError):
    """A watch-only client was asked for a request that is not a read."""

    code = "write_refused"
    exit_status = EXIT_INTERNAL
