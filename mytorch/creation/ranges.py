"""Functions that make tensors of evenly spaced numbers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.dtypes import get_default_dtype, numpy_dtype_of
from mytorch._core.promotion import cast
from mytorch.creation.filled import float_dtype
from mytorch.creation.from_data import finish

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.dtypes import dtype as DType
    from mytorch._core.types import Scalar
    from mytorch._tensor import Tensor

__all__ = ["arange", "linspace"]


def arange(
    start: Scalar,
    end: Scalar | None = None,
    step: Scalar = 1,
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
        RuntimeError: step is 0, or leads away from end.

    Examples:
        >>> mytorch.arange(3)
        tensor([0, 1, 2])
        >>> mytorch.arange(0, 1, 0.25)
        tensor([0.0000, 0.2500, 0.5000, 0.7500])
    """
    if end is None:
        start, end = 0, start
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    whole = all(isinstance(x, int) for x in (start, end, step))
    if dtype is not None:
        target = numpy_dtype_of(dtype)
    else:
        target = np.dtype(np.int64) if whole else get_default_dtype().numpy
    count = -((start - end) // step) if whole else math.ceil((end - start) / step)
    steps: Any = np.arange(count, dtype=np.int64 if whole else np.float64)
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
        RuntimeError: `steps` is negative.

    Examples:
        >>> mytorch.linspace(0, 1, 5)
        tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
        >>> mytorch.linspace(0, 1, 1)
        tensor([0.])
    """
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    return finish(cast(np.linspace(start, end, steps), float_dtype(dtype)), device, requires_grad)
