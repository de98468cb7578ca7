"""Functions that make tensors of evenly spaced numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import TensorBase
from mytorch._core.data import number_in
from mytorch._core.dtypes import get_default_dtype, numpy_dtype_of
from mytorch._core.promotion import cast
from mytorch.creation.filled import float_dtype
from mytorch.creation.from_data import finish
from mytorch.functions._check import integer_of, number_of

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.dtypes import dtype as DType
    from mytorch._tensor import Tensor

__all__ = ["arange", "linspace"]


def arange(
    start: Any = None,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: DType | None = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return the numbers from start up to, but without, end.

    Args:
        start: the first number; with one argument it is `end`, and the first number is 0.
        end: the bound.
        step: the distance.
        dtype: int64 for whole numbers and the default floating dtype for others, if not given.

    Returns:
        The numbers, 1-dim.

    Raises:
        RuntimeError: step is 0 or leads away from end, or a bound is not finite.
        TypeError: an argument is not a number.
        ValueError: step is 0 once its fraction is cut off, for int64.

    Examples:
        >>> mytorch.arange(3)
        tensor([0, 1, 2])
        >>> mytorch.arange(0, 1, 0.25)
        tensor([0.0000, 0.2500, 0.5000, 0.7500])
    """
    if end is None:
        start, end = 0, number_of("arange", "end", start, 1)
    else:
        start = number_of("arange", "start", 0 if start is None else start, 1)
        end = number_of("arange", "end", end, 2)
    step = number_of("arange", "step", step, 3)
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    whole = not any(isinstance(x, float) for x in (start, end, step))
    if dtype is not None:
        target = numpy_dtype_of(dtype)
    else:
        target = np.dtype(np.int64) if whole else get_default_dtype().numpy
    if target == np.int64 and not whole:
        # As in torch, this dtype alone is counted in whole numbers.
        start, end, step, whole = int(start), int(end), int(step), True
        if not step:
            raise ValueError("step must be nonzero, also without its fraction")
    count = -((start - end) // step) if whole else math.ceil((end - start) / step)
    if target.kind != "f":
        start, step = int(start), int(step)
    steps: Any = np.arange(count, dtype=np.float64 if isinstance(start + step, float) else np.int64)
    return finish(cast(steps * step + start, target), device, requires_grad)


def linspace(
    start: float,
    end: float,
    steps: int,
    *,
    dtype: DType | None = None,
    device: object = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return evenly spaced numbers from start to end, both included.

    Args:
        start: the first number.
        end: the last number.
        steps: how many.

    Returns:
        The numbers, (steps,).

    Raises:
        NotImplementedError: the dtype is bool.
        RuntimeError: `steps` is negative, a tensor has dimensions, or the dtype cannot hold a bound.
        TypeError: an argument is not a number.

    Examples:
        >>> mytorch.linspace(0, 1, 5)
        tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
        >>> mytorch.linspace(0, 1, 1)
        tensor([0.])
    """
    steps = integer_of("linspace", "steps", steps, 3)
    first, last = _bound("start", start, 1), _bound("end", end, 2)
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    target = float_dtype(dtype)
    if target.kind == "b":
        raise NotImplementedError("\"linspace_cpu\" not implemented for 'Bool'")
    if target.kind in "iu":
        # The bounds lose their fractions first, and so the numbers between them are others.
        first, last = number_in(first, target).item(), number_in(last, target).item()
    return finish(cast(np.linspace(first, last, steps), target), device, requires_grad)


def _bound(argument: str, given: Any, position: int) -> Any:
    if isinstance(given, TensorBase):
        if given.array.ndim:
            raise RuntimeError(
                "linspace only supports 0-dimensional start and end tensors, but got "
                f"{argument} with {given.array.ndim} dimension(s)."
            )
        return given.array.item()
    return number_of("linspace", argument, given, position)
