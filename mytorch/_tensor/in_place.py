"""The tensor's methods that change it: those whose names end in an underscore, and the assignments.

Each method returns the tensor itself, and raises the errors of `add_`. Its text says only what differs.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase, wrap
from mytorch._core.typename import typename
from mytorch._tensor import writing
from mytorch.functions import arithmetic, indexing, selection, statistics
from mytorch.functions._check import array_of, factor_of, number_of
from mytorch.functions._index import index_mask
from mytorch.functions._names import numpy_names
from mytorch.functions._old_forms import factor_and_operand

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mytorch._core.dtypes import dtype as DType
    from mytorch._core.types import Array, Operand, Scalar
    from mytorch._tensor import Tensor


def of(function: Callable[..., Tensor]) -> Callable[..., Any]:
    """Return the method that replaces its tensor's elements with a function's result."""

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return writing.change(self, function, *args, **kwargs)

    method.__wrapped__ = function  # type: ignore[attr-defined]  # where `inspect` finds the parameters
    method.__name__ = method.__qualname__ = f"{function.__name__}_"
    method.__doc__ = (
        f"Do `{function.__name__}` in place, with the same arguments.\n\n"
        "Returns:\n    The tensor itself.\n\n"
        "Raises:\n    RuntimeError: as for `add_`, or as the function does.\n"
    )
    return method


def zero_(input: Tensor) -> Tensor:
    """Set every element to 0."""
    return writing.fill(input, 0)


def fill_(input: Tensor, value: Scalar | Tensor) -> Tensor:
    """Set every element to a number.

    Args:
        value: a number, or a 0-dim tensor.

    Raises:
        RuntimeError: the value is not 0-dim, or outside the range of the dtype.
        TypeError: the value is neither a number nor a tensor.
    """
    if not isinstance(value, TensorBase):
        value = number_of("fill_", "value", value, 1)
    elif value.array.ndim:
        raise RuntimeError(
            f"fill_ only supports 0-dimension value tensor but got tensor with {value.array.ndim} dimensions."
        )
    return writing.fill(input, value)


def copy_(input: Tensor, other: Operand, non_blocking: bool = False) -> Tensor:  # noqa: ARG001 - torch's argument; there is one device
    """Overwrite the elements with another tensor's.

    Args:
        other: any shape that broadcasts to this one's, any dtype; or a number.
        non_blocking: without meaning on a CPU.

    Raises:
        TypeError: other is neither a tensor nor a number.

    Examples:
        >>> x = mytorch.zeros(2, 2)
        >>> x[0].copy_(mytorch.tensor([1, 2]))
        tensor([1., 2.])
        >>> x
        tensor([[1., 2.],
                [0., 0.]])
    """
    if isinstance(other, TensorBase):
        writing.require_shape(input, other.array.shape)
    elif not isinstance(other, (bool, int, float)):
        raise TypeError(f"copy_(): argument 'other' (position 1) must be Tensor, not {typename(other)}")
    return writing.assign(input, ..., other)


def add_(input: Tensor, other: Operand, *old: Any, alpha: Scalar = 1) -> Tensor:
    """Add alpha·other in place.

    Args:
        other: a number, or a tensor that broadcasts to this one's shape.
        *old: the old form `add_(alpha, other)` is deprecated.
        alpha: factor of `other`.

    Raises:
        RuntimeError: the tensor is a leaf that requires gradients, or a view of one, or a view that was
            made in no_grad mode; the shape does not fit; the result's dtype is of a higher category than
            this tensor's; or several of its elements share memory.
        TypeError: other is neither a tensor nor a number.

    Examples:
        >>> x = mytorch.zeros(2, 2)
        >>> row = x[0].add_(5)
        >>> x
        tensor([[5., 5.],
                [0., 0.]])
    """
    if old:
        alpha, other = factor_and_operand("add_", other, old, alpha)
    if writing.is_recorded(input, other):
        return writing.change(input, arithmetic.add, other, alpha=alpha)
    if type(alpha) is not int:
        alpha = factor_of("add_", "alpha", alpha, input, other)
    return writing.update(input, np.add, other, alpha)


def sub_(input: Tensor, other: Operand, *old: Any, alpha: Scalar = 1) -> Tensor:
    """Subtract alpha·other in place.

    Args:
        *old: the old form `sub_(alpha, other)` is deprecated.
        alpha: factor of `other`.
    """
    if old:
        alpha, other = factor_and_operand("sub_", other, old, alpha)
    if writing.is_recorded(input, other):
        return writing.change(input, arithmetic.sub, other, alpha=alpha)
    if type(alpha) is not int:
        alpha = factor_of("sub_", "alpha", alpha, input, other)
    return writing.update(input, np.subtract, other, alpha)


def mul_(input: Tensor, other: Operand) -> Tensor:
    """Multiply by other in place."""
    if writing.is_recorded(input, other):
        return writing.change(input, arithmetic.mul, other)
    return writing.update(input, np.multiply, other)


def div_(input: Tensor, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
    """Divide by other in place.

    Args:
        rounding_mode: as for `mytorch.div`.

    Raises:
        RuntimeError: integers are divided without a rounding mode.
    """
    if rounding_mode is not None or writing.is_recorded(input, other):
        return writing.change(input, arithmetic.div, other, rounding_mode=rounding_mode)
    return writing.update(input, np.true_divide, other)


def masked_fill_(input: Tensor, mask: Tensor, value: Operand) -> Tensor:
    """Set the elements where the mask is True; in an expanded tensor with a warning, as in torch.

    Args:
        mask: bool, any shape that broadcasts to this tensor's.
        value: a number, or a 0-dim tensor.
    """
    if not writing.shares_elements(input.array) or writing.is_recorded(input, value):
        return writing.change(input, selection.masked_fill, mask, value)
    return _fill_expanded("masked_fill_", input, array_of("masked_fill_", mask, "mask", 2), value)


@numpy_names
def index_fill_(input: Tensor, dim: int, index: Tensor, value: Operand) -> Tensor:
    """Set the slices at positions along a dimension; in an expanded tensor with a warning, as in torch.

    Args:
        dim: the dimension.
        index: positions, int64, at most one dimension.
        value: a number, or a 0-dim tensor.
    """
    if not writing.shares_elements(input.array) or writing.is_recorded(input, value):
        return writing.change(input, indexing.index_fill, dim, index, value)
    return _fill_expanded("index_fill_", input, index_mask(input.array, dim, index), value)


@numpy_names
def cumprod_(input: Tensor, dim: int, *, dtype: DType | None = None) -> Tensor:
    """Replace the elements with their running products along a dimension; integers keep their dtype.

    Args:
        dim: the dimension.
        dtype: the tensor's own.

    Raises:
        RuntimeError: `dtype` is another than the tensor's.
        NotImplementedError: the tensor is bool.
    """
    if dtype is not None and dtype != input.dtype:
        raise RuntimeError(
            f"cumprod_(): argument 'dtype' must be the tensor's own dtype, {input.dtype}, but got {dtype}: "
            "the result is written into the tensor"
        )
    return writing.change(input, statistics.cumprod, dim, dtype=input.dtype)


def _fill_expanded(name: str, input: Tensor, chosen: Array, value: Operand) -> Tensor:
    """Write the chosen elements only: each other one may be the same element in memory."""
    filled = selection.masked_fill(wrap(input.array), wrap(chosen), value)
    writing.require_shape(input, filled.array.shape)
    warnings.warn(
        f"Use of {name} on expanded tensors is deprecated. Please clone() the tensor before performing this "
        "operation. This also applies to advanced indexing e.g. tensor[mask] = scalar",
        UserWarning,
        stacklevel=3,
    )
    writing.count(input)
    np.copyto(input.array, filled.array, where=chosen)
    return input


def setitem(input: Tensor, index: Any, value: Operand) -> None:
    """Write into the elements that an index names: `tensor[index] = value`; see `writing.assign`."""
    writing.assign(input, index, value)
