"""How each op's gradient is made of ops that have gradients themselves: what `create_graph=True` records.

A formula takes what the op left behind (`Past`) and the gradient of its output, both as tensors with their
histories, and returns the gradients of its inputs. As in `Op.backward`, an entry may be None, or a
function that is called only where the gradient is needed. The engine undoes broadcasting and casts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch._core.base import wrap
from mytorch.autograd._apply import apply
from mytorch.ops import (
    activation,
    arithmetic,
    combination,
    conversion,
    derivative,
    elementary,
    gather_scatter,
    indexing,
    joining,
    linear,
    matmul,
    rearrange,
    reduction,
    regression_loss,
    rounding,
    selection,
    shape,
    softmax,
    statistics,
    transpose,
)
from mytorch.ops.op import GradientError, Op, Part

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from mytorch._core.types import Array
    from mytorch.autograd._past import Past

    Formula: TypeAlias = Callable[[Past, Any], Any]


def _diagonal(past: Past, grad: Any) -> Any:
    """The op's own rule, where it multiplies by factors that do not change with the inputs."""

    def rule(position: int) -> Callable[[Array], Array]:
        def multiply(array: Array) -> Array:
            found = past.op.backward(past.saved, array)[position]
            return np.asarray(found() if callable(found) else found)

        return multiply

    def entry(position: int) -> Callable[[], Any]:
        return lambda: past.watch(apply(derivative.Diagonal, grad, rule=rule(position)))

    return [entry(position) for position in range(past.inputs)]


