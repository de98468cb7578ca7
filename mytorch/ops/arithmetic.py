"""Elementwise arithmetic; operands are broadcast, and either may be a Python scalar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import CROSSWISE, Op

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients


class Add(Op):
    """a + alpha·b."""

    uses = ()

    @staticmethod
    def forward(a: Array, b: Array, alpha: float = 1) -> tuple[Array, Any]:
        return a + (b if alpha == 1 else alpha * b), alpha

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return grad, grad if saved == 1 else lambda: grad * saved


class Sub(Op):
    """a - alpha·b."""

    uses = ()

    @staticmethod
    def forward(a: Array, b: Array, alpha: float = 1) -> tuple[Array, Any]:
        return a - (b if alpha == 1 else alpha * b), alpha

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return grad, lambda: -grad if saved == 1 else grad * -saved


class Mul(Op):
    """a·b."""

    uses = CROSSWISE
    frees = True

    @staticmethod
    def forward(a: Array, b: Array) -> tuple[Array, Any]:
        return a * b, (a, b)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, b = saved
        return lambda: grad * b, lambda: grad * a


class Div(Op):
    """a / b."""

    uses = ((1,), (0, 1))
    frees = True
    float_result = True

    @staticmethod
    def forward(a: Array, b: Array) -> tuple[Array, Any]:
        return a / b, (a, b)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, b = saved
        return lambda: grad / b, lambda: -grad * ((a / b) / b)


class RoundedDiv(Op):
    """a / b rounded towards zero or down: flat, so that the gradient is zero."""

    uses = ()
    frees = True

    @staticmethod
    def forward(a: Array, b: Array, rounding_mode: str) -> tuple[Array, Any]:
        dtype = np.result_type(a, b)
        if rounding_mode == "floor":
            return np.floor_divide(a, b), None
        if dtype.kind == "f":
            return np.trunc(a / b), None
        # C's division rounds towards zero, Python's rounds down.
        quotient = np.floor_divide(a, b)
        inexact = quotient * b != a
        return quotient + ((inexact & ((a < 0) != (b < 0))).astype(dtype)), None

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        zeros = np.zeros_like(grad)
        return zeros, zeros


class Remainder(Op):
    """a - b·⌊a / b⌋, with the sign of b."""

    uses = ((), (0, 1))

    @staticmethod
    def forward(a: Array, b: Array) -> tuple[Array, Any]:
        return np.remainder(a, b), (a, b)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, b = saved
        return grad, lambda: -grad * np.floor_divide(a, b)


class Neg(Op):
    """-a."""

    uses = ()

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        return -a, None

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (-grad,)
