"""Changing tensors in place: what optimisers and initialisers do, outside of any recorded graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch import _tensor
from mytorch.autograd.apply import require_broadcastable
from mytorch.autograd.graph import counter_of
from mytorch.autograd.mode import state
from mytorch.dtypes import SCALAR_TYPE_NAMES, from_numpy_dtype
from mytorch.functions.indexing import setitem
from mytorch.promotion import category, common_dtype

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self

    from mytorch._tensor import Tensor
    from mytorch._types import Array, Operand, Scalar


def writable(target: Any, *others: Any) -> Array:
    """Return the array of a tensor that is about to be changed in place, and count the change.

    Args:
        target: what is changed.
        *others: operands; the change would have to be recorded if one of them is.

    Returns:
        The array.

    Raises:
        RuntimeError: the change would have to be recorded, or several elements share memory.
    """
    if state.enabled:
        if target.tracked:
            if target.grad_fn is None:
                raise RuntimeError(
                    "a leaf Variable that requires grad is being used in an in-place operation."
                )
            raise RuntimeError(
                "in-place operations on tensors with a recorded history are not supported: this one "
                "is the output of "
                f"{target.grad_fn.name()}. Use the out-of-place form, or `with mytorch.no_grad()`."
            )
        for x in others:
            if isinstance(x, _tensor.Tensor) and x.tracked:
                raise RuntimeError(
                    "in-place operations that would have to be recorded are not supported: an "
                    "operand requires grad. "
                    "Use the out-of-place form, or `with mytorch.no_grad()`."
                )
    array: Array = target.array
    if not array.flags.writeable:
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a "
            "single memory location. "
            "Please clone() the tensor before performing the operation."
        )
    counter_of(target).value += 1
    return array


def _update(target: Any, ufunc: Callable[..., Any], other: Operand, alpha: Scalar = 1) -> None:
    value: Any = other.array if isinstance(other, _tensor.Tensor) else other
    if not isinstance(value, (np.ndarray, np.generic, bool, int, float)):
        raise TypeError(f"argument 'other' (position 1) must be Tensor, not {type(other).__name__}")
    own: Array = target.array
    result = common_dtype((own, value))
    if ufunc is np.true_divide and result.kind != "f":
        result = np.dtype(np.float32)
    if category(result) > category(own.dtype):
        names = [SCALAR_TYPE_NAMES[from_numpy_dtype(each)] for each in (result, own.dtype)]
        raise RuntimeError(f"result type {names[0]} can't be cast to the desired output type {names[1]}")
    _check_shape(target, np.shape(value))
    array = writable(target, other)
    if alpha != 1:
        value = state.run(np.multiply, value, alpha)
    state.run(ufunc, array, value, out=array, casting="unsafe")


def _check_shape(target: Any, shape: tuple[int, ...]) -> None:
    own = target.array.shape
    if shape != own:
        require_broadcastable(own, shape)
        broadcast = np.broadcast_shapes(own, shape)
        if broadcast != own:
            raise RuntimeError(
                f"output with shape {list(own)} doesn't match the broadcast shape {list(broadcast)}"
            )


class InPlaceMethods:
    """The methods whose names end in an underscore, and the assignments like `+=`."""

    __slots__ = ()

    def zero_(self) -> Self:
        """Set every element to 0, and return the tensor itself.

        Raises:
            RuntimeError: the change would have to be recorded.
        """
        writable(self).fill(0)
        return self

    def fill_(self, value: Scalar | Tensor) -> Self:
        """Set every element to a number.

        Args:
            value: a number, or a 0-dim tensor.

        Returns:
            The tensor itself.

        Raises:
            RuntimeError: the change would have to be recorded, or the value is not 0-dim.
        """
        number = value.array if isinstance(value, _tensor.Tensor) else np.asarray(value)
        if number.ndim:
            raise RuntimeError(
                f"fill_ only supports 0-dimension value tensor but got tensor with {number.ndim} dimensions."
            )
        state.run(writable(self, value).fill, number)
        return self

    def copy_(self, src: Tensor, non_blocking: bool = False) -> Self:  # noqa: ARG002 - torch's argument; there is one device
        """Overwrite the elements with another tensor's.

        Args:
            src: any shape that broadcasts to this one's, any dtype.
            non_blocking: without meaning on a CPU.

        Returns:
            The tensor itself.

        Raises:
            RuntimeError: the change would have to be recorded, or the shape does not fit.
            TypeError: src is no Tensor.
        """
        if not isinstance(src, _tensor.Tensor):
            raise TypeError(
                f"copy_(): argument 'other' (position 1) must be Tensor, not {type(src).__name__}"
            )
        _check_shape(self, src.array.shape)
        state.run(np.copyto, writable(self, src), src.array, casting="unsafe")
        return self

    def add_(self, other: Operand, *, alpha: Scalar = 1) -> Self:
        """Add alpha·other in place.

        Args:
            other: a number, or a tensor that broadcasts to this one's shape.
            alpha: factor of `other`.

        Returns:
            The tensor itself.

        Raises:
            RuntimeError: the change would have to be recorded, the shape does not fit, or the result's dtype
                is of a
                higher category than this tensor's.
            TypeError: other is neither a tensor nor a number.
        """
        _update(self, np.add, other, alpha)
        return self

    def sub_(self, other: Operand, *, alpha: Scalar = 1) -> Self:
        """Subtract alpha·other in place.

        Args:
            other: a number, or a tensor that broadcasts to this one's shape.
            alpha: factor of `other`.

        Returns:
            The tensor itself.

        Raises:
            RuntimeError: as for add_.
            TypeError: other is neither a tensor nor a number.
        """
        _update(self, np.subtract, other, alpha)
        return self

    def mul_(self, other: Operand) -> Self:
        """Multiply by other in place.

        Args:
            other: a number, or a tensor that broadcasts to this one's shape.

        Returns:
            The tensor itself.

        Raises:
            RuntimeError: as for add_.
            TypeError: other is neither a tensor nor a number.
        """
        _update(self, np.multiply, other)
        return self

    def div_(self, other: Operand) -> Self:
        """Divide by other in place.

        Args:
            other: a number, or a tensor that broadcasts to this one's shape.

        Returns:
            The tensor itself.

        Raises:
            RuntimeError: as for add_, and for integer tensors.
            TypeError: other is neither a tensor nor a number.
        """
        _update(self, np.true_divide, other)
        return self

    def __setitem__(self, index: Any, value: Operand) -> None:
        """Write into the elements that an index names; see `mytorch.functions.indexing.setitem`."""
        source = value.array if isinstance(value, _tensor.Tensor) else np.asarray(value)
        state.run(setitem, writable(self, value), index, source)

    __iadd__ = add_
    __isub__ = sub_
    __imul__ = mul_
    __itruediv__ = div_
