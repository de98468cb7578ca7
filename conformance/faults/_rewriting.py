"""The changes that a fault may make around a program: in settings, names, derivatives and results.

It is written in torch's API, so that a fault does the same on any namespace.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from conformance.cases.case import Mapped, Values

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.cases.case import Around, Program

    # From the namespace and the correct class to the class that replaces it.
    Replace = Callable[[Any, Any], Any]


class Overlay:
    """A namespace with some names replaced.

    Args:
        under: the namespace.
        names: the replacements, by dotted name, e.g. `nn.functional.softmax`.
    """

    def __init__(self, under: Any, names: Mapping[str, Any]) -> None:
        self._under, self._names = under, names

    def __getattr__(self, name: str) -> Any:
        """Return the replacement, or the namespace's own attribute."""
        if name in self._names:
            return self._names[name]
        inner = {
            key.partition(".")[2]: value for key, value in self._names.items() if key.startswith(f"{name}.")
        }
        found = getattr(self._under, name)
        return Overlay(found, inner) if inner else found


def in_place_of(names: tuple[str, ...], replace: Replace) -> Around:
    """Return a program that runs the correct one with each of those classes replaced by `replace`."""

    def around(t: Any, x: Values, correct: Program) -> Any:
        return correct(Overlay(t, {name: replace(t, attrgetter(name)(t)) for name in names}), x)

    return around


def changed(x: Values, tensors: Mapping[str, Any] | None = None, **settings: Any) -> Values:
    """Return the values of a program with other tensors or other settings."""
    return x.having({**x.data, **(tensors or {})}, {**x.config, **settings})


def setting(name: str, change: Callable[[Any], Any]) -> Around:
    """Return a program that runs the correct one with another value of one setting."""
    return lambda t, x, correct: correct(t, changed(x, **{name: change(x.config[name])}))


def instead(call: Callable[[Any, Any, Any], Any]) -> Around:
    """Return a program that runs `call(t, input, config)` instead of that of a case of one function."""
    return lambda t, x, correct: {"output": call(t, x["input"], x.config)}


def own(t: Any, forward: Callable[..., Any], backward: Callable[..., Any], *tensors: Any) -> Any:
    """Apply a function with a given derivative.

    Args:
        t: the namespace.
        forward: from the tensors to the result.
        backward: from the result's gradient and the tensors to their gradients.
        tensors: the arguments.
    """

    class Own(t.autograd.Function):  # type: ignore[misc]  # a base class by namespace
        @staticmethod
        def forward(ctx: Any, *given: Any) -> Any:
            ctx.save_for_backward(*given)
            return forward(*given)

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return backward(grad, *ctx.saved_tensors)

    return Own.apply(*tensors)


def on_outputs(returned: Mapping[str, Any] | Mapped, change: Callable[[str, Any], Any]) -> Any:
    """Return a program's result with every output changed; its gradients stay."""
    if isinstance(returned, Mapped):
        return Mapped(on_outputs(returned.outputs, change), returned.gradients)
    return {name: change(name, output) for name, output in returned.items()}


def on_gradient(
    x: Values, name: str, change: Callable[[Any], Any], run: Callable[[], Mapping[str, Any] | Mapped]
) -> Any:
    """Run a program and change the gradient of one of its inputs.

    Args:
        x: the values of the program.
        name: the input.
        change: from the right gradient to the wrong one.
        run: runs the program on it.
    """
    x[name].register_hook(change)
    returned = run()
    if not isinstance(returned, Mapped):
        return returned

    def gradients() -> Mapping[str, Any]:
        # A program that trains a copy of the input bypasses the hook on the input.
        found = dict(returned.gradients())
        if name in found and x[name].grad is None and found[name] is not None:
            found[name] = change(found[name])
        return found

    return Mapped(returned.outputs, gradients)


def gradient_of(name: str, change: Callable[[Any, Values, Any], Any]) -> Around:
    """Return a program that changes the gradient of one parameter to `change(t, x, right)`."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        if name not in x:
            return correct(t, x)
        returned = correct(t, x)
        before = returned.gradients if isinstance(returned, Mapped) else dict
        outputs = returned.outputs if isinstance(returned, Mapped) else returned

        def gradients() -> Mapping[str, Any]:
            found = dict(before())
            right = found.get(name, x[name].grad)
            return found if right is None else {**found, name: change(t, x, right)}

        return Mapped(outputs, gradients)

    return program
