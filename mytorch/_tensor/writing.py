"""Writing into a tensor's memory, recorded where a gradient may be asked for.

The in-place methods and assignments call `change`, `assign` and `update`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase, wrap
from mytorch._core.dtypes import SCALAR_TYPE_NAMES, from_numpy_dtype
from mytorch._core.promotion import cast, category, common_dtype
from mytorch._core.state import state
from mytorch.autograd._apply import apply, require_broadcastable
from mytorch.autograd._views import rebase, require_changeable, stand_in
from mytorch.autograd.graph import counter_of
from mytorch.functions._index import fitted_shape, parse, setitem
from mytorch.ops.conversion import Cast
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
    if not array.flags.writeable:
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory "
            "location. Please clone() the tensor before performing the operation."
        )
    counter_of(target).value += 1
    return array


def _distinct(target: Tensor) -> Array:
    """Return the elements of a tensor that is about to be filled, each once, and count the change.

    Elements of an expanded tensor that share memory get the same number, so that torch lets them be filled.
    """
    array = target.array
    if array.flags.writeable or 0 not in array.strides:
        return writable(target)
    once = array[tuple(slice(None) if stride else slice(1) for stride in array.strides)]
    once.flags.writeable = True
    counter_of(target).value += 1
    return once


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
        RuntimeError: the change cannot be recorded, the value's shape does not fit, or several elements share
            memory.
        ValueError: a slice steps backwards.
    """
    source = value.array if isinstance(value, TensorBase) else np.asarray(value)
    if not is_recorded(target, value):
        if index is ... and not isinstance(value, TensorBase) and not source.ndim:
            _distinct(target)[...] = cast(source, target.array.dtype)
            return target
        state.run(setitem, writable(target), index, cast(source, target.array.dtype))
        return target
    require_changeable(target)
    given = value if isinstance(value, TensorBase) else wrap(source)
    if source.dtype != target.array.dtype:
        given = apply(Cast, given, dtype=target.array.dtype)
    basic, advanced = parse(target.array.shape, index)
    shape = fitted_shape(target.array, basic, advanced, source.shape)
    if shape != source.shape:
        given = apply(View, given, shape=shape)
    writable(target)
    op = Overwrite if index is ... else SetItem
    # The op needs none of the old values: it writes into the tensor's own memory, and copies nothing.
    rebase(target, apply(op, stand_in(target, copy=False), given, basic=basic, advanced=advanced))
    return target


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
        raise TypeError(f"argument 'other' (position 1) must be Tensor, not {type(other).__name__}")
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
