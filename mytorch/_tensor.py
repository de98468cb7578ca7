"""The Tensor: a NumPy array that knows where it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch import dtypes
from mytorch._methods import Methods
from mytorch.autograd import engine
from mytorch.autograd.graph import counter_of
from mytorch.device import CPU
from mytorch.inplace import InPlaceMethods

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from mytorch._types import Array
    from mytorch.autograd.graph import Counter, Node
    from mytorch.device import device
    from mytorch.dtypes import dtype


class Size(tuple[int, ...]):
    """The sizes of a tensor."""

    __slots__ = ()

    def numel(self) -> int:
        """Return how many elements such a tensor has."""
        count = 1
        for n in self:
            count *= n
        return count

    def __repr__(self) -> str:
        return f"mytorch.Size({list(self)})"

    def __add__(self, other: tuple[Any, ...]) -> Size:
        return Size(tuple.__add__(self, tuple(other)))

    def __getitem__(self, index: Any) -> Any:
        """Return one size, or a range of them as a Size."""
        found = tuple.__getitem__(self, index)
        return Size(found) if isinstance(index, slice) else found


class Tensor(Methods, InPlaceMethods):
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
    """

    __slots__ = ("__weakref__", "accumulated", "array", "counter", "grad_fn", "output_nr", "tracked")

    array: Array
    grad_fn: Node | None
    output_nr: int
    tracked: bool
    accumulated: Tensor | None
    counter: Counter | None

    def __init__(self, *data: Any) -> None:
        default = dtypes.get_default_dtype()
        if len(data) == 1 and not isinstance(data[0], int):
            from mytorch.creation import array_from  # noqa: PLC0415 - creation needs this module

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
        node = self.grad_fn
        return node is not None and node.retained is not None and self.output_nr in node.retained

    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward has added up, None before."""
        if self.accumulated is None and self.grad_fn is not None and not self.retains_grad:
            engine.warn_of_missing_grad()
        return self.accumulated

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            engine.check_grad(self, value)
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
        result.counter = counter_of(self)
        return result

    def backward(
        self, gradient: Tensor | None = None, retain_graph: bool | None = None, create_graph: bool = False
    ) -> None:
        """Add to every leaf's `grad` the derivative of this tensor, weighted with `gradient`.

        Args:
            gradient: the cotangent, of this tensor's shape; it may be left out where there is one element.
            retain_graph: whether backward can be called again.
            create_graph: not supported: the gradients have no history.

        Raises:
            RuntimeError: the tensor has no history, is no scalar and got no cotangent, or got one of another
                shape; the
                graph was freed before; a value that is needed was changed in place; or `create_graph`.
            TypeError: gradient is no Tensor.
        """
        if create_graph:
            raise RuntimeError("backward(create_graph=True) is not supported: gradients have no history")
        engine.backward(self, gradient, retain_graph=bool(retain_graph))

    def retain_grad(self) -> None:
        """Let backward fill `grad` though the tensor is no leaf.

        Raises:
            RuntimeError: the tensor does not require gradients.
        """
        engine.retain(self)

    @property
    def _version(self) -> int:
        """How often the memory was changed in place."""
        return 0 if self.counter is None else self.counter.value

    # What Python makes of it.

    def numpy(self, *, force: bool = False) -> Array:
        """Return the array, which shares its memory with the tensor.

        Args:
            force: whether to detach first.

        Returns:
            The array.

        Raises:
            RuntimeError: the tensor requires gradients.
        """
        if self.tracked and not force:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
            )
        return self.array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    # NumPy leaves `array + tensor` to the tensor.
    __array_ufunc__ = None

    def item(self) -> Any:
        """Return the one element as a Python number.

        Raises:
            RuntimeError: there is not exactly one.
        """
        if self.array.size != 1:
            raise RuntimeError(f"a Tensor with {self.array.size} elements cannot be converted to Scalar")
        return self.array.item()

    def tolist(self) -> Any:
        """Return the elements as nested lists of Python numbers; a 0-dim tensor as a number."""
        return self.array.tolist()

    def __len__(self) -> int:
        if not self.array.ndim:
            raise TypeError("len() of a 0-d tensor")
        return int(self.array.shape[0])

    def __iter__(self) -> Iterator[Tensor]:
        if not self.array.ndim:
            raise TypeError("iteration over a 0-d tensor")
        return iter(self.unbind(0))

    def __bool__(self) -> bool:
        size = self.array.size
        if size != 1:
            what = "more than one value" if size else "no values"
            raise RuntimeError(f"Boolean value of Tensor with {what} is ambiguous")
        return bool(self.array.item())

    def _one(self) -> Any:
        if self.array.size != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        return self.array.item()

    def __float__(self) -> float:
        return float(self._one())

    def __int__(self) -> int:
        return int(self._one())

    def __index__(self) -> int:
        if self.array.size != 1 or self.array.dtype.kind not in "iu":
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.array.item())

    def __contains__(self, element: Any) -> bool:
        return bool((self == element).array.any())

    def __reduce_ex__(self, protocol: Any) -> Any:
        if self.grad_fn is not None:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy and pickle "
                f"protocols; this one is the output of {self.grad_fn.name()}. Use detach() first."
            )
        return super().__reduce_ex__(protocol)

    def __repr__(self) -> str:
        from mytorch._format import format_tensor  # noqa: PLC0415 - most programs print no tensor

        return format_tensor(self)

    def __format__(self, spec: str) -> str:
        # As in torch: a 0-dim tensor is formatted as its number.
        return format(self.array.item(), spec) if not self.array.ndim and spec else str(self)


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
