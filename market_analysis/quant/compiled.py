"""What compiled kernels share: whether numba (the optional extra `[fast]`) is there and loaded, how they compile, their threads.

numba is imported when a kernel is first wanted, and compiling takes seconds once per machine (the result is cached where the
package's directory is writable): `is_ready` tells whether that has happened in this process, `warm` makes it happen.
"""

from __future__ import annotations

import functools
import itertools
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import Any, Final

__all__ = ["APART", "available", "compiled", "in_threads", "is_ready", "warm"]

APART: Final = 512
"""Unused numbers on both sides of a thread's working arrays: with two threads' in one cache line, two are as slow as one."""

_warmed = threading.Event()


def available() -> bool:
    """Whether numba is installed."""
    return find_spec("numba") is not None


def is_ready() -> bool:
    """Whether the kernels have been compiled or loaded in this process."""
    return _warmed.is_set()


def warm() -> bool:
    """Compile or load every kernel; False where numba is not installed. A second with a cache, twenty without."""
    if not available():
        return False
    if not is_ready():
        from market_analysis.quant import garch_compiled, policy_compiled

        garch_compiled.warm_up()
        policy_compiled.warm_up()
        _warmed.set()
    return True


def compiled(function: Callable[..., Any], *, cached: bool = False) -> Any:
    """`function` compiled, free of the interpreter's lock. cached: kept on disk, where numba finds a directory for it."""
    import numba

    # Contraction only: reassociation would make the result depend on how the compiler vectorised.
    options: dict[str, Any] = {"nogil": True, "fastmath": {"contract"}, "error_model": "numpy"}
    try:
        return numba.njit(cache=cached, **options)(function)
    except RuntimeError:  # no directory to cache in
        return numba.njit(**options)(function)


def in_threads(work: Callable[[int, int], Any], items: int, *, least: int) -> list[Any]:
    """work(first, last) over [0, items) in as many parts as there are cores, each of at least `least` items; in order."""
    parts = list(_parts(items, max(1, min(os.cpu_count() or 1, items // least))))
    others = [_pool().submit(work, first, last) for first, last in parts[1:]]
    mine = work(*parts[0])  # the calling thread works too: nobody has to be woken for its part
    return [mine, *(other.result() for other in others)]


def _parts(items: int, count: int) -> Iterator[tuple[int, int]]:
    return itertools.pairwise(items * part // count for part in range(count + 1))


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="quant")
