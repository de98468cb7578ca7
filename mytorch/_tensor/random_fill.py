"""The methods that fill a tensor with random numbers. The numbers are NumPy's, not torch's.

Each method returns the tensor itself, and raises the RuntimeErrors of `add_`. The numbers are drawn from
`generator`, or from the default one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mytorch._core.base import TensorBase, wrap
from mytorch._tensor import writing
from mytorch.creation.distributions import bernoulli_array, require_floating_kernel
from mytorch.creation.random_tensors import normal_array, uniform_array
from mytorch.functions._check import number_of

if TYPE_CHECKING:
    from mytorch._core.types import Array
    from mytorch._tensor import Tensor
    from mytorch.random import Generator


def bernoulli_(input: Tensor, p: Tensor | float = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Fill the tensor with ones, with probability p, and zeros.

    Args:
        p: one probability, or one for each element, of a shape that broadcasts to the tensor's.

    Raises:
        RuntimeError: a probability is not between 0 and 1.
    """
    probability = p.array if isinstance(p, TensorBase) else number_of("bernoulli_", "p", p, 1)
    return _fill(input, bernoulli_array(input.array.shape, probability, generator))


def uniform_(input: Tensor, *args: float, generator: Generator | None = None, **bounds: float) -> Tensor:
    """Fill the tensor with numbers drawn evenly from an interval.

    Args:
        *args: `from` and `to`, the bounds; by default 0 and 1.
        **bounds: the same by name; `from` is a Python keyword and cannot be a parameter.

    Raises:
        RuntimeError: `from` is greater than `to`, or a bound is not finite.
        NotImplementedError: the tensor is not floating.
        TypeError: other arguments.
    """
    given = dict(zip(("from", "to"), args, strict=False)) | bounds
    if len(args) > 2 or len(args) + len(bounds) != len(given) or not given.keys() <= {"from", "to"}:
        raise TypeError(f"uniform_() expected from and to, got {[*args]} and {bounds}")
    low, high = given.get("from", 0.0), given.get("to", 1.0)
    require_floating_kernel("check_uniform_bounds", input.array)
    for name, bound in (("from", low), ("to", high)):
        if not math.isfinite(bound):
            raise RuntimeError(f"{name} is out of bounds: expected a finite number, got {bound}")
    if low > high:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={low} > to={high}")
    drawn = uniform_array(input.array.shape, input.array.dtype, generator)
    return _fill(input, drawn * (high - low) + low)


def normal_(
    input: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Fill the tensor with numbers drawn from a normal distribution.

    Args:
        mean: its mean.
        std: its standard deviation, at least 0.

    Raises:
        RuntimeError: `std` is negative.
        NotImplementedError: the tensor is not floating.
    """
    if not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
    require_floating_kernel("normal_kernel_cpu", input.array)
    return _fill(input, normal_array(input.array.shape, input.array.dtype, generator) * std + mean)


def _fill(target: Tensor, drawn: Array) -> Tensor:
    return writing.assign(target, ..., wrap(drawn))
