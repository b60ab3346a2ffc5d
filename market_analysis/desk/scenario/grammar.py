"""What a line may say: forms like `buy QUANTITY SYMBOL at PRICE`, whose small words stand as they are and whose capitals are read.

A line that fits no form is refused with the forms that its first word has, so that no slip passes for something that is true.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from market_analysis.domain.duration import duration
from market_analysis.errors import SettingsError
from market_analysis.rules.registry import rules
from market_analysis.rules.verdict import Ends, Status

HAPPENS: Mapping[str, tuple[str, ...]] = {
    "start": ("AMOUNT", "AMOUNT equity EQUITY"),
    "balance": ("AMOUNT",),
    "buy": ("QUANTITY SYMBOL at PRICE", "QUANTITY SYMBOL at PRICE fee AMOUNT"),
    "sell": ("QUANTITY SYMBOL at PRICE", "QUANTITY SYMBOL at PRICE fee AMOUNT"),
    "mark": ("SYMBOL PRICE",),
    "stop": ("SYMBOL none", "SYMBOL PRICE"),
    "plan": ("SYMBOL stop PRICE",),
    "entry": ("SIDE QUANTITY SYMBOL at PRICE",),
    "unread": ("",),
    "read": ("",),
    "refuse": ("",),
    "accept": ("",),
    "barred": ("",),
    "allowed": ("",),
    "restart": ("", "DURATION"),
    "wait": ("",),
    "lock": ("", "for DURATION"),
    "unlock": ("", "LOCK"),
    "flatten": ("",),
}
"""What happens: the first word, and what may follow it."""

EXPECTED: Mapping[str, tuple[str, ...]] = {
    "locked": ("", "LOCK", "LOCK until END", "LOCK until CLOCK"),
    "unlocked": ("", "LOCK"),
    "closed": ("SYMBOL",),
    "flat": ("",),
    "holds": ("SYMBOL SIZE",),
    "stop": ("SYMBOL none", "SYMBOL PRICE"),
    "entries": ("COUNT",),
    "alert": ("CODE",),
    "page": ("",),
    "nothing": ("",),
    "left": ("RULE AMOUNT",),
    "equity": ("AMOUNT",),
}
"""What may be expected, beside `RULE STATUS`."""
OF_A_RULE = ("STATUS",)
MANUAL = "manual"


def read_words(text: str, words: Sequence[str], forms: Sequence[str], where: str) -> Mapping[str, Any]:
    """The values of a line by their names in the form that it has; words: all after `expect`, its first one in.

    Raises:
        SettingsError: it has none of the forms; names the line, its text, the first value that is wrong, and what may be written.
    """
    why = ""
    for form in forms:
        parts = form.split()
        if len(parts) != len(words) - 1:
            continue
        try:
            return {part: _READERS[part](word) for part, word in zip(parts, words[1:], strict=True) if _is_value(part, word)}
        except ValueError as error:
            why = why or f": {error}"
    first = text.split()[0] + " " if text.split()[0] != words[0] else ""
    allowed = " or ".join("`" + f"{first}{words[0]} {form}".rstrip() + "`" for form in forms)
    raise SettingsError(f"{where}: {text!r} is not understood{why}", remedy=f"write {allowed}")


def _is_value(part: str, word: str) -> bool:
    if part in _READERS:
        return True
    if part != word:
        raise ValueError(f"{word!r} stands where {part!r} belongs")
    return False


def amount(word: str) -> Decimal:
    """A number, below zero too; thousands may be set off as 50,000 or 50_000."""
    try:
        value = Decimal(word.replace(",", "").replace("_", ""))
    except InvalidOperation as error:
        raise ValueError(f"{word!r} is no number") from error
    if not value.is_finite():
        raise ValueError(f"{word!r} is no number")
    return value


def _above_zero(word: str) -> Decimal:
    value = amount(word)
    if value <= 0:
        raise ValueError(f"{word} is not above zero")
    return value


def _rule(word: str) -> str:
    if word not in rules():
        raise ValueError(f"there is no rule {word!r}; see `risk-manager rules list`")
    return word


def _lock(word: str) -> str:
    return word if word == MANUAL else _rule(word)


def _one_of(kind: str, options: Sequence[str]) -> Callable[[str], str]:
    def read(word: str) -> str:
        if word not in options:
            raise ValueError(f"{word!r} is no {kind}: {', '.join(options)}")
        return word

    return read


def _matching(kind: str, pattern: str) -> Callable[[str], str]:
    def read(word: str) -> str:
        if not re.fullmatch(pattern, word):
            raise ValueError(f"{word!r} is no {kind}")
        return word

    return read


_READERS: Mapping[str, Callable[[str], Any]] = {
    "AMOUNT": amount,
    "EQUITY": amount,
    "PRICE": amount,
    "SIZE": amount,
    "QUANTITY": _above_zero,
    "COUNT": lambda word: int(_matching("count", r"\d{1,4}")(word)),
    "SYMBOL": str,
    "SIDE": _one_of("side", ("buy", "sell")),
    "DURATION": duration,
    "RULE": _rule,
    "LOCK": _lock,
    "STATUS": lambda word: Status(_one_of("status", [status.value for status in Status])(word)),
    "END": _one_of("end of a lock", [end.value for end in Ends]),
    "CLOCK": _matching("time of day", r"([01]\d|2[0-3]):[0-5]\d"),
    "CODE": _matching("code of an alert", r"[a-z_]+"),
}
