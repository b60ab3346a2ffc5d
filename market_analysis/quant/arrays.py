"""Array aliases of the numeric kernels and the one gate through which outside values enter them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from market_analysis.errors import QuantError

__all__ = [
    "Float1D",
    "Float2D",
    "FloatND",
    "Int1D",
    "as_float_1d",
    "as_float_2d",
    "as_positive_1d",
    "at_least",
    "same_length",
]

Float1D: TypeAlias = NDArray[np.float64]
"""float64 array of rank 1, shape (bars,) unless said otherwise."""
Float2D: TypeAlias = NDArray[np.float64]
"""float64 array of rank 2, shape (series, bars) unless said otherwise."""
FloatND: TypeAlias = NDArray[np.float64]
"""float64 array of higher rank; the docstring says which."""
Int1D: TypeAlias = NDArray[np.int64]
"""int64 array of rank 1."""

Numbers: TypeAlias = NDArray[Any] | Sequence[float] | Sequence[Sequence[float]]


def as_float_1d(name: str, values: Numbers, minimum_length: int = 1) -> Float1D:
    """Return `values` as a contiguous float64 vector; refuse what a kernel cannot use.

    Raises QuantError when the rank is not 1, a value is NaN or infinite, or fewer than `minimum_length` are given.
    """
    return _checked(name, values, 1, minimum_length)


def as_float_2d(name: str, values: Numbers, minimum_length: int = 1) -> Float2D:
    """Return `values` as a contiguous float64 matrix (series, bars) of at least `minimum_length` bars, all finite."""
    return _checked(name, values, 2, minimum_length)


def as_positive_1d(name: str, values: Numbers, minimum_length: int = 1) -> Float1D:
    """`as_float_1d` for prices: additionally refuses zero and negative values."""
    array = as_float_1d(name, values, minimum_length)
    if array.size and array.min() <= 0.0:
        place = int(np.argmin(array))
        raise QuantError(f"{name}[{place}] is {array[place]}; a price must be above zero", parameter=name)
    return array


def same_length(**arrays: NDArray[Any]) -> int:
    """The common length of the named vectors; raises QuantError naming those that differ."""
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise QuantError(f"lengths differ: {listed}; they must be equal", parameter=next(iter(lengths)))
    return next(iter(lengths.values()))


def at_least(name: str, value: int, bound: int) -> int:
    """Return `value`; raises QuantError when it is below `bound`."""
    if value < bound:
        raise QuantError(f"{name} is {value}; it must be at least {bound}", parameter=name)
    return value


def _checked(name: str, values: Numbers, rank: int, minimum_length: int) -> FloatND:
    array: FloatND = np.asarray(values, dtype=np.float64, order="C")
    if array.ndim != rank:
        raise QuantError(f"{name} has rank {array.ndim}; it must have rank {rank}", parameter=name)
    if array.shape[-1] < minimum_length:
        raise QuantError(
            f"{name} has {array.shape[-1]} values; at least {minimum_length} are needed",
            parameter=name,
            remedy="read a longer history",
        )
    finite = np.isfinite(array)
    if not finite.all():
        place = tuple(int(axis[0]) for axis in np.nonzero(~finite))
        raise QuantError(
            f"{name}[{', '.join(map(str, place))}] is {array[place]}; every value must be finite",
            parameter=name,
            remedy="drop or repair the bar before the computation",
        )
    return array
