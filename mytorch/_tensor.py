"""The Tensor: a NumPy array that knows where it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch import dtypes
from mytorch._inplace import InPlaceMethods
from mytorch._methods import Methods
from mytorch._python import PythonMethods
from mytorch.autograd import accumulation, gradients
from mytorch.autograd.graph import DetachedCounter, counter_of
from mytorch.device import CPU
from mytorch.drawing import DrawingMethods
from mytorch.size import Size

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mytorch._types import Array
    from mytorch.autograd.accumulation import Hook
    from mytorch.autograd.graph import Counter, Node
    from mytorch.device import device
    from mytorch.dtypes import dtype
    from mytorch.hooks import RemovableHandle


class Tensor(Methods, InPlaceMethods, DrawingMethods, PythonMethods):
    """A multi-dimensional array with a gradient.

    Make one with `mytorch.tensor`, `mytorch.zeros` and their kind; `Tensor(2, 3)` and `Tensor([1.0, 2.0])`
    are torch's
    old forms, always of the default floating dtype.

    Args:
        *data: sizes of a tensor of zeros, or one sequence or array of numbers.

    Attributes:
        array: the NumPy array behind the tensor; what is changed through it is not noticed by autograd.
        grad_fn: the recorded op that made it, None for a leaf.
        output_nr: which of that op's outputs it is.
        tracked: what `requires_grad` says, without its checks.
        accumulated: what `grad` holds, without its checks.
        counter: the counter of changes in place, shared with all views; made on first use.
        hooks: the hooks of a leaf, by the id of their handles; not even set before there is one.
        base: of a view, what it is a view of; of others not even set.
    """

    __slots__ = (
        "__weakref__",
        "accumulated",
        "array",
        "base",
        "counter",
        "grad_fn",
        "hooks",
        "output_nr",
        "tracked",
    )

    array: Array
    grad_fn: Node | None
    output_nr: int
    tracked: bool
    accumulated: Tensor | None
    counter: Counter | None
    hooks: dict[int, Hook]
    base: Tensor | None

    def __init__(self, *data: Any) -> None:
        default = dtypes.get_default_dtype()
        if len(data) == 1 and not isinstance(data[0], int):
            from mytorch.data import array_from  # noqa: PLC0415 - that module needs this one

            array = array_from(data[0], None)
            self.array = array if isinstance(data[0], Tensor) else array.astype(default.numpy)
        else:
            self.array = np.zeros(data or 0, default.numpy)
        self.grad_fn = None
        self.output_nr = 0
        self.tracked = False
        self.accumulated = None
        self.counter = None

    # What it is.

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
        """Always False: there is only the CPU."""
        return False

    @property
    def ndim(self) -> int:
        """How many dimensions there are."""
        return self.array.ndim

    @property
    def itemsize(self) -> int:
        """Bytes an element."""
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
        """Return bytes an element."""
        return self.array.itemsize

    # What it has to do with gradients.

    @property
    def requires_grad(self) -> bool:
        """Whether ops on the tensor are recorded."""
        return self.tracked

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if self.grad_fn is not None and not value:
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a "
                "computed variable "
                "in a subgraph that doesn't require differentiation use var_no_grad = var.detach()."
            )
        if value and self.array.dtype.kind != "f":
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        self.tracked = bool(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set whether ops on the tensor are recorded.

        Args:
            requires_grad: whether.

        Returns:
            The tensor itself.

        Raises:
            RuntimeError: the tensor is not floating, or is no leaf and False is given.
        """
        self.requires_grad = requires_grad
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded op made the tensor."""
        return self.grad_fn is None

    @property
    def retains_grad(self) -> bool:
        """Whether the tensor is no leaf and keeps its gradient all the same."""
        return accumulation.retains(self)

    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward has added up, None before."""
        if self.accumulated is None and self.grad_fn is not None and not self.retains_grad:
            accumulation.warn_of_missing_grad()
        return self.accumulated

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            accumulation.check_grad(self, value)
        self.accumulated = value

    @property
    def data(self) -> Tensor:
        """A tensor on the same memory without history, whose changes in place autograd does not notice."""
        return wrap(self.array)

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        self.array = value.array

    def detach(self) -> Tensor:
        """Return a tensor on the same memory without history."""
        result = wrap(self.array)
        result.counter = DetachedCounter(counter_of(self))
        return result

    def detach_(self) -> Tensor:
        """Leave the tensor's history behind: it becomes a leaf that requires no gradient.

        Returns:
            The tensor itself.

        Raises:
            RuntimeError: the tensor is a view with a history.
        """
        if self.grad_fn is not None and self.grad_fn.op.is_view:
            raise RuntimeError("Can't detach views in-place. Use detach() instead.")
        self.grad_fn = None
        self.output_nr = 0
        self.tracked = False
        return self

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Tensor | Sequence[Tensor] | None = None,
    ) -> None:
        """Add to every leaf's `grad` the derivative of this tensor, weighted with `gradient`.

        Args:
            gradient: the cotangent, of this tensor's shape; it may be left out where there is one element.
            retain_graph: whether backward can be called again.
            create_graph: not supported: the gradients have no history.
            inputs: the tensors whose `grad` is added to; by default all leaves.

        Raises:
            RuntimeError: the tensor has no history, is no scalar and got no cotangent, or got one of another
                shape; the graph was freed before; a value that is needed was changed in place; or
                `create_graph`.
            TypeError: gradient is no Tensor.
        """
        gradients.backward((self,), (gradient,), retain_graph, create_graph, inputs=inputs)

    def register_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook` with the tensor's gradient whenever backward has computed it.

        Args:
            hook: takes the gradient, which it must not change, and returns another one, of the same shape and
                dtype, to go on with, or None.

        Returns:
            A handle; its `remove()` takes the hook off.

        Raises:
            RuntimeError: the tensor does not require gradients.
        """
        return accumulation.register_hook(self, hook)

    def retain_grad(self) -> None:
        """Let backward fill `grad` though the tensor is no leaf.

        Raises:
            RuntimeError: the tensor does not require gradients.
        """
        accumulation.retain(self)

    @property
    def _version(self) -> int:
        """How often the memory was changed in place."""
        return 0 if self.counter is None else self.counter.value


_new = Tensor.__new__


def wrap(array: Any) -> Tensor:
    """Return an array as a tensor without history; NumPy scalars become 0-dim arrays."""
    result = _new(Tensor)
    result.array = array if type(array) is np.ndarray else np.asarray(array)
    result.grad_fn = None
    result.output_nr = 0
    result.tracked = False
    result.accumulated = None
    result.counter = None
    return result
