"""Faults of gradients of gradients: the gradient is right, and what it was made of is partly forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases import double_backward
from conformance.faults._rewriting import Overlay
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Around, Values

_CASES = tuple(case.name for case in double_backward.CASES)


def _differentiating(wrong: Callable[..., Any]) -> Around:
    """Return a program whose `autograd.grad` is `wrong(correct, outputs, inputs, cotangents, **options)`."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        def grad(*given: Any, **options: Any) -> Any:
            return wrong(t.autograd.grad, *given, **options)

        return correct(Overlay(t, {"autograd.grad": grad}), x)

    return program


def _cotangent_constant(right: Any, outputs: Any, inputs: Any, cotangents: Any, **options: Any) -> Any:
    return right(outputs, inputs, [each.detach() for each in cotangents], **options)


def _values_constant(right: Any, outputs: Any, inputs: Any, cotangents: Any, **options: Any) -> Any:
    found = right(outputs, inputs, cotangents, **options)
    # The right values, with the history of the cotangents alone.
    flat = sum(each.sum() for each in cotangents)
    return [each.detach() + (flat - flat.detach()) for each in found]


FAULTS = (
    Fault(
        "second-derivative-of-cotangent-missing",
        "double backward",
        _CASES,
        "records the gradient as if the cotangent were a constant",
        around=_differentiating(_cotangent_constant),
    ),
    Fault(
        "second-derivative-of-values-missing",
        "double backward",
        _CASES,
        "records the gradient as if it did not depend on what forward saved",
        around=_differentiating(_values_constant),
    ),
)
