"""The public class Tensor: a NumPy array with methods, gradients and a recorded history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch._core import dtypes
from mytorch._core.base import make_tensors_of, wrap
from mytorch._core.typename import typename
from mytorch._tensor.lacking import LackingAttributes
from mytorch._tensor.legacy import old_form, share
from mytorch._tensor.methods import Methods
from mytorch._tensor.operators import Operators
from mytorch._tensor.protocols import Protocols
from mytorch.autograd import _accumulation, _gradients, _post_hooks
from mytorch.autograd._views import join
from mytorch.autograd.graph import DetachedCounter, counter_of
from mytorch.functions._check import require_bool

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from mytorch._core.hooks import RemovableHandle
    from mytorch._core.types import Hook, PostHook


class Tensor(Methods, Operators, Protocols, LackingAttributes):
    """A multi-dimensional array with a gradient.

    Make one with `mytorch.tensor`, `mytorch.zeros` and the other creation functions; `Tensor(2, 3)` and
    `Tensor([1.0, 2.0])` are torch's old forms, always of the default floating dtype. The attributes are those
    of `TensorBase`; this class adds the constructor and the gradients.

    Args:
        *args: the sizes of a tensor of zeros, one by one or as a Size; or one sequence or array of numbers;
            or a tensor, whose memory is shared.
        data: the data by name.
        size: the sizes by name.
        device: only "cpu".

    Raises:
        RuntimeError: a size is negative, or the device is another.
        TypeError: it is neither sizes nor a sequence.
    """

    __slots__ = ()
    # The public name, as in torch; pickles and type names use it.
    __module__ = "mytorch"

    def __init__(self, *args: Any, data: Any = None, size: Any = None, device: object = None) -> None:
        self.node = None
        self.output = 0
        self.tracked = False
        self.accumulated = None
        self.counter = None
        given = old_form("Tensor", args, data, size, device, dtypes.get_default_dtype())
        if isinstance(given, Tensor):
            view = share(given)
            self.array, self.node, self.tracked = view.array, view.node, view.tracked
            join(given, self)
        else:
            self.array = given

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set whether ops on the tensor are recorded.

        Args:
            requires_grad: whether they are.

        Returns:
            The tensor itself.

        Raises:
            RuntimeError: the tensor is not floating, or False is given for a tensor that is not a leaf.
            TypeError: requires_grad is not a bool.

        Examples:
            >>> x = mytorch.zeros(2).requires_grad_()
            >>> (2 * x).requires_grad
            True
        """
        require_bool("requires_grad_", "requires_grad", requires_grad, 1)
        self.requires_grad = requires_grad
        return self

    @property
    def retains_grad(self) -> bool:
        """Whether the tensor keeps its gradient although it is not a leaf."""
        return _accumulation.retains(self)

    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward has added up, None before."""
        if self.accumulated is None and self.node is not None and not self.retains_grad:
            _accumulation.warn_of_missing_grad()
        return self.accumulated

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            _accumulation.check_grad(self, value)
        self.accumulated = value

    @grad.deleter
    def grad(self) -> None:
        self.accumulated = None

    @property
    def _grad(self) -> Tensor | None:
        """The gradient, as `grad` gives it, without its warning."""
        return self.accumulated

    @_grad.setter
    def _grad(self, value: Tensor | None) -> None:
        self.grad = value

    @_grad.deleter
    def _grad(self) -> None:
        self.accumulated = None

    @property
    def data(self) -> Tensor:
        """A tensor on the same memory without history, whose changes in place autograd does not notice."""
        return wrap(self.array)

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {typename(value)}")
        if self.tracked and value.array.dtype.kind != "f":
            raise RuntimeError(
                "data set to a tensor that requires gradients must be floating point or complex dtype, got "
                f"{value.dtype}"
            )
        self.array = value.array

    def detach(self) -> Tensor:
        """Return a tensor on the same memory without history.

        Examples:
            >>> x = mytorch.tensor(3.0, requires_grad=True)
            >>> (x * x.detach()).backward()
            >>> x.grad
            tensor(3.)
        """
        result = wrap(self.array)
        result.counter = DetachedCounter(counter_of(self))
        return result

    def detach_(self) -> Tensor:
        """Leave the tensor's history behind: it becomes a leaf that requires no gradient.

        Returns:
            The tensor itself.

        Raises:
            RuntimeError: the tensor is a view.
        """
        # The slot stays unset on most tensors.
        if getattr(self, "base", None) is not None:
            raise RuntimeError("Can't detach views in-place. Use detach() instead.")
        self.node = None
        self.output = 0
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
            create_graph: whether the gradients have a history, so that they can be differentiated in turn.
            inputs: the tensors whose `grad` is added to; by default all leaves.

        Raises:
            RuntimeError: the tensor has no history; it has several elements and got no cotangent, or got
                one of another shape; the graph was freed before; a value that is needed was changed in
                place.
            TypeError: gradient is not a Tensor.

        Examples:
            >>> x = mytorch.tensor([1.0, 2.0], requires_grad=True)
            >>> (x**2).sum().backward()
            >>> (x**2).backward(mytorch.tensor([1.0, 0.0]))
            >>> x.grad
            tensor([4., 4.])
        """
        _gradients.backward((self,), (gradient,), retain_graph, create_graph, inputs=inputs)

    def register_hook(self, hook: Hook) -> RemovableHandle:
        """Call `hook` with the tensor's gradient whenever backward has computed it.

        Args:
            hook: takes the gradient, which it must not change, and returns another one, of the same shape and
                dtype, to go on with, or None.

        Returns:
            A handle; its `remove()` takes the hook off.

        Raises:
            RuntimeError: the tensor does not require gradients.

        Examples:
            >>> x = mytorch.tensor([1.0, 2.0], requires_grad=True)
            >>> handle = x.register_hook(lambda grad: grad.clamp(max=3))
            >>> (x**2).sum().backward()
            >>> x.grad
            tensor([2., 3.])
        """
        return _accumulation.register_hook(self, hook)

    def register_post_accumulate_grad_hook(self, hook: PostHook) -> RemovableHandle:
        """Call `hook` with this leaf whenever backward has added to its `grad`.

        It is called as soon as the leaf's whole gradient is there, while backward goes on. What it does is
        recorded only if `create_graph` is set. `autograd.grad` does not call it.

        Args:
            hook: takes the tensor, which it may change, its `grad` included, and returns None.

        Returns:
            A handle; its `remove()` takes the hook off.

        Raises:
            RuntimeError: the tensor does not require gradients, or is not a leaf; in backward, if the hook
                returned another tensor.
            TypeError: in backward, the hook returned something else.

        Examples:
            A parameter makes its step in backward and drops its gradient, so that the gradients of all
            parameters are never in memory at once:

            >>> optimizer = optim.SGD([w := mytorch.ones(2, requires_grad=True)], lr=0.5)
            >>> step = lambda p: optimizer.step() or optimizer.zero_grad()
            >>> handle = w.register_post_accumulate_grad_hook(step)
            >>> (w * mytorch.tensor([1.0, 3.0])).sum().backward()
            >>> w.detach(), w.grad
            (tensor([ 0.5000, -0.5000]), None)
        """
        return _post_hooks.register(self, hook)

    def retain_grad(self) -> None:
        """Let backward fill `grad` although the tensor is not a leaf.

        Raises:
            RuntimeError: the tensor does not require gradients.
        """
        _accumulation.retain(self)


# From here on `wrap` makes objects of this class.
make_tensors_of(Tensor)
