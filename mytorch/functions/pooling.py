"""Maxima and means over windows of one or two dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.dtypes import SCALAR_TYPE_NAMES
from mytorch._core.typename import typename
from mytorch.autograd._apply import apply, apply_many
from mytorch.functions._check import array_of, integer_of
from mytorch.functions._windows import numbers_of
from mytorch.ops import pooling as ops

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mytorch._core.types import Array
    from mytorch._tensor import Tensor

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "avg_pool1d",
    "avg_pool2d",
    "max_pool1d",
    "max_pool2d",
]


def max_pool1d(
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return the largest element of every window of a sequence.

    Of equal elements the first one gets the gradient; nan is larger than any number.

    Args:
        input: (N, C, L), or (C, L), floating.
        kernel_size: K, elements per window.
        stride: from window to window; K if it is None.
        padding: how many elements of -inf stand before and after, at most half of K.
        dilation: from element to element of a window.
        ceil_mode: whether a last window that is not full counts, too.
        return_indices: whether the places of the elements are returned, too.

    Returns:
        (N, C, L'), or with `return_indices` that and the places, int64.

    Raises:
        RuntimeError: a number is out of its range, or there is no window.
        NotImplementedError: `input` is not floating.
        TypeError: an argument is not an integer or a tuple of integers.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool1d.html

    Examples:
        >>> nn.functional.max_pool1d(mytorch.tensor([[1.0, 5.0, 2.0, 3.0]]), 2)
        tensor([[5., 3.]])
    """
    return _max_pool(
        "max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices
    )


