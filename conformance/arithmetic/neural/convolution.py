"""The gradients of a convolution, as two convolutions and a sum. The convolution itself has a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

_ATEN: Any = torch.ops.aten


def _backward(
    grad: Tensor,
    x: Tensor,
    weight: Tensor,
    bias_sizes: Sequence[int] | None,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    groups: int,
    wanted: Sequence[bool],
) -> tuple[Tensor | None, ...]:
    """Return the gradients of the input, the weight and the bias."""
    del output_padding, bias_sizes
    rank = x.dim() - 2
    stride, padding, dilation = (_each(value, rank) for value in (stride, padding, dilation))
    of_input = of_weight = of_bias = None
    if wanted[0]:
        # What the sizes leave open: several sizes of an input give the same size of an output.
        more = [
            0 if transposed else size - ((out - 1) * s - 2 * p + d * (k - 1) + 1)
            for size, out, k, s, p, d in zip(
                x.shape[2:], grad.shape[2:], weight.shape[2:], stride, padding, dilation, strict=True
            )
        ]
        of_input = _ATEN.convolution(
            grad, weight, None, stride, padding, dilation, not transposed, more, groups
        )
        # An output padding beyond the stride reaches further than the input did.
        of_input = _cut(of_input, x.shape[2:])
    if wanted[1]:
        large, small = (grad, x) if transposed else (x, grad)
        of_weight = _of_weight(large, small, weight.shape[2:], stride, padding, dilation, groups)
    if wanted[2]:
        of_bias = grad.sum([0, *range(2, grad.dim())])
    return of_input, of_weight, of_bias


def _of_weight(
    large: Tensor,
    small: Tensor,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    groups: int,
) -> Tensor:
    """Return the sum over the batch and all places of `large`, shifted, times `small`: a convolution, too.

    Batch and channels change places, and so do stride and dilation.
    """
    batch = large.shape[0]
    if not batch:
        return small.new_zeros([small.shape[1], large.shape[1] // groups, *kernel])
    # (N, groups·C, *) to (C, groups·N, *).
    grouped = large.view(batch, groups, -1, *large.shape[2:])
    shifted = grouped.permute(2, 1, 0, *range(3, grouped.dim())).flatten(1, 2)
    filters = small.transpose(0, 1)
    zeros = [0] * len(kernel)
    found = _ATEN.convolution(shifted, filters, None, dilation, padding, stride, False, zeros, groups)
    # The last rows of `large` may be used by no output.
    return _cut(found, kernel).transpose(0, 1).contiguous()


def _cut(x: Tensor, sizes: Sequence[int]) -> Tensor:
    """Return the first elements of each dimension behind the channels."""
    for dim, size in enumerate(sizes, start=2):
        x = x.narrow(dim, 0, size)
    return x.contiguous()


def _each(value: Sequence[int], rank: int) -> list[int]:
    return [*value] * rank if len(value) == 1 else [*value]


KERNELS: Mapping[str, Callable[..., Any]] = {"convolution_backward": _backward}
