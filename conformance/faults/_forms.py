"""Faults of one form of a case: wrong in that form, and correct in all others.

The families of functions whose cases are rows of a table are made of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._table import outputs_of
from conformance.faults._rewriting import on_gradient
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from conformance.cases._table import Form
    from conformance.cases.case import Around, Values

    # Name, case, form, wrong call or change of the gradient, story.
    Entry = tuple[str, str, str, Any, str]


def instead(form: str, call: Form) -> Around:
    """Return a program that makes another call in that form; `call(t, *tensors)`."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        if x.config["form"] != form:
            return correct(t, x)
        return outputs_of(call(t, *[x[name] for name in sorted(x)]))

    return program


def with_gradient(form: str, change: Callable[[Any, Values], Any], name: str = "x0") -> Around:
    """Return a program whose gradient of one tensor is `change(gradient, x)` in that form."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        if x.config["form"] != form:
            return correct(t, x)
        return on_gradient(x, name, lambda grad: change(grad, x), lambda: correct(t, x))

    return program


def called(family: str, entries: Iterable[Entry]) -> tuple[Fault, ...]:
    """Return a fault for each entry, which makes another call in one form."""
    return tuple(
        Fault(name, family, (case,), story, around=instead(form, call))
        for name, case, form, call, story in entries
    )


def derived(family: str, entries: Iterable[Entry]) -> tuple[Fault, ...]:
    """Return a fault for each entry, which changes the first tensor's gradient in one form."""
    return tuple(
        Fault(name, family, (case,), story, around=with_gradient(form, change))
        for name, case, form, change, story in entries
    )
