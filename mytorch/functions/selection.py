"""Elementwise choices between values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase, wrap
from mytorch._core.data import number_in
from mytorch._core.promotion import cast, common_dtype, unify
from mytorch.autograd._apply import apply, binary, require_broadcastable
from mytorch.functions._check import array_of, number_of
from mytorch.ops import selection as ops
from mytorch.ops.conversion import Cast

if TYPE_CHECKING:
    from mytorch._core.types import Operand, Scalar
    from mytorch._tensor import Tensor

__all__ = ["clamp", "clip", "masked_fill", "maximum", "minimum", "where"]


def maximum(input: Tensor, other: Tensor) -> Tensor:
    """Return the larger of two elements, nan if either is; equal ones share the gradient.

    Examples:
        >>> column = mytorch.tensor([[2.0], [7.0]])
        >>> mytorch.maximum(column, mytorch.tensor([1.0, 5.0]))
        tensor([[2., 5.],
                [7., 7.]])
    """
    array_of("maximum", input)
    array_of("maximum", other, "other", 2)
    return binary(ops.Maximum, input, other)


def minimum(input: Tensor, other: Tensor) -> Tensor:
    """Return the smaller of two elements, nan if either is; equal ones share the gradient."""
    array_of("minimum", input)
    array_of("minimum", other, "other", 2)
    return binary(ops.Minimum, input, other)


def where(condition: Tensor, input: Operand, other: Operand) -> Tensor:
    """Return elements of `input` where the condition is True, and of `other` elsewhere.

    Args:
        condition: bool, any shape.
        input: any shape that broadcasts with the condition, or a Python scalar.
        other: any shape that broadcasts with both, or a Python scalar.

    Raises:
        RuntimeError: the condition is not bool.

    Examples:
        >>> x = mytorch.tensor([-1.0, 2.0])
        >>> mytorch.where(x > 0, x, 0.0)
        tensor([0., 2.])
    """
    array = array_of("where", condition, "condition")
    if array.dtype.kind != "b":
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype {condition.dtype}"
        )
    if not isinstance(input, TensorBase) and not isinstance(other, TensorBase):
        # Two scalars: the result has their dtype.
        input, other = number_of("where", "input", input, 2), number_of("where", "other", other, 3)
        input = wrap(np.asarray(input, common_dtype((input, other))))
    x, y, first, second = unify("where", input, other)
    dtype = common_dtype((x, y))
    require_broadcastable(np.shape(x), np.shape(y))
    require_broadcastable(array.shape, np.broadcast_shapes(np.shape(x), np.shape(y)))
    left = _as_tensor(x, first, dtype)
    right = _as_tensor(y, second, dtype)
    return apply(ops.Where, condition, left, right)


def clamp(input: Tensor, min: Operand | None = None, max: Operand | None = None) -> Tensor:
    """Return each element, but not below `min` and not above `max`.

    Args:
        min: lower bound, a Python scalar or a tensor that broadcasts; None for no bound.
        max: upper bound, likewise; it takes precedence where it is below the lower one.

    Returns:
        The limited elements, through which the gradient passes at the bounds too.

    Raises:
        RuntimeError: both bounds are None.

    Examples:
        >>> x = mytorch.tensor([-2.0, 1.0, 3.0], requires_grad=True)
        >>> mytorch.clamp(x, min=-1, max=1).sum().backward()
        >>> x.grad
        tensor([0., 1., 0.])
    """
    array = array_of("clamp", input)
    if min is None and max is None:
        raise RuntimeError("mytorch.clamp: At least one of 'min' or 'max' must not be None")
    if isinstance(min, TensorBase) or isinstance(max, TensorBase):
        return _between(input, min, max)
    low = None if min is None else number_of("clamp", "min", min, 2)
    high = None if max is None else number_of("clamp", "max", max, 3)
    target = common_dtype((array, *[bound for bound in (low, high) if bound is not None]))
    if target != array.dtype:
        input = apply(Cast, input, dtype=target)
    return apply(ops.Clamp, input, low=_bound(low, target), high=_bound(high, target))


def masked_fill(input: Tensor, mask: Tensor, value: Operand) -> Tensor:
    """Return a copy with a value at the elements where the mask is True.

    Args:
        mask: bool, any shape that broadcasts with `input`.
        value: a Python scalar, or a 0-dim tensor.

    Returns:
        A tensor of the broadcast shape and the input's dtype.

    Raises:
        RuntimeError: the mask is not bool, `value` has dimensions, or it is outside the range of the dtype.
        TypeError: `value` is neither a number nor a tensor.

    Examples:
        >>> future = mytorch.ones(2, 2).triu(1).bool()
        >>> mytorch.masked_fill(mytorch.zeros(2, 2), future, -mytorch.inf)
        tensor([[0., -inf],
                [0., 0.]])
    """
    array, chosen = array_of("masked_fill", input), array_of("masked_fill", mask, "mask", 2)
    if chosen.dtype.kind != "b":
        raise RuntimeError(f"masked_fill_ only supports boolean masks, but got mask with dtype {mask.dtype}")
    require_broadcastable(array.shape, chosen.shape)
    if not isinstance(value, TensorBase):
        number = number_of("masked_fill", "value", value, 3)
        return apply(ops.Where, mask, wrap(number_in(number, array.dtype)), input)
    if value.array.ndim:
        raise RuntimeError(
            "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.array.ndim} dimension(s)."
        )
    if value.array.dtype != array.dtype:
        value = apply(Cast, value, dtype=array.dtype)
    return apply(ops.Where, mask, value, input)


def _between(input: Tensor, *bounds: Operand | None) -> Tensor:
    given = [input, *[bound for bound in bounds if bound is not None]]
    dtype = common_dtype([getattr(each, "array", each) for each in given])
    shape = input.array.shape
    operands: list[Tensor | None] = [_as_tensor(input.array, input, dtype)]
    for bound in bounds:
        if bound is None:
            operands.append(None)
            continue
        tensor = bound if isinstance(bound, TensorBase) else None
        array = np.asarray(bound) if tensor is None else tensor.array
        require_broadcastable(shape, array.shape)
        shape = np.broadcast_shapes(shape, array.shape)
        operands.append(_as_tensor(array, tensor, dtype))
    return apply(ops.ClampBetween, *operands)


def _bound(bound: Scalar | None, dtype: np.dtype[np.generic]) -> object:
    return None if bound is None else cast(np.asarray(bound), dtype)


def _as_tensor(x: object, given: Tensor | None, dtype: np.dtype[np.generic]) -> Tensor:
    if given is None:
        return wrap(cast(np.asarray(x), dtype))
    return given if given.array.dtype == dtype else apply(Cast, given, dtype=dtype)


# torch's other names.
clip = clamp