def max_pool2d(
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Return the largest element of every window of an image.

    Args:
        input: (N, C, H, W), or (C, H, W), not boolean.
        kernel_size: elements per window, one number or two; so are the next three.
        stride: from window to window; the size of a window if it is None.
        padding: how many elements of -inf stand on each side, at most half of a window.
        dilation: from element to element of a window.
        ceil_mode: whether last windows that are not full count, too.
        return_indices: whether the places of the elements in the flattened image are returned, too.

    Returns:
        (N, C, H', W'), or with `return_indices` that and the places, int64.

    Raises:
        RuntimeError: a number is out of its range, or there is no window.
        NotImplementedError: `input` is boolean.
        TypeError: an argument is not an integer or a tuple of integers.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool2d.html

    Examples:
        >>> x = mytorch.tensor([[[1.0, 5.0, 2.0], [3.0, 4.0, 6.0]]])
        >>> nn.functional.max_pool2d(x, 2, stride=1, return_indices=True)
        (tensor([[[5., 6.]]]), tensor([[[1, 5]]]))
    """
    return _max_pool(
        "max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices
    )


def avg_pool1d(
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """Return the mean of every window of a sequence.

    Args:
        input: (N, C, L), or (C, L), floating or int64.
        kernel_size: K, elements per window.
        stride: from window to window; K if it is None.
        padding: how many zeros stand before and after, at most half of K.
        ceil_mode: whether a last window that is not full counts, too.
        count_include_pad: whether the padding counts as elements.

    Returns:
        (N, C, L').

    Raises:
        RuntimeError: a number is out of its range, or there is no window.
        NotImplementedError: `input` has another dtype.
        TypeError: an argument is not an integer or a tuple of integers.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool1d.html

    Examples:
        >>> nn.functional.avg_pool1d(mytorch.tensor([[1.0, 5.0, 2.0, 4.0]]), 2)
        tensor([[3., 3.]])
    """
    return _avg_pool(
        "avg_pool1d", 1, input, (kernel_size, stride, padding), ceil_mode, count_include_pad, None
    )


def avg_pool2d(
    input: Tensor,
    kernel_size: int | Sequence[int],
    stride: int | Sequence[int] | None = None,
    padding: int | Sequence[int] = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Return the mean of every window of an image.

    Args:
        input: (N, C, H, W), or (C, H, W), floating or int64.
        kernel_size: elements per window, one number or two; so are the next two.
        stride: from window to window; the size of a window if it is None.
        padding: how many zeros stand on each side, at most half of a window.
        ceil_mode: whether last windows that are not full count, too.
        count_include_pad: whether the padding counts as elements.
        divisor_override: by what the sums are divided instead.

    Returns:
        (N, C, H', W').

    Raises:
        RuntimeError: a number is out of its range, or there is no window.
        NotImplementedError: `input` has another dtype.
        TypeError: an argument is not an integer or a tuple of integers.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool2d.html

    Examples:
        >>> nn.functional.avg_pool2d(mytorch.tensor([[[1.0, 5.0], [2.0, 4.0]]]), (2, 1))
        tensor([[[1.5000, 4.5000]]])
    """
    given = kernel_size, stride, padding
    if divisor_override is not None and not integer_of("avg_pool2d", "divisor_override", divisor_override, 7):
        raise RuntimeError("divisor must be not zero, but got divisor_override=0")
    return _avg_pool("avg_pool2d", 2, input, given, ceil_mode, count_include_pad, divisor_override)


def adaptive_avg_pool1d(input: Tensor, output_size: int | Sequence[int]) -> Tensor:
    """Return the means of as many windows of a sequence as are asked for.

    Args:
        input: (N, C, L), or (C, L), floating.
        output_size: how many windows; window o is from ⌊o·L / size⌋ to ⌈(o + 1)·L / size⌉.

    Returns:
        (N, C, output_size).

    Raises:
        RuntimeError: the size is negative, or the sequence has no elements.
        NotImplementedError: `input` is not floating.
        TypeError: the size is not an integer.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool1d.html

    Examples:
        >>> nn.functional.adaptive_avg_pool1d(mytorch.tensor([[1.0, 5.0, 3.0]]), 2)
        tensor([[3., 4.]])
    """
    array_of("adaptive_avg_pool1d", input)
    sizes = numbers_of("adaptive_avg_pool1d", "output_size", output_size, 2)
    if len(sizes) != 1:
        raise RuntimeError(
            f"adaptive_avg_pool1d() argument 'output_size' should contain one int (got {len(sizes)})"
        )
    return _adaptive("adaptive_avg_pool1d", input, sizes)


def adaptive_avg_pool2d(input: Tensor, output_size: int | Sequence[int | None]) -> Tensor:
    """Return the means of as many windows of an image as are asked for.

    Args:
        input: (N, C, H, W), or (C, H, W), floating.
        output_size: how many windows along each dimension, one number for both; None keeps a size.

    Returns:
        (N, C, *output_size).

    Raises:
        RuntimeError: a size is negative, or the image has no elements.
        NotImplementedError: `input` is not floating.
        TypeError: a size is not an integer.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool2d.html

    Examples:
        >>> nn.functional.adaptive_avg_pool2d(mytorch.tensor([[[1.0, 5.0], [2.0, 4.0]]]), (1, None))
        tensor([[[1.5000, 4.5000]]])
    """
    name, x = "adaptive_avg_pool2d", array_of("adaptive_avg_pool2d", input)
    if not isinstance(output_size, (int, tuple, list)):
        raise TypeError(
            f"{name}(): argument 'output_size' (position 2) must be int or tuple of ints, "
            f"not {typename(output_size)}"
        )
    given = (output_size,) * 2 if isinstance(output_size, int) else tuple(output_size)
    if len(given) != 2:
        raise RuntimeError(f"{name}: output_size must be 2 numbers, but got {len(given)}")
    if x.ndim not in {3, 4}:
        raise RuntimeError(f"{name}(): Expected 3D or 4D tensor, but got {list(x.shape)}")
    own = x.shape[-2:]
    sizes = [
        size if n is None else integer_of(name, "output_size", n, 2)
        for n, size in zip(given, own, strict=True)
    ]
    return _adaptive(name, input, tuple(sizes))


def _adaptive(name: str, input: Tensor, sizes: tuple[int, ...]) -> Tensor:
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


def _max_pool(
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
    x = array_of(name, input)
    spaces = _each(name, "dilation", dilation, rank, 5)
    axes = _windows(name, input, (kernel_size, stride, padding), spaces, ceil_mode)
    if x.dtype.kind == "b" or (rank == 1 and x.dtype.kind != "f"):
        raise NotImplementedError(f"\"{name}\" not implemented for '{SCALAR_TYPE_NAMES[input.dtype]}'")
    out, places = apply_many(ops.MaxPool, input, axes=axes)
    return (out, places) if return_indices else out


def _avg_pool(
    name: str,
    rank: int,
    input: Tensor,
    given: tuple[Any, Any, Any],
    ceil_mode: bool,
    whole: bool,
    divisor: int | None,
) -> Tensor:
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
                f"{name}() Given input size: {list(shape)}. Output size is too small: a window of "
                f"{k} elements, dilation {d}, does not fit into {size} with padding {p}"
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
