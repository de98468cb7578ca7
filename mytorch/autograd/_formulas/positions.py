"""Formulas of shapes, and of elements that are taken, put, moved and joined."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import wrap
from mytorch.autograd._apply import apply
from mytorch.autograd._formulas.formula import diagonal
from mytorch.ops import (
    conversion,
    derivative,
    gather_scatter,
    indexing,
    joining,
    rearrange,
    reduction,
    shape,
    transpose,
)
from mytorch.ops.op import Part

if TYPE_CHECKING:
    from typing import Any

    from mytorch.autograd._formulas.formula import Formula
    from mytorch.autograd._past import Past
    from mytorch.ops.op import Op


def _put(past: Past, grad: Any) -> Any:
    found = past.op.backward(past.saved, grad.array)[0]
    return (apply(derivative.Put, grad, part=found), None)[: past.inputs]


def _pick(past: Past, grad: Any) -> Any:
    shape, positions, dim = past.saved
    places = np.ogrid[tuple([slice(n) for n in positions.shape])]
    part = Part(shape, (*places[:dim], positions, *places[dim + 1 :]), grad.array)
    return (apply(derivative.Put, grad, part=part),)


def _taken(past: Past, grad: Any) -> Any:
    index = past.saved.index
    index = index if isinstance(index, tuple) else (index,)
    is_copy = any(isinstance(each, np.ndarray) for each in index)
    return (apply(indexing.Index if is_copy else indexing.Slice, grad, index=index),)


def _cat(past: Past, grad: Any) -> Any:
    dim, shapes = past.saved
    before = (slice(None),) * (dim % grad.array.ndim)
    parts: list[Any] = []
    start = 0
    for each in shapes:
        end = start + (0 if each == (0,) else each[dim])
        parts.append(None if each == (0,) else grad[(*before, slice(start, end))])
        start = end
    return parts


def _stack(past: Past, grad: Any) -> Any:
    dim, count = past.saved
    return [grad[(*(slice(None),) * dim, i)] for i in range(count)]


def _split(past: Past, grad: Any) -> Any:
    shape, sizes, dim = past.saved
    dtype = next(part.array.dtype for part in grad if part is not None)
    parts = [
        wrap(np.zeros([*shape[:dim], size, *shape[dim + 1 :]], dtype)) if part is None else part
        for part, size in zip(grad, sizes, strict=True)
    ]
    return (apply(joining.Cat, *parts, dim=dim),)


def _unbind(past: Past, grad: Any) -> Any:
    shape, dim = past.saved
    dtype = next(part.array.dtype for part in grad if part is not None)
    zeros = wrap(np.zeros([*shape[:dim], *shape[dim + 1 :]], dtype))
    return (apply(joining.Stack, *[zeros if part is None else part for part in grad], dim=dim),)


def _permute(past: Past, grad: Any) -> Any:
    return (grad.permute(sorted(range(len(past.saved)), key=past.saved.__getitem__)),)


def _roll(past: Past, grad: Any) -> Any:
    shifts, dims = past.saved
    return (apply(rearrange.Roll, grad, shifts=tuple([-n for n in shifts]), dims=dims),)


def _triangle(past: Past, grad: Any) -> Any:
    diagonal, upper = past.saved
    return (apply(rearrange.Triangle, grad, diagonal=diagonal, upper=upper),)


FORMULAS: dict[type[Op], Formula] = {
    reduction.Pick: _pick,
    shape.View: lambda past, grad: (grad.reshape(past.saved),),
    shape.Clone: lambda past, grad: (grad.reshape(past.saved),),
    transpose.Permute: _permute,
    transpose.Transpose: lambda past, grad: (grad.transpose(*past.saved),),
    transpose.Expand: lambda _, grad: (grad,),
    indexing.Slice: _put,
    indexing.Index: _put,
    gather_scatter.Gather: _put,
    joining.Cat: _cat,
    joining.Stack: _stack,
    joining.Split: _split,
    joining.Unbind: _unbind,
    rearrange.Flip: lambda past, grad: (grad.flip(past.saved),),
    rearrange.Roll: _roll,
    rearrange.Triangle: _triangle,
    conversion.Cast: lambda _, grad: (grad,),
    derivative.Diagonal: diagonal,
    derivative.Put: _taken,
}
