"""Other shapes of the same elements, and copies."""

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
