"""Function: the base class of user-defined differentiable operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mytorch._core.base import TensorBase, wrap
from mytorch._core.state import state
from mytorch._core.typename import typename
from mytorch.autograd.grad_mode import no_grad
from mytorch.autograd.graph import SAVED, Node, counter_of
from mytorch.ops.op import Op

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, ClassVar, TypeAlias

    from mytorch._core.types import Array
    from mytorch._tensor import Tensor
    from mytorch.autograd._past import Past

    # Shape and dtype of an output or an input; None if it is not a tensor.
    Kind: TypeAlias = tuple[tuple[int, ...], np.dtype[Any]] | None


class FunctionCtx:
    """The values that a Function's forward leaves for its backward; any attribute may be set too.

    Attributes:
        needs_input_grad: for each argument of forward, whether its gradient is wanted.
        to_save: what `save_for_backward` was given.
        own_outputs: which outputs those of them are that are outputs, by their place in `to_save`.
        non_differentiable: what `mark_non_differentiable` was given.
        materialize_grads: what `set_materialize_grads` was given.
    """

    def __init__(self, arguments: Sequence[Any]) -> None:
        self.needs_input_grad = tuple(
            [state.enabled and isinstance(x, TensorBase) and x.tracked for x in arguments]
        )
        self.to_save: tuple[Tensor | None, ...] = ()
        self.own_outputs: dict[int, int] = {}
        self.non_differentiable: tuple[Tensor, ...] = ()
        self.materialize_grads = True

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for backward, which finds them in `saved_tensors`.

        A change of one of them in place before backward is an error, and backward frees them.

        Args:
            *tensors: inputs, outputs or others; None is kept as None.

        Raises:
            TypeError: one is neither a Tensor nor None.
        """
        for position, x in enumerate(tensors):
            if not (x is None or isinstance(x, TensorBase)):
                raise TypeError(
                    "save_for_backward can only save variables, "
                    f"but argument {position} is of type {typename(x)}"
                )
        self.to_save = tensors

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """The tensors that were given to `save_for_backward`."""
        return self.to_save

    def mark_non_differentiable(self, *args: Tensor) -> None:
        """State that outputs have no gradient; those that are not floating have none anyway."""
        self.non_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """Set whether backward gets zeros, and not None, for an output that no gradient reached."""
        self.materialize_grads = value

    def mark_dirty(self, *args: Tensor) -> None:
        """Refuse what torch offers here: a Function that changes its input in place."""
        raise RuntimeError(
            f"mark_dirty({len(args)} tensors) is not supported: return a new tensor instead of changing an "
            "input in place"
        )


class _Call(NamedTuple):
    """One recorded call: what its node saves."""

    ctx: FunctionCtx
    inputs: list[Kind]
    outputs: list[Kind]


