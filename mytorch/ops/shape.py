"""Other views of the same elements; all dimensions are non-negative here."""

# What forward and backward take and give is said once, in Op; some need nothing of what was saved.
# ruff: noqa: D102, ARG004

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Op

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients


class View(Op):
    """The elements in row-major order in another shape, without a copy."""

    uses = ()
    is_view = True

    @staticmethod
    def forward(a: Array, shape: tuple[int, ...]) -> tuple[Array, Any]:
        return a.reshape(shape), a.shape

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad.reshape(saved),)


class Squeeze(View):
    """A view without some dimensions of size 1."""


class Unsqueeze(View):
    """A view with one more dimension of size 1."""


class Clone(Op):
    """A copy, in another shape if one is given."""

    uses = ()

    @staticmethod
    def forward(a: Array, shape: tuple[int, ...] | None = None) -> tuple[Array, Any]:
        copy = np.array(a, order="C")
        return copy if shape is None else copy.reshape(shape), a.shape

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad.reshape(saved),)


class Cast(Op):
    """A copy of another dtype; the engine casts the gradient back."""

    uses = ()

    @staticmethod
    def forward(a: Array, dtype: np.dtype[Any]) -> tuple[Array, Any]:
        return a.astype(dtype), None

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad,)


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
        # Writing to one element of it would write to many; torch's error for that is raised by the writer.
        return out, None

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad,)
