"""Conversions between sequences of different lengths, their padded batch, and its rows without padding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import Op, Part

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients

    Index = tuple[Array, Array]


class Pack(Op):
    """The steps of a padded batch that an index selects, (R, *); it selects none twice."""

    uses = ()
    frees = True

    @staticmethod
    def forward(a: Array, index: Index) -> tuple[Array, Any]:
        return a[index], (a.shape, index)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        shape, index = saved
        return (Part(shape, index, grad),)


class Unpack(Op):
    """A padded batch of the given sizes with the rows, (R, *), at the places of an index."""

    uses = ()
    frees = True

    @staticmethod
    def forward(a: Array, index: Index, sizes: tuple[int, int], value: float) -> tuple[Array, Any]:
        out = np.full((*sizes, *a.shape[1:]), value, a.dtype)
        out[index] = a
        return out, index

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad[saved],)


class Pad(Op):
    """Sequences, (L, *) each, side by side in one batch, (B, T, *), as long as the longest."""

    uses = ()
    frees = True

    @staticmethod
    def forward(*arrays: Array, value: float, left: bool) -> tuple[Array, Any]:
        steps = max(len(a) for a in arrays)
        places = [(k, slice(steps - len(a), None) if left else slice(len(a))) for k, a in enumerate(arrays)]
        out = np.full((len(arrays), steps, *arrays[0].shape[1:]), value, arrays[0].dtype)
        for place, a in zip(places, arrays, strict=True):
            out[place] = a
        return out, places

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return tuple([grad[place] for place in saved])
