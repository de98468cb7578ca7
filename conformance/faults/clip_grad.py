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
    tensors = [parameters] if hasattr(parameters, "grad") else list(parameters)
    return [each.grad for each in tensors if each.grad is not None]


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
    grads = _gradients(parameters)
    norm = t.nn.utils.get_total_norm(grads, norm_type)
    for grad in grads:
        grad.clamp_(-max_norm, max_norm)
    return norm


def _read_twice(t: Any, parameters: Any, max_norm: float, norm_type: float = 2.0) -> Any:
    """Read the parameters once for the norm, and again to clip: a generator has none left."""
    norm = t.nn.utils.get_total_norm(_gradients(parameters), norm_type)
    for grad in _gradients(parameters):
        grad.mul_(_factor(t, norm, max_norm))
    return norm


def _rows(t: Any, parameters: Any, max_norm: float, norm_type: float = 2.0) -> Any:
    """Take one tensor for a list of its rows, which have no gradients."""
    if hasattr(parameters, "grad"):
        return t.zeros((), dtype=parameters.dtype)
    return t.nn.utils.clip_grad_norm_(parameters, max_norm, norm_type)


def _value_of_rows(t: Any, parameters: Any, clip_value: float) -> None:
    if not hasattr(parameters, "grad"):
        t.nn.utils.clip_grad_value_(parameters, clip_value)


def _factor(t: Any, norm: Any, limit: float) -> Any:
    return t.clamp(limit / (norm + 1e-6), max=1.0)


def _value_by_norm(t: Any, parameters: Any, clip_value: float) -> None:
    t.nn.utils.clip_grad_norm_(parameters, clip_value)


def _value_from_above(t: Any, parameters: Any, clip_value: float) -> None:
    for grad in _gradients(parameters):
        grad.clamp_(max=clip_value)


def _listed(tensors: Any) -> list[Any]:
    return [tensors] if hasattr(tensors, "grad") else list(tensors)


def _sum_of_norms(t: Any, tensors: Any, norm_type: float = 2.0, _: bool = False) -> Any:
    return sum(t.nn.utils.get_total_norm([each], norm_type) for each in _listed(tensors))


def _by_squares(t: Any, tensors: Any, norm_type: float = 2.0, _: bool = False) -> Any:
    if norm_type != 2.0:
        return t.nn.utils.get_total_norm(tensors, norm_type)
    return t.sqrt(sum((each * each).mean() for each in _listed(tensors)))


def _norm_away_from_zero(t: Any, tensors: Any, norm_type: float = 2.0, _: bool = False) -> Any:
    return t.nn.utils.get_total_norm(tensors, norm_type).clamp(min=1e-6)


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
    _clip(
        "clip-zeros-to-nan",
        "clip_grad_norm_",
        _clipping(lambda t, norm, limit: t.clamp(norm, max=limit) / norm),
        "divides by the norm also where it is zero",
    ),
    _clip(
        "clip-generator-exhausted",
        "clip_grad_norm_",
        _read_twice,
        "reads the parameters twice, and so does not clip those of a generator",
    ),
    _clip("clip-rows-of-one-tensor", "clip_grad_norm_", _rows, "takes one tensor for a list of its rows"),
    _clip(
        "clip-value-of-rows", "clip_grad_value_", _value_of_rows, "takes one tensor for a list of its rows"
    ),
    _clip(
        "total-norm-above-zero",
        "get_total_norm",
        _norm_away_from_zero,
        "keeps the norm of zeros away from zero",
    ),
    _clip("clip-each-tensor", "clip_grad_norm_", _each, "clips each tensor by a norm of its own"),
    _clip("clip-each-element", "clip_grad_norm_", _by_element, "clips the elements, not the norm"),
    _clip("clip-value-by-norm", "clip_grad_value_", _value_by_norm, "clips the norm, not the elements"),
    _clip("clip-value-from-above", "clip_grad_value_", _value_from_above, "ignores the lower limit"),
    _clip("total-norm-summed", "get_total_norm", _sum_of_norms, "adds the tensors' norms"),
    _clip("total-norm-of-means", "get_total_norm", _by_squares, "adds means of squares instead of sums"),
)
