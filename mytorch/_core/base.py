"""The tensor's storage: what ops, autograd and the functions read and write of a tensor.

The public class `mytorch.Tensor` adds the methods; it depends on everything that computes, so the modules
that compute check for `TensorBase` and make tensors with `wrap`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core import dtypes
from mytorch._core.device import CPU
from mytorch._core.size import Size

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.device import device
    from mytorch._core.dtypes import dtype
    from mytorch._core.types import Array, Hook, PostHook
    from mytorch._tensor import Tensor
    from mytorch.autograd.graph import Counter, Node


class TensorBase:
    """An array with its place in the recorded graph; every object of it is a `mytorch.Tensor`.

    Attributes:
        array: the NumPy array behind the tensor; autograd does not notice what is changed through it.
        node: the recorded op that made it, None for a leaf.
        output: which of that op's outputs it is.
        tracked: what `requires_grad` says, without its checks.
        accumulated: what `grad` holds, without its checks.
        counter: the counter of changes in place, shared with all views; made on first use.
        hooks: the hooks of a leaf, by the id of their handles; unset before the first one.
        post_hooks: likewise, those that are called after a gradient was added to its `grad`.
        base: the tensor that a view is a view of; unset on other tensors.
    """

    __slots__ = (
        "__weakref__",
        "accumulated",
        "array",
        "base",
        "counter",
        "hooks",
        "node",
        "output",
        "post_hooks",
        "tracked",
    )

    array: Array
    node: Node | None
    output: int
    tracked: bool
    accumulated: Tensor | None
    counter: Counter | None
    hooks: dict[int, Hook]
    post_hooks: dict[int, PostHook]
    base: TensorBase | None

    @property
    def shape(self) -> Size:
        """The sizes."""
        return Size(self.array.shape)

    @property
    def dtype(self) -> dtype:
        """The type of the elements."""
        return dtypes.from_numpy_dtype(self.array.dtype)

    @property
    def device(self) -> device:
        """Always the CPU."""
        return CPU

    @property
    def is_cuda(self) -> bool:
        """Always False, as there is only the CPU."""
        return False

    @property
    def ndim(self) -> int:
        """How many dimensions there are."""
        return self.array.ndim

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return self.array.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self.array.nbytes

    def dim(self) -> int:
        """Return how many dimensions there are."""
        return self.array.ndim

    def numel(self) -> int:
        """Return how many elements there are."""
        return self.array.size

    def element_size(self) -> int:
        """Return the bytes per element."""
        return self.array.itemsize

    @property
    def requires_grad(self) -> bool:
        """Whether ops on the tensor are recorded."""
        return self.tracked

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if type(value) is not bool:
            raise RuntimeError(f"requires_grad must be a bool, got {type(value).__name__}")
        if self.node is not None and not value:
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a computed "
                "variable in a subgraph that doesn't require differentiation use var_no_grad = var.detach()."
            )
        if value and self.array.dtype.kind != "f":
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        self.tracked = value
        family = None if self.counter is None else self.counter.family
        if family is not None and family.base() is self:
            for view in family.living():
                if view.node is None:
                    view.tracked = self.tracked

    @property
    def grad_fn(self) -> Node | None:
        """The recorded op that made the tensor, None for a leaf."""
        return self.node

    @property
    def output_nr(self) -> int:
        """Which of that op's outputs it is."""
        return self.output

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded op made the tensor."""
        return self.node is None

    @property
    def _version(self) -> int:
        """How often the memory was changed in place."""
        return 0 if self.counter is None else self.counter.value


# `wrap` runs for every op, and a global is read faster than the attribute of a module.
_new = object.__new__
_Array = np.ndarray
_public: Any = TensorBase


def make_tensors_of(public: type[Tensor]) -> None:
    """Let `wrap` make objects of the public class, which is defined after all that calls `wrap`.

    Args:
        public: `mytorch.Tensor`; its module calls this once.
    """
    global _public  # noqa: PLW0603 - a global is read faster than any holder, and wrap runs for every op
    _public = public


def wrap(array: Any) -> Tensor:
    """Return an array as a tensor without history; NumPy scalars become 0-dim arrays."""
    result: Tensor = _new(_public)
    result.array = array if type(array) is _Array else np.asarray(array)
    result.node = None
    result.output = 0
    result.tracked = False
    result.accumulated = None
    result.counter = None
    return result
