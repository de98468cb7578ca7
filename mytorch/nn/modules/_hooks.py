"""Hooks: the functions that a module calls around its forward and after its backward.

Called by Module.__call__ for modules on which a hook was registered.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import wrap
from mytorch._tensor import Tensor
from mytorch.autograd._apply import apply_many
from mytorch.ops.op import Op

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from mytorch._core.types import Array, Gradients
    from mytorch.nn.modules.module import Module

    Grads = tuple[Tensor | None, ...]


class Hooks:
    """The hooks of one module, each by the id of its handle.

    Attributes:
        before: called before forward.
        after: called after forward.
        backward_before: called when the gradients of the outputs are known.
        backward: called when the gradients of the inputs are known.
        with_kwargs: the hooks around forward that take keyword arguments too.
        always: the hooks after forward that are called even if it raises.
    """

    __slots__ = ("after", "always", "backward", "backward_before", "before", "with_kwargs")

    def __init__(self) -> None:
        self.before: dict[int, Callable[..., Any]] = {}
        self.after: dict[int, Callable[..., Any]] = {}
        self.backward_before: dict[int, Callable[..., Any]] = {}
        self.backward: dict[int, Callable[..., Any]] = {}
        self.with_kwargs: set[int] = set()
        self.always: set[int] = set()

    def call(self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run the module's forward on the arguments, with every hook in its turn, and return its result."""
        result: Any = None
        called: set[int] = set()
        try:
            args, kwargs = self._before_forward(module, args, kwargs)
            gate = None
            if self.backward or self.backward_before:
                gate = _Gate(module, list(self.backward_before.values()), list(self.backward.values()))
                args = gate.inputs(args)
            result = module.forward(*args, **kwargs)
            for key, hook in list(self.after.items()):
                called.add(key)
                result = self._after_forward(key, hook, module, args, kwargs, result)
        except Exception:
            for key, hook in list(self.after.items()):
                if key in self.always and key not in called:
                    result = self._after_failure(key, hook, module, args, kwargs, result)
            raise
        return result if gate is None else gate.outputs(result)

    def _before_forward(
        self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        for key, hook in list(self.before.items()):
            if key in self.with_kwargs:
                given = hook(module, args, kwargs)
                if given is None:
                    continue
                if not (isinstance(given, tuple) and len(given) == 2):
                    raise RuntimeError(
                        "forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got "
                        f"{given}."
                    )
                args, kwargs = given
            else:
                given = hook(module, args)
                if given is not None:
                    args = given if isinstance(given, tuple) else (given,)
        return args, kwargs

    def _after_forward(
        self,
        key: int,
        hook: Callable[..., Any],
        module: Module,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        result: Any,
    ) -> Any:
        extra = (kwargs,) if key in self.with_kwargs else ()
        given = hook(module, args, *extra, result)
        return result if given is None else given

    def _after_failure(self, *call: Any) -> Any:
        """Call a hook although forward raised; an error of the hook becomes a warning, as in torch."""
        try:
            return self._after_forward(*call)
        except Exception as error:  # noqa: BLE001 - the first error is the one to show
            warnings.warn(
                "module forward hook with ``always_call=True`` raised an exception that was silenced as "
                f"another error was raised in forward: {error}",
                UserWarning,
                stacklevel=4,
            )
            return call[-1]


class _Pass(Op):
    """Copies of the inputs, whose gradients pass through a function on their way back."""

    uses = ()

    @staticmethod
    def forward(*arrays: Array, arrived: Callable[[Grads], Grads]) -> tuple[tuple[Array, ...], Any]:
        """Return copies, so that changes in place after the gate do not change the tensors before it."""
        return tuple([array.copy() for array in arrays]), arrived

    @staticmethod
    def backward(saved: Any, grad: tuple[Array | None, ...]) -> Gradients:
        """Return the function's result for the gradients."""
        given = saved(tuple([None if each is None else wrap(each) for each in grad]))
        return tuple([None if each is None else each.array for each in given])


class _Gate:
    """One call of a module: keeps the gradients of its outputs until those of its inputs are known."""

    def __init__(
        self, module: Module, before: list[Callable[..., Any]], after: list[Callable[..., Any]]
    ) -> None:
        self._module = module
        self._before = before
        self._after = after
        self._of_outputs: Grads | None = None
        self._input_places: list[int] | None = None
        self._inputs: list[Array | None] = []

    def inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the arguments, with their tensors passed through the gate."""
        places = [i for i, arg in enumerate(args) if isinstance(arg, Tensor) and arg.requires_grad]
        self._inputs = [arg.array if isinstance(arg, Tensor) else None for arg in args]
        if not places:
            # No gradient reaches the inputs: the hooks are called as soon as those of the outputs are known.
            return args
        self._input_places = places
        return _passed(args, places, self._inputs_arrived)

    def outputs(self, result: Any) -> Any:
        """Return the module's result, with its tensors passed through the gate."""
        if not isinstance(result, (Tensor, tuple)):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors "
                f"but received {type(result)}",
                UserWarning,
                stacklevel=4,
            )
            return result
        items = result if isinstance(result, tuple) else (result,)
        places = [i for i, item in enumerate(items) if isinstance(item, Tensor) and item.requires_grad]

        def arrived(grads: Grads) -> Grads:
            return self._outputs_arrived(_spread(grads, places, len(items)), places)

        passed = _passed(items, places, arrived) if places else items
        return passed if isinstance(result, tuple) else passed[0]

    def _outputs_arrived(self, grads: Grads, places: list[int]) -> Grads:
        for hook in self._before:
            given = hook(self._module, grads)
            if given is not None:
                grads = _checked("backward pre-hook", given, len(grads))
        self._of_outputs = grads
        if self._input_places is None:
            if self._after:
                warnings.warn(
                    "Full backward hook is firing when gradients are computed with respect to module outputs "
                    "since no inputs require gradients.",
                    UserWarning,
                    stacklevel=6,
                )
            for hook in self._after:
                given = hook(self._module, (None,) * len(self._inputs), grads)
                if given is not None:
                    raise RuntimeError(
                        "Backward hook returned a gradient though no input of the module requires one: "
                        f"expected None, got {type(given).__name__}"
                    )
        return tuple([grads[i] for i in places])

    def _inputs_arrived(self, grads: Grads) -> Grads:
        if self._input_places is None or self._of_outputs is None:
            return grads
        whole = tuple(
            [
                # As in torch, hooks see zeros for a tensor that gets no gradient.
                grad if grad is not None or array is None else wrap(np.zeros_like(array))
                for grad, array in zip(
                    _spread(grads, self._input_places, len(self._inputs)), self._inputs, strict=True
                )
            ]
        )
        for hook in self._after:
            given = hook(self._module, whole, self._of_outputs)
            if given is not None:
                whole = _checked("backward hook", given, len(whole))
        self._of_outputs = None
        return tuple([whole[i] for i in self._input_places])


def _passed(items: tuple[Any, ...], places: list[int], arrived: Callable[[Grads], Grads]) -> tuple[Any, ...]:
    tensors = [items[i] for i in places]
    passed = list(items)
    for place, out in zip(places, apply_many(_Pass, *tensors, arrived=arrived), strict=True):
        passed[place] = out
    return tuple(passed)


def _spread(grads: Iterable[Tensor | None], places: list[int], count: int) -> Grads:
    """Return a tuple of `count` with the gradients at their places, and None between them."""
    whole: list[Tensor | None] = [None] * count
    for place, grad in zip(places, grads, strict=True):
        whole[place] = grad
    return tuple(whole)


def _checked(kind: str, given: Any, count: int) -> Grads:
    grads = given if isinstance(given, tuple) else (given,)
    if len(grads) != count:
        raise RuntimeError(
            f"{kind} returned an invalid number of grads: got {len(grads)}, but expected {count}"
        )
    return grads
