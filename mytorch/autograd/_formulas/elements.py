"""Formulas of arithmetic, and of functions of elements and of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import wrap
from mytorch.autograd._apply import apply
from mytorch.autograd._formulas.formula import diagonal, where
from mytorch.ops import (
    activation,
    arithmetic,
    combination,
    elementary,
    regression_loss,
    rounding,
    selection,
    softmax,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mytorch.autograd._formulas.formula import Formula
    from mytorch.autograd._past import Past
    from mytorch.ops.op import Op


def _add(past: Past, grad: Any) -> Any:
    return grad, lambda: grad if past.saved == 1 else grad * past.saved


def _sub(past: Past, grad: Any) -> Any:
    return grad, lambda: grad * -past.saved


def _mul(past: Past, grad: Any) -> Any:
    a, b = past.saved
    return lambda: grad * past.input(1, b), lambda: grad * past.input(0, a)


def _div(past: Past, grad: Any) -> Any:
    a, b = past.saved
    return (
        lambda: grad / past.input(1, b),
        lambda: -grad * ((past.input(0, a) / past.input(1, b)) / past.input(1, b)),
    )


def _pow(past: Past, grad: Any) -> Any:
    a, b, out = past.saved

    def base() -> Any:
        x, exponent = past.input(0, a), past.input(1, b)
        if np.ndim(b) == 0 and not past.has(1):
            return grad * 0 if b == 0 else grad * (exponent * x ** (exponent - 1))
        return where(np.asarray(b) == 0, 0, grad * (exponent * x ** (exponent - 1)))

    def exponent() -> Any:
        flat = (np.asarray(a) == 0) & (np.asarray(b) >= 0)
        log = past.input(0, a).log() if isinstance(a, np.ndarray) else float(np.log(a))
        return grad * where(flat, 0, past.output(out) * log)

    return base, exponent


def _lerp(past: Past, grad: Any) -> Any:
    a, b, weight = past.saved
    return (
        lambda: grad * (1 - past.input(2, weight)),
        lambda: grad * past.input(2, weight),
        lambda: grad * (past.input(1, b) - past.input(0, a)),
    )


def _of_input(slope: Callable[[Any], Any]) -> Formula:
    return lambda past, grad: (grad * slope(past.input(0, past.saved)),)


def _of_output(slope: Callable[[Any], Any]) -> Formula:
    return lambda past, grad: (grad * slope(past.output(past.saved)),)


def _softmax(past: Past, grad: Any) -> Any:
    saved, dim = past.saved
    out = past.output(saved)
    return ((grad - (grad * out).sum(dim, keepdim=True)) * out,)


def _log_softmax(past: Past, grad: Any) -> Any:
    saved, dim = past.saved
    return (grad - past.output(saved).exp() * grad.sum(dim, keepdim=True),)


def _elu(past: Past, grad: Any) -> Any:
    a, alpha = past.saved
    # Limited, so that no overflow beside the branch makes nan of 0.
    low = grad * (past.input(0, a).clamp(max=0).exp() * alpha)
    return (apply(selection.Where, wrap(a > 0), grad, low),)


def _silu(past: Past, grad: Any) -> Any:
    x = past.input(0, past.saved)
    sigma = x.sigmoid()
    return (grad * (sigma * (1 + x * (1 - sigma))),)


def _mse_loss(past: Past, grad: Any) -> Any:
    difference, factor = past.saved
    # The op saves the difference only; it is the one of the same inputs.
    dx = (grad * factor) * past.made_by(arithmetic.Sub, 1, difference)
    return dx, lambda: -dx


FORMULAS: dict[type[Op], Formula] = {
    arithmetic.Add: _add,
    arithmetic.Sub: _sub,
    arithmetic.Mul: _mul,
    arithmetic.Div: _div,
    arithmetic.Neg: lambda _, grad: (-grad,),
    arithmetic.RoundedDiv: diagonal,
    rounding.Flat: diagonal,
    elementary.Pow: _pow,
    combination.Lerp: _lerp,
    elementary.Exp: _of_output(lambda out: out),
    elementary.Expm1: _of_output(lambda out: out + 1),
    elementary.Log: lambda past, grad: (grad / past.input(0, past.saved),),
    elementary.Log1p: lambda past, grad: (grad / (past.input(0, past.saved) + 1),),
    elementary.Sqrt: _of_output(lambda out: 0.5 / out),
    elementary.Rsqrt: _of_output(lambda out: out**3 * -0.5),
    elementary.Square: _of_input(lambda a: 2 * a),
    elementary.Reciprocal: _of_output(lambda out: -(out * out)),
    elementary.Sin: _of_input(lambda a: a.cos()),
    elementary.Cos: _of_input(lambda a: -a.sin()),
    elementary.Erf: _of_input(lambda a: (-a * a).exp() * (2 / np.pi**0.5)),
    elementary.Abs: diagonal,
    activation.Sigmoid: _of_output(lambda out: (1 - out) * out),
    activation.Tanh: _of_output(lambda out: 1 - out * out),
    activation.LogSigmoid: _of_input(lambda a: (-a).sigmoid()),
    activation.Silu: _silu,
    activation.Elu: _elu,
    activation.Relu: diagonal,
    activation.LeakyRelu: diagonal,
    activation.Hardtanh: diagonal,
    softmax.Softmax: _softmax,
    softmax.LogSoftmax: _log_softmax,
    selection.Where: diagonal,
    selection.Maximum: diagonal,
    selection.Minimum: diagonal,
    selection.Clamp: diagonal,
    selection.ClampBetween: diagonal,
    regression_loss.MseLoss: _mse_loss,
}
