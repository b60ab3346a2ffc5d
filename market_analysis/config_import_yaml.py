"""YAML with the line of every key: read safely (no tags, no aliases, bounded), refused by file, line, key and fix."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from market_analysis.errors import SettingsError

REMEDY = "docs/rules.md says which files and shapes are read"
MOST_CHARACTERS = 200_000
_PLAIN = {f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null", "str", "timestamp", "map", "seq")}


@dataclass(frozen=True, slots=True)
class Entry:
    """A value and where it stands. value: a table (Entry by key), a list of Entry, or a plain value; raw: a plain one as it is
    written, so that 17:00 is a time and NO a symbol."""

    where: str
    key: str
    value: Any
    raw: str = ""

    def wrong(self, meant: str) -> SettingsError:
        """It is something else than what is meant."""
        shown = (
            repr(self.raw) if self.raw else "a list" if isinstance(self.value, list) else "a table" if self.is_table else "empty"
        )
        return SettingsError(f"{self.where}: {self.key} is {shown}; {meant} is meant", remedy=f"mend it in the file: {REMEDY}")

    @property
    def is_table(self) -> bool:
        """Whether it has keys."""
        return isinstance(self.value, Mapping)

    def table(self) -> dict[str, Entry]:
        """Its entries by key, a copy."""
        if not isinstance(self.value, Mapping):
            raise self.wrong("a table of keys")
        return dict(self.value)

    def rows(self) -> list[Entry]:
        """Its rows; a single value is a list of one."""
        if isinstance(self.value, list):
            return self.value
        if self.is_table or self.value is None:
            raise self.wrong("a list")
        return [self]

    def number(self) -> int | float:
        """A finite number."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.wrong("a number")
        return value

    def flag(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            raise self.wrong("true or false")
        return self.value

    def text(self) -> str:
        """As it is written."""
        if not self.raw:
            raise self.wrong("a word")
        return self.raw


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Without aliases: ten of them within ten make a file of a few lines as large as memory."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """The next node; an alias is an error at its place."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
            raise yaml.composer.ComposerError(None, None, "an alias is not read here; write the value out", mark)
        return super().compose_node(parent, index)


def read_yaml(text: str, name: str) -> Entry:
    """The whole file as one table.

    Raises:
        SettingsError: no YAML, no table, a key twice, a tag or an alias, or longer than such files are.
    """
    if len(text) > MOST_CHARACTERS:
        raise SettingsError(f"{name}: longer than {MOST_CHARACTERS} characters", remedy=f"give a risk_config.yaml: {REMEDY}")
    try:
        node = yaml.compose(text, Loader=_Loader)
        read = Entry(name, "", {}) if node is None else _entry(node, name, "")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = name if mark is None else f"{name}, line {mark.line + 1}"
        said = getattr(error, "problem", None) or getattr(error, "reason", None) or "it is no YAML"
        raise SettingsError(f"{where}: {said}", remedy="mend the YAML there: quotes, colons, indentation") from error
    except RecursionError as error:
        raise SettingsError(f"{name}: too deeply nested", remedy=f"give a risk_config.yaml: {REMEDY}") from error
    if not read.is_table or not read.value:
        raise SettingsError(f"{name}: a table of rules is wanted", remedy=f"give a risk_config.yaml, with rules by name: {REMEDY}")
    return read


def _entry(node: yaml.Node, name: str, key: str) -> Entry:
    where = f"{name}, line {node.start_mark.line + 1}"
    if node.tag not in _PLAIN:
        raise SettingsError(f"{where}: {key or 'the file'} has the tag {node.tag}", remedy="write a plain value, list or table")
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Entry] = {}
        for inner_key, inner in node.value:
            at = f"{name}, line {inner_key.start_mark.line + 1}"
            word = inner_key.value if isinstance(inner_key, yaml.ScalarNode) else None
            if word is None or word == "<<":
                raise SettingsError(f"{at}: a key that is no word", remedy="write each key out")
            if word in found:
                raise SettingsError(f"{at}: {_dotted(key, word)} is given twice", remedy="keep one of the two")
            found[word] = _with_place(_entry(inner, name, _dotted(key, word)), at, inner)
        return Entry(where, key, found)
    if isinstance(node, yaml.SequenceNode):
        return Entry(where, key, [_entry(inner, name, f"{key}[{place}]") for place, inner in enumerate(node.value)])
    raw = node.value.strip()
    return Entry(where, key, _plain(node, raw), raw)


def _with_place(entry: Entry, at: str, node: yaml.Node) -> Entry:
    """A table is where its key is; a plain value where it stands itself."""
    return entry if isinstance(node, yaml.ScalarNode) else Entry(at, entry.key, entry.value)


def _dotted(key: str, word: str) -> str:
    return f"{key}.{word}" if key else word


def _plain(node: yaml.ScalarNode, raw: str) -> Any:
    """Numbers and flags as such; whatever has a colon, a time or date, as it is written."""
    if ":" in raw or node.tag.endswith(("timestamp", "str")):
        return raw or None
    try:
        return SafeConstructor().construct_object(node)
    except (ValueError, yaml.YAMLError):
        return raw
