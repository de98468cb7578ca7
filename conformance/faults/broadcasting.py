"""Faults of broadcasting: an operand's gradient, wrongly reduced to the operand's shape.

It went wrong in real life in pytorch #1787 and in autograd #376 and #384.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.cases.case import Mapped, Values
from conformance.faults._forms import called
from conformance.faults._rewriting import changed
from conformance.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    # From the full gradient and an axis to the gradient without that axis.
    Undo = Callable[[Any, int], Any]

_ELEMENTWISE = ("add", "sub", "mul", "div", "pow", "maximum", "minimum", "addcmul", "addcdiv")


def _full_shape(shapes: list[tuple[int, ...]]) -> tuple[int, ...]:
    rank = max((len(shape) for shape in shapes), default=0)
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    return tuple(next((n for n in column if n != 1), 1) for column in zip(*padded, strict=True))


def _undone(grad: Any, shape: tuple[int, ...], undo: Undo) -> Any:
    while grad.ndim > len(shape):
        grad = undo(grad, 0)
    for axis, n in enumerate(shape):
        if n == 1 and grad.shape[axis] != 1:
            grad = undo(grad, axis).unsqueeze(axis)
    return grad


def _sum(grad: Any, axis: int) -> Any:
    return grad.sum(axis)


def _mean(grad: Any, axis: int) -> Any:
    return grad.sum(axis) / max(grad.shape[axis], 1)


def _first(grad: Any, axis: int) -> Any:
    return grad.narrow(axis, 0, min(grad.shape[axis], 1)).sum(axis)


def _last_added(grad: Any, axis: int) -> Any:
    """Sum without the last summand."""
    return grad.narrow(axis, 0, max(grad.shape[axis] - 1, 0)).sum(axis)


def _kept(grad: Any, shape: tuple[int, ...]) -> Any:
    return grad


def _square(grad: Any, shape: tuple[int, ...]) -> Any:
    """Sum over the other axis wherever both axes have one size."""
    if grad.ndim >= 2 and grad.shape[-1] == grad.shape[-2]:
        grad = grad.transpose(-1, -2)
    return _undone(grad, shape, _sum)


def _outside(grad: Any, shape: tuple[int, ...]) -> Any:
    """Sum over the first and the last axis only, and average over those between."""
    while grad.ndim > len(shape):
        grad = grad.sum(0)
    for axis, n in enumerate(shape):
        if n == 1 and grad.shape[axis] != 1:
            between = 0 < axis < grad.ndim - 1
            grad = (_mean if between else _sum)(grad, axis).unsqueeze(axis)
    return grad


def _by(undo: Undo) -> Callable[[Any, tuple[int, ...]], Any]:
    return lambda grad, shape: _undone(grad, shape, undo)


def _program(wrong: Callable[[Any, tuple[int, ...]], Any], trailing: int) -> Callable[..., Any]:
    """Give the program operands that are already broadcast, and reduce their gradients wrongly.

    The last `trailing` axes are not batch axes: they are not broadcast.
    """

    def program(t: Any, x: Values, correct: Any) -> Any:
        operands = {name: value for name, value in x.items() if value.ndim >= trailing}
        batches = [tuple(value.shape[: value.ndim - trailing]) for value in operands.values()]
        full = _full_shape(batches)
        expanded: dict[str, Any] = {}
        for (name, value), batch in zip(operands.items(), batches, strict=True):
            if batch != full and value.requires_grad:
                own = tuple(value.shape[value.ndim - trailing :])
                expanded[name] = value.detach().expand(full + own).clone().requires_grad_()
        returned = correct(t, changed(x, expanded))

        def gradients() -> Mapping[str, Any]:
            return {
                name: wrong(value.grad, tuple(x[name].shape))
                for name, value in expanded.items()
                if value.grad is not None
            }

        return Mapped(returned, gradients)

    return program


def _fault(name: str, wrong: Callable[[Any, tuple[int, ...]], Any], story: str) -> tuple[Fault, ...]:
    return (
        Fault(f"broadcast-{name}", "broadcasting", _ELEMENTWISE, story, around=_program(wrong, 0)),
        Fault(
            f"broadcast-{name}-of-matrices",
            "broadcasting",
            ("matmul",),
            f"{story}, for stacked matrices",
            around=_program(wrong, 2),
        ),
    )


# The forms in which an operand of two dimensions is broadcast along the middle axis of three.
_ALIGNED = (
    ("where", lambda t, a, b: t.where(a[:, None] > 0, a[:, None, :1], b)),
    (
        "clamp",
        lambda t, a, b: t.clamp(
            a[:, None].expand(-1, len(a), -1),
            a[:, None, :1].abs() * 2,
            a[:, :1].abs() * 2 + b.abs(),
        ),
    ),
    (
        "masked_fill",
        lambda t, a, b, c: t.masked_fill(
            a[:, None].expand(-1, len(a), -1), t.arange(len(a))[:, None, None] % 2 > 0, 0.5
        ),
    ),
    (
        "addcmul",
        lambda t, a, b, c: t.addcmul(a[:, None].expand(-1, len(a), -1), b[:, None, :1], c),
    ),
    (
        "addcdiv",
        lambda t, a, b, c: t.addcdiv(a[:, None].expand(-1, len(a), -1), b[:, None, :1], c + 1),
    ),
    (
        "lerp",
        lambda t, a, b, c: t.lerp(a[:, None].expand(-1, len(a), -1), b[:, None, :1], c * 0.25),
    ),
)

FAULTS = (
    Fault(
        "broadcast-middle-averaged",
        "broadcasting",
        _ELEMENTWISE[:5],
        "sums the gradient over the first and the last axis, and averages it over those between",
        around=_program(_outside, 0),
    ),
    *called(
        "broadcasting",
        (
            (
                f"{case.replace('_', '-')}-aligned-from-the-left",
                case,
                "middle",
                call,
                "aligns operands of different ranks at their first axis instead of their last",
            )
            for case, call in _ALIGNED
        ),
    ),
    *_fault("kept", _kept, "leaves the gradient in the broadcast shape"),
    *_fault("undone-by-mean", _by(_mean), "averages the gradient over the axis instead of summing it"),
    *_fault("undone-by-first", _by(_first), "takes the gradient of the first row instead of the sum"),
    *_fault("undone-but-last", _by(_last_added), "leaves the last row out of the sum"),
    *_fault("undone-on-square", _square, "sums over the other axis, which fits square gradients only"),
)
