"""Rules of reductions to given places: of what is put, scattered or indexed into one, and of segments."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from conformance.arithmetic.rounding import UNDERFLOW, UNIT
from conformance.arithmetic.rules.measuring import NO_NAME, TERMS, MeasuringCall
from conformance.arithmetic.rules.rule import HIGHAM, Operands, Rule, rounded
from conformance.sampling.values import Input

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

_aten: Any = torch.ops.aten

# By torch's name of a reduction, how many roundings more than √n it takes; the others pick an element.
_ROUNDING = {"sum": 0.0, "add": 0.0, "prod": 0.0, "multiply": 0.0, "mean": 1.0}
_PLACES = 24


def _size(reduce: str, count: Tensor, reduced: Tensor) -> Tensor | None:
    """Return the error from how many numbers each place has, and from the reduction of their magnitudes.

    One number alone is not rounded.
    """
    more = _ROUNDING.get(reduce)
    if more is None:
        return None
    return torch.where(count > 1, (count.sqrt() + more) * reduced.abs(), 0.0)


def _scatter_reduce(
    x: Tensor, dim: int, index: Tensor, src: Any, reduce: str, *, include_self: bool = True
) -> Tensor | None:
    src = src if isinstance(src, torch.Tensor) else torch.full(index.shape, float(src), dtype=x.dtype)
    own = torch.full_like(x, float(include_self))
    count = own.scatter_add(dim, index, torch.ones_like(src))
    named = {"add": "sum", "multiply": "prod"}.get(reduce, reduce)
    reduced = x.abs().scatter_reduce(dim, index, src.abs(), named, include_self=include_self)
    return _size(reduce, count, reduced)


def _index_reduce(
    x: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor | None:
    rows = [1] * source.dim()
    if rows:
        rows[dim] = -1
    places = index.reshape(rows).expand_as(source)
    return _scatter_reduce(x, dim, places, source, reduce, include_self=include_self)


def _put(x: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor | None:
    if not accumulate:
        return None
    own = (x != 0).to(x.dtype)
    count = own.put(index, torch.ones_like(source), accumulate=True)
    return _size("sum", count, x.abs().put(index, source.abs(), accumulate=True))


def _segment_reduce(data: Tensor, reduce: str, **segments: Any) -> Tensor | None:
    initial = segments.get("initial")
    segments = {**segments, "initial": None if initial is None else abs(float(initial))}
    reduced = _aten.segment_reduce(data.abs(), reduce, **segments)
    count = _aten.segment_reduce(torch.ones_like(data), "sum", **{**segments, "initial": 1})
    return _size(reduce, count, reduced)


def _segment_reduce_backward(
    grad: Tensor, output: Tensor, data: Tensor, reduce: str, **segments: Any
) -> Tensor | None:
    """Return three roundings of grad·output/data, and one of grad/n, or of its share where elements tie.

    A sum's gradient is copied.
    """
    if reduce == "sum":
        return None
    share = _aten._segment_reduce_backward(grad, output, data, reduce, **segments).abs()  # noqa: SLF001 - aten's name
    size: Tensor = 3 * share + UNDERFLOW / UNIT / data.abs() if reduce == "prod" else share
    return size


def _into_few(call: Callable[..., Any]) -> MeasuringCall:
    """Return the call of an operation that brings many values to few places."""
    return MeasuringCall(
        lambda t, x, values: call(t, x, t.from_numpy(np.arange(values.shape[0]) % _PLACES), values),
        lambda n: (Input((_PLACES,)), Input((_PLACES * n,), pairs=True)),
        TERMS,
        accumulates=True,
        without=NO_NAME,
    )


def _index_mean(t: Any, x: Any, places: Any, values: Any) -> Any:
    with warnings.catch_warnings():
        # It says that it is in beta.
        warnings.simplefilter("ignore")
        return t.index_reduce(x, 0, places, values, "mean")


def _segments(call: Callable[..., Any], count: int) -> MeasuringCall:
    """Return the call of an operation on segments of equal lengths; its first operands have one number each.

    Args:
        call: takes the operands and the lengths.
        count: how many operands have one number per segment.
    """
    return MeasuringCall(
        lambda t, *xs: call(t, *xs, t.full((_PLACES,), xs[-1].shape[0] // _PLACES, dtype=t.int64)),
        lambda n: (*(Input((_PLACES,)) for _ in range(count)), Input((_PLACES * n,), pairs=True)),
        TERMS,
        accumulates=count == 0,
        without=NO_NAME,
    )


_SAYS = "√n roundings of the sum, product or mean of n magnitudes, and 1 more of a mean; others pick"

RULES: tuple[Rule, ...] = (
    rounded(
        "scatter_reduce",
        Operands(_scatter_reduce, _SAYS),
        _into_few(lambda t, x, places, values: t.scatter_reduce(x, 0, places, values, "sum")),
        _into_few(lambda t, x, places, values: t.scatter_reduce(x, 0, places, values, "mean")),
        source=HIGHAM,
    ),
    rounded(
        "index_reduce",
        Operands(_index_reduce, _SAYS),
        _into_few(_index_mean),
        source=HIGHAM,
    ),
    rounded(
        "put",
        Operands(_put, "√n roundings of the sum of the magnitudes in one place; exact if none are added"),
        _into_few(lambda t, x, places, values: t.ops.aten.put(x, places, values, True)),
        source=HIGHAM,
    ),
    rounded(
        "segment_reduce",
        Operands(_segment_reduce, _SAYS),
        _segments(lambda t, x, lengths: t.segment_reduce(x, "sum", lengths=lengths), 0),
        _segments(lambda t, x, lengths: t.segment_reduce(x, "mean", lengths=lengths), 0),
        source=HIGHAM,
    ),
    rounded(
        "_segment_reduce_backward",
        Operands(
            _segment_reduce_backward, "3 roundings of grad·output/data, 1 of the others; exact for a sum"
        ),
        _segments(
            lambda t, grad, out, x, lengths: t.ops.aten._segment_reduce_backward(  # noqa: SLF001 - aten's name
                grad, out, x, "prod", lengths=lengths
            ),
            2,
        ),
        source="aten/src/ATen/native/SegmentReduce.cpp, _segment_reduce_lengths_backward",
    ),
)
