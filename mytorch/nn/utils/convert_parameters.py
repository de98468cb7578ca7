"""Parameters as one vector, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core.base import TensorBase
from mytorch._core.typename import typename
from mytorch.functions.joining import cat

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mytorch._tensor import Tensor


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """Return the elements of all parameters as one vector, through which gradients flow.

    Args:
        parameters: tensors of any shapes, at least one.

    Returns:
        The vector: the elements of each parameter in row-major order, one parameter after another.

    Raises:
        ValueError: `parameters` is empty.
        RuntimeError: the memory of a parameter has gaps.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parameters_to_vector.html

    Examples:
        >>> layer = nn.Linear(3, 2)
        >>> nn.utils.parameters_to_vector(layer.parameters()).shape
        mytorch.Size([8])
    """
    return cat([parameter.view(-1) for parameter in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Replace the data of parameters with pieces of a vector, whose memory they share from then on.

    Args:
        vec: a vector with as many elements as the parameters have, or more.
        parameters: tensors of any shapes.

    Raises:
        TypeError: `vec` is not a Tensor.
        RuntimeError: the vector is too short.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.vector_to_parameters.html

    Examples:
        >>> layer = nn.Linear(1, 2)
        >>> nn.utils.vector_to_parameters(mytorch.arange(4.0), layer.parameters())
        >>> layer.bias.tolist()
        [2.0, 3.0]
    """
    if not isinstance(vec, TensorBase):
        raise TypeError(f"expected mytorch.Tensor, but got: {typename(vec)}")
    start = 0
    for parameter in parameters:
        end = start + parameter.numel()
        parameter.data = vec[start:end].view_as(parameter).detach()
        start = end
