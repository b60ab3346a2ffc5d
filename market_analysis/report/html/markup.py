"""Elements of a page, escaped by construction: plain strings are text, only `Markup` is markup."""

from __future__ import annotations

from html import escape
from typing import TypeAlias

from market_analysis.report.numbers import plain


class Markup(str):
    """Finished, escaped markup."""

    __slots__ = ()


Child: TypeAlias = "str | Markup | None"
_VOID = frozenset({"meta", "br"})


def element(tag: str, *children: Child, **attributes: str | float | None) -> Markup:
    """`<tag name="value">children</tag>`. Attribute names: `class_` is class, `stroke_width` is stroke-width; None is left out."""
    shown = "".join(f' {_name(name)}="{_value(value)}"' for name, value in attributes.items() if value is not None)
    if tag in _VOID:
        return Markup(f"<{tag}{shown} />")
    return Markup(f"<{tag}{shown}>{join(*children)}</{tag}>")


def join(*children: Child) -> Markup:
    """The children one after the other; None is nothing."""
    return Markup("".join(child if isinstance(child, Markup) else text(child) for child in children if child is not None))


def text(content: str) -> Markup:
    """Escaped text, without control or direction characters."""
    return Markup(escape(plain(content)))


def _name(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


def _value(value: str | float) -> str:
    if isinstance(value, str):
        return escape(plain(value))
    return f"{value:.1f}".removesuffix(".0")
