"""Elements at positions along one dimension, taken or written; the positions were checked before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Op, Part

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients


def _places(positions: Array, dim: int) -> tuple[Array, ...]:
    """Return the index of the elements at positions along one dimension, in their own places elsewhere."""
    places = np.ogrid[tuple([slice(n) for n in positions.shape])]
    return (*places[:dim], positions, *places[dim + 1 :])


class Gather(Op):
    """The elements at positions along one dimension, with repeats."""

    uses = ((1,), ())

    @staticmethod
    def forward(a: Array, positions: Array, dim: int) -> tuple[Array, Any]:
        places = _places(positions, dim)
        return a[places], (a.shape, places)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        shape, places = saved
        return Part(shape, places, grad, repeats=True), None


class Scatter(Op):
    """A copy with elements at positions along one dimension overwritten, or added to."""

    uses = ((1,), (), (1,))

    @staticmethod
    def forward(a: Array, positions: Array, src: Array, dim: int, add: bool) -> tuple[Array, Any]:
        places = _places(positions, dim)
        used = tuple([slice(n) for n in positions.shape])
        out = np.array(a)
        if add:
            np.add.at(out, places, src[used])
        else:
            out[places] = src[used]
        return out, (places, src.shape, used, add)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        places, shape, used, add = saved

        def rest() -> Array:
            kept = np.array(grad)
            kept[places] = 0
            return kept

        # Also where a position was written twice: each of the sources gets the gradient, as in torch.
        return grad if add else rest, None, Part(shape, used, grad[places])


class ScatterReduce(Op):
    """A copy with elements at positions along one dimension combined with others by a ufunc.

    Like torch's, it has no backward.
    """

    @staticmethod
    def forward(a: Array, positions: Array, src: Array, dim: int, combine: np.ufunc) -> tuple[Array, Any]:
        out = np.array(a)
        combine.at(out, _places(positions, dim), src[tuple([slice(n) for n in positions.shape])])
        return out, None
