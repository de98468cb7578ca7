"""Faults of functions of one tensor: another value, or the right value with another derivative."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import instead, own
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Around

    # The function in the namespace, from its input and the settings.
    Forward = Callable[[Any, Any, Any], Any]
    # Its derivative, from the namespace, the input, the output and the settings.
    Slope = Callable[[Any, Any, Any, Any], Any]


def value(name: str, case: str, call: Callable[[Any, Any, Any], Any], story: str) -> Fault:
    """Return the fault that computes `call(t, input, config)` instead."""
    return Fault(name, "functions", (case,), story, around=instead(call))


def _derived(forward: Forward, slope: Slope) -> Around:
    """Return a program that computes the right value with another derivative."""

    def call(t: Any, a: Any, config: Any) -> Any:
        def backward(grad: Any, a: Any) -> Any:
            return grad * slope(t, a, forward(t, a, config), config)

        return own(t, lambda a: forward(t, a, config), backward, a)

    return instead(call)


def named(name: str) -> Forward:
    """Return the function of the namespace."""
    return lambda t, a, config: getattr(t, name)(a)


def functional(name: str, *options: str) -> Forward:
    """Return the function of `nn.functional`, which takes those settings as options."""

    def call(t: Any, a: Any, config: Any) -> Any:
        return getattr(t.nn.functional, name)(a, **{key: config[key] for key in options})

    return call


def derivative(name: str, case: str, forward: Forward, slope: Slope, story: str) -> Fault:
    """Return the fault that computes the right value with another derivative."""
    return Fault(name, "derivatives", (case,), story, around=_derived(forward, slope))


def at_output(name: str, forward: Any, slope: Any) -> Fault:
    """Return the fault that takes the derivative at the output instead of the input."""
    return derivative(
        f"{name}-derived-at-output",
        name,
        forward,
        lambda t, a, out, config: slope(t, out),
        f"takes the derivative of {name} at its output instead of its input",
    )


def at_input(name: str, slope: Any) -> Fault:
    """Return the fault that puts the input into a formula of the output."""
    return derivative(
        f"{name}-derived-at-input",
        name,
        named(name),
        lambda t, a, out, config: slope(t, a),
        f"puts the input into the formula of {name}'s derivative, which takes the output",
    )
