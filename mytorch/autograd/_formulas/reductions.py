"""Formulas of reductions, and of running sums."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import wrap
from mytorch.autograd._formulas.formula import restored, where
from mytorch.ops import reduction, statistics
from mytorch.ops.op import GradientError

if TYPE_CHECKING:
    from typing import Any

    from mytorch.autograd._formulas.formula import Formula
    from mytorch.autograd._past import Past
    from mytorch.ops.op import Op


def _sum(past: Past, grad: Any) -> Any:
    shape, axis = past.saved
    return (lambda: restored(grad, shape, axis).expand(shape),)


def _mean(past: Past, grad: Any) -> Any:
    shape, axis, count = past.saved
    return (lambda: (restored(grad, shape, axis) / count).expand(shape),)


def _extreme(past: Past, grad: Any) -> Any:
    a, axis = past.saved[:2]
    (shares,) = past.op.backward(past.saved, np.ones_like(past.saved[2]))
    return (lambda: restored(grad, a.shape, axis) * wrap(shares),)


def _var(past: Past, grad: Any) -> Any:
    a, axis, freedom, root = past.saved
    x = past.input(0, a)
    if root is not None:
        grad = where(root == 0, 0, grad / (2 * past.output(root)))
    return (lambda: restored(grad, a.shape, axis) * (2 / freedom) * (x - x.mean(axis, keepdim=True)),)


def _logsumexp(past: Past, grad: Any) -> Any:
    a, axis, out = past.saved
    weights = (past.input(0, a) - restored(past.output(out), a.shape, axis)).exp()
    return (lambda: restored(grad, a.shape, axis) * weights,)


def _norm(past: Past, grad: Any) -> Any:
    a, axis, p, out = past.saved
    upstream = restored(grad, a.shape, axis)
    x = past.input(0, a)
    if p == 1:
        return (lambda: x.sign() * upstream,)
    if p != 2:
        raise GradientError(
            f"create_graph=True is not supported: the gradient of Norm has none for p={p}, only for 1 and 2"
        )
    norm = restored(past.output(out), a.shape, axis)
    return (lambda: where(norm.array == 0, 0, x * (upstream / norm)),)


def _cumsum(past: Past, grad: Any) -> Any:
    dim = past.saved
    return (grad.flip(dim).cumsum(dim).flip(dim),)


FORMULAS: dict[type[Op], Formula] = {
    reduction.Sum: _sum,
    reduction.Extreme: _extreme,
    statistics.Mean: _mean,
    statistics.Var: _var,
    statistics.LogSumExp: _logsumexp,
    statistics.Norm: _norm,
    statistics.CumSum: _cumsum,
}