class Function:
    """Base class of user-defined operations.

    A subclass defines the static methods `forward(ctx, *args)` and `backward(ctx, *grad_outputs)`, which
    returns one gradient for each argument of forward, None where it is not a tensor; or, in the newer form,
    `forward(*args)` and `setup_context(ctx, inputs, output)`. It is called by `apply`, never instantiated.

    Source: https://docs.pytorch.org/docs/stable/notes/extending.html

    Examples:
        >>> class Sign(mytorch.autograd.Function):
        ...     forward = staticmethod(lambda ctx, x: x.sign())
        ...     backward = staticmethod(lambda ctx, grad: grad)
        >>> x = mytorch.tensor([-2.0, 3.0], requires_grad=True)
        >>> mytorch.autograd.grad(Sign.apply(x).sum(), x)
        (tensor([1., 1.]),)
    """

    _op: ClassVar[type[Op]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        backward = staticmethod(lambda call, grads: _run_backward(cls, call, grads))
        # Which tensors backward depends on is known only after a call, which tells its node.
        recorded = staticmethod(lambda past, grads: _run_recorded(cls, past, grads))
        cls._op = type(cls.__name__, (Op,), {"uses": (), "backward": backward, "recorded": recorded})

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse torch's oldest form.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError(
            f"{type(self).__name__} was called with {len(args) + len(kwargs)} arguments as an object: a "
            "legacy autograd function with non-static forward method. Use static methods and apply()."
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the output, a Tensor or a tuple, from `(ctx, *args)`, or from `(*args)` with setup_context.

        Raises:
            NotImplementedError: the subclass does not define it.
        """
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple[Any, ...], output: Any) -> None:
        """Save for backward what a forward without `ctx` could not."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Compute the gradients of the arguments of forward.

        Raises:
            NotImplementedError: the subclass does not define it.
        """
        raise NotImplementedError(
            "You must implement the backward method for your custom autograd.Function to use it with "
            "backward mode AD."
        )

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run forward, and record it where a gradient may be asked for.

        Args:
            *args: what forward takes after `ctx`.
            **kwargs: the same by name.

        Returns:
            The result of forward; its tensors now have a history.

        Raises:
            NotImplementedError: the subclass defines no forward.
            TypeError: forward saved for backward something that is not a tensor.
        """
        separate = cls.setup_context is not Function.setup_context
        if kwargs:
            args = _bound(cls, args, kwargs, separate=separate)
        ctx = FunctionCtx(args)
        with no_grad():
            returned = cls.forward(*args) if separate else cls.forward(ctx, *args)
            if separate:
                cls.setup_context(ctx, args, returned)
        outputs = returned if isinstance(returned, tuple) else (returned,)
        results = _separate(outputs, args)
        if any(ctx.needs_input_grad):
            _record(cls, ctx, args, outputs, results)
        return tuple(results) if isinstance(returned, tuple) else results[0]


def _kind(x: Any) -> Kind:
    return (x.array.shape, x.array.dtype) if isinstance(x, TensorBase) else None


def _bound(
    cls: type[Function], args: tuple[Any, ...], kwargs: dict[str, Any], *, separate: bool
) -> tuple[Any, ...]:
    import inspect  # noqa: PLC0415 - few calls name their arguments

    first = () if separate else (None,)
    bound = inspect.signature(cls.forward).bind(*first, *args, **kwargs)
    bound.apply_defaults()
    return bound.args[len(first) :]


def _separate(outputs: tuple[Any, ...], args: tuple[Any, ...]) -> list[Any]:
    """Return the outputs, with a tensor of its own for each that has a history or a place already."""
    results: list[Any] = []
    for y in outputs:
        if isinstance(y, TensorBase) and (y.tracked or any(y is x for x in (*args, *results))):
            alias = wrap(y.array)
            alias.counter = counter_of(y)
            results.append(alias)
        else:
            results.append(y)
    return results


def _record(
    cls: type[Function], ctx: FunctionCtx, args: tuple[Any, ...], outputs: tuple[Any, ...], results: list[Any]
) -> None:
    call = _Call(ctx, [_kind(x) for x in args], [_kind(y) for y in results])
    inputs = [x if isinstance(x, TensorBase) else None for x in args]
    tensors = [y for y in results if isinstance(y, TensorBase)]
    node = Node(cls._op, call, inputs, tensors, single=False)
    saved = [x for x in ctx.to_save if x is not None]
    if saved:
        node.watched = tuple([(SAVED, counter_of(x), counter_of(x).value) for x in saved])
    # An output that kept its history here would keep itself alive through the node.
    ctx.own_outputs = {
        i: next(slot for slot, y in enumerate(tensors) if x is y)
        for i, x in enumerate(ctx.to_save)
        if any(x is y for y in tensors)
    }
    ctx.to_save = tuple(
        [wrap(x.array) if x is not None and any(x is y for y in tensors) else x for x in ctx.to_save]
    )
    for slot, y in enumerate(tensors):
        given = next(each for each, result in zip(outputs, results, strict=True) if result is y)
        if y.array.dtype.kind == "f" and not any(given is flat for flat in ctx.non_differentiable):
            y.node = node
            y.tracked = True
            y.output = slot


def _run_backward(cls: type[Function], call: _Call, grads: tuple[Array | None, ...]) -> list[Any]:
    with no_grad():
        found = _called(cls, call, [None if array is None else wrap(array) for array in grads])
    return [None if x is None else x.array for x in found]


def _run_recorded(cls: type[Function], past: Past, grads: tuple[Tensor | None, ...]) -> list[Tensor | None]:
    """Run backward with tensors that have their histories, so that it is recorded."""
    call: _Call = past.saved
    ctx, kept = call.ctx, call.ctx.to_save
    ctx.to_save = tuple(
        [
            past.output(x.array, ctx.own_outputs[i]) if x is not None and i in ctx.own_outputs else x
            for i, x in enumerate(kept)
        ]
    )
    try:
        return _called(cls, call, grads)
    finally:
        ctx.to_save = kept


def _called(cls: type[Function], call: _Call, grads: Sequence[Tensor | None]) -> list[Tensor | None]:
    arrived = iter(grads)
    given: list[Tensor | None] = []
    for kind in call.outputs:
        grad = None if kind is None else next(arrived)
        if grad is None and kind is not None and call.ctx.materialize_grads:
            grad = wrap(np.zeros(*kind))
        given.append(grad)
    returned = cls.backward(call.ctx, *given)
    found = list(returned) if isinstance(returned, tuple) else [returned]
    count = len(call.inputs)
    got = len(found)
    while len(found) > count and found[-1] is None:
        found.pop()
    if len(found) != count:
        raise RuntimeError(
            f"function {cls.__name__}Backward returned an incorrect number of gradients "
            f"(expected {count}, got {got})"
        )
    return [_checked(cls, i, x, kind) for i, (x, kind) in enumerate(zip(found, call.inputs, strict=True))]


def _checked(cls: type[Function], position: int, grad: Any, kind: Kind) -> Tensor | None:
    if grad is None:
        return None
    name = f"{cls.__name__}Backward"
    if not isinstance(grad, TensorBase):
        raise RuntimeError(f"{name}: expected Tensor or None at index {position} (got {typename(grad)})")  # noqa: TRY004 - torch's class
    if kind is None:
        raise RuntimeError(
            f"function {name} returned a gradient different than None at position {position + 1}, "
            "but the corresponding forward input was not a Tensor"
        )
    got, wanted = grad.array.shape, kind[0]
    lead = len(got) - len(wanted)
    if lead < 0 or any(n not in (1, m) for n, m in zip(wanted, got[lead:], strict=True)):
        raise RuntimeError(
            f"Function {name} returned an invalid gradient at index {position} - got {list(got)} "
            f"but expected shape compatible with {list(wanted)}"
        )
    checked: Any = grad
    return checked  # type: ignore[no-any-return]  # a Tensor
