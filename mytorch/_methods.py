"""The tensor's methods that are functions: a line each, their texts stand with the functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch.functions import (
    activation,
    arithmetic,
    comparison,
    conversion,
    extremes,
    indexing,
    joining,
    layout,
    pointwise,
    products,
    reduction,
    selection,
    shape,
)

if TYPE_CHECKING:
    from typing import Any

    from mytorch._tensor import Tensor


class ArithmeticMethods:
    """Elementwise arithmetic, and its operators."""

    __slots__ = ()

    add = arithmetic.add
    sub = arithmetic.sub
    mul = arithmetic.mul
    div = arithmetic.div
    floor_divide = arithmetic.floor_divide
    neg = arithmetic.neg
    pow = pointwise.pow
    exp = pointwise.exp
    log = pointwise.log
    sqrt = pointwise.sqrt
    abs = pointwise.abs
    logical_not = pointwise.logical_not
    bitwise_not = pointwise.bitwise_not
    __add__ = arithmetic.add
    __radd__ = arithmetic.add
    __sub__ = arithmetic.sub
    __rsub__ = arithmetic.rsub
    __mul__ = arithmetic.mul
    __rmul__ = arithmetic.mul
    __truediv__ = arithmetic.div
    __rtruediv__ = arithmetic.rdiv
    __floordiv__ = arithmetic.floor_divide
    __rfloordiv__ = arithmetic.rfloor_divide
    __pow__ = pointwise.pow
    __rpow__ = pointwise.rpow
    __neg__ = arithmetic.neg
    __pos__ = arithmetic.pos
    __abs__ = pointwise.abs
    __invert__ = pointwise.bitwise_not

    sigmoid = activation.sigmoid
    tanh = activation.tanh
    relu = activation.relu

    maximum = selection.maximum
    minimum = selection.minimum
    clamp = selection.clamp

    matmul = products.matmul
    mm = products.mm
    bmm = products.bmm
    dot = products.dot
    __matmul__ = products.matmul

    def where(self: Tensor, condition: Tensor, other: Any) -> Tensor:  # type: ignore[misc]  # self is a Tensor
        """Return `mytorch.where(condition, self, other)`."""
        return selection.where(condition, self, other)


class ComparisonMethods:
    """Comparisons, and their operators."""

    __slots__ = ()

    eq = comparison.eq
    ne = comparison.ne
    lt = comparison.lt
    le = comparison.le
    gt = comparison.gt
    ge = comparison.ge
    __eq__ = comparison.as_operator(comparison.eq)
    __ne__ = comparison.as_operator(comparison.ne)
    __lt__ = comparison.as_operator(comparison.lt)
    __le__ = comparison.as_operator(comparison.le)
    __gt__ = comparison.as_operator(comparison.gt)
    __ge__ = comparison.as_operator(comparison.ge)
    # Equal tensors are not the same tensor: a set of parameters is one of objects.
    __hash__ = object.__hash__

    isnan = comparison.isnan
    isinf = comparison.isinf
    isfinite = comparison.isfinite
    allclose = comparison.allclose
    equal = comparison.equal


class ReductionMethods:
    """What makes fewer elements of many."""

    __slots__ = ()

    sum = reduction.sum
    mean = reduction.mean
    max = extremes.max
    min = extremes.min
    amax = extremes.amax
    amin = extremes.amin
    argmax = extremes.argmax
    argmin = extremes.argmin
    any = extremes.any
    all = extremes.all


class ShapeMethods:
    """The same elements otherwise arranged, or some of them."""

    __slots__ = ()

    view = shape.view
    flatten = shape.flatten
    unsqueeze = shape.unsqueeze
    squeeze = shape.squeeze
    transpose = layout.transpose
    t = layout.t
    expand = layout.expand
    clone = shape.clone
    contiguous = shape.contiguous

    split = joining.split
    chunk = joining.chunk
    unbind = joining.unbind

    __getitem__ = indexing.getitem

    T = property(layout.reverse_dims)
    mT = property(layout.matrix_transpose)  # noqa: N815 - torch's name

    def reshape(self: Tensor, *sizes: Any) -> Tensor:  # type: ignore[misc]  # self is a Tensor
        """Return `mytorch.reshape` to sizes given one by one or as one tuple."""
        return shape.reshape(self, sizes)

    def permute(self: Tensor, *dims: Any) -> Tensor:  # type: ignore[misc]  # self is a Tensor
        """Return `mytorch.permute` by dimensions given one by one or as one tuple."""
        return layout.permute(
            self, dims[0] if len(dims) == 1 and isinstance(dims[0], (tuple, list)) else dims
        )

    def expand_as(self: Tensor, other: Tensor) -> Tensor:  # type: ignore[misc]  # self is a Tensor
        """Return `expand` to the sizes of another tensor."""
        return layout.expand(self, other.array.shape)

    def view_as(self: Tensor, other: Tensor) -> Tensor:  # type: ignore[misc]  # self is a Tensor
        """Return `view` in the sizes of another tensor."""
        return shape.view(self, other.array.shape)

    def reshape_as(self: Tensor, other: Tensor) -> Tensor:  # type: ignore[misc]  # self is a Tensor
        """Return `reshape` to the sizes of another tensor."""
        return shape.reshape(self, other.array.shape)


class ConversionMethods:
    """Other dtypes, and questions about dtype and layout."""

    __slots__ = ()

    to = conversion.to
    type = conversion.type_
    type_as = conversion.type_as
    float = conversion.float_
    double = conversion.double_
    half = conversion.half_
    long = conversion.long_
    int = conversion.int_
    short = conversion.short_
    bool = conversion.bool_
    cpu = conversion.cpu
    is_floating_point = conversion.is_floating_point
    is_contiguous = conversion.is_contiguous
    size = conversion.size
    stride = conversion.stride
    data_ptr = conversion.data_ptr


class Methods(ArithmeticMethods, ComparisonMethods, ReductionMethods, ShapeMethods, ConversionMethods):
    """Every family's methods."""

    __slots__ = ()
