"""A NumPy library with PyTorch's API for building and training recurrent networks."""

from mytorch._tensor import Size, Tensor
from mytorch.autograd.mode import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from mytorch.counting import arange, empty_like, full_like, linspace, ones_like, zeros_like
from mytorch.creation import as_tensor, empty, eye, from_numpy, full, ones, tensor, zeros
from mytorch.device import device
from mytorch.dtypes import (
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
from mytorch.dtypes import bool_ as bool
from mytorch.dtypes import float16 as half
from mytorch.dtypes import float32 as float
from mytorch.dtypes import float64 as double
from mytorch.dtypes import int16 as short
from mytorch.dtypes import int32 as int
from mytorch.dtypes import int64 as long
from mytorch.functions.activation import relu, sigmoid, tanh
from mytorch.functions.arithmetic import abs, add, div, exp, log, mul, neg, pow, sqrt, sub
from mytorch.functions.joining import cat, chunk, split, stack, unbind
from mytorch.functions.matmul import bmm, dot, matmul, mm
from mytorch.functions.reduction import mean, sum
from mytorch.functions.shape import clone, flatten, permute, reshape, squeeze, t, transpose, unsqueeze
from mytorch.promotion import can_cast, promote_types, result_type
from mytorch.random import Generator, initial_seed, manual_seed, seed
from mytorch.sampling import rand, rand_like, randint, randn, randn_like, randperm

# isort: split
# The submodules build on what stands above.
from mytorch import autograd

__all__ = [
    "Generator",
    "Size",
    "Tensor",
]
