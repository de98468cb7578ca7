"""Rules of activation functions that torch runs as one operation, and of their derivatives."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from conformance.arithmetic.rounding import UNDERFLOW, UNIT
from conformance.arithmetic.rules.measuring import MeasuringCall, unary
from conformance.arithmetic.rules.rule import MEASURED, SLEEF, Operands, Relative, Rule, exact, rounded
from conformance.sampling.values import Array, Input

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor


def _sigmoid(x: Tensor) -> Tensor:
    """Return four roundings, or all of a result of which float32 can make 0.

    Where e⁻ˣ is beyond float32, 1/inf is 0. torch's own LSTM in float32 makes 0 of less than 1.7e-38.
    """
    out = x.sigmoid()
    size = (out + UNDERFLOW / UNIT).mul_(4)
    lost = out < 2.0**-125
    return size + torch.where(lost, out / UNIT, 0.0) if bool(lost.any()) else size


def _derivative(name: str, op: str, function: Callable[[Array], Array]) -> MeasuringCall:
    """Return the call of a derivative, which takes the function's result; mytorch's is the op's backward."""

    def own(t: Any, grad: Array, y: Array) -> Array:
        return np.asarray(getattr(t.ops.activation, op).backward(y, grad)[0])

    return MeasuringCall(
        lambda t, grad, y: getattr(t.ops.aten, name)(grad, y),
        lambda n: (Input((8, n)), Input((8, n))),
        prepare=lambda grad, x: (grad, function(x)),
        own=own,
    )


_BY_FORMULA = "the formula's operations, each rounded correctly; " + MEASURED

RULES: tuple[Rule, ...] = (
    rounded(
        "sigmoid",
        Operands(_sigmoid, "4 roundings of the result, or all of it where e⁻ˣ overflows"),
        unary("sigmoid"),
        source=MEASURED,
        elementwise=True,
    ),
    rounded("tanh", Relative(4.0), unary("tanh"), source=SLEEF, elementwise=True),
    # From the result y: the factor 1 - y² or y(1 - y) cancels as y nears 1.
    rounded(
        "tanh_backward",
        Operands(lambda grad, _y: 3 * grad.abs(), "3 roundings of |grad|"),
        _derivative("tanh_backward", "Tanh", np.tanh),
        source=_BY_FORMULA,
        elementwise=True,
    ),
    rounded(
        "sigmoid_backward",
        Operands(lambda grad, y: 3 * (grad * y).abs(), "3 roundings of |grad·y|"),
        _derivative("sigmoid_backward", "Sigmoid", lambda x: 1 / (1 + np.exp(-x))),
        source=_BY_FORMULA,
        elementwise=True,
    ),
    *exact("relu", source="returns its operand or zero", elementwise=True),
    *exact(
        "threshold_backward",
        source="returns its operand or zero",
        elementwise=True,
        decides=lambda _grad, x, threshold: x > threshold,
    ),
    *exact(
        "hardshrink_backward",
        "softshrink_backward",
        source="returns its operand or zero",
        elementwise=True,
        decides=lambda _grad, x, threshold: x.abs() > threshold,
    ),
)

# In the accuracy class `absolute`, both err by as much as Eigen's rational tanh and tanh = 2σ(2x) - 1 do:
# near 0, and of the sigmoid where it nears 0, that is much of the result, or all of it.
ABSOLUTE: tuple[Rule, ...] = tuple(
    replace(rule, rounds=Operands(lambda x: torch.full_like(x, 4.0), "4 roundings of 1"))
    for rule in RULES
    if rule.name in {"sigmoid", "tanh"}
)
