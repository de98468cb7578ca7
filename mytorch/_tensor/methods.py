"""The named methods of a tensor: one line each, which binds a function or its in-place form.

The functions hold the documentation. A new method is a new line in `Methods`.
"""

from __future__ import annotations

from mytorch._core.base import TensorBase
from mytorch._tensor import forms, in_place, legacy, new, random_fill, reshaped_in_place
from mytorch.creation import distributions
from mytorch.functions import (
    activation,
    arithmetic,
    combination,
    comparison,
    conversion,
    elementary,
    gather_scatter,
    indexing,
    joining,
    logic,
    rearrange,
    reduction,
    rounding,
    selection,
    shape,
    sorting,
    statistics,
)

# These families hold a function of their own name, which is a method's name too.
from mytorch.functions import matmul as _matmul
from mytorch.functions import softmax as _softmax
from mytorch.functions import transpose as _transpose


class Methods(TensorBase):
    """The part of Tensor that binds methods to functions.

    The methods whose names end in an underscore change the tensor. A change is recorded where the tensor or
    an operand requires gradients; a base and its views all get the history of what they then hold. Backward
    raises where a value that a gradient needs was changed afterwards.
    """

    __slots__ = ()

    # Elementwise functions.
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
    pow = elementary.pow
    exp = elementary.exp
    log = elementary.log
    sqrt = elementary.sqrt
    abs = elementary.abs
    absolute = elementary.abs
    log1p = elementary.log1p
    expm1 = elementary.expm1
    sin = elementary.sin
    cos = elementary.cos
    erf = elementary.erf
    erfinv = elementary.erfinv
    reciprocal = elementary.reciprocal
    rsqrt = elementary.rsqrt
    square = elementary.square
    floor = rounding.floor
    ceil = rounding.ceil
    round = rounding.round
    trunc = rounding.trunc
    sign = rounding.sign
    remainder = arithmetic.remainder
    addcmul = combination.addcmul
    addcdiv = combination.addcdiv
    lerp = combination.lerp
    logical_not = logic.logical_not
    logical_and = logic.logical_and
    logical_or = logic.logical_or
    logical_xor = logic.logical_xor
    bitwise_and = logic.bitwise_and
    bitwise_or = logic.bitwise_or
    bitwise_xor = logic.bitwise_xor
    bitwise_not = logic.bitwise_not
    maximum = selection.maximum
    minimum = selection.minimum
    clamp = selection.clamp
    clip = selection.clamp
    clamp_min = selection.clamp_min
    clamp_max = selection.clamp_max
    where = forms.where

    # Activations.
    sigmoid = activation.sigmoid
    tanh = activation.tanh
    relu = activation.relu
    softmax = _softmax.softmax
    log_softmax = _softmax.log_softmax

    # Comparisons.
    eq = comparison.eq
    ne = comparison.ne
    lt = comparison.lt
    le = comparison.le
    gt = comparison.gt
    ge = comparison.ge
    isnan = comparison.isnan
    isinf = comparison.isinf
    isfinite = comparison.isfinite
    allclose = comparison.allclose
    isclose = comparison.isclose
    equal = comparison.equal

    # Products of matrices.
    matmul = _matmul.matmul
    mm = _matmul.mm
    bmm = _matmul.bmm
    dot = _matmul.dot
    mv = _matmul.mv
    outer = _matmul.outer
    addmm = _matmul.addmm
    baddbmm = _matmul.baddbmm

    # Reductions, and sorting.
    sum = reduction.sum
    mean = statistics.mean
    max = reduction.max
    min = reduction.min
    amax = reduction.amax
    amin = reduction.amin
    argmax = reduction.argmax
    argmin = reduction.argmin
    var = statistics.var
    std = statistics.std
    prod = statistics.prod
    cumsum = statistics.cumsum
    cumprod = statistics.cumprod
    logsumexp = statistics.logsumexp
    norm = forms.norm
    sort = sorting.sort
    argsort = sorting.argsort
    topk = sorting.topk
    median = sorting.median
    nonzero = sorting.nonzero
    unique = sorting.unique
    any = reduction.any
    all = reduction.all

    # Shapes and positions.
    view = shape.view
    flatten = shape.flatten
    unsqueeze = shape.unsqueeze
    squeeze = forms.squeeze
    transpose = _transpose.transpose
    t = _transpose.t
    expand = _transpose.expand
    swapaxes = _transpose.swapaxes
    swapdims = _transpose.transpose
    broadcast_to = forms.broadcast_to
    movedim = _transpose.movedim
    moveaxis = _transpose.movedim
    narrow = indexing.narrow
    unflatten = shape.unflatten
    ravel = shape.ravel
    flip = forms.flip
    roll = rearrange.roll
    tril = rearrange.tril
    triu = rearrange.triu
    diagonal = rearrange.diagonal
    repeat = rearrange.repeat
    repeat_interleave = forms.repeat_interleave
    gather = gather_scatter.gather
    scatter = gather_scatter.scatter
    scatter_add = gather_scatter.scatter_add
    index_select = indexing.index_select
    index_fill = indexing.index_fill
    masked_fill = selection.masked_fill
    masked_select = indexing.masked_select
    clone = shape.clone
    contiguous = shape.contiguous
    split = forms.split
    chunk = joining.chunk
    unbind = joining.unbind
    T = property(_transpose.reverse_dims)
    mT = property(_transpose.matrix_transpose)  # noqa: N815 - torch's name
    reshape = forms.reshape
    permute = forms.permute
    expand_as = forms.expand_as
    view_as = forms.view_as
    reshape_as = forms.reshape_as

    # Dtypes and memory.
    to = conversion.to
    type = conversion.type_
    type_as = conversion.type_as
    float = conversion.float_
    double = conversion.double_
    half = conversion.half_
    long = conversion.long_
    int = conversion.int_
    short = conversion.short_
    char = conversion.char_
    byte = conversion.byte_
    bool = conversion.bool_
    cpu = conversion.cpu
    cuda = conversion.cuda
    is_floating_point = conversion.is_floating_point
    is_contiguous = conversion.is_contiguous
    size = conversion.size
    stride = conversion.stride
    ndimension = TensorBase.dim
    nelement = TensorBase.numel
    data_ptr = conversion.data_ptr

    # New tensors of this tensor's dtype.
    new_zeros = new.new_zeros
    new_ones = new.new_ones
    new_empty = new.new_empty
    new_full = new.new_full
    new_tensor = new.new_tensor
    new = legacy.new

    # The same elements in another shape, in place.
    unsqueeze_ = reshaped_in_place.of(shape.unsqueeze)
    squeeze_ = reshaped_in_place.of(forms.squeeze)
    t_ = reshaped_in_place.of(_transpose.t)
    transpose_ = reshaped_in_place.of(_transpose.transpose)
    swapaxes_ = reshaped_in_place.of(_transpose.swapaxes)
    swapdims_ = transpose_

    # Random numbers.
    multinomial = distributions.multinomial
    bernoulli = distributions.bernoulli
    bernoulli_ = random_fill.bernoulli_
    uniform_ = random_fill.uniform_
    normal_ = random_fill.normal_

    # Functions in place; `in_place.of` makes the method of any function.
    zero_ = in_place.zero_
    fill_ = in_place.fill_
    copy_ = in_place.copy_
    add_ = in_place.add_
    sub_ = in_place.sub_
    mul_ = in_place.mul_
    div_ = in_place.div_
    log1p_ = in_place.of(elementary.log1p)
    expm1_ = in_place.of(elementary.expm1)
    sin_ = in_place.of(elementary.sin)
    cos_ = in_place.of(elementary.cos)
    reciprocal_ = in_place.of(elementary.reciprocal)
    rsqrt_ = in_place.of(elementary.rsqrt)
    square_ = in_place.of(elementary.square)
    floor_ = in_place.of(rounding.floor)
    ceil_ = in_place.of(rounding.ceil)
    round_ = in_place.of(rounding.round)
    trunc_ = in_place.of(rounding.trunc)
    sign_ = in_place.of(rounding.sign)
    remainder_ = in_place.of(arithmetic.remainder)
    addcmul_ = in_place.of(combination.addcmul)
    addcdiv_ = in_place.of(combination.addcdiv)
    lerp_ = in_place.of(combination.lerp)
    scatter_ = in_place.of(gather_scatter.scatter)
    scatter_add_ = in_place.of(gather_scatter.scatter_add)
    masked_fill_ = in_place.masked_fill_
    index_fill_ = in_place.index_fill_
    cumprod_ = in_place.cumprod_
    tril_ = in_place.of(rearrange.tril)
    triu_ = in_place.of(rearrange.triu)
    pow_ = in_place.of(elementary.pow)
    exp_ = in_place.of(elementary.exp)
    log_ = in_place.of(elementary.log)
    sqrt_ = in_place.of(elementary.sqrt)
    abs_ = in_place.of(elementary.abs)
    neg_ = in_place.of(arithmetic.neg)
    clamp_ = in_place.of(selection.clamp)
    clip_ = clamp_
    clamp_min_ = in_place.of(selection.clamp_min)
    clamp_max_ = in_place.of(selection.clamp_max)
    floor_divide_ = in_place.of(arithmetic.floor_divide)
    subtract_ = in_place.sub_
    multiply_ = in_place.mul_
    divide_ = in_place.div_
    sigmoid_ = in_place.of(activation.sigmoid)
    tanh_ = in_place.of(activation.tanh)
    relu_ = in_place.of(activation.relu)
