"""Maxima and means over windows of one or two dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.typename import typename
from mytorch.functions._check import array_of, integer_of
from mytorch.functions._pooling import adaptive, avg_pool, max_pool
from mytorch.functions._windows import numbers_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

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
        RuntimeError: a number is out of its range, or a window is larger than the input with its padding.
        NotImplementedError: `input` is not floating.
        TypeError: an argument is not an integer or a tuple of integers.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool1d.html

    Examples:
        >>> nn.functional.max_pool1d(mytorch.tensor([[1.0, 5.0, 2.0, 3.0]]), 2)
        tensor([[5., 3.]])
    """
    return max_pool("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


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
        RuntimeError: a number is out of its range, or a window is larger than the input with its padding.
        NotImplementedError: `input` is boolean.
        TypeError: an argument is not an integer or a tuple of integers.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.max_pool2d.html

    Examples:
        >>> x = mytorch.tensor([[[1.0, 5.0, 2.0], [3.0, 4.0, 6.0]]])
        >>> nn.functional.max_pool2d(x, 2, stride=1, return_indices=True)
        (tensor([[[5., 6.]]]), tensor([[[1, 5]]]))
    """
    return max_pool("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


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
        RuntimeError: a number is out of its range, or a window is larger than the input with its padding.
        NotImplementedError: `input` has another dtype.
        TypeError: an argument is not an integer or a tuple of integers.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool1d.html

    Examples:
        >>> nn.functional.avg_pool1d(mytorch.tensor([[1.0, 5.0, 2.0, 4.0]]), 2)
        tensor([[3., 3.]])
    """
    return avg_pool(
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
        RuntimeError: a number is out of its range, or a window is larger than the input with its padding.
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
    return avg_pool("avg_pool2d", 2, input, given, ceil_mode, count_include_pad, divisor_override)


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
    return adaptive("adaptive_avg_pool1d", input, sizes)


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
    return adaptive(name, input, tuple(sizes))
