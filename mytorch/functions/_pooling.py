"""Pooling over windows of one or two dimensions: the checks and ops of the functions in `pooling`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.dtypes import SCALAR_TYPE_NAMES
from mytorch.autograd._apply import apply, apply_many
from mytorch.functions._check import array_of
from mytorch.functions._windows import numbers_of
from mytorch.ops import pooling as ops

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mytorch._core.types import Array
    from mytorch._tensor import Tensor


def adaptive(name: str, input: Tensor, sizes: tuple[int, ...]) -> Tensor:
    """Return the means of a given number of windows, after a check of all arguments.

    Args:
        name: the function, named in errors.
        input: (N, C, *), or (C, *), floating, with as many dimensions * as there are sizes.
        sizes: how many windows along each dimension.

    Raises:
        RuntimeError: `input` has other dimensions or no elements, or a size is negative.
        NotImplementedError: `input` is not floating.
    """
    x, rank = input.array, len(sizes)
    if x.ndim not in {rank + 1, rank + 2}:
        raise RuntimeError(
            f"Expected {rank + 1} to {rank + 2} dimensions, but got {x.ndim}-dimensional tensor for argument "
            f"'input' (while checking arguments for {name})"
        )
    if min(sizes) < 0:
        raise RuntimeError(
            f"{name}: elements of output_size must be greater than or equal to 0 but received {list(sizes)}"
        )
    if 0 in x.shape[-rank:]:
        raise RuntimeError(
            f"{name}(): Expected input to have non-zero size for non-batch dimensions, but input has sizes "
            f"{list(x.shape)}"
        )
    if x.dtype.kind != "f":
        raise NotImplementedError(f"\"{name}\" not implemented for '{SCALAR_TYPE_NAMES[input.dtype]}'")
    return apply(ops.AdaptiveAvgPool, input, outputs=sizes)


def max_pool(
    name: str,
    rank: int,
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None,
    padding: int | Sequence[int],
    dilation: int | Sequence[int],
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    """Return the largest element of every window, after a check of all arguments: see `max_pool2d`.

    Args:
        name: the function, named in errors.
        rank: over how many dimensions a window extends.
        input: and the others: as the function takes them.
    """
    x = array_of(name, input)
    spaces = _each(name, "dilation", dilation, rank, 5)
    axes = _windows(name, input, (kernel_size, stride, padding), spaces, ceil_mode)
    if x.dtype.kind == "b" or (rank == 1 and x.dtype.kind != "f"):
        raise NotImplementedError(f"\"{name}\" not implemented for '{SCALAR_TYPE_NAMES[input.dtype]}'")
    out, places = apply_many(ops.MaxPool, input, axes=axes)
    return (out, places) if return_indices else out


def avg_pool(
    name: str,
    rank: int,
    input: Tensor,
    given: tuple[Any, Any, Any],
    ceil_mode: bool,
    whole: bool,
    divisor: int | None,
) -> Tensor:
    """Return the mean of every window, after a check of all arguments: see `avg_pool2d`.

    Args:
        name: the function, named in errors.
        rank: over how many dimensions a window extends.
        input: the function's.
        given: the function's kernel_size, stride and padding.
        ceil_mode: whether last windows that are not full count, too.
        whole: whether the padding counts as elements.
        divisor: by what the sums are divided instead of the number of elements.
    """
    x = array_of(name, input)
    if rank == 2 and x.ndim < 3:
        raise IndexError(f"{name}: expected 3D or 4D input, but got {x.ndim}D input of size {list(x.shape)}")
    axes = _windows(name, input, given, (1,) * rank, ceil_mode)
    if x.dtype.kind != "f" and x.dtype != np.int64:
        raise NotImplementedError(f"\"{name}\" not implemented for '{SCALAR_TYPE_NAMES[input.dtype]}'")
    counts = ops.crossed(np.multiply, [_counts(axis, whole) for axis in axes])
    if divisor is not None:
        counts = np.full(counts.shape, divisor)
    return apply(ops.AvgPool, input, axes=axes, counts=counts)


def _counts(axis: ops.Windows, whole: bool) -> Array:
    """Return how many elements each window has; padding counts as such if `whole`."""
    starts = axis.starts
    ends = np.minimum(starts + axis.kernel, axis.size + axis.padding)
    return np.asarray(ends - starts if whole else np.minimum(ends, axis.size) - np.maximum(starts, 0))


def _windows(
    name: str, input: Tensor, given: tuple[Any, Any, Any], dilation: tuple[int, ...], ceil_mode: bool
) -> tuple[ops.Windows, ...]:
    """Return the windows over each of the last dimensions, after a check of all numbers."""
    shape, rank = input.array.shape, len(dilation)
    kernel = _each(name, "kernel_size", given[0], rank, 2)
    unset = given[1] is None or given[1] in ((), [])
    stride = kernel if unset else _each(name, "stride", given[1], rank, 3)
    padding = _each(name, "padding", given[2], rank, 4)
    if len(shape) not in {rank + 1, rank + 2} or 0 in shape[-rank - 1 :]:
        raise RuntimeError(
            f"{name}: Expected {rank + 1}D or {rank + 2}D (batch mode) tensor with optional 0 dim batch size "
            f"for input, but got:{list(shape)}"
        )
    for argument, numbers in (("kernel_size", kernel), ("stride", stride), ("dilation", dilation)):
        if min(numbers) <= 0:
            raise RuntimeError(f"{name}() {argument} must be greater than zero, but got {list(numbers)}")
    axes = []
    for size, k, s, p, d in zip(shape[-rank:], kernel, stride, padding, dilation, strict=True):
        if p < 0:
            raise RuntimeError(f"{name}() padding must be non-negative, but got {p}")
        if p > k // 2:
            raise RuntimeError(
                f"{name}() padding should be at most half of kernel size, but got padding={p} and "
                f"kernel_size={k}"
            )
        outputs = _outputs(size, k, s, p, d, ceil_mode)
        if outputs < 1:
            raise RuntimeError(
                f"{name}() Given input size: {list(shape)}. Output size is too small: kernel_size={k} with "
                f"dilation={d} expects at least {d * (k - 1) + 1} elements, but got {size} and padding={p}"
            )
        axes.append(ops.Windows(size, k, s, p, d, outputs))
    return tuple(axes)


def _outputs(size: int, k: int, s: int, p: int, d: int, ceil_mode: bool) -> int:
    """Return how many windows there are; the last one begins in the input or before it."""
    span = size + 2 * p - d * (k - 1) - 1
    count = (span + (s - 1 if ceil_mode else 0)) // s + 1
    return count - 1 if ceil_mode and (count - 1) * s >= size + p else count


def _each(name: str, argument: str, given: Any, rank: int, position: int) -> tuple[int, ...]:
    numbers = numbers_of(name, argument, given, position)
    if len(numbers) not in {1, rank}:
        raise RuntimeError(
            f"{name}() {argument} must be an int or a tuple of {rank} ints, but got {len(numbers)} numbers"
        )
    return numbers if len(numbers) == rank else numbers * rank
