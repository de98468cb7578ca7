"""The public functions, one documented text each, by the families of `mytorch.ops`."""

from mytorch.functions.activation import relu, sigmoid, tanh
from mytorch.functions.arithmetic import add, div, floor_divide, mul, neg, rsub, sub
from mytorch.functions.comparison import (
    allclose,
    eq,
    equal,
    ge,
    gt,
    isfinite,
    isinf,
    isnan,
    le,
    lt,
    ne,
)
from mytorch.functions.conversion import is_floating_point, is_tensor
from mytorch.functions.extremes import all, amax, amin, any, argmax, argmin, max, min
from mytorch.functions.joining import cat, chunk, split, stack, unbind
from mytorch.functions.layout import permute, t, transpose
from mytorch.functions.pointwise import abs, bitwise_not, exp, log, logical_not, pow, sqrt
from mytorch.functions.products import bmm, dot, matmul, mm
from mytorch.functions.reduction import mean, sum
from mytorch.functions.selection import clamp, maximum, minimum, where
from mytorch.functions.shape import clone, flatten, reshape, squeeze, unsqueeze

__all__ = [
    "abs",
    "add",
    "all",
    "allclose",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "bitwise_not",
    "bmm",
    "cat",
    "chunk",
    "clamp",
    "clone",
    "div",
    "dot",
    "eq",
    "equal",
    "exp",
    "flatten",
    "floor_divide",
    "ge",
    "gt",
    "is_floating_point",
    "is_tensor",
    "isfinite",
    "isinf",
    "isnan",
    "le",
    "log",
    "logical_not",
    "lt",
    "matmul",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "mm",
    "mul",
    "ne",
    "neg",
    "permute",
    "pow",
    "relu",
    "reshape",
    "rsub",
    "sigmoid",
    "split",
    "sqrt",
    "squeeze",
    "stack",
    "sub",
    "sum",
    "t",
    "tanh",
    "transpose",
    "unbind",
    "unsqueeze",
    "where",
]
