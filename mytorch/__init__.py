"""A NumPy library with PyTorch's API for building and training recurrent networks.

The examples of all docstrings assume:

    >>> import mytorch
    >>> from mytorch import nn, optim
    >>> from mytorch.utils import data
"""

from importlib import import_module as _import_module
from math import e, inf, nan, pi
from typing import TYPE_CHECKING as _TYPE_CHECKING

from mytorch._core.device import device
from mytorch._core.dtypes import bool_ as bool
from mytorch._core.dtypes import (
    dtype,
    float16,
    float32,
    float64,
    get_default_dtype,
    int8,
    int16,
    int32,
    int64,
    set_default_dtype,
    uint8,
)
from mytorch._core.dtypes import float16 as half
from mytorch._core.dtypes import float32 as float
from mytorch._core.dtypes import float64 as double
from mytorch._core.dtypes import int16 as short
from mytorch._core.dtypes import int32 as int
from mytorch._core.dtypes import int64 as long
from mytorch._core.promotion import can_cast, promote_types, result_type
from mytorch._core.size import Size
from mytorch._tensor import Tensor
from mytorch.autograd.mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from mytorch.creation import (
    arange,
    as_tensor,
    bernoulli,
    empty,
    empty_like,
    eye,
    from_numpy,
    full,
    full_like,
    linspace,
    multinomial,
    normal,
    ones,
    ones_like,
    rand,
    rand_like,
    randint,
    randn,
    randn_like,
    randperm,
    tensor,
    zeros,
    zeros_like,
)
from mytorch.functions.activation import relu, sigmoid, tanh
from mytorch.functions.arithmetic import (
    add,
    addcdiv,
    addcmul,
    div,
    divide,
    floor_divide,
    lerp,
    mul,
    multiply,
    neg,
    negative,
    remainder,
    rsub,
    sub,
    subtract,
)
from mytorch.functions.comparison import (
    allclose,
    eq,
    equal,
    ge,
    gt,
    isclose,
    isfinite,
    isinf,
    isnan,
    le,
    lt,
    ne,
)
from mytorch.functions.conversion import is_floating_point, is_tensor
from mytorch.functions.einsum import einsum
from mytorch.functions.elementary import (
    abs,
    absolute,
    cos,
    erf,
    exp,
    expm1,
    log,
    log1p,
    pow,
    reciprocal,
    rsqrt,
    sin,
    sqrt,
    square,
)
from mytorch.functions.gather_scatter import gather, scatter, scatter_add
from mytorch.functions.indexing import index_select, masked_select, narrow
from mytorch.functions.joining import cat, chunk, concat, concatenate, hstack, split, stack, unbind, vstack
from mytorch.functions.logic import (
    bitwise_and,
    bitwise_not,
    bitwise_or,
    bitwise_xor,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
)
from mytorch.functions.matmul import addmm, baddbmm, bmm, dot, matmul, mm, mv, outer
from mytorch.functions.rearrange import diagonal, flip, roll, tril, triu
from mytorch.functions.reduction import all, amax, amin, any, argmax, argmin, max, mean, min, sum
from mytorch.functions.rounding import ceil, floor, round, sign, trunc
from mytorch.functions.selection import clamp, clip, masked_fill, maximum, minimum, where
from mytorch.functions.shape import clone, flatten, ravel, reshape, squeeze, unflatten, unsqueeze
from mytorch.functions.softmax import log_softmax, softmax
from mytorch.functions.sorting import argsort, nonzero, sort, topk, unique
from mytorch.functions.statistics import cumsum, logsumexp, norm, prod, std, var
from mytorch.functions.transpose import (
    broadcast_to,
    moveaxis,
    movedim,
    permute,
    swapaxes,
    swapdims,
    t,
    transpose,
)
from mytorch.random import (
    Generator,
    default_generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)
from mytorch.version import __version__

# isort: split
# The submodules build on what stands above.
from mytorch import autograd, random

if _TYPE_CHECKING:
    from mytorch import cuda, models, nn, optim, utils
    from mytorch import serialization as serialization
    from mytorch.serialization import load, save

# fmt: off
__all__ = [
    "Generator", "Size", "Tensor", "__version__", "abs", "absolute", "add", "addcdiv", "addcmul", "addmm",
    "all", "allclose", "amax", "amin", "any", "arange", "argmax", "argmin", "argsort", "as_tensor",
    "autograd", "baddbmm", "bernoulli", "bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor", "bmm",
    "bool", "broadcast_to", "can_cast", "cat", "ceil", "chunk", "clamp", "clip", "clone", "concat",
    "concatenate", "cos", "cuda", "cumsum", "default_generator", "device", "diagonal", "div", "divide",
    "dot", "double", "dtype", "e", "einsum", "empty", "empty_like", "enable_grad", "eq", "equal", "erf",
    "exp", "expm1", "eye", "flatten", "flip", "float", "float16", "float32", "float64", "floor",
    "floor_divide", "from_numpy", "full", "full_like", "gather", "ge", "get_default_dtype", "get_rng_state",
    "gt", "half", "hstack", "index_select", "inf", "inference_mode", "initial_seed", "int", "int8", "int16",
    "int32", "int64", "is_floating_point", "is_grad_enabled", "is_inference_mode_enabled", "is_tensor",
    "isclose", "isfinite", "isinf", "isnan", "le", "lerp", "linspace", "load", "log", "log1p", "log_softmax",
    "logical_and", "logical_not", "logical_or", "logical_xor", "logsumexp", "long", "lt", "manual_seed",
    "masked_fill", "masked_select", "matmul", "max", "maximum", "mean", "min", "minimum", "mm", "models",
    "moveaxis", "movedim", "mul", "multinomial", "multiply", "mv", "nan", "narrow", "ne", "neg", "negative",
    "nn", "no_grad", "nonzero", "norm", "normal", "ones", "ones_like", "optim", "outer", "permute", "pi",
    "pow", "prod", "promote_types", "rand", "rand_like", "randint", "randn", "randn_like", "random",
    "randperm", "ravel", "reciprocal", "relu", "remainder", "reshape", "result_type", "roll", "round",
    "rsqrt", "rsub", "save", "scatter", "scatter_add", "seed", "set_default_dtype", "set_grad_enabled",
    "set_rng_state", "short", "sigmoid", "sign", "sin", "softmax", "sort", "split", "sqrt", "square",
    "squeeze", "stack", "std", "sub", "subtract", "sum", "swapaxes", "swapdims", "t", "tanh", "tensor",
    "topk", "transpose", "tril", "triu", "trunc", "uint8", "unbind", "unflatten", "unique", "unsqueeze",
    "utils", "var", "vstack", "where", "zeros", "zeros_like",
]
# fmt: on


# Half of all modules are layers, optimisers, data and files, which a program that uses tensors only does not
# need. Without them the import costs 1.2 times NumPy's, with them 1.4 times.
_ON_DEMAND = ("cuda", "models", "nn", "optim", "serialization", "utils")
_FROM_SERIALIZATION = ("load", "save")


def __getattr__(name: str) -> object:
    if name in _ON_DEMAND:
        return _import_module(f"mytorch.{name}")
    if name in _FROM_SERIALIZATION:
        return getattr(_import_module("mytorch.serialization"), name)
    raise AttributeError(f"module 'mytorch' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
