"""Checking arguments: tensors, dimensions and sizes."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase
from mytorch._core.dtypes import SCALAR_TYPE_NAMES, from_numpy_dtype
from mytorch._core.typename import typename

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mytorch._core.types import Array, Dims


_NUMBERS = frozenset({bool, int, float})


def array_of(name: str, x: Any, argument: str = "input", position: int = 1) -> Array:
    """Return the array of an argument that must be a tensor.

    Args:
        name: the function, named in errors.
        x: the argument.
        argument: the argument's name.
        position: the argument's position, from 1.

    Returns:
        The array.

    Raises:
        TypeError: `x` is not a Tensor.
    """
    try:
        array: Array = x.array
    except AttributeError:
        raise TypeError(
            f"{name}(): argument '{argument}' (position {position}) must be Tensor, not {typename(x)}"
        ) from None
    return array


def number_of(name: str, argument: str, given: Any, position: int | None = None) -> Any:
    """Return the Python number that an argument is, or that stands in a 0-dim tensor.

    Args:
        name: the function, named in errors.
        argument: the argument's name.
        given: the argument.
        position: the argument's position, from 1; None for one that is given by name only.

    Returns:
        A bool, an int or a float.

    Raises:
        TypeError: it is not a number; a tensor that has dimensions or requires gradients is none either.
    """
    if type(given) in _NUMBERS:
        return given
    if isinstance(given, TensorBase):
        if not given.array.ndim and not given.tracked:
            return given.array.item()
    elif isinstance(given, np.bool_):
        return float(given)  # as torch reads it
    elif isinstance(given, (np.floating, np.integer)):
        return given.item()
    elif isinstance(given, (int, float)):
        return given
    place = "" if position is None else f" (position {position})"
    raise TypeError(f"{name}(): argument '{argument}'{place} must be Number, not {typename(given)}")


def factor_of(name: str, argument: str, factor: Any, *operands: Any) -> Any:
    """Return the number by which an operand is multiplied before it is added.

    Args:
        name: the function, named in errors.
        argument: the factor's name.
        factor: a number, or a 0-dim tensor.
        *operands: of the addition.

    Raises:
        RuntimeError: the factor is a float where the result is an integer, or a bool where it is not.
        TypeError: the factor is not a number.
    """
    number = number_of(name, argument, factor)
    kinds = {np.asarray(getattr(x, "array", x)).dtype.kind for x in operands}
    if type(number) is float and "f" not in kinds:
        raise RuntimeError(
            f"For integral input tensors, argument {argument} must not be a floating point number."
        )
    if type(number) is bool and kinds != {"b"}:
        raise RuntimeError(f"Boolean {argument} only supported for Boolean results.")
    return bool(number) if kinds == {"b"} else number


def integer_of(name: str, argument: str, given: Any, position: int | None = None) -> int:
    """Return the integer that an argument is, or that stands in a tensor or array of one element.

    Args:
        name: the function, named in errors.
        argument: the argument's name.
        given: the argument.
        position: the argument's position, from 1; None for one that is given by name only.

    Raises:
        TypeError: it is not an integer.
    """
    if type(given) is int:
        return given
    try:
        if type(given) is not bool:
            return operator.index(given)
    except TypeError:
        pass
    place = "" if position is None else f" (position {position})"
    raise TypeError(f"{name}(): argument '{argument}'{place} must be int, not {typename(given)}")


def require_floating(name: str, x: Any, argument: str = "input", position: int = 1) -> None:
    """Raise an error unless an argument is a floating tensor.

    Args:
        name: the function, named in errors.
        x: the argument.
        argument: the argument's name.
        position: the argument's position, from 1.

    Raises:
        NotImplementedError: the elements are integers or bools, for which torch has no kernel either.
        TypeError: `x` is not a Tensor.
    """
    dtype = array_of(name, x, argument, position).dtype
    if dtype.kind != "f":
        kind = SCALAR_TYPE_NAMES[from_numpy_dtype(dtype)]
        raise NotImplementedError(f"\"{name}_cpu\" not implemented for '{kind}'")


def require_bool(name: str, argument: str, given: Any, position: int | None = None) -> None:
    """Raise a TypeError unless an argument is a bool.

    Args:
        name: the function, named in errors.
        argument: the argument's name.
        given: the argument.
        position: the argument's position, from 1; None for one that is given by name only.
    """
    if type(given) is not bool:
        place = "" if position is None else f" (position {position})"
        raise TypeError(f"{name}(): argument '{argument}'{place} must be bool, not {typename(given)}")


def wrap_dim(dim: Any, rank: int) -> int:
    """Return a dimension as a non-negative number.

    Args:
        dim: an integer, negative ones counted from the end.
        rank: how many dimensions there are; a 0-dim tensor counts as having one.

    Returns:
        The dimension, 0 ≤ dim < max(rank, 1).

    Raises:
        IndexError: `dim` is out of range; the message gives the range.
        TypeError: `dim` is not an integer.
    """
    if type(dim) is not int:
        dim = _integer("dim", dim)
    bound = rank or 1
    if not -bound <= dim < bound:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], but got {dim})"
        )
    wrapped: int = dim % bound
    return wrapped


def wrap_dims(dim: Dims, rank: int) -> tuple[int, ...]:
    """Return the dimensions of a reduction as non-negative numbers that NumPy takes as `axis`.

    Args:
        dim: one dimension, several, or None or an empty sequence for all.
        rank: how many dimensions there are.

    Returns:
        The dimensions; () for a 0-dim tensor.

    Raises:
        IndexError: one is out of range.
        RuntimeError: one is repeated.
        TypeError: one is not an integer.
    """
    if dim is None:
        return tuple(range(rank))
    if isinstance(dim, (tuple, list)):
        dims = tuple([wrap_dim(d, rank) for d in dim])
        for d in dims:
            if dims.count(d) > 1:
                raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
        if not dims:
            return tuple(range(rank))
    else:
        dims = (wrap_dim(dim, rank),)
    return dims if rank else ()


def sizes_of(name: str, sizes: Sequence[Any]) -> tuple[int, ...]:
    """Return sizes that were given as several arguments or as one tuple or list.

    Args:
        name: the function, named in errors.
        sizes: the function's `*args`.

    Returns:
        The sizes; -1 is left to the function.

    Raises:
        TypeError: one is not an integer.
    """
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = sizes[0]
    for position, n in enumerate(sizes):
        if type(n) is not int:
            return (*sizes[:position], *[_size(name, each) for each in sizes[position:]])
    return tuple(sizes)


def _size(name: str, n: Any) -> int:
    try:
        if type(n) is not bool:
            return operator.index(n)
    except TypeError:
        pass
    raise TypeError(f"{name}(): argument 'size' (position 1) must be tuple of ints, not {typename(n)}")


def check_probability(p: float) -> None:
    """Raise a ValueError unless a number is a probability.

    Args:
        p: the probability of dropping an element.

    Raises:
        ValueError: p is not between 0 and 1.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def checked_padding(padding_idx: int, rows: int) -> int:
    """Return the number of the padding row, counted from the start.

    Args:
        padding_idx: may count from the end.
        rows: how many rows there are.

    Returns:
        The number, at least 0.

    Raises:
        AssertionError: the row does not exist (torch's class).
    """
    if not -rows <= padding_idx < max(rows, 1):
        raise AssertionError(
            f"Padding_idx must be within num_embeddings, got {padding_idx} and num_embeddings {rows}"
        )
    return padding_idx % rows if rows else padding_idx


def _integer(argument: str, given: Any) -> int:
    try:
        return operator.index(given)
    except TypeError:
        raise TypeError(f"argument '{argument}' must be int, not {typename(given)}") from None
