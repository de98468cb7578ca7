"""Sums, differences, products, quotients and remainders, elementwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase, wrap
from mytorch._core.dtypes import SCALAR_TYPE_NAMES
from mytorch.autograd.apply import apply, binary, require_broadcastable
from mytorch.functions._check import array_of
from mytorch.ops import arithmetic as ops

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Operand, Scalar
    from mytorch._tensor import Tensor

__all__ = [
    "add",
    "addcdiv",
    "addcmul",
    "div",
    "divide",
    "floor_divide",
    "lerp",
    "mul",
    "multiply",
    "neg",
    "negative",
    "remainder",
    "rsub",
    "sub",
    "subtract",
]


def add(input: Operand, other: Operand, *, alpha: Scalar = 1) -> Tensor:
    """Return input + alpha·other, broadcast.

    Args:
        input: any shape, any dtype.
        other: any shape that broadcasts with it, any dtype, or a number.
        alpha: factor of `other`.

    Returns:
        The sum, of the broadcast shape and the promoted dtype.

    Raises:
        RuntimeError: the shapes do not broadcast, or alpha is a float where the result is an integer.
        TypeError: an operand is neither a tensor nor a number.
    """
    if alpha == 1:
        return binary(ops.Add, input, other)
    _check_alpha(alpha, input, other)
    return binary(ops.Add, input, other, alpha=alpha)


def sub(input: Operand, other: Operand, *, alpha: Scalar = 1) -> Tensor:
    """Return input - alpha·other, broadcast.

    Args:
        input: any shape, any dtype but bool.
        other: any shape that broadcasts with it, any dtype but bool, or a number.
        alpha: factor of `other`.

    Returns:
        The difference, of the broadcast shape and the promoted dtype.

    Raises:
        RuntimeError: the shapes do not broadcast, an operand is bool, or alpha is a float where the result
            is an integer.
        TypeError: an operand is neither a tensor nor a number.
    """
    _refuse_bool(input, other)
    if alpha == 1:
        return binary(ops.Sub, input, other)
    _check_alpha(alpha, input, other)
    return binary(ops.Sub, input, other, alpha=alpha)


def rsub(input: Operand, other: Operand, *, alpha: Scalar = 1) -> Tensor:
    """Return other - alpha·input, broadcast.

    Args:
        input: any shape, any dtype but bool.
        other: any shape that broadcasts with it, any dtype but bool, or a number.
        alpha: factor of `input`.

    Returns:
        The difference, of the broadcast shape and the promoted dtype.

    Raises:
        RuntimeError: the shapes do not broadcast, an operand is bool, or alpha is a float where the result
            is an integer.
        TypeError: an operand is neither a tensor nor a number.
    """
    return sub(other, input, alpha=alpha)


def mul(input: Operand, other: Operand) -> Tensor:
    """Return input·other elementwise, broadcast.

    Args:
        input: any shape, any dtype.
        other: any shape that broadcasts with it, any dtype, or a number.

    Returns:
        The product, of the broadcast shape and the promoted dtype.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is neither a tensor nor a number.
    """
    return binary(ops.Mul, input, other)


def div(input: Operand, other: Operand, *, rounding_mode: str | None = None) -> Tensor:
    """Return input / other elementwise, broadcast.

    Args:
        input: any shape, any dtype.
        other: any shape that broadcasts with it, any dtype, or a number.
        rounding_mode: None for true division, "trunc" to round towards zero, "floor" to round down.

    Returns:
        The quotient, of the broadcast shape; floating for true division, else of the promoted dtype.

    Raises:
        RuntimeError: the shapes do not broadcast, `rounding_mode` is another text, or an integer is divided
            by
            zero with rounding.
        TypeError: an operand is neither a tensor nor a number.
    """
    if rounding_mode is None:
        return binary(ops.Div, input, other)
    if rounding_mode not in ("trunc", "floor"):
        raise RuntimeError(
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
            + repr(rounding_mode)
        )
    result = binary(ops.RoundedDiv, input, other, rounding_mode=rounding_mode)
    if result.array.size and result.array.dtype.kind != "f" and np.any(_values(other) == 0):
        raise RuntimeError("ZeroDivisionError")
    return result


def rdiv(input: Operand, other: Operand) -> Tensor:
    """Return other / input elementwise, broadcast.

    Args:
        input: any shape, any dtype.
        other: any shape that broadcasts with it, any dtype, or a number.

    Returns:
        The quotient, of the broadcast shape, floating.

    Raises:
        RuntimeError: the shapes do not broadcast.
        TypeError: an operand is neither a tensor nor a number.
    """
    return div(other, input)


def floor_divide(input: Operand, other: Operand) -> Tensor:
    """Return input / other rounded down.

    Args:
        input: any shape, any dtype.
        other: any shape that broadcasts with it, any dtype, or a number.

    Returns:
        The quotient, of the broadcast shape and the promoted dtype.

    Raises:
        RuntimeError: the shapes do not broadcast, or an integer is divided by zero.
        TypeError: an operand is neither a tensor nor a number.
    """
    return div(input, other, rounding_mode="floor")


def rfloor_divide(input: Operand, other: Operand) -> Tensor:
    """Return other / input rounded down.

    Args:
        input: any shape, any dtype.
        other: any shape that broadcasts with it, any dtype, or a number.

    Returns:
        The quotient, of the broadcast shape and the promoted dtype.

    Raises:
        RuntimeError: the shapes do not broadcast, or an integer is divided by zero.
        TypeError: an operand is neither a tensor nor a number.
    """
    return floor_divide(other, input)


def remainder(input: Operand, other: Operand) -> Tensor:
    """Return what input / other, rounded down, leaves over: of the sign of `other`, as Python's %.

    Args:
        input: any shape, any dtype but bool.
        other: any shape that broadcasts with it, any dtype but bool, or a number.

    Returns:
        The remainder, of the broadcast shape and the promoted dtype.

    Raises:
        NotImplementedError: both operands are bool.
        RuntimeError: the shapes do not broadcast, or an integer is divided by zero.
        TypeError: an operand is neither a tensor nor a number.
    """
    kinds = [np.asarray(getattr(x, "array", x)).dtype.kind for x in (input, other)]
    if kinds == ["b", "b"]:
        raise NotImplementedError("\"remainder_cpu\" not implemented for 'Bool'")
    divided = np.size(getattr(input, "array", input))
    if "f" not in kinds and divided and np.any(np.asarray(getattr(other, "array", other)) == 0):
        raise RuntimeError("ZeroDivisionError")
    return binary(ops.Remainder, input, other)


def rremainder(input: Operand, other: Operand) -> Tensor:
    """Return `remainder` with its operands exchanged: what `number % tensor` is."""
    return remainder(other, input)


def pos(input: Tensor) -> Tensor:
    """Return the tensor itself: what `+tensor` is.

    Args:
        input: any shape, any dtype but bool.

    Returns:
        The tensor.

    Raises:
        RuntimeError: input is bool.
    """
    if input.array.dtype.kind == "b":
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


def neg(input: Tensor) -> Tensor:
    """Return -input.

    Args:
        input: any shape, any dtype but bool.

    Returns:
        The negative, of the same shape and dtype.

    Raises:
        RuntimeError: input is bool.
        TypeError: input is no Tensor.
    """
    if array_of("neg", input).dtype.kind == "b":
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to "
            "invert a mask, "
            "use the `~` or `logical_not()` operator instead."
        )
    return apply(ops.Neg, input)


def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Scalar = 1) -> Tensor:
    """Return input + value·tensor1·tensor2, broadcast.

    Args:
        input: any shape, any dtype.
        tensor1: any shape that broadcasts with it.
        tensor2: any shape that broadcasts with both.
        value: factor of the product.

    Returns:
        Of the broadcast shape and the promoted dtype.

    Raises:
        RuntimeError: the shapes do not broadcast, or value is a float where the result is an integer.
        TypeError: an argument is no Tensor.
    """
    _check_tensors("addcmul", input, tensor1, tensor2)
    return add(input, mul(tensor1, tensor2), alpha=value)


def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Scalar = 1) -> Tensor:
    """Return input + value·tensor1 / tensor2, broadcast.

    Args:
        input: any shape, any dtype.
        tensor1: any shape that broadcasts with it.
        tensor2: any shape that broadcasts with both.
        value: factor of the quotient.

    Returns:
        Of the broadcast shape and the promoted dtype.

    Raises:
        RuntimeError: the shapes do not broadcast, or two integers would be divided.
        TypeError: an argument is no Tensor.
    """
    _check_tensors("addcdiv", input, tensor1, tensor2)
    if tensor1.array.dtype.kind != "f" and tensor2.array.dtype.kind != "f":
        names = [SCALAR_TYPE_NAMES[x.dtype] for x in (tensor1, tensor2)]
        raise RuntimeError(
            f"Integer division with addcdiv is no longer supported, but got {names[0]} / {names[1]}"
        )
    return add(input, div(tensor1, tensor2), alpha=value)


def lerp(input: Tensor, end: Tensor, weight: Operand) -> Tensor:
    """Return input + weight·(end - input), broadcast: `input` at weight 0 and `end` at 1, exactly.

    Args:
        input: any shape, floating.
        end: any shape that broadcasts with it, of the same dtype.
        weight: any shape that broadcasts with both, of the same dtype, or a number.

    Returns:
        Of the broadcast shape and the same dtype.

    Raises:
        NotImplementedError: the arguments are not floating.
        RuntimeError: the dtypes differ, or the shapes do not broadcast.
        TypeError: input or end is no Tensor.
    """
    a, b = array_of("lerp", input), array_of("lerp", end, "end", 2)
    weights = weight if isinstance(weight, TensorBase) else wrap(np.asarray(weight, a.dtype))
    for name, array in (("end", b), ("weight", weights.array)):
        if array.dtype != a.dtype:
            raise RuntimeError(f"expected dtype {a.dtype} for `{name}` but got dtype {array.dtype}")
    if a.dtype.kind != "f":
        raise NotImplementedError(
            f"\"lerp_kernel_scalar\" not implemented for '{SCALAR_TYPE_NAMES[input.dtype]}'"
        )
    require_broadcastable(a.shape, b.shape)
    require_broadcastable(np.broadcast_shapes(a.shape, b.shape), weights.array.shape)
    return apply(ops.Lerp, input, end, weights)


def _values(x: Any) -> Array:
    return np.asarray(getattr(x, "array", x))


def _refuse_bool(input: Any, other: Any) -> None:
    a, b = getattr(input, "array", input), getattr(other, "array", other)
    first = type(a) is bool or (type(a) is np.ndarray and a.dtype.kind == "b")
    second = type(b) is bool or (type(b) is np.ndarray and b.dtype.kind == "b")
    if first and second:
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
            "`logical_xor()` operator instead."
        )
    if first or second:
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying "
            "to invert a "
            "mask, use the `~` or `logical_not()` operator instead."
        )


def _check_alpha(alpha: Scalar, input: Any, other: Any) -> None:
    if isinstance(alpha, float) and not any(_values(x).dtype.kind == "f" for x in (input, other)):
        raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")


def _check_tensors(name: str, input: Tensor, tensor1: Tensor, tensor2: Tensor) -> None:
    for position, (argument, x) in enumerate(
        (("input", input), ("tensor1", tensor1), ("tensor2", tensor2)), 1
    ):
        array_of(name, x, argument, position)


# torch's other names.
subtract = sub
multiply = mul
divide = div
negative = neg
