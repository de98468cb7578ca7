"""Layer normalization."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.dtypes import SCALAR_TYPE_NAMES
from mytorch._core.typename import typename
from mytorch.autograd._apply import apply
from mytorch.functions._check import array_of, number_of, require_floating
from mytorch.ops import normalization as ops

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mytorch._tensor import Tensor

__all__ = ["layer_norm"]


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """Normalize the last dimensions to mean 0 and variance 1, then scale and shift them.

    Args:
        input: (*, S), floating.
        normalized_shape: S, the last sizes, over which mean and variance are taken.
        weight: factor, of shape S and the dtype of `input`; or None for 1.
        bias: summand, of shape S and the dtype of `input`; or None for 0.
        eps: added to the variance, so that nothing is divided by 0.

    Raises:
        RuntimeError: S is empty or not the end of the shape of `input`, or a parameter has another shape or
            dtype.
        NotImplementedError: `input` is not floating.
        TypeError: S is not a tuple or list.

    Source: Ba, Kiros & Hinton, "Layer Normalization", 2016, arXiv:1607.06450.

    Examples:
        >>> x = mytorch.tensor([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]])
        >>> nn.functional.layer_norm(x, (3,))
        tensor([[-1.2247,  0.0000,  1.2247],
                [-1.2247,  0.0000,  1.2247]])
    """
    x = array_of("layer_norm", input)
    if not isinstance(normalized_shape, (tuple, list)):
        raise TypeError(
            "layer_norm(): argument 'normalized_shape' (position 2) must be tuple of ints, not "
            f"{typename(normalized_shape)}"
        )
    sizes = list(normalized_shape)
    if not sizes:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, "
            "but got normalized_shape = []"
        )
    shape, dtype = tuple(sizes), x.dtype
    for name, given in (("weight", weight), ("bias", bias)):
        if given is not None and given.array.shape != shape:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                f"{list(given.shape)} and normalized_shape = {sizes}"
            )
    if x.shape[-len(sizes) :] != shape:
        expected = ", ".join(["*", *map(str, sizes)])
        raise RuntimeError(
            f"Given normalized_shape={sizes}, expected input with shape [{expected}], but got input of "
            f"size{list(x.shape)}"
        )
    require_floating("layer_norm", input)
    for name, given in (("weight", weight), ("bias", bias)):
        if given is not None and given.array.dtype != dtype:
            names = SCALAR_TYPE_NAMES[input.dtype], SCALAR_TYPE_NAMES[given.dtype]
            raise RuntimeError(
                f"mixed dtype (CPU): expect {name} to have scalar type of {names[0]}, got {names[1]}"
            )
    eps = number_of("layer_norm", "eps", eps, 5)
    return apply(ops.LayerNorm, input, weight, bias, rank=len(sizes), eps=eps)
