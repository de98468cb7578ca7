"""Convolutions over one or two dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.dtypes import SCALAR_TYPE_NAMES
from mytorch.autograd._apply import apply
from mytorch.functions._check import array_of, integer_of
from mytorch.functions._windows import numbers_of, same_size
from mytorch.ops import convolution as ops

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mytorch._tensor import Tensor

__all__ = ["conv1d", "conv2d"]


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: str | int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Multiply a weight with every window of a sequence, and add up the products.

    Args:
        input: (N, C, L), or (C, L) for one sequence.
        weight: (O, C / groups, K), of the dtype of `input`.
        bias: summand, (O,), of the dtype of `input`; or None.
        stride: from window to window.
        padding: how many zeros stand before and after each sequence; "valid" for none, "same" for as many as
            keep the length.
        dilation: from element to element of a window.
        groups: how many groups the channels are divided into, each with outputs of its own.

    Returns:
        (N, O, ⌊(L + 2·padding - dilation·(K - 1) - 1) / stride⌋ + 1), without N where `input` has none.

    Raises:
        RuntimeError: sizes or dtypes do not fit, a window is longer than the padded input, or "same" is given
            with a stride.
        TypeError: an argument is not an integer or a tuple of integers.
        NotImplementedError: the tensors are boolean.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv1d.html

    Examples:
        >>> x = mytorch.tensor([[[1.0, 2.0, 4.0, 8.0]]])
        >>> nn.functional.conv1d(x, mytorch.tensor([[[-1.0, 1.0]]]))
        tensor([[[1., 2., 4.]]])
    """
    return _convolution("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | Sequence[int] = 1,
    padding: str | int | Sequence[int] = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """Multiply a weight with every window of an image, and add up the products.

    Args:
        input: (N, C, H, W), or (C, H, W) for one image.
        weight: (O, C / groups, K₁, K₂), of the dtype of `input`.
        bias: summand, (O,), of the dtype of `input`; or None.
        stride: from window to window, one number or one per dimension.
        padding: how many zeros stand on each side; "valid" for none, "same" for as many as keep the sizes.
        dilation: from element to element of a window.
        groups: how many groups the channels are divided into, each with outputs of its own.

    Returns:
        (N, O, H', W'), with H' and W' as `conv1d` has its length; without N where `input` has none.

    Raises:
        RuntimeError: as `conv1d`.
        TypeError: as `conv1d`.
        NotImplementedError: the tensors are boolean.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html

    Examples:
        >>> edges = mytorch.tensor([[[[-1.0, 1.0]]]])
        >>> nn.functional.conv2d(mytorch.tensor([[[[0.0, 5.0, 5.0], [0.0, 0.0, 7.0]]]]), edges)
        tensor([[[[5., 0.],
                  [0., 7.]]]])
    """
    return _convolution("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def _convolution(
    name: str,
    rank: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: int | Sequence[int],
    padding: str | int | Sequence[int],
    dilation: int | Sequence[int],
    groups: int,
) -> Tensor:
    x = array_of(name, input)
    array_of(name, weight, "weight", 2)
    if bias is not None:
        array_of(name, bias, "bias", 3)
    groups = integer_of(name, "groups", groups, 7)
    if x.ndim not in {rank + 1, rank + 2}:
        raise RuntimeError(
            f"Expected {rank + 1}D (unbatched) or {rank + 2}D (batched) input to {name}, but got input of "
            f"size: {list(x.shape)}"
        )
    if weight.ndim != rank + 2:
        raise RuntimeError(
            f"{name}: weight should have {rank + 2} dimensions, but got weight of size {list(weight.shape)}"
        )
    steps = _each(name, "stride", stride, rank, 4)
    spaces = _each(name, "dilation", dilation, rank, 6)
    kernel = weight.shape[2:]
    pads = _padding(name, padding, kernel, steps, spaces)
    _check_numbers(steps, pads, spaces, groups, kernel)
    _check_channels(input, weight, bias, rank, groups)
    _check_sizes(x.shape[x.ndim - rank :], kernel, pads, spaces)
    _check_dtypes(input, weight, bias)
    batch = input if x.ndim == rank + 2 else input.unsqueeze(0)
    out = apply(
        ops.Convolution, batch, weight, bias, stride=steps, padding=pads, dilation=spaces, groups=groups
    )
    return out if batch is input else out.squeeze(0)


def _each(name: str, argument: str, given: int | Sequence[int], rank: int, position: int) -> tuple[int, ...]:
    numbers = numbers_of(name, argument, given, position)
    if len(numbers) not in {1, rank}:
        raise RuntimeError(
            f"expected {argument} to be a single integer value or a list of {rank} values to match the "
            f"convolution dimensions, but got {argument}={list(numbers)}"
        )
    return numbers if len(numbers) == rank else numbers * rank


def _padding(
    name: str,
    padding: str | int | Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
) -> tuple[tuple[int, int], ...]:
    if not isinstance(padding, str):
        return tuple([(n, n) for n in _each(name, "padding", padding, len(kernel), 5)])
    if padding == "valid":
        return ((0, 0),) * len(kernel)
    if padding != "same":
        raise RuntimeError(f"Invalid padding string: '{padding}', expected 'valid' or 'same'")
    if any(step != 1 for step in stride):
        raise RuntimeError(
            f"padding='same' is not supported for strided convolutions, but got stride={list(stride)}"
        )
    return same_size(kernel, dilation)


def _check_numbers(
    stride: Sequence[int],
    pads: Sequence[tuple[int, int]],
    dilation: Sequence[int],
    groups: int,
    kernel: Sequence[int],
) -> None:
    if min(stride) <= 0:
        raise RuntimeError(f"non-positive stride is not supported, but got stride={list(stride)}")
    if min(before for before, _ in pads) < 0:
        raise RuntimeError(
            f"negative padding is not supported, but got padding={[before for before, _ in pads]}"
        )
    if min(dilation) <= 0:
        raise RuntimeError(f"dilation should be greater than zero, but got {list(dilation)}")
    if groups <= 0:
        raise RuntimeError(f"non-positive groups is not supported, but got groups={groups}")
    if min(kernel) <= 0:
        raise RuntimeError(f"kernel size should be greater than zero, but got {list(kernel)}")


def _check_channels(input: Tensor, weight: Tensor, bias: Tensor | None, rank: int, groups: int) -> None:
    own, outputs, channels = list(weight.shape), weight.shape[0], input.shape[-rank - 1]
    if outputs < groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be at least {groups} at dimension 0, but got weight "
            f"of size {own} instead"
        )
    if outputs % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, but got "
            f"weight of size [{own}] instead"
        )
    if channels != weight.shape[1] * groups:
        raise RuntimeError(
            f"Given groups={groups}, weight of size {own}, expected input{list(input.shape)} to have "
            f"{weight.shape[1] * groups} channels, but got {channels} channels instead"
        )
    if bias is not None and bias.shape != (outputs,):
        raise RuntimeError(
            f"Given weight of size {own}, expected bias to be 1-dimensional with {outputs} elements, but got "
            f"bias of size {list(bias.shape)} instead"
        )


