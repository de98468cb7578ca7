"""Rules of elements by their positions: picked, put back, and added into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from conformance.arithmetic.rounding import filled
from conformance.arithmetic.rules.measuring import SCALAR, TERMS, MeasuringCall
from conformance.arithmetic.rules.rule import HIGHAM, Given, Operands, Rule, exact, rounded
from conformance.sampling.values import Array, Input

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from conformance.arithmetic.replicates import Replicates

_PLACES = 24


def _index_put(x: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor | None:
    """Return √n roundings of the sum of the magnitudes, where n values are added into one element in turn."""
    if not accumulate:
        return None
    put = torch.ops.aten.index_put
    count = put(torch.zeros_like(x.abs()), indices, torch.ones_like(values.abs()), accumulate=True)
    if not x.any() and not (count > 1).any():
        return None  # one value added to nothing is a copy
    total = put(x.abs(), indices, values.abs(), accumulate=True)
    lost: Tensor = total * count.sqrt()
    return lost


def _scatter_add(x: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor | None:
    count = torch.zeros_like(x.abs()).scatter_add(dim, index, torch.ones_like(src.abs()))
    if not x.any() and not (count > 1).any():
        return None  # one value added to nothing is a copy
    lost: Tensor = x.abs().scatter_add(dim, index, src.abs()) * count.sqrt()
    return lost


def _put_back(put: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return a function that puts gradients back where elements were taken, on all replicates at once."""

    def together(held: Replicates, grad: Tensor, sizes: Sequence[int], dim: int, *where: Any) -> Tensor:
        from_the_end = dim if dim < 0 else dim - len(sizes)
        return put(held.every(grad), [held.count, *sizes], from_the_end, *where)

    return together


def _indexed(held: Replicates, x: Tensor, indices: Sequence[Tensor | None]) -> Tensor:
    """Index all replicates at once, as far as the indexed dimensions stay where they are."""
    index = torch.ops.aten.index
    if not _side_by_side(indices):
        return torch.stack([index(held.alone(x, k), indices) for k in range(held.count)])
    indexed: Tensor = index(held.every(x), [None, *indices])
    return indexed


def _put_at(
    held: Replicates, x: Tensor, indices: Sequence[Tensor | None], values: Tensor, accumulate: bool = False
) -> Tensor:
    """Put values into all replicates at once, likewise."""
    put = torch.ops.aten.index_put
    if not _side_by_side(indices):
        rows = [put(held.alone(x, k), indices, held.alone(values, k), accumulate) for k in range(held.count)]
        return torch.stack(rows)
    rank = torch.ops.aten.index(x, indices).dim()
    whole: Tensor = put(held.every(x), [None, *indices], held.of_rank(values, rank), accumulate)
    return whole


def _side_by_side(indices: Sequence[Tensor | None]) -> bool:
    """Whether no dimension between two indices is taken whole: theirs would then come first."""
    given = [place for place, index in enumerate(indices) if index is not None]
    return given == [*range(given[0], given[-1] + 1)]


def _selected(held: Replicates, x: Tensor, dim: int, index: Tensor) -> Tensor:
    if not x.dim():
        return held.every(x).clone()
    return torch.index_select(held.every(x), dim if dim < 0 else dim - x.dim(), index)


def _gathered(held: Replicates, x: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    del sparse_grad
    full, places = held.every(x), index.expand(held.count, *index.shape)
    if not x.dim():
        full, places, dim = full.unsqueeze(-1), index.reshape(1, -1).expand(held.count, -1), -1
    gathered = torch.gather(full, dim if dim < 0 else dim - x.dim(), places)
    return gathered.reshape(held.count, *index.shape)


def _places(count: int) -> Array:
    return np.arange(count) % _PLACES


def _gradient_of_indexing(t: Any, x: Array, values: Array) -> Array:
    """Accumulate as the gradient of indexing does in mytorch, whose tensors have no `index_put`."""
    start, places = t.from_numpy(x), t.from_numpy(_places(values.shape[0]))
    leaf = t.zeros_like(start).requires_grad_()
    leaf.grad = start.clone()
    leaf[places].backward(t.from_numpy(values))
    return np.asarray(leaf.grad.numpy())


def _accumulating(call: Callable[..., Any], own: Callable[..., Array] | None = None) -> MeasuringCall:
    """Return the call of an operation that adds many values into few elements."""
    return MeasuringCall(
        lambda t, x, values: call(t, x, t.from_numpy(_places(values.shape[0])), values),
        lambda n: (Input((_PLACES,)), Input((_PLACES * n,), pairs=True)),
        TERMS,
        accumulates=True,
        own=own,
    )


def _scatter(x: Tensor, dim: int, index: Tensor, value: Any) -> Tensor | None:
    return (
        filled(value, torch.zeros_like(x, dtype=torch.float64).scatter(dim, index, 1.0))
        if isinstance(value, float)
        else None
    )


_MOVED = "moves numbers, and computes none"

RULES: tuple[Rule, ...] = (
    rounded(
        "index_put",
        Operands(
            _index_put, "√n roundings of the sum of the magnitudes in one element; exact if none are added"
        ),
        _accumulating(
            lambda t, x, places, values: t.ops.aten.index_put(x, [places], values, True),
            own=_gradient_of_indexing,
        ),
        source=HIGHAM,
        complexes=True,
        together=_put_at,
    ),
    rounded(
        "scatter_add",
        Operands(_scatter_add, "√n roundings of the sum of the magnitudes in one element"),
        _accumulating(lambda t, x, places, values: t.scatter_add(x, 0, places, values)),
        source=HIGHAM,
        complexes=True,
    ),
    *exact("gather", source=_MOVED, together=_gathered),
    *exact("index", source=_MOVED, together=_indexed),
    *exact("index_select", source=_MOVED, together=_selected),
    *exact("masked_select", source=_MOVED),
    *exact("masked_scatter", "masked_scatter_backward", source=_MOVED),
    rounded(
        "scatter",
        Given(_scatter),
        MeasuringCall(
            lambda t, x: t.scatter(x, 0, t.from_numpy(np.arange(8)), SCALAR), lambda n: (Input((n,)),)
        ),
        source=_MOVED,
        complexes=True,
    ),
    *exact("narrow", "select", "slice", source="a view of its operand", view=True),
    *exact("select_backward", source=_MOVED, together=_put_back(torch.ops.aten.select_backward)),
    *exact("slice_backward", source=_MOVED, together=_put_back(torch.ops.aten.slice_backward)),
)
