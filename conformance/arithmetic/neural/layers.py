"""Layers that torch runs as one operation.

They are a bilinear layer, a randomized ReLU, the gradient of a weight's norm, and convolution over time,
batch and channels in that order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from conformance.arithmetic.neural.taps import unmoved

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

_ATEN: Any = torch.ops.aten
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _trilinear(
    one: Tensor,
    two: Tensor,
    three: Tensor,
    expand1: Sequence[int],
    expand2: Sequence[int],
    expand3: Sequence[int],
    sumdim: Sequence[int],
    unroll_dim: int = 1,
) -> Tensor:
    """Return the sum over some dimensions of a product of three: first of two, as `_trilinear` does.

    Source: aten/src/ATen/native/Linear.cpp.
    """
    del unroll_dim
    rank = one.dim() + len(expand1)
    names = [
        "".join(_LETTERS[dim] for dim in range(rank) if dim not in expanded)
        for expanded in (expand1, expand2, expand3)
    ]
    kept = [_LETTERS[dim] for dim in range(rank) if dim not in sumdim]
    # What the third has not is summed over before it is multiplied.
    both = "".join(
        letter for letter in sorted({*names[0], *names[1]}) if letter in kept or letter in names[2]
    )
    product = torch.einsum(f"{names[0]},{names[1]}->{both}", one, two)
    return torch.einsum(f"{both},{names[2]}->{''.join(kept)}", product, three)


def _rrelu(
    x: Tensor,
    noise: Tensor,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    generator: Any = None,
) -> Tensor:
    """Return x, or a share of it where it is not positive; in training a random one, kept in `noise`.

    Source: aten/src/ATen/native/Activation.cpp.
    """
    positive = x > 0
    if not training:
        return torch.where(positive, x, x * ((lower + upper) / 2))
    unmoved(lambda: _ATEN.rrelu_with_noise(x, noise, lower, upper, True, generator))
    # The numbers drawn are of float64, and rounded.
    noise.copy_(torch.where(positive, 1.0, noise * 1.0))
    return torch.where(positive, x, x * noise)


def _rrelu_functional(x: Tensor, noise: Tensor, *given: Any) -> tuple[Tensor, Tensor]:
    own = noise.clone()
    return _rrelu(x, own, *given), own


def _weight_norm_backward(
    grad: Tensor, v: Tensor, g: Tensor, norms: Tensor, dim: int
) -> tuple[Tensor, Tensor]:
    """Return the gradients of v and g, where w = g·v/‖v‖ for each index of one dimension.

    Source: aten/src/ATen/native/cpu/WeightNormKernel.cpp.
    """
    others = [each for each in range(v.dim()) if each != dim]
    norm = norms.view_as(g)
    along = (grad * v).sum(others, keepdim=True).view_as(g)
    return (g / norm) * (grad - v * (along / (norm * norm))), along / norm


def _conv_tbc(x: Tensor, weight: Tensor, bias: Tensor, pad: int = 0) -> Tensor:
    out: Tensor = _ATEN.convolution(
        x.permute(1, 2, 0), weight.permute(2, 1, 0), bias, [1], [pad], [1], False, [0], 1
    )
    return out.permute(2, 0, 1).contiguous()


KERNELS: Mapping[str, Callable[..., Any]] = {
    "_trilinear": _trilinear,
    "_weight_norm_interface_backward": _weight_norm_backward,
    "conv_tbc": _conv_tbc,
    "rrelu_with_noise": _rrelu,
    "rrelu_with_noise_functional": _rrelu_functional,
}
