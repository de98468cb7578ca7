"""Faults of clipping gradients: another norm, another factor or another limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import Overlay
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Around, Values


def _replaced(name: str, function: Callable[..., Any]) -> Around:
    """Return a program that calls `function(t, ...)` instead of a function of `nn.utils`."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        def call(*given: Any, **options: Any) -> Any:
            options.pop("foreach", None)
            options.pop("error_if_nonfinite", None)
            return function(t, *given, **options)

        return correct(Overlay(t, {f"nn.utils.{name}": call}), x)

    return program


def _gradients(parameters: Any) -> list[Any]:
    return [parameter.grad for parameter in parameters if parameter.grad is not None]


def _clipping(
    scale: Callable[[Any, Any, float], Any], *, order: float | None = None, after: bool = False
) -> Callable[..., Any]:
    """Return a clipping by `scale(t, norm, limit)`, with the given order of norm or always with one order."""

    def clip(t: Any, parameters: Any, max_norm: float, norm_type: float = 2.0) -> Any:
        grads = _gradients(parameters)
        norm = t.nn.utils.get_total_norm(grads, norm_type if order is None else order)
        factor = scale(t, norm, max_norm)
        for grad in grads:
            grad.mul_(factor)
        return norm * factor if after else norm

    return clip


def _each(t: Any, parameters: Any, max_norm: float, norm_type: float = 2.0) -> Any:
    """Clip each tensor by its own norm."""
    grads = _gradients(parameters)
    total = t.nn.utils.get_total_norm(grads, norm_type)
    for grad in grads:
        grad.mul_(_factor(t, t.nn.utils.get_total_norm([grad], norm_type), max_norm))
    return total


def _by_element(t: Any, parameters: Any, max_norm: float, norm_type: float = 2.0) -> Any:
    """Clip elements, not the norm."""
    norm = t.nn.utils.get_total_norm(_gradients(parameters), norm_type)
    t.nn.utils.clip_grad_value_(parameters, max_norm)
    return norm


def _factor(t: Any, norm: Any, limit: float) -> Any:
    return t.clamp(limit / (norm + 1e-6), max=1.0)


def _value_by_norm(t: Any, parameters: Any, clip_value: float) -> None:
    t.nn.utils.clip_grad_norm_(parameters, clip_value)


def _value_from_above(t: Any, parameters: Any, clip_value: float) -> None:
    del t
    for grad in _gradients(parameters):
        grad.clamp_(max=clip_value)


def _sum_of_norms(t: Any, tensors: Any, norm_type: float = 2.0, _: bool = False) -> Any:
    return sum(t.nn.utils.get_total_norm([each], norm_type) for each in tensors)


def _by_squares(t: Any, tensors: Any, norm_type: float = 2.0, _: bool = False) -> Any:
    if norm_type != 2.0:
        return t.nn.utils.get_total_norm(tensors, norm_type)
    return t.sqrt(sum((each * each).mean() for each in tensors))


def _clip(name: str, function: str, wrong: Callable[..., Any], story: str) -> Fault:
    return Fault(name, "clip_grad", (f"nn.utils.{function}",), story, around=_replaced(function, wrong))


FAULTS = (
    _clip(
        "clip-without-epsilon",
        "clip_grad_norm_",
        _clipping(lambda t, norm, limit: t.clamp(limit / norm, max=1.0)),
        "divides by the norm, to which torch adds 1e-6",
    ),
    _clip(
        "clip-enlarges",
        "clip_grad_norm_",
        _clipping(lambda t, norm, limit: limit / (norm + 1e-6)),
        "scales gradients below the limit up to it",
    ),
    _clip(
        "clip-always-by-root",
        "clip_grad_norm_",
        _clipping(_factor, order=2.0),
        "always uses the norm of order two",
    ),
    _clip(
        "clip-returns-the-clipped",
        "clip_grad_norm_",
        _clipping(_factor, after=True),
        "returns the norm after clipping, where torch returns the norm before",
    ),
    _clip("clip-each-tensor", "clip_grad_norm_", _each, "clips each tensor by a norm of its own"),
    _clip("clip-each-element", "clip_grad_norm_", _by_element, "clips the elements, not the norm"),
    _clip("clip-value-by-norm", "clip_grad_value_", _value_by_norm, "clips the norm, not the elements"),
    _clip("clip-value-from-above", "clip_grad_value_", _value_from_above, "ignores the lower limit"),
    _clip("total-norm-summed", "get_total_norm", _sum_of_norms, "adds the tensors' norms"),
    _clip("total-norm-of-means", "get_total_norm", _by_squares, "adds means of squares instead of sums"),
)