def _restored(grad: Any, shape: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    return grad.reshape([1 if i in axis else n for i, n in enumerate(shape)])


# --- arithmetic ---------------------------------------------------------------------------------------------


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
        return _where(np.asarray(b) == 0, 0, grad * (exponent * x ** (exponent - 1)))

    def exponent() -> Any:
        flat = (np.asarray(a) == 0) & (np.asarray(b) >= 0)
        log = past.input(0, a).log() if isinstance(a, np.ndarray) else float(np.log(a))
        return grad * _where(flat, 0, past.output(out) * log)

    return base, exponent


def _lerp(past: Past, grad: Any) -> Any:
    a, b, weight = past.saved
    return (
        lambda: grad * (1 - past.input(2, weight)),
        lambda: grad * past.input(2, weight),
        lambda: grad * (past.input(1, b) - past.input(0, a)),
    )


def _where(condition: Array, a: Any, b: Any) -> Any:
    zero = wrap(np.asarray(a, b.array.dtype))
    return apply(selection.Where, wrap(condition), zero, b)


# --- products -----------------------------------------------------------------------------------------------


def _matmul(past: Past, grad: Any) -> Any:
    a, b = past.saved
    return (
        lambda: grad @ past.input(1, b).transpose(-1, -2),
        lambda: past.input(0, a).transpose(-1, -2) @ grad,
    )


def _linear(past: Past, grad: Any) -> Any:
    x, weight = past.saved
    rows = grad.reshape(-1, weight.shape[0]) if grad.array.size else grad.reshape(0, weight.shape[0])
    return (
        lambda: grad @ past.input(1, weight),
        lambda: rows.transpose(0, 1) @ past.input(0, x).reshape(rows.array.shape[0], weight.shape[1]),
        grad,
    )


# --- reductions ---------------------------------------------------------------------------------------------


def _sum(past: Past, grad: Any) -> Any:
    shape, axis = past.saved
    return (lambda: _restored(grad, shape, axis).expand(shape),)


def _mean(past: Past, grad: Any) -> Any:
    shape, axis, count = past.saved
    return (lambda: (_restored(grad, shape, axis) / count).expand(shape),)


def _extreme(past: Past, grad: Any) -> Any:
    a, axis = past.saved[:2]
    (shares,) = past.op.backward(past.saved, np.ones_like(past.saved[2]))
    return (lambda: _restored(grad, a.shape, axis) * wrap(shares),)


def _var(past: Past, grad: Any) -> Any:
    a, axis, freedom, root = past.saved
    x = past.input(0, a)
    if root is not None:
        grad = _where(root == 0, 0, grad / (2 * past.output(root)))
    return (lambda: _restored(grad, a.shape, axis) * (2 / freedom) * (x - x.mean(axis, keepdim=True)),)


def _logsumexp(past: Past, grad: Any) -> Any:
    a, axis, out = past.saved
    weights = (past.input(0, a) - _restored(past.output(out), a.shape, axis)).exp()
    return (lambda: _restored(grad, a.shape, axis) * weights,)


def _norm(past: Past, grad: Any) -> Any:
    a, axis, p, out = past.saved
    upstream = _restored(grad, a.shape, axis)
    x = past.input(0, a)
    if p == 1:
        return (lambda: x.sign() * upstream,)
    if p != 2:
        raise GradientError(
            f"create_graph=True is not supported: the gradient of Norm has none for p={p}, only for 1 and 2"
        )
    norm = _restored(past.output(out), a.shape, axis)
    return (lambda: _where(norm.array == 0, 0, x * (upstream / norm)),)


def _cumsum(past: Past, grad: Any) -> Any:
    dim = past.saved
    return (grad.flip(dim).cumsum(dim).flip(dim),)


# --- elements taken, put, moved and joined ------------------------------------------------------------------


def _put(past: Past, grad: Any) -> Any:
    found = past.op.backward(past.saved, grad.array)[0]
    return (apply(derivative.Put, grad, part=found), None)[: past.inputs]


def _pick(past: Past, grad: Any) -> Any:
    shape, positions, dim = past.saved
    places = np.ogrid[tuple([slice(n) for n in positions.shape])]
    part = Part(shape, (*places[:dim], positions, *places[dim + 1 :]), grad.array)
    return (apply(derivative.Put, grad, part=part),)


def _taken(past: Past, grad: Any) -> Any:
    index = past.saved.index
    index = index if isinstance(index, tuple) else (index,)
    is_copy = any(isinstance(each, np.ndarray) for each in index)
    return (apply(indexing.Index if is_copy else indexing.Slice, grad, index=index),)


def _cat(past: Past, grad: Any) -> Any:
    dim, shapes = past.saved
    before = (slice(None),) * (dim % grad.array.ndim)
    parts: list[Any] = []
    start = 0
    for each in shapes:
        end = start + (0 if each == (0,) else each[dim])
        parts.append(None if each == (0,) else grad[(*before, slice(start, end))])
        start = end
    return parts


def _stack(past: Past, grad: Any) -> Any:
    dim, count = past.saved
    return [grad[(*(slice(None),) * dim, i)] for i in range(count)]


def _split(past: Past, grad: Any) -> Any:
    shape, sizes, dim = past.saved
    dtype = next(part.array.dtype for part in grad if part is not None)
    parts = [
        wrap(np.zeros([*shape[:dim], size, *shape[dim + 1 :]], dtype)) if part is None else part
        for part, size in zip(grad, sizes, strict=True)
    ]
    return (apply(joining.Cat, *parts, dim=dim),)


def _unbind(past: Past, grad: Any) -> Any:
    shape, dim = past.saved
    dtype = next(part.array.dtype for part in grad if part is not None)
    zeros = wrap(np.zeros([*shape[:dim], *shape[dim + 1 :]], dtype))
    return (apply(joining.Stack, *[zeros if part is None else part for part in grad], dim=dim),)


def _permute(past: Past, grad: Any) -> Any:
    return (grad.permute(sorted(range(len(past.saved)), key=past.saved.__getitem__)),)


def _roll(past: Past, grad: Any) -> Any:
    shifts, dims = past.saved
    return (apply(rearrange.Roll, grad, shifts=tuple([-n for n in shifts]), dims=dims),)


def _triangle(past: Past, grad: Any) -> Any:
    diagonal, upper = past.saved
    return (apply(rearrange.Triangle, grad, diagonal=diagonal, upper=upper),)


# --- functions of one value: the gradient of the output times their slope -----------------------------------


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
    arithmetic.RoundedDiv: _diagonal,
    rounding.Flat: _diagonal,
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
    elementary.Abs: _diagonal,
    activation.Sigmoid: _of_output(lambda out: (1 - out) * out),
    activation.Tanh: _of_output(lambda out: 1 - out * out),
    activation.LogSigmoid: _of_input(lambda a: (-a).sigmoid()),
    activation.Silu: _silu,
    activation.Elu: _elu,
    activation.Relu: _diagonal,
    activation.LeakyRelu: _diagonal,
    activation.Hardtanh: _diagonal,
    softmax.Softmax: _softmax,
    softmax.LogSoftmax: _log_softmax,
    matmul.Mm: _matmul,
    matmul.MatMul: _matmul,
    matmul.Dot: _mul,
    linear.Linear: _linear,
    reduction.Sum: _sum,
    reduction.Extreme: _extreme,
    reduction.Pick: _pick,
    statistics.Mean: _mean,
    statistics.Var: _var,
    statistics.LogSumExp: _logsumexp,
    statistics.Norm: _norm,
    statistics.CumSum: _cumsum,
    shape.View: lambda past, grad: (grad.reshape(past.saved),),
    shape.Clone: lambda past, grad: (grad.reshape(past.saved),),
    transpose.Permute: _permute,
    transpose.Transpose: lambda past, grad: (grad.transpose(*past.saved),),
    transpose.Expand: lambda _, grad: (grad,),
    indexing.Slice: _put,
    indexing.Index: _put,
    gather_scatter.Gather: _put,
    joining.Cat: _cat,
    joining.Stack: _stack,
    joining.Split: _split,
    joining.Unbind: _unbind,
    rearrange.Flip: lambda past, grad: (grad.flip(past.saved),),
    rearrange.Roll: _roll,
    rearrange.Triangle: _triangle,
    conversion.Cast: lambda _, grad: (grad,),
    selection.Where: _diagonal,
    selection.Maximum: _diagonal,
    selection.Minimum: _diagonal,
    selection.Clamp: _diagonal,
    selection.ClampBetween: _diagonal,
    regression_loss.MseLoss: _mse_loss,
    derivative.Diagonal: _diagonal,
    derivative.Put: _taken,
}


def formula_of(op: type[Op]) -> Formula:
    """Return the formula of an op's gradient.

    Args:
        op: the op.

    Raises:
        GradientError: there is none; the message names the op.
    """
    own: Formula | None = getattr(op, "recorded", None)
    if own is not None:
        return own
    for base in op.__mro__:
        # An op that inherits the rule of another has its formula, too.
        if base in FORMULAS and base.backward is op.backward:
            return FORMULAS[base]
    raise GradientError(
        f"create_graph=True is not supported: {op.__name__} has no backward that is differentiable in turn"
    )
