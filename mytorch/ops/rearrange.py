"""The same elements at other places: reversed, shifted, repeated, or those of a triangle or a diagonal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Op

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients


class Flip(Op):
    """A copy with the elements in reverse order along dimensions."""

    uses = ()

    @staticmethod
    def forward(a: Array, dims: tuple[int, ...]) -> tuple[Array, Any]:
        # A copy, because no tensor has negative strides.
        return np.flip(a, dims).copy(), dims

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (np.flip(grad, saved),)


class Roll(Op):
    """A copy with the elements shifted cyclically along dimensions; without any, in row-major order."""

    uses = ()

    @staticmethod
    def forward(a: Array, shifts: tuple[int, ...], dims: tuple[int, ...] | None) -> tuple[Array, Any]:
        return np.roll(a, shifts if dims else shifts[0], dims), (shifts, dims)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        shifts, dims = saved
        back = tuple([-n for n in shifts])
        return (np.roll(grad, back if dims else back[0], dims),)


class Triangle(Op):
    """A copy with zeros above or below a diagonal of the last two dimensions."""

    uses = ()

    @staticmethod
    def forward(a: Array, diagonal: int, upper: bool) -> tuple[Array, Any]:
        return (np.triu if upper else np.tril)(a, diagonal), (diagonal, upper)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        diagonal, upper = saved
        return ((np.triu if upper else np.tril)(grad, diagonal),)


def _diagonal(a: Array, offset: int, dim1: int, dim2: int) -> Array:
    view = a.diagonal(offset, dim1, dim2)
    # NumPy's diagonal is read-only for historical reasons; torch's is a view like any other.
    view.flags.writeable = a.flags.writeable
    return view


class Diagonal(Op):
    """A view of a diagonal of two dimensions, as the last dimension."""

    uses = ()
    is_view = True

    @staticmethod
    def forward(a: Array, offset: int, dim1: int, dim2: int) -> tuple[Array, Any]:
        return _diagonal(a, offset, dim1, dim2), (a.shape, offset, dim1, dim2)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        shape, *where = saved
        whole = np.zeros(shape, grad.dtype)
        _diagonal(whole, *where)[...] = grad
        return (whole,)


class Repeat(Op):
    """Copies of an array side by side along every dimension; there are as many repeats as dimensions."""

    uses = ()

    @staticmethod
    def forward(a: Array, repeats: tuple[int, ...]) -> tuple[Array, Any]:
        return np.tile(a, repeats), (a.shape, repeats)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        shape, repeats = saved
        lead = len(repeats) - len(shape)
        sizes = (*[1] * lead, *shape)
        apart = [n for pair in zip(repeats, sizes, strict=True) for n in pair]
        return (grad.reshape(apart).sum(axis=tuple(range(0, len(apart), 2))).reshape(shape),)
