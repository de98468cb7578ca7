"""The tensor's methods that change it: those whose names end in an underscore, and the assignments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch import _tensor, inplace
from mytorch.functions import (
    activation,
    arithmetic,
    arrangement,
    combination,
    elementary,
    logic,
    pointwise,
    positions,
    rounding,
    selection,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mytorch._tensor import Tensor
    from mytorch._types import Operand, Scalar


def _in_place(function: Callable[..., Tensor]) -> Callable[..., Any]:
    """Return the method that puts a function's result in its first argument's place."""

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return inplace.change(self, function, *args, **kwargs)

    method.__name__ = method.__qualname__ = f"{function.__name__}_"
    method.__doc__ = (
        f"Do `{function.__name__}` in place, with the same arguments.\n\n"
        "Returns:\n    The tensor itself.\n\n"
        "Raises:\n    RuntimeError: as for `add_`, or as the function does.\n"
    )
    return method


class InPlaceMethods:
    """What changes a tensor.

    A change is recorded where the tensor or an operand requires gradients; a base and its views all get the
    history of what they then hold. What an op needs for its gradient and is changed afterwards raises in
    backward. The results of the methods here are kept apart for that: changing them again harms no gradient.
    """

    __slots__ = ()

    def zero_(self: Tensor) -> Tensor:  # type: ignore[misc]  # self is a Tensor
        """Set every element to 0.

        Returns:
            The tensor itself.

        Raises:
            RuntimeError: as for `add_`.
        """
        return inplace.assign(self, ..., 0)

    def fill_(self: Tensor, value: Scalar | Tensor) -> Tensor:  # type: ignore[misc]  # self is a Tensor
        """Set every element to a number.

        Args:
            value: a number, or a 0-dim tensor.

        Returns:
            The tensor itself.

        Raises:
            RuntimeError: as for `add_`, or the value is not 0-dim.
        """
        rank = value.array.ndim if isinstance(value, _tensor.Tensor) else 0
        if rank:
            raise RuntimeError(
                f"fill_ only supports 0-dimension value tensor but got tensor with {rank} dimensions."
            )
        return inplace.assign(self, ..., value)

    def copy_(self: Tensor, src: Operand, non_blocking: bool = False) -> Tensor:  # type: ignore[misc]  # noqa: ARG002 - torch's argument; there is one device
        """Overwrite the elements with another tensor's.

        Args:
            src: any shape that broadcasts to this one's, any dtype; or a number.
            non_blocking: without meaning on a CPU.

        Returns:
            The tensor itself.

        Raises:
            RuntimeError: as for `add_`.
            TypeError: src is neither a tensor nor a number.
        """
        if isinstance(src, _tensor.Tensor):
            inplace.require_shape(self, src.array.shape)
        elif not isinstance(src, (bool, int, float)):
            raise TypeError(
                f"copy_(): argument 'other' (position 1) must be Tensor, not {type(src).__name__}"
            )
        return inplace.assign(self, ..., src)

    def add_(self: Tensor, other: Operand, *, alpha: Scalar = 1) -> Tensor:  # type: ignore[misc]  # self is a Tensor
        """Add alpha·other in place.

        Args:
            other: a number, or a tensor that broadcasts to this one's shape.
            alpha: factor of `other`.

        Returns:
            The tensor itself.

        Raises:
            RuntimeError: the tensor is a leaf that requires gradients, or a view of one, or a view that was
                made in no_grad mode; the shape does not fit; the result's dtype is of a higher category than
                this tensor's; or several of its elements share memory.
            TypeError: other is neither a tensor nor a number.
        """
        if inplace.is_recorded(self, other):
            return inplace.change(self, arithmetic.add, other, alpha=alpha)
        return inplace.update(self, np.add, other, alpha)

    def sub_(self: Tensor, other: Operand, *, alpha: Scalar = 1) -> Tensor:  # type: ignore[misc]  # self is a Tensor
        """Subtract alpha·other in place.

        Args:
            other: a number, or a tensor that broadcasts to this one's shape.
            alpha: factor of `other`.

        Returns:
            The tensor itself.

        Raises:
            RuntimeError: as for `add_`.
            TypeError: other is neither a tensor nor a number.
        """
        if inplace.is_recorded(self, other):
            return inplace.change(self, arithmetic.sub, other, alpha=alpha)
        return inplace.update(self, np.subtract, other, alpha)

    def mul_(self: Tensor, other: Operand) -> Tensor:  # type: ignore[misc]  # self is a Tensor
        """Multiply by other in place.

        Args:
            other: a number, or a tensor that broadcasts to this one's shape.

        Returns:
            The tensor itself.

        Raises:
            RuntimeError: as for `add_`.
            TypeError: other is neither a tensor nor a number.
        """
        if inplace.is_recorded(self, other):
            return inplace.change(self, arithmetic.mul, other)
        return inplace.update(self, np.multiply, other)

    def div_(self: Tensor, other: Operand, *, rounding_mode: str | None = None) -> Tensor:  # type: ignore[misc]  # self is a Tensor
        """Divide by other in place.

        Args:
            other: a number, or a tensor that broadcasts to this one's shape.
            rounding_mode: as for `mytorch.div`.

        Returns:
            The tensor itself.

        Raises:
            RuntimeError: as for `add_`, and for integer tensors without a rounding mode.
            TypeError: other is neither a tensor nor a number.
        """
        if rounding_mode is not None or inplace.is_recorded(self, other):
            return inplace.change(self, arithmetic.div, other, rounding_mode=rounding_mode)
        return inplace.update(self, np.true_divide, other)

    def __setitem__(self: Tensor, index: Any, value: Operand) -> None:  # type: ignore[misc]  # self is a Tensor
        """Write into the elements that an index names; see `mytorch.inplace.assign`."""
        inplace.assign(self, index, value)

    log1p_ = _in_place(elementary.log1p)
    expm1_ = _in_place(elementary.expm1)
    sin_ = _in_place(elementary.sin)
    cos_ = _in_place(elementary.cos)
    reciprocal_ = _in_place(elementary.reciprocal)
    rsqrt_ = _in_place(elementary.rsqrt)
    square_ = _in_place(elementary.square)
    floor_ = _in_place(rounding.floor)
    ceil_ = _in_place(rounding.ceil)
    round_ = _in_place(rounding.round)
    trunc_ = _in_place(rounding.trunc)
    sign_ = _in_place(rounding.sign)
    remainder_ = _in_place(rounding.remainder)
    addcmul_ = _in_place(combination.addcmul)
    addcdiv_ = _in_place(combination.addcdiv)
    lerp_ = _in_place(combination.lerp)
    scatter_ = _in_place(positions.scatter)
    scatter_add_ = _in_place(positions.scatter_add)
    masked_fill_ = _in_place(positions.masked_fill)
    tril_ = _in_place(arrangement.tril)
    triu_ = _in_place(arrangement.triu)
    pow_ = _in_place(pointwise.pow)
    exp_ = _in_place(pointwise.exp)
    log_ = _in_place(pointwise.log)
    sqrt_ = _in_place(pointwise.sqrt)
    abs_ = _in_place(pointwise.abs)
    neg_ = _in_place(arithmetic.neg)
    clamp_ = _in_place(selection.clamp)
    clip_ = clamp_
    floor_divide_ = _in_place(arithmetic.floor_divide)
    subtract_ = sub_
    multiply_ = mul_
    divide_ = div_
    sigmoid_ = _in_place(activation.sigmoid)
    tanh_ = _in_place(activation.tanh)
    relu_ = _in_place(activation.relu)

    __iadd__ = add_
    __isub__ = sub_
    __imul__ = mul_
    __itruediv__ = div_
    __ipow__ = pow_
    __ifloordiv__ = floor_divide_
    __imod__ = remainder_
    __iand__ = _in_place(logic.bitwise_and)
    __ior__ = _in_place(logic.bitwise_or)
    __ixor__ = _in_place(logic.bitwise_xor)
