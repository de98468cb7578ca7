"""Formulas of products of vectors and matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mytorch.ops import linear, matmul

if TYPE_CHECKING:
    from typing import Any

    from mytorch.autograd._formulas.formula import Formula
    from mytorch.autograd._past import Past
    from mytorch.ops.op import Op


def _matmul(past: Past, grad: Any) -> Any:
    a, b = past.saved
    return (
        lambda: grad @ past.input(1, b).transpose(-1, -2),
        lambda: past.input(0, a).transpose(-1, -2) @ grad,
    )


def _dot(past: Past, grad: Any) -> Any:
    a, b = past.saved
    return lambda: grad * past.input(1, b), lambda: grad * past.input(0, a)


def _linear(past: Past, grad: Any) -> Any:
    x, weight = past.saved
    rows = grad.reshape(-1, weight.shape[0]) if grad.array.size else grad.reshape(0, weight.shape[0])
    return (
        lambda: grad @ past.input(1, weight),
        lambda: rows.transpose(0, 1) @ past.input(0, x).reshape(rows.array.shape[0], weight.shape[1]),
        grad,
    )


FORMULAS: dict[type[Op], Formula] = {
    matmul.Mm: _matmul,
    matmul.MatMul: _matmul,
    matmul.Dot: _dot,
    linear.Linear: _linear,
}
