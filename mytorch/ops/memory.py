"""The ops that changes in place leave in the graph: of the written part, of its base, and of views."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from mytorch.ops.op import Op

if TYPE_CHECKING:
    from typing import Any, Self

    from mytorch._core.types import Array, Gradients


class Layout(NamedTuple):
    """Where a view lies in the memory of its base; strides and offset in elements.

    Attributes:
        base: the base's sizes.
        base_strides: the base's strides.
        view: the view's sizes.
        view_strides: the view's strides.
        offset: from the base's first element to the view's.
    """

    base: tuple[int, ...]
    base_strides: tuple[int, ...]
    view: tuple[int, ...]
    view_strides: tuple[int, ...]
    offset: int

    @classmethod
    def of(cls, base: Array, view: Array) -> Self:
        """Return where a view lies; no stride is negative in any tensor."""
        step = base.itemsize
        return cls(
            base.shape,
            tuple([n // step for n in base.strides]),
            view.shape,
            tuple([n // step for n in view.strides]),
            (view.ctypes.data - base.ctypes.data) // step,
        )

    def zeros(self, dtype: np.dtype[Any]) -> tuple[Array, Array]:
        """Return zeros laid out like the base, and the view of them."""
        if 0 in self.base:
            return np.zeros(self.base, dtype), np.zeros(self.view, dtype)
        last = sum([(n - 1) * step for n, step in zip(self.base, self.base_strides, strict=True)])
        memory = np.zeros(last + 1, dtype)
        size = memory.itemsize
        whole = as_strided(memory, self.base, [n * size for n in self.base_strides])
        part = as_strided(memory[self.offset :], self.view, [n * size for n in self.view_strides])
        return whole, part


class AsStrided(Op):
    """A view of a base by its place in memory: the op of a view whose base was changed in place."""

    uses = ()
    is_view = True

    @staticmethod
    def forward(base: Array, view: Array) -> tuple[Array, Any]:
        return view, Layout.of(base, view)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        # An expanded dimension is a single element, whose gradients add up.
        repeated = tuple([i for i, step in enumerate(saved.view_strides) if not step and saved.view[i] > 1])
        whole, part = saved.zeros(grad.dtype)
        if repeated:
            part = part[tuple([slice(0, 1) if i in repeated else slice(None) for i in range(part.ndim)])]
            grad = grad.sum(axis=repeated, keepdims=True)
        part += grad
        return (whole,)


class CopySlices(Op):
    """The base after a view of it was overwritten: its own elements outside of the view, new ones in it."""

    uses = ()
    frees = True

    @staticmethod
    def forward(base: Array, new: Array, view: Array) -> tuple[Array, Any]:
        return base, Layout.of(base, view)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        whole, part = saved.zeros(grad.dtype)
        whole[...] = grad
        new = part.copy()
        part[...] = 0
        return whole, new


class SetItem(Op):
    """An array after elements of it were overwritten, in place, by an index of slices, then of arrays."""

    uses = ()
    frees = True

    @staticmethod
    def forward(
        a: Array, value: Array, basic: tuple[Any, ...] | None, advanced: tuple[Any, ...] | None
    ) -> tuple[Array, Any]:
        target = a if basic is None else a[basic]
        target[... if advanced is None else advanced] = value
        # A copy: the index may be a tensor's array, which can change later.
        kept = [np.array(i) if isinstance(i, np.ndarray) else i for i in advanced or ()]
        return a, (basic, tuple(kept) if advanced is not None else None)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        basic, advanced = saved
        rest = np.array(grad)
        target = rest if basic is None else rest[basic]
        where = ... if advanced is None else advanced
        value = np.array(target[where])
        target[where] = 0
        return rest, value


class Overwrite(SetItem):
    """An array after all its elements were overwritten at once: torch saves nothing there."""

    frees = False
