"""The rule of convolutions of one to three dimensions, transposed or not: sums of products."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import torch

from conformance.arithmetic.rounding import products
from conformance.arithmetic.rules.measuring import TERMS, MeasuringCall
from conformance.arithmetic.rules.rule import HIGHAM, Operands, Rule, rounded
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from conformance.arithmetic.replicates import Replicates


def _convolution(x: Tensor, weight: Tensor, given: Sequence[Any]) -> Tensor:
    out: Tensor = torch.ops.aten.convolution(x, weight, None, *given)
    return out


def products_of(weight: Tensor, stride: Sequence[int], transposed: bool, groups: int) -> int:
    """Return how many products each element is the sum of, at most."""
    if not transposed:
        return weight[0].numel()
    # A transposed convolution reaches each element with every stride-th place of its kernel.
    kernel = weight.shape[2:]
    steps = [*stride] * len(kernel) if len(stride) == 1 else stride
    return weight.shape[0] // groups * prod(-(-k // s) for k, s in zip(kernel, steps, strict=True))


def _size(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    groups: int,
) -> Tensor:
    given = stride, padding, dilation, transposed, output_padding, groups
    magnitude = _convolution(x.abs(), weight.abs(), given)
    size = products(magnitude, products_of(weight, stride, transposed, groups))
    return size if bias is None else size.add_(_channels(bias.abs(), size.dim()))


def _channels(bias: Tensor, rank: int) -> Tensor:
    """Return a bias so that it broadcasts to (*, N, C, ...)."""
    return bias.reshape(*bias.shape[:-1], *(1,) * bool(bias.dim() > 1), -1, *(1,) * (rank - 2))


def _together(held: Replicates, x: Tensor, weight: Tensor, bias: Tensor | None, *given: Any) -> Tensor:
    """Convolve all replicates at once: the input's as one batch, or the weight's as channels."""
    if weight not in held:
        inputs = held.every(x)
        out = _convolution(inputs.flatten(0, 1), weight, given)
        out = out.view(*inputs.shape[:2], *out.shape[1:])
    elif x not in held:
        out = _with_weights(x, held.every(weight), given)
    else:
        pairs = zip(held.every(x), held.every(weight), strict=True)
        out = torch.stack([_convolution(one, own, given) for one, own in pairs])
    if bias is None:
        return out
    return out.add_(_channels(held.of_rank(bias, 1), x.dim()))


def _with_weights(x: Tensor, weights: Tensor, given: Sequence[Any]) -> Tensor:
    *_, transposed, _, groups = given
    count = len(weights)
    if transposed:  # (R, I, O, ...) to (I, R·O, ...)
        wide = weights.movedim(0, 1).flatten(1, 2)
    else:  # (R, groups·O, ...) to (groups·R·O, ...)
        wide = weights.view(count, groups, -1, *weights.shape[2:]).movedim(0, 1).flatten(0, 2)
    out = _convolution(x, wide, given)
    channels = out.shape[1] // (groups * count)
    return out.view(out.shape[0], groups, count, channels, *out.shape[2:]).movedim(2, 0).flatten(2, 3)


def _measuring(
    call: Callable[..., Any], shapes: Callable[[int], Sequence[tuple[int, ...]]], **fields: Any
) -> MeasuringCall:
    def inputs(n: int) -> tuple[Input, ...]:
        x, weight, *bias = shapes(n)
        return (
            Input(x, pairs=True, **fields),
            Input(weight, weight=True, **fields),
            *(Input(each) for each in bias),
        )

    lacking = "mytorch has no transposed convolutions"
    return MeasuringCall(call, inputs, TERMS, accumulates=True, without=lacking)


RULES: tuple[Rule, ...] = (
    rounded(
        "convolution",
        Operands(_size, "√(n/3) roundings of the convolution of |x| and |weight|, and 1 of |bias|"),
        _measuring(
            lambda t, x, w, b: t.conv2d(x, w, b, padding=1), lambda n: ((2, n, 5, 4), (6, n, 3, 3), (6,))
        ),
        _measuring(lambda t, x, w: t.conv1d(x, w, stride=2), lambda n: ((3, n, 9), (8, n, 5)), positive=True),
        _measuring(
            lambda t, x, w: t.conv_transpose2d(x, w, stride=2), lambda n: ((2, n, 4, 3), (n, 6, 3, 3))
        ),
        source=HIGHAM,
        together=_together,
    ),
)
