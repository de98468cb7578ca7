"""Elements by an index, which was checked and converted to NumPy's form before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Op, Part

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients


class Slice(Op):
    """A view by numbers, slices, None and Ellipsis."""

    uses = ()
    is_view = True

    @staticmethod
    def forward(a: Array, index: tuple[Any, ...]) -> tuple[Array, Any]:
        return a[index], (a.shape, index)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        shape, index = saved
        # A view contains no element twice.
        return (Part(shape, index, grad),)


class Index(Op):
    """A copy of the elements that integer or boolean arrays select, with repeats."""

    uses = ()
    frees = True

    @staticmethod
    def forward(a: Array, index: tuple[Any, ...]) -> tuple[Array, Any]:
        # A copy: the index may be a tensor's array, which can change later.
        kept = tuple([np.array(i) if isinstance(i, np.ndarray) else i for i in index])
        return a[index], (a.shape, kept)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        shape, index = saved
        # Masks select no element twice.
        repeats = any(i.dtype.kind != "b" for i in index if isinstance(i, np.ndarray))
        return (Part(shape, index, grad, repeats=repeats),)
