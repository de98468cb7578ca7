"""Cases of triangular factors and of triangular systems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases._table import FILLED, row

if TYPE_CHECKING:
    from conformance.cases._table import Form


def definite(t: Any, a: Any) -> Any:
    """Return positive definite matrices, whose condition does not grow with their size."""
    size = a.shape[-1]
    return a @ a.transpose(-1, -2) / size + t.eye(size, dtype=a.dtype)


def lower(t: Any, a: Any) -> Any:
    """Return lower triangular matrices with a diagonal above 0."""
    size = a.shape[-1]
    return (a / size).tril(-1) + (a.abs() + 0.5) * t.eye(size, dtype=a.dtype)


def _factor(**options: Any) -> Form:
    return lambda t, a: t.linalg.cholesky(definite(t, a), **options)


def _one_triangle(t: Any, a: Any) -> Any:
    """Change the triangle that is not read."""
    return t.linalg.cholesky(definite(t, a) + a.triu(1) / (4 * a.shape[-1]))


def _solution(**options: Any) -> Form:
    def call(t: Any, a: Any, b: Any) -> Any:
        matrix = lower(t, a)
        if options["upper"]:
            matrix = matrix.transpose(-1, -2)
        given = b if options.get("left", True) else b.transpose(-1, -2)
        return t.linalg.solve_triangular(matrix, given, **options)

    return call


def _whole(t: Any, a: Any, b: Any) -> Any:
    """Give whole matrices, of which a triangle is read."""
    matrix = lower(t, a) + a.triu(1)
    return t.linalg.solve_triangular(matrix, b, upper=False) + t.linalg.solve_triangular(
        matrix / 4 + t.eye(a.shape[-1], dtype=a.dtype), b, upper=True, unitriangular=True
    )


def _one_on_the_diagonal(t: Any, a: Any, b: Any) -> Any:
    """Add squares of all elements, so that a matrix of one element has a gradient."""
    found = t.linalg.solve_triangular(lower(t, a), b, upper=False, unitriangular=True)
    return found + (a * a).sum((1, 2))[:, None, None]


def _one_right_side(t: Any, a: Any, b: Any) -> Any:
    return t.linalg.solve_triangular(lower(t, a), b[0] - b[-1] * 2, upper=False)


CASES = (
    row(
        "linalg.cholesky",
        "NFF",
        {
            "lower": _factor(),
            "upper": _factor(upper=True),
            "one triangle": _one_triangle,
            "matrix": lambda t, a: t.linalg.cholesky(definite(t, a).sum(0)),
        },
        {
            "vector": (lambda t, a: t.linalg.cholesky(a[0, 0]), ("A", "2 dimensions")),
            "not square": (lambda t, a: t.linalg.cholesky(a[:, :3]), ("square", "3 by 4")),
            "integers": (lambda t, a: t.linalg.cholesky(a.long()), ("floating", "Long")),
            "halves": (lambda t, a: t.linalg.cholesky(a.half()), ("cholesky", "Half")),
        },
        classes=FILLED,
    ),
    row(
        "linalg.solve_triangular",
        "NFF NFL",
        {
            "lower": _solution(upper=False),
            "upper": _solution(upper=True),
            "from the right": _solution(upper=True, left=False),
            "lower from the right": _solution(upper=False, left=False),
            "one on the diagonal": _one_on_the_diagonal,
            "whole": _whole,
            "broadcast": lambda t, a, b: t.linalg.solve_triangular(lower(t, a[0] + a[-1]), b, upper=False),
            "one right side": _one_right_side,
        },
        {
            "vector": (
                lambda t, a, b: t.linalg.solve_triangular(a, b[0, 0], upper=True),
                ("B", "2 dimensions"),
            ),
            "not square": (lambda t, a, b: t.linalg.solve_triangular(b, a, upper=True), ("square", "4 by 3")),
            "sizes": (
                lambda t, a, b: t.linalg.solve_triangular(a, b[:, :3], upper=True),
                ("AX = B", "4x4", "3x3"),
            ),
            "batches": (
                lambda t, a, b: t.linalg.solve_triangular(a.repeat(2, 1, 1)[:3], b, upper=True),
                ("3", "2"),
            ),
            "integers": (
                lambda t, a, b: t.linalg.solve_triangular(a.long(), b.long(), upper=True),
                ("triangular_solve", "Long"),
            ),
        },
        classes=FILLED,
        unused={"same-tensor": "a matrix and a right side rarely have one shape but for that of one element"},
    ),
)
