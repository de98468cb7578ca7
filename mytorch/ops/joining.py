"""Joining arrays along a dimension, and splitting them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Op

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients


class Cat(Op):
    """Concatenation along one dimension; empty vectors are skipped."""

    uses = ()

    @staticmethod
    def forward(*arrays: Array, dim: int) -> tuple[Array, Any]:
        try:
            out = np.concatenate(arrays, dim)
        except ValueError:
            # An empty vector may have another number of dimensions than what it is joined with.
            out = np.concatenate([a for a in arrays if a.shape != (0,)] or arrays[:1], dim)
        return out, (dim, [a.shape for a in arrays])

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        dim, shapes = saved
        before = (slice(None),) * (dim % grad.ndim)
        parts = []
        start = 0
        for shape in shapes:
            if shape == (0,):
                parts.append(np.zeros(0, grad.dtype))
            else:
                end = start + shape[dim]
                parts.append(grad[(*before, slice(start, end))])
                start = end
        return tuple(parts)


class Stack(Op):
    """Concatenation along a new dimension."""

    uses = ()

    @staticmethod
    def forward(*arrays: Array, dim: int) -> tuple[Array, Any]:
        return np.stack(arrays, axis=dim), (dim, len(arrays))

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        dim, count = saved
        before = (slice(None),) * dim
        return tuple([grad[(*before, i)] for i in range(count)])


class Split(Op):
    """Views of consecutive pieces along one dimension."""

    uses = ()
    is_view = True

    @staticmethod
    def forward(a: Array, sizes: tuple[int, ...], dim: int) -> tuple[tuple[Array, ...], Any]:
        before = (slice(None),) * dim
        parts = []
        start = 0
        for size in sizes:
            parts.append(a[(*before, slice(start, start + size))])
            start += size
        return tuple(parts), (a.shape, sizes, dim)

    @staticmethod
    def backward(saved: Any, grad: tuple[Array | None, ...]) -> Gradients:
        shape, sizes, dim = saved
        before = (slice(None),) * dim
        whole = np.zeros(shape, next(part.dtype for part in grad if part is not None))
        start = 0
        for part, size in zip(grad, sizes, strict=True):
            if part is not None:
                whole[(*before, slice(start, start + size))] = part
            start += size
        return (whole,)


class Unbind(Op):
    """Views of the slices along one dimension."""

    uses = ()
    is_view = True

    @staticmethod
    def forward(a: Array, dim: int) -> tuple[tuple[Array, ...], Any]:
        return tuple(np.moveaxis(a, dim, 0)), (a.shape, dim)

    @staticmethod
    def backward(saved: Any, grad: tuple[Array | None, ...]) -> Gradients:
        shape, dim = saved
        whole = np.zeros(shape, next(part.dtype for part in grad if part is not None))
        slices = np.moveaxis(whole, dim, 0)
        for i, part in enumerate(grad):
            if part is not None:
                slices[i] = part
        return (whole,)
