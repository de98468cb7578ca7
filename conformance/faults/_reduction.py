"""Faults of reductions: the axes that a sample reduces, the number of elements, and scaled results.

The families reduction and statistics are made of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import on_gradient, on_outputs
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Around, Values

_AXES = {
    "none": (0, 1, 2),
    "first": (0,),
    "middle": (1,),
    "last": (2,),
    "pair": (0, 1),
    "negative": (0, 1),
    "two": (0, 2),
    "all": (0, 1, 2),
}


def axes(x: Values) -> tuple[int, ...]:
    """Return the axes that a sample reduces."""
    return _AXES[str(x.config["dim"])]


def count(x: Values) -> int:
    """Return how many elements each result is reduced from, and 1 for none."""
    n = 1
    for axis in axes(x):
        n *= x["input"].shape[axis]
    return max(n, 1)


def scaled_gradient(factor: Callable[[Values], float]) -> Around:
    """Return a program that multiplies the input's gradient."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        return on_gradient(x, "input", lambda grad: grad * factor(x), lambda: correct(t, x))

    return program


def scaled_output(factor: Callable[[Values], float]) -> Around:
    """Return a program that multiplies the result."""
    return lambda t, x, correct: on_outputs(correct(t, x), lambda _, output: output * factor(x))


def fitted(value: Any, x: Values) -> Any:
    """Drop the reduced axes of a value that has them, unless the sample keeps them."""
    if x.config["dim"] != "none" and x.config["keepdim"]:
        return value
    for axis in reversed(axes(x)):
        value = value.squeeze(axis)
    return value


def fault(name: str, cases: tuple[str, ...] | str, around: Around, story: str) -> Fault:
    """Return a fault of reductions."""
    return Fault(name, "reduction", (cases,) if isinstance(cases, str) else cases, story, around=around)
