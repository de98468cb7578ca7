"""Faults of triangular factors and systems: the wrong triangle, and gradients of the other one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.faults._rewriting import Overlay
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.cases.case import Around, Values


def _replaced(name: str, function: Callable[..., Any]) -> Around:
    """Return a program that calls `function(t, ...)` instead of a function of `linalg`."""

    def program(t: Any, x: Values, correct: Any) -> Any:
        def call(*given: Any, **options: Any) -> Any:
            return function(t, *given, **options)

        return correct(Overlay(t, {f"linalg.{name}": call}), x)

    return program


def _always_lower(t: Any, a: Any, upper: bool = False) -> Any:
    del upper
    return t.linalg.cholesky(a)


def _mean_of_triangles(t: Any, a: Any, upper: bool = False) -> Any:
    return t.linalg.cholesky((a + a.transpose(-1, -2)) / 2, upper=upper)


def _lower_gradient(t: Any, a: Any, upper: bool = False) -> Any:
    """Give the whole gradient to the triangle that is read, as if the other were a copy of it."""
    if not a.requires_grad:
        return t.linalg.cholesky(a, upper=upper)
    symmetric = a.tril() + a.tril(-1).transpose(-1, -2)
    return t.linalg.cholesky(symmetric, upper=upper)


def _whole_matrix(t: Any, a: Any, b: Any, **options: Any) -> Any:
    """Let the gradient reach the triangle that is not read."""
    solution = t.linalg.solve_triangular(a, b, **options)
    return solution if not a.requires_grad else solution + 0.25 * (a - a.detach()).sum()


def _same_side(t: Any, a: Any, b: Any, *, left: bool = True, **options: Any) -> Any:
    if left:
        return t.linalg.solve_triangular(a, b, **options)
    return t.linalg.solve_triangular(a, b.transpose(-1, -2), **options).transpose(-1, -2)


def _own_diagonal(t: Any, a: Any, b: Any, *, unitriangular: bool = False, **options: Any) -> Any:
    del unitriangular
    return t.linalg.solve_triangular(a, b, **options)


def _inverse_in_halves(t: Any, a: Any, b: Any, **options: Any) -> Any:
    """Multiply by an inverse that is kept with the digits of float16."""
    if not options.get("left", True) or a.dim() != b.dim():
        return t.linalg.solve_triangular(a, b, **options)
    unit = t.eye(a.shape[-1], dtype=a.dtype).expand(a.shape)
    inverse = t.linalg.solve_triangular(a, unit, **options)
    return inverse.to(t.float16).to(a.dtype) @ b


def _linalg(name: str, function: str, wrong: Callable[..., Any], story: str) -> Fault:
    return Fault(name, "linalg", (f"linalg.{function}",), story, around=_replaced(function, wrong))


FAULTS = (
    _linalg("cholesky-always-lower", "cholesky", _always_lower, "returns the lower factor for `upper`, too"),
    _linalg(
        "cholesky-of-both-triangles",
        "cholesky",
        _mean_of_triangles,
        "reads both triangles, of which torch reads one",
    ),
    _linalg(
        "cholesky-gradient-of-one-triangle",
        "cholesky",
        _lower_gradient,
        "gives the whole gradient to the triangle that is read, where torch's is symmetric",
    ),
    _linalg(
        "triangular-gradient-of-the-whole",
        "solve_triangular",
        _whole_matrix,
        "gives a gradient to the triangle that is not read",
    ),
    _linalg(
        "triangular-from-the-left",
        "solve_triangular",
        _same_side,
        "solves AX = Bᵀ where XA = B is asked for",
    ),
    _linalg(
        "triangular-own-diagonal",
        "solve_triangular",
        _own_diagonal,
        "divides by the diagonal where that counts as 1",
    ),
    _linalg(
        "triangular-by-inverse-in-halves",
        "solve_triangular",
        _inverse_in_halves,
        "multiplies by an inverse of few digits",
    ),
)
