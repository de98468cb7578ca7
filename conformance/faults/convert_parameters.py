"""Faults of parameters as one vector: copies of it, and pieces that do not follow each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import Overlay
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from conformance.cases.case import Around, Values


def _replaced(name: str, function: Callable[..., Any]) -> Around:
    """Return a program that calls `function(t, ...)` instead of a function of `nn.utils`."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        return correct(Overlay(t, {f"nn.utils.{name}": lambda *given: function(t, *given)}), x)

    return program


def _copies(t: Any, vector: Any, parameters: Iterable[Any]) -> None:
    t.nn.utils.vector_to_parameters(vector.clone(), parameters)


def _starts_anew(t: Any, vector: Any, parameters: Iterable[Any]) -> None:
    for each in parameters:
        t.nn.utils.vector_to_parameters(vector, [each])


def _by_columns(t: Any, parameters: Iterable[Any]) -> Any:
    return t.cat([each.permute(tuple(reversed(range(each.dim())))).reshape(-1) for each in parameters])


def _without_numbers(t: Any, parameters: Iterable[Any]) -> Any:
    return t.nn.utils.parameters_to_vector([each for each in parameters if each.dim()])


def _vector(name: str, function: str, wrong: Callable[..., Any], story: str) -> Fault:
    return Fault(
        name, "convert_parameters", (f"nn.utils.{function}",), story, around=_replaced(function, wrong)
    )


FAULTS = (
    _vector(
        "vector-copied-to-parameters",
        "vector_to_parameters",
        _copies,
        "copies the vector, whose memory the parameters share in torch",
    ),
    _vector(
        "vector-read-from-its-start",
        "vector_to_parameters",
        _starts_anew,
        "begins each parameter at the start of the vector",
    ),
    _vector(
        "parameters-flattened-by-columns",
        "parameters_to_vector",
        _by_columns,
        "flattens parameters with the first dimension fastest, as Fortran and MATLAB do",
    ),
    _vector(
        "parameters-without-numbers",
        "parameters_to_vector",
        _without_numbers,
        "leaves out parameters without dimensions",
    ),
)
