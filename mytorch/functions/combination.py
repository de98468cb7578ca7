"""Sums of a tensor and a weighted product, quotient or difference, elementwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase, wrap
from mytorch._core.dtypes import SCALAR_TYPE_NAMES
from mytorch.autograd._apply import apply, require_broadcastable
from mytorch.functions._check import array_of, number_of
from mytorch.functions._old_forms import factor_and_factors
from mytorch.functions.arithmetic import add, div, mul
from mytorch.functions.conversion import type_as
from mytorch.functions.transpose import broadcast_to
from mytorch.ops import combination as ops

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Operand, Scalar
    from mytorch._tensor import Tensor

__all__ = ["addcdiv", "addcmul", "lerp"]


def addcmul(input: Tensor, tensor1: Any, tensor2: Tensor, *old: Tensor, value: Scalar = 1) -> Tensor:
    """Return input + value·tensor1·tensor2, broadcast.

    Args:
        tensor1: any shape that broadcasts with `input`.
        tensor2: any shape that broadcasts with both.
        *old: the old form `addcmul(input, value, tensor1, tensor2)` is deprecated.
        value: factor of the product; where the result is an integer, its fraction is cut off.

    Raises:
        TypeError: value is not a number.
    """
    if old:
        value, tensor1, tensor2 = factor_and_factors("addcmul", tensor1, tensor2, old, value)
    _check_tensors("addcmul", input, tensor1, tensor2)
    product = mul(_expanded(tensor1, tensor2, input), tensor2)
    return add(input, product, alpha=_factor("addcmul", value, input, product))


def addcdiv(input: Tensor, tensor1: Any, tensor2: Tensor, *old: Tensor, value: Scalar = 1) -> Tensor:
    """Return input + value·tensor1 / tensor2, broadcast.

    Args:
        tensor1: any shape that broadcasts with `input`.
        tensor2: any shape that broadcasts with both.
        *old: the old form `addcdiv(input, value, tensor1, tensor2)` is deprecated.
        value: factor of the quotient.

    Raises:
        RuntimeError: two integers would be divided.
        TypeError: value is not a number.
    """
    if old:
        value, tensor1, tensor2 = factor_and_factors("addcdiv", tensor1, tensor2, old, value)
    _check_tensors("addcdiv", input, tensor1, tensor2)
    if tensor1.array.dtype.kind != "f" and tensor2.array.dtype.kind != "f":
        names = [SCALAR_TYPE_NAMES[x.dtype] for x in (tensor1, tensor2)]
        raise RuntimeError(
            f"Integer division with addcdiv is no longer supported, but got {names[0]} / {names[1]}"
        )
    quotient = div(_expanded(tensor1, tensor2, input), tensor2)
    return add(input, quotient, alpha=_factor("addcdiv", value, input, quotient))


def lerp(input: Tensor, end: Tensor, weight: Operand) -> Tensor:
    """Return input + weight·(end - input), broadcast: `input` at weight 0 and `end` at 1, exactly.

    Args:
        input: any shape, floating.
        end: any shape that broadcasts with `input`, of the same dtype.
        weight: any shape that broadcasts with both, of the same dtype, or a Python scalar.

    Returns:
        A tensor of the broadcast shape and the same dtype.

    Raises:
        NotImplementedError: the arguments are not floating.
        RuntimeError: the dtypes differ.
    """
    a, b = array_of("lerp", input), array_of("lerp", end, "end", 2)
    if isinstance(weight, TensorBase):
        # A 0-dim weight takes the dtype of the others.
        weights = weight if weight.array.ndim else type_as(weight, input)
    else:
        weights = wrap(np.asarray(number_of("lerp", "weight", weight, 3), a.dtype))
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


def _factor(name: str, value: Scalar | Tensor, input: Tensor, product: Tensor) -> float:
    """Return the factor as a number of the kind of the result, as torch's kernels take it."""
    number = number_of(name, "value", value)
    floating = "f" in (input.array.dtype.kind, product.array.dtype.kind)
    return number if floating and type(number) is float else int(number)


def _expanded(tensor1: Tensor, tensor2: Tensor, input: Tensor) -> Tensor:
    """Return the first factor in the shape of the result, so that gradients are summed where torch sums them.

    Summed before the product, infinities of one sign stay infinite where torch's sum of products is nan.
    """
    require_broadcastable(tensor1.array.shape, tensor2.array.shape)
    product = np.broadcast_shapes(tensor1.array.shape, tensor2.array.shape)
    require_broadcastable(input.array.shape, product)
    shape = np.broadcast_shapes(input.array.shape, product)
    return tensor1 if product == shape else broadcast_to(tensor1, shape)


def _check_tensors(name: str, input: Tensor, tensor1: Tensor, tensor2: Tensor) -> None:
    for position, (argument, x) in enumerate(
        (("input", input), ("tensor1", tensor1), ("tensor2", tensor2)), 1
    ):
        array_of(name, x, argument, position)
