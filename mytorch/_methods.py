"""The tensor's methods that are functions: a line each, their texts stand with the functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch.functions import (
    activation,
    arithmetic,
    indexing,
    joining,
    reduction,
    shape,
)

from mytorch.functions import matmul as products

if TYPE_CHECKING:
    from typing import Any

    from mytorch._tensor import Tensor


class Methods:
    """Every family's methods."""

    __slots__ = ()

    add = arithmetic.add
    sub = arithmetic.sub
    mul = arithmetic.mul
    div = arithmetic.div
    neg = arithmetic.neg
    pow = arithmetic.pow
    exp = arithmetic.exp
    log = arithmetic.log
    sqrt = arithmetic.sqrt
    abs = arithmetic.abs
    __add__ = arithmetic.add
    __radd__ = arithmetic.add
    __sub__ = arithmetic.sub
    __rsub__ = arithmetic.rsub
    __mul__ = arithmetic.mul
    __rmul__ = arithmetic.mul
    __truediv__ = arithmetic.div
    __rtruediv__ = arithmetic.rdiv
    __floordiv__ = arithmetic.floor_divide
    __pow__ = arithmetic.pow
    __rpow__ = arithmetic.rpow
    __neg__ = arithmetic.neg
    __abs__ = arithmetic.abs
    __invert__ = arithmetic.bitwise_not

    sigmoid = activation.sigmoid
    tanh = activation.tanh
    relu = activation.relu

    sum = reduction.sum
    mean = reduction.mean

    view = shape.view
    flatten = shape.flatten
    unsqueeze = shape.unsqueeze
    squeeze = shape.squeeze
    transpose = shape.transpose
    t = shape.t
    expand = shape.expand
    clone = shape.clone
    contiguous = shape.contiguous

    split = joining.split
    chunk = joining.chunk
    unbind = joining.unbind

    matmul = products.matmul
    mm = products.mm
    bmm = products.bmm
    dot = products.dot
    __matmul__ = products.matmul

    __getitem__ = indexing.getitem

    def reshape(self: Tensor, *shape_: Any) -> Tensor:  # type: ignore[misc]  # self is a Tensor
        """Return `mytorch.reshape` to sizes given one by one or as one tuple."""
        return shape.reshape(self, shape_[0] if len(shape_) == 1 and not isinstance(shape_[0], int) else shape_)

    def permute(self: Tensor, *dims: Any) -> Tensor:  # type: ignore[misc]  # self is a Tensor
        """Return `mytorch.permute` by dimensions given one by one or as one tuple."""
        return shape.permute(self, dims[0] if len(dims) == 1 and not isinstance(dims[0], int) else dims)
