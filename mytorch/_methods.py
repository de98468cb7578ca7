"""The tensor's methods that are functions: a line each, their texts stand with the functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._new import NewMethods
from mytorch.functions import (
    activation,
    arithmetic,
    arrangement,
    combination,
    comparison,
    conversion,
    elementary,
    extremes,
    indexing,
    joining,
    layout,
    logic,
    ordering,
    pointwise,
    positions,
    products,
    reduction,
    rounding,
    selection,
    shape,
    shares,
    statistics,
)

_reshape = shape.reshape

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
    subtract = arithmetic.sub
    multiply = arithmetic.mul
    divide = arithmetic.div
    negative = arithmetic.neg
    pow = pointwise.pow
    exp = pointwise.exp
    log = pointwise.log
    sqrt = pointwise.sqrt
    abs = pointwise.abs
    absolute = pointwise.abs
    log1p = elementary.log1p
    expm1 = elementary.expm1
    sin = elementary.sin
    cos = elementary.cos
    erf = elementary.erf
    reciprocal = elementary.reciprocal
    rsqrt = elementary.rsqrt
    square = elementary.square
    floor = rounding.floor
    ceil = rounding.ceil
    round = rounding.round
    trunc = rounding.trunc
    sign = rounding.sign
    remainder = rounding.remainder
    addcmul = combination.addcmul
    addcdiv = combination.addcdiv
    lerp = combination.lerp
    logical_not = pointwise.logical_not
    logical_and = logic.logical_and
    logical_or = logic.logical_or
    logical_xor = logic.logical_xor
    bitwise_and = logic.bitwise_and
    bitwise_or = logic.bitwise_or
    bitwise_xor = logic.bitwise_xor
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
    __mod__ = rounding.remainder
    __rmod__ = rounding.rremainder
    __and__ = logic.bitwise_and
    __rand__ = logic.bitwise_and
    __or__ = logic.bitwise_or
    __ror__ = logic.bitwise_or
    __xor__ = logic.bitwise_xor
    __rxor__ = logic.bitwise_xor
    __pow__ = pointwise.pow
    __rpow__ = pointwise.rpow
    __neg__ = arithmetic.neg
    __pos__ = arithmetic.pos
    __abs__ = pointwise.abs
    __invert__ = pointwise.bitwise_not

    sigmoid = activation.sigmoid
    tanh = activation.tanh
    relu = activation.relu
    softmax = shares.softmax
    log_softmax = shares.log_softmax

    maximum = selection.maximum
    minimum = selection.minimum
    clamp = selection.clamp
    clip = selection.clamp

    matmul = products.matmul
    mm = products.mm
    bmm = products.bmm
    dot = products.dot
    mv = products.mv
    outer = products.outer
    addmm = products.addmm
    baddbmm = products.baddbmm
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
    isclose = comparison.isclose
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
    var = statistics.var
    std = statistics.std
    prod = statistics.prod
    cumsum = statistics.cumsum
    logsumexp = statistics.logsumexp
    norm = statistics.norm
    sort = ordering.sort
    argsort = ordering.argsort
    topk = ordering.topk
    nonzero = ordering.nonzero
    unique = ordering.unique
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
    swapaxes = layout.transpose
    swapdims = layout.transpose
    broadcast_to = layout.broadcast_to
    movedim = arrangement.movedim
    moveaxis = arrangement.movedim
    narrow = arrangement.narrow
    unflatten = arrangement.unflatten
    ravel = arrangement.ravel
    flip = arrangement.flip
    roll = arrangement.roll
    tril = arrangement.tril
    triu = arrangement.triu
    diagonal = arrangement.diagonal
    repeat = arrangement.repeat
    gather = positions.gather
    scatter = positions.scatter
    scatter_add = positions.scatter_add
    index_select = positions.index_select
    masked_fill = positions.masked_fill
    masked_select = positions.masked_select
    clone = shape.clone
    contiguous = shape.contiguous

    split = joining.split
    chunk = joining.chunk
    unbind = joining.unbind

    __getitem__ = indexing.getitem

    T = property(layout.reverse_dims)
    mT = property(layout.matrix_transpose)  # noqa: N815 - torch's name

    def reshape(self: Tensor, *sizes: Any, shape: Any = None) -> Tensor:  # type: ignore[misc]  # self is a Tensor
        """Return `mytorch.reshape` to sizes given one by one or as one tuple."""
        return _reshape(self, sizes if shape is None else shape)

    def permute(self: Tensor, *order: Any, dims: Any = None) -> Tensor:  # type: ignore[misc]  # self is a Tensor
        """Return `mytorch.permute` by dimensions given one by one or as one tuple."""
        if dims is None:
            dims = order[0] if len(order) == 1 and isinstance(order[0], (tuple, list)) else order
        return layout.permute(self, dims)

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
    cuda = conversion.cuda
    is_floating_point = conversion.is_floating_point
    is_contiguous = conversion.is_contiguous
    size = conversion.size
    stride = conversion.stride
    data_ptr = conversion.data_ptr


class Methods(
    ArithmeticMethods, ComparisonMethods, ReductionMethods, ShapeMethods, ConversionMethods, NewMethods
):
    """Every family's methods."""

    __slots__ = ()
