"""Maxima and means over windows, tap by tap: all windows' elements at one place of the kernel at once."""

from __future__ import annotations

from functools import reduce
from math import prod
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mytorch.ops.op import INPUT, Op
from mytorch.ops.reduction import widened
from mytorch.ops.windows import padded, taps, unpadded

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients


class Windows(NamedTuple):
    """The windows over one dimension.

    Attributes:
        size: how many elements the dimension has.
        kernel: how many elements a window has.
        stride: from window to window.
        padding: how many elements are added before, and after.
        dilation: from element to element.
        outputs: how many windows there are; the last one may reach beyond the padding.
    """

    size: int
    kernel: int
    stride: int
    padding: int
    dilation: int
    outputs: int

    @property
    def pads(self) -> tuple[int, int]:
        """How many elements stand before and after, with those that only the last window reaches."""
        end = (self.outputs - 1) * self.stride + self.dilation * (self.kernel - 1) + 1
        return self.padding, max(self.padding, end - self.size - self.padding)

    @property
    def starts(self) -> Array:
        """The first place of every window; negative in the padding."""
        return np.arange(self.outputs) * self.stride - self.padding


def _taps(axes: tuple[Windows, ...]) -> list[tuple[Any, Any]]:
    return taps(
        [axis.outputs for axis in axes],
        [axis.kernel for axis in axes],
        [axis.stride for axis in axes],
        [axis.dilation for axis in axes],
    )


def crossed(ufunc: np.ufunc, arrays: list[Array]) -> Array:
    """Combine arrays of one dimension each to one with all of them."""
    return np.asarray(reduce(ufunc.outer, arrays))


def _flat(axes: tuple[Windows, ...], places: list[Array]) -> Array:
    """Return the places in the flattened dimensions, (outputs, ...), of places in each."""
    sizes = [axis.size for axis in axes]
    numbers = [each * prod(sizes[i + 1 :]) for i, each in enumerate(places)]
    return crossed(np.add, numbers)


class MaxPool(Op):
    """The largest element of each window over the last dimensions, and its place in them, flattened.

    The first of equal ones is taken, and the last nan, as in torch.
    """

    uses = INPUT

    @staticmethod
    def forward(x: Array, axes: tuple[Windows, ...]) -> tuple[tuple[Array, Array], Any]:
        floating = x.dtype.kind == "f"
        least = -np.inf if floating else np.iinfo(x.dtype).min
        whole = padded(x, [axis.pads for axis in axes], least)
        lead = x.shape[: x.ndim - len(axes)]
        best = np.full((*lead, *[axis.outputs for axis in axes]), least, x.dtype)
        # Where nothing is larger than -inf, it is the first element that is not padding.
        first = [
            axis.starts + axis.dilation * -(-np.maximum(0, -axis.starts) // axis.dilation) for axis in axes
        ]
        places = np.broadcast_to(_flat(axes, first), best.shape).copy()
        for place, parts in _taps(axes):
            each = whole[..., *parts]
            larger = (each > best) | np.isnan(each) if floating else each > best
            here = [axis.starts + axis.dilation * k for axis, k in zip(axes, place, strict=True)]
            np.copyto(best, each, where=larger)
            np.copyto(places, _flat(axes, here), where=larger)
        # A copy: the places are the user's, who may change them.
        return (best, places), (x, places.copy(), axes)

    @staticmethod
    def backward(saved: Any, grad: tuple[Array | None, ...]) -> Gradients:
        x, places, axes = saved
        given, pads = grad[0], [axis.pads for axis in axes]
        if given is None:
            return (None,)
        lead = x.shape[: x.ndim - len(axes)]
        sizes = [axis.size + sum(axis.pads) for axis in axes]
        whole = np.zeros((*lead, *sizes), widened(given).dtype)
        for place, parts in _taps(axes):
            here = [axis.starts + axis.dilation * k for axis, k in zip(axes, place, strict=True)]
            # Places in the padding have the numbers of others.
            inside = [(each >= 0) & (each < axis.size) for each, axis in zip(here, axes, strict=True)]
            chosen = (places == _flat(axes, here)) & crossed(np.logical_and, inside)
            whole[..., *parts] += np.where(chosen, given, 0)
        return (unpadded(whole, pads),)


class AvgPool(Op):
    """The sum of each window over the last dimensions, divided by the numbers of elements, (outputs)."""

    uses = INPUT

    @staticmethod
    def forward(x: Array, axes: tuple[Windows, ...], counts: Array) -> tuple[Array, Any]:
        whole = padded(widened(x), [axis.pads for axis in axes])
        lead = x.shape[: x.ndim - len(axes)]
        out = np.zeros((*lead, *[axis.outputs for axis in axes]), whole.dtype)
        for _, parts in _taps(axes):
            out += whole[..., *parts]
        if x.dtype.kind == "f":
            out /= counts.astype(out.dtype)
        else:
            # Whole numbers are divided as C divides them.
            out = np.trunc(out / counts)
        return out.astype(x.dtype, copy=False), (x, axes, counts)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        x, axes, counts = saved
        each = widened(grad)
        each = each / counts.astype(each.dtype)
        sizes = [axis.size + sum(axis.pads) for axis in axes]
        whole = np.zeros((*x.shape[: x.ndim - len(axes)], *sizes), each.dtype)
        for _, parts in _taps(axes):
            whole[..., *parts] += each
        return (unpadded(whole, [axis.pads for axis in axes]),)


class AdaptiveAvgPool(Op):
    """The mean of as many windows as asked for over the last dimensions: o of O from ⌊oI/O⌋ to ⌈(o+1)I/O⌉."""

    uses = INPUT

    @staticmethod
    def forward(x: Array, outputs: tuple[int, ...]) -> tuple[Array, Any]:
        sizes = x.shape[x.ndim - len(outputs) :]
        counts = [_ends(size, out) - _starts(size, out) for size, out in zip(sizes, outputs, strict=True)]
        divisor = crossed(np.multiply, counts)
        out = _sums(widened(x), outputs)
        return (out / divisor.astype(out.dtype)).astype(x.dtype, copy=False), (x, sizes, divisor)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        _, sizes, divisor = saved
        each = widened(grad)
        # Element i of I is in the windows from ⌊iO/I⌋ to ⌈(i+1)O/I⌉: the same with both sizes exchanged.
        return (lambda: _sums(each / divisor.astype(each.dtype), sizes),)


def _starts(size: int, outputs: int) -> Array:
    return np.arange(outputs) * size // max(1, outputs)


def _ends(size: int, outputs: int) -> Array:
    return -(-(np.arange(outputs) + 1) * size // max(1, outputs))


def _sums(x: Array, outputs: tuple[int, ...]) -> Array:
    """Return the sums over the adaptive windows of the last dimensions."""
    for axis, count in zip(range(x.ndim - len(outputs), x.ndim), outputs, strict=True):
        x = _sums_along(x, axis, count)
    return x


def _sums_along(x: Array, axis: int, outputs: int) -> Array:
    size = x.shape[axis]
    if outputs == 1:
        return np.asarray(x.sum(axis=axis, keepdims=True))
    starts, ends = _starts(size, outputs), _ends(size, outputs)
    total = np.zeros((*x.shape[:axis], outputs, *x.shape[axis + 1 :]), x.dtype)
    behind = (1,) * (x.ndim - axis - 1)
    for k in range(int((ends - starts).max()) if total.size and size else 0):
        inside = (starts + k < ends).reshape(-1, *behind)
        total += np.where(inside, x.take(np.minimum(starts + k, size - 1), axis), 0)
    return total
