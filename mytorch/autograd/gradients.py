"""The public doors to back-propagation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch import _tensor
from mytorch.autograd import engine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mytorch._tensor import Tensor


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
) -> None:
    """Add to every leaf's `grad` the derivative of the tensors, each weighted with its cotangent.

    Args:
        tensors: one or several, of any shapes.
        grad_tensors: the cotangent of each, of its shape; None for one that has one element.
        retain_graph: whether backward can be called again.
        create_graph: not supported: the gradients have no history.

    Raises:
        RuntimeError: there are not as many cotangents as tensors; a tensor has no history, is no scalar and
            got no cotangent, or got one of another shape; the graph was freed before; a value that is needed
            was changed in place; or `create_graph`.
        TypeError: a cotangent is no Tensor.
    """
    if create_graph:
        raise RuntimeError("backward(create_graph=True) is not supported: gradients have no history")
    roots = (tensors,) if isinstance(tensors, _tensor.Tensor) else tuple(tensors)
    cotangents: tuple[Tensor | None, ...]
    if grad_tensors is None:
        cotangents = (None,) * len(roots)
    else:
        cotangents = (grad_tensors,) if isinstance(grad_tensors, _tensor.Tensor) else tuple(grad_tensors)
    if len(cotangents) != len(roots):
        raise RuntimeError(f"got {len(roots)} tensors and {len(cotangents)} gradients")
    engine.backward(roots, cotangents, retain_graph=bool(retain_graph))
