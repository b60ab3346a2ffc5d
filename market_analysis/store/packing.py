"""Records that resemble their predecessors, stored as little: each is deflated with the last one of its kind as the dictionary.

Reading goes in the same order. Every `WHOLE_EVERY` records all dictionaries are forgotten, so that reading can begin there; so does
the writer with each day, whose records must be readable without those of the days before.
"""

from __future__ import annotations

import zlib

from market_analysis.errors import StateError

WHOLE_EVERY = 500
_WHOLE, _BY_LAST = b"\x00", b"\x01"


def kind_of(text: str) -> str:
    """The type's name that a stored text begins with, empty where it begins otherwise."""
    head = text[:80].split('"')
    return head[3] if len(head) > 4 and head[:3] == ["{", "$", ":"] else ""


class Packer:
    """One account's records in order, packed or unpacked."""

    def __init__(self) -> None:
        self._last: dict[str, bytes] = {}

    def pack(self, number: int, text: str) -> bytes:
        """Deflated; remembers the text for the next of its kind."""
        self._forget(number)
        raw, kind = text.encode(), kind_of(text)
        before = self._last.get(kind)
        self._last[kind] = raw
        if before is None:
            return _WHOLE + zlib.compress(raw, 6)
        deflating = zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_DEFAULT_STRATEGY, before)
        return _BY_LAST + deflating.compress(raw) + deflating.flush()

    def unpack(self, number: int, kind: str, stored: bytes | str) -> str:
        """The text again; one that was stored by an older version as text is itself.

        Raises:
            StateError: it is damaged, or its predecessor is.
        """
        self._forget(number)
        if isinstance(stored, str):
            self._last[kind_of(stored)] = stored.encode()
            return stored
        try:
            if stored[:1] == _WHOLE:
                raw = zlib.decompress(stored[1:])
            else:
                raw = zlib.decompressobj(zdict=self._last[kind]).decompress(stored[1:])
            text = raw.decode()
        except (zlib.error, KeyError, UnicodeDecodeError) as error:
            raise StateError(
                f"record {number} of the journal is damaged, or its predecessor is missing", remedy="restore the state from a copy"
            ) from error
        self._last[kind] = raw
        return text

    def _forget(self, number: int) -> None:
        if number % WHOLE_EVERY == 1:
            self._last.clear()


def whole_before(number: int) -> int:
    """The last record after which reading can begin, at or before `number`."""
    return number // WHOLE_EVERY * WHOLE_EVERY
