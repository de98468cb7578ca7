"""Writing into a tensor's memory, recorded where a gradient may be asked for.

The in-place methods and assignments call `change`, `assign` and `update`.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase, wrap
from mytorch._core.data import number_in
from mytorch._core.dtypes import SCALAR_TYPE_NAMES, from_numpy_dtype
from mytorch._core.promotion import cast, category, common_dtype
from mytorch._core.state import state
from mytorch._core.typename import typename
from mytorch.autograd._apply import apply, require_broadcastable
from mytorch.autograd._views import rebase, require_changeable, stand_in
from mytorch.autograd.graph import counter_of
from mytorch.functions._index import fitted_shape, parse
from mytorch.ops.conversion import Cast
from mytorch.ops.indexing import Slice
from mytorch.ops.memory import Overwrite, SetItem
from mytorch.ops.shape import View

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mytorch._core.types import Array, Operand, Scalar
    from mytorch._tensor import Tensor


def is_recorded(target: Tensor, *operands: Any) -> bool:
    """Return whether a change of a tensor by some operands has to be recorded."""
    if not state.enabled:
        return False
    return target.tracked or any(isinstance(x, TensorBase) and x.tracked for x in operands)


def writable(target: Tensor) -> Array:
    """Return the array of a tensor that is about to be changed in place, and count the change.

    Args:
        target: the tensor that is changed.

    Returns:
        The array.

    Raises:
        RuntimeError: several elements share memory.
    """
    array = target.array
    _require_distinct(array)
    count(target)
    return array


def count(target: Tensor) -> None:
    """Count a change in place; RuntimeError if the memory is read-only."""
    if not target.array.flags.writeable:
        raise RuntimeError(
            "the memory of the written-to tensor is read-only: it is that of a NumPy array that is not "
            "writable. Please clone() the tensor, or copy the array, before performing the operation."
        )
    counter_of(target).value += 1


def shares_elements(array: Array) -> bool:
    """Return whether several elements lie at one place in memory: those of an expanded tensor do."""
    return (
        0 in array.strides
        and array.size > 0
        and any(n > 1 and not step for n, step in zip(array.shape, array.strides, strict=True))
    )


def _require_distinct(array: Array) -> None:
    if shares_elements(array):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory "
            "location. Please clone() the tensor before performing the operation."
        )


def fill(target: Tensor, value: Scalar | Tensor) -> Tensor:
    """Set every element to one number; an expanded tensor may be filled, as all its elements get the same.

    Args:
        target: the tensor that is changed.
        value: a number, or a 0-dim tensor.

    Returns:
        The tensor itself.

    Raises:
        RuntimeError: the change cannot be recorded, or the number is outside the range of the dtype.
    """
    if isinstance(value, TensorBase) or is_recorded(target):
        return assign(target, ..., value)
    count(target)
    array = target.array
    number = number_in(value, array.dtype)
    if 0 in array.strides:
        array = array[(*[slice(None) if step else slice(1) for step in array.strides], ...)]
    array[...] = number
    return target


def change(target: Tensor, function: Callable[..., Tensor], *operands: Any, **params: Any) -> Tensor:
    """Replace a tensor's elements with the result of a function of it.

    Args:
        target: the tensor that is changed.
        function: its result has the target's shape; it gets the tensor, then the rest.
        *operands: further arguments.
        **params: further arguments by name.

    Returns:
        The tensor itself, with the history of the result.

    Raises:
        RuntimeError: the change cannot be recorded; the result's shape is another, or its dtype of a higher
            category; or several elements share memory.
    """
    if not is_recorded(target, *operands, *params.values()):
        result = function(target, *operands, **params)
        _check_result(target, result.array.shape, result.array.dtype)
        np.copyto(writable(target), cast(result.array, target.array.dtype))
        return target
    require_changeable(target)
    result = function(stand_in(target, copy=True), *operands, **params)
    _check_result(target, result.array.shape, result.array.dtype)
    if result.array.dtype != target.array.dtype:
        result = apply(Cast, result, dtype=target.array.dtype)
    np.copyto(writable(target), result.array)
    rebase(target, result)
    return target


def assign(target: Tensor, index: Any, value: Operand) -> Tensor:
    """Write into the elements that an index names.

    Args:
        target: the tensor that is changed.
        index: as `tensor[index]` takes it.
        value: a number, or a tensor that broadcasts to what the index names.

    Returns:
        The tensor itself.

    Raises:
        IndexError: out of range, too many indices, or an index of a wrong type or shape.
        RuntimeError: the change cannot be recorded, the value's shape or dtype does not fit, or several
            elements share memory.
        TypeError: the value is neither a number nor a tensor.
        ValueError: a slice steps backwards.
    """
    array = target.array
    source = value.array if isinstance(value, TensorBase) else _number(target, value)
    basic, advanced = parse(array.shape, index)
    if advanced is not None:
        _check_dtypes(array.dtype, source, advanced)
    if not is_recorded(target, value):
        count(target)
        state.run(_write, array, basic, advanced, cast(source, array.dtype))
        return target
    require_changeable(target)
    if index is not ... and advanced is None and shares_elements(array):
        # The part has its own place in the base, where the elements of the whole tensor are counted twice.
        assign(apply(Slice, target, index=basic), ..., value)
        return target
    given = value if isinstance(value, TensorBase) else wrap(source)
    if source.dtype != array.dtype:
        given = apply(Cast, given, dtype=array.dtype)
    shape = fitted_shape(target.array, basic, advanced, source.shape)
    if shape != source.shape:
        given = apply(View, given, shape=shape)
    writable(target)
    op = Overwrite if index is ... else SetItem
    # The op needs none of the old values: it writes into the tensor's own memory, and copies nothing.
    rebase(target, apply(op, stand_in(target, copy=False), given, basic=basic, advanced=advanced))
    return target


def _write(
    array: Array, basic: tuple[Any, ...] | None, advanced: tuple[Any, ...] | None, value: Array
) -> None:
    target = array if basic is None else array[basic]
    if advanced is None:
        _require_distinct(target)
    elif shares_elements(target):
        warnings.warn(
            "Use of index_put_ on expanded tensors is deprecated. Please clone() the tensor before "
            "performing this operation. This also applies to advanced indexing e.g. tensor[indices] = tensor",
            UserWarning,
            stacklevel=5,
        )
    shape = fitted_shape(array, basic, advanced, value.shape)
    target[... if advanced is None else advanced] = value.reshape(shape)


def _number(target: Tensor, value: Any) -> Array:
    if isinstance(value, (np.floating, np.integer)):
        value = value.item()
    if not isinstance(value, (bool, int, float)):
        raise TypeError(f"can't assign a {typename(value)} to a {typename(target)}")
    return number_in(value, target.array.dtype)


def _check_dtypes(own: np.dtype[Any], source: Array, advanced: tuple[Any, ...]) -> None:
    """Refuse another dtype where elements are written by arrays, but for one number under a mask."""
    if source.dtype == own:
        return
    masks = [each.dtype.kind == "b" for each in advanced if isinstance(each, np.ndarray)]
    if masks != [True] or source.size != 1:
        names = [SCALAR_TYPE_NAMES[from_numpy_dtype(each)] for each in (own, source.dtype)]
        raise RuntimeError(
            "Index put requires the source and destination dtypes match, "
            f"got {names[0]} for the destination and {names[1]} for the source."
        )


def update(target: Tensor, ufunc: Callable[..., Any], other: Operand, alpha: Scalar = 1) -> Tensor:
    """Apply NumPy's function of two operands to a tensor in its own memory, unrecorded.

    Args:
        target: the tensor that is changed.
        ufunc: such as `numpy.add`.
        other: a number, or a tensor that broadcasts to the target's shape.
        alpha: factor of `other`.

    Returns:
        The tensor itself.

    Raises:
        RuntimeError: the shape does not fit, the result's dtype is of a higher category than the target's, or
            several elements share memory.
        TypeError: other is neither a tensor nor a number.
    """
    value: Any = other.array if isinstance(other, TensorBase) else other
    if not isinstance(value, (np.ndarray, np.generic, bool, int, float)):
        raise TypeError(f"argument 'other' (position 1) must be Tensor, not {typename(other)}")
    own = target.array
    dtype = common_dtype((own, value))
    if ufunc is np.true_divide and dtype.kind != "f":
        dtype = np.dtype(np.float32)
    _check_result(target, np.shape(value), dtype)
    array = writable(target)
    if alpha != 1:
        value = state.run(np.multiply, value, alpha)
    state.run(ufunc, array, value, out=array, casting="unsafe")
    return target


def require_shape(target: Tensor, shape: tuple[int, ...]) -> None:
    """Refuse a shape that does not broadcast to a tensor's.

    Args:
        target: the tensor that is about to be changed.
        shape: the shape of the new values.

    Raises:
        RuntimeError: it does not broadcast, or only together with the tensor to another shape.
    """
    own = target.array.shape
    if shape != own:
        require_broadcastable(own, shape)
        broadcast = np.broadcast_shapes(own, shape)
        if broadcast != own:
            raise RuntimeError(
                f"output with shape {list(own)} doesn't match the broadcast shape {list(broadcast)}"
            )


def _check_result(target: Tensor, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    own = target.array.dtype
    if category(dtype) > category(own):
        names = [SCALAR_TYPE_NAMES[from_numpy_dtype(each)] for each in (dtype, own)]
        raise RuntimeError(f"result type {names[0]} can't be cast to the desired output type {names[1]}")
    require_shape(target, shape)
