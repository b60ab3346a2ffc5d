"""A table of a document while it is converted: what is understood is taken out, what is left is said to be lost."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from market_analysis.config_import_yaml import Entry

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Note:
    """How a word was understood; rule: empty of what is the account's."""

    rule: str
    text: str


@dataclass
class Words:
    """What is said beside the settings. lost: what has no place here."""

    notes: list[Note] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


@dataclass
class Taken:
    """One table. rule: whose it is, for notes. places: where the value of each of our keys stands."""

    rule: str
    given: dict[str, Entry]
    words: Words
    places: dict[str, str] = field(default_factory=dict)

    def take(self, *names: str) -> Entry | None:
        """The first of these keys that is there and not empty; all of them are taken out."""
        found = [entry for name in names if (entry := self.given.pop(name, None)) is not None]
        return next((entry for entry in found if entry.value is not None), None)

    def put(self, target: Values, key: str, entry: Entry | None, value: Any = None) -> None:
        """Set one of our keys from an entry; value: what it means, else as it is read."""
        if entry is not None:
            target[key] = entry.value if value is None else value
            self.places[key] = f"{entry.where}: {entry.key}"

    def number(self, target: Values, key: str, *names: str) -> int | float | None:
        """A number, as it is."""
        entry = self.take(*names)
        if entry is None:
            return None
        value = entry.number()
        self.put(target, key, entry, value)
        return value

    def amount(self, target: Values, key: str, *names: str) -> None:
        """Money as an amount above zero: the document writes losses as -500 in one place and as 500 in another."""
        value = self.number(target, key, *names)
        if value is not None and value < 0:
            target[key] = -value
            self.note(f"{names[0]} {value} is a loss of {-value}")

    def flag(self, *names: str) -> bool | None:
        """True or false."""
        entry = self.take(*names)
        return None if entry is None else entry.flag()

    def put_flag(self, target: Values, *names: str) -> None:
        """True or false, under the first name."""
        entry = self.take(*names)
        if entry is not None:
            self.put(target, names[0], entry, entry.flag())

    def word(self, *names: str) -> str:
        """In small letters; empty where it is not given."""
        entry = self.take(*names)
        return "" if entry is None else entry.text().lower()

    def table(self, *names: str) -> Taken | None:
        """A table within it."""
        entry = self.take(*names)
        return None if entry is None else Taken(self.rule, entry.table(), self.words)

    def note(self, text: str) -> None:
        """How something was understood."""
        self.words.notes.append(Note(self.rule, text))

    def lose(self, text: str) -> None:
        """Something has no place here."""
        self.words.lost.append(f"{self.rule}: {text}")

    def ignored(self, why: str, *names: str) -> None:
        """Keys that change nothing here."""
        for name in names:
            if self.take(name) is not None:
                self.note(f"{name}: {why}")

    def says(self, name: str, why: str, *known: str) -> None:
        """A word that says what the rule does anyway; another one is lost."""
        entry = self.take(name)
        if entry is not None and entry.text().lower() in known:
            self.note(f"{name} {entry.text()}: {why}")
        elif entry is not None:
            self.lose(f"{name} {entry.text()}: {why} here")

    def rest(self) -> None:
        """What was not understood."""
        self.words.lost += [f"{entry.where}: {entry.key}" for entry in self.given.values()]
        self.given = {}
