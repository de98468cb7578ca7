"""Elementwise arithmetic; operands are broadcast, and either may be a Python number."""

# What forward and backward take and give is said once, in Op; some need nothing of what was saved.
# ruff: noqa: D102, ARG004

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import OUT, Op

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients

CROSSWISE = ((1,), (0,))
BOTH = ((0, 1), (0, 1))
OUTPUT = ((OUT,),)
INPUT = ((0,),)


def sign(a: Array) -> Array:
    """Return 1, 0 or -1 by the sign; of nan 0, as torch has it, where NumPy says nan."""
    return np.where(np.isnan(a), a.dtype.type(0), np.sign(a)) if a.dtype.kind == "f" else np.sign(a)


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

    @staticmethod
    def forward(a: Array, b: Array, rounding_mode: str) -> tuple[Array, Any]:
        dtype = np.result_type(a, b)
        if rounding_mode == "floor":
            return np.floor_divide(a, b), None
        if dtype.kind == "f":
            return np.trunc(a / b), None
        # C's division: towards zero, where Python's goes down.
        quotient = np.floor_divide(a, b)
        inexact = quotient * b != a
        return quotient + ((inexact & ((a < 0) != (b < 0))).astype(dtype)), None

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        zeros = np.zeros_like(grad)
        return zeros, zeros


class Neg(Op):
    """-a."""

    uses = ()

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        return -a, None

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (-grad,)


class Pow(Op):
    """a to the power of b."""

    uses = ((0, 1), (0, OUT))

    @staticmethod
    def forward(a: Array, b: Array) -> tuple[Array, Any]:
        # The operator, and not np.power, knows the fast ways for whole and half exponents.
        if np.result_type(a, b).kind == "f":
            out = a**b
        else:
            # NumPy refuses negative powers of integers; torch gives what is left of the fraction: 0, 1 or -1.
            negative = np.asarray(b) < 0
            out = np.asarray(a ** np.where(negative, 0, b))
            unit = np.where(np.asarray(b) % 2 == 0, np.abs(a), a)
            out = np.where(negative, np.where(np.abs(a) == 1, unit, 0), out).astype(out.dtype)
        return out, (a, b, out)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, b, out = saved

        def base() -> Array:
            if np.ndim(b) == 0:
                return np.zeros_like(grad) if b == 0 else grad * (b * a ** (b - 1))
            return np.where(b == 0, 0, grad * (b * a ** (b - 1)))

        def exponent() -> Array:
            # 0 to a power that is not negative is flat in the power, where log 0 would make nan of it.
            flat = (np.asarray(a) == 0) & (np.asarray(b) >= 0)
            return np.where(flat, 0, grad * (out * np.log(a)))

        return base, exponent


class Exp(Op):
    """e to the power of a."""

    uses = OUTPUT
    float_result = True

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        out = np.exp(a)
        return out, out

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad * saved,)


class Log(Op):
    """The natural logarithm of a."""

    uses = INPUT
    float_result = True

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        return np.log(a), a

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad / saved,)


class Sqrt(Op):
    """The square root of a."""

    uses = OUTPUT
    float_result = True

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        out = np.sqrt(a)
        return out, out

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad / (2 * saved),)


class Abs(Op):
    """The absolute value of a; flat at 0 and at nan, as torch has it."""

    uses = INPUT

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        return np.abs(a), a

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad * sign(saved),)