def _check_sizes(
    sizes: Sequence[int],
    kernel: Sequence[int],
    pads: Sequence[tuple[int, int]],
    dilation: Sequence[int],
) -> None:
    whole = [size + before + after for size, (before, after) in zip(sizes, pads, strict=True)]
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    if any(span > size for span, size in zip(spans, whole, strict=True)):
        given, wanted = (" x ".join(map(str, each)) for each in (whole, spans))
        raise RuntimeError(
            f"Calculated padded input size per channel: ({given}). Kernel size: ({wanted}). "
            "Kernel size can't be greater than actual input size"
        )


def _check_dtypes(input: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    if weight.dtype is not input.dtype:
        names = SCALAR_TYPE_NAMES[input.dtype], SCALAR_TYPE_NAMES[weight.dtype]
        raise RuntimeError(f"expected scalar type {names[0]} but found {names[1]}: input and weight")
    if bias is not None and bias.dtype is not input.dtype:
        raise RuntimeError(
            f"Input type ({SCALAR_TYPE_NAMES[input.dtype]}) and bias type ({SCALAR_TYPE_NAMES[bias.dtype]}) "
            "should be the same"
        )
    if input.array.dtype.kind == "b":
        raise NotImplementedError("\"slow_conv2d_cpu\" not implemented for 'Bool'")
