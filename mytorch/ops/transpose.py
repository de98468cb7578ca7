"""Views with dimensions in another order, or repeated; all dimensions are non-negative here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Op

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients


class Permute(Op):
    """A view with its dimensions in another order."""

    uses = ()
    is_view = True

    @staticmethod
    def forward(a: Array, dims: tuple[int, ...]) -> tuple[Array, Any]:
        return a.transpose(dims), dims

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad.transpose(sorted(range(len(saved)), key=saved.__getitem__)),)


class Transpose(Op):
    """A view with two dimensions swapped."""

    uses = ()
    is_view = True

    @staticmethod
    def forward(a: Array, dim0: int, dim1: int) -> tuple[Array, Any]:
        return a.swapaxes(dim0, dim1), (dim0, dim1)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad.swapaxes(*saved),)


class Expand(Op):
    """A view that repeats dimensions of size 1; the engine sums the gradient over the repeats."""

    uses = ()
    is_view = True

    @staticmethod
    def forward(a: Array, shape: tuple[int, ...]) -> tuple[Array, Any]:
        out = np.broadcast_to(a, shape)
        # One element may be written to, as in torch; what writes to several that share memory refuses it.
        out.flags.writeable = a.flags.writeable
        return out, None

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad,)
