"""Powers, roots, exponentials, logarithms and trigonometric functions, elementwise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import INPUT, OUT, OUTPUT, Op
from mytorch.ops.reduction import widened
from mytorch.ops.rounding import sign

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients

_erf = np.frompyfunc(math.erf, 1, 1)


def _erf_excess(x: float, y: float) -> float:
    """Return erf(x) - y for y ≥ 0, by the complements where y is near 1."""
    return math.erf(x) - y if y < 0.5 else (1 - y) - math.erfc(x)


_excess = np.frompyfunc(_erf_excess, 2, 1)


class Pow(Op):
    """a to the power of b."""

    uses = ((0, 1), (0, OUT))

    @staticmethod
    def forward(a: Array, b: Array) -> tuple[Array, Any]:
        # The operator has fast paths for integer and half exponents; np.power does not.
        if np.result_type(a, b).kind == "f":
            out = a**b
        else:
            # NumPy raises for negative powers of integers; torch truncates the fraction: 0, 1 or -1.
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
            # The gradient of 0 to a non-negative power is 0, where log 0 would make it nan.
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


class Expm1(Op):
    """e to the power of a, minus 1."""

    uses = OUTPUT
    float_result = True

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        out = np.expm1(a)
        return out, out

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad * (saved + 1),)


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


class Log1p(Op):
    """The natural logarithm of 1 + a."""

    uses = INPUT
    float_result = True

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        return np.log1p(a), a

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad / (saved + 1),)


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


class Rsqrt(Op):
    """1 / √a."""

    uses = OUTPUT
    float_result = True

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        # float16 in float32, rounded once, as torch does.
        out = np.reciprocal(np.sqrt(widened(a))).astype(a.dtype, copy=False)
        return out, out

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad * saved.dtype.type(-0.5) * saved**3,)


class Square(Op):
    """a²."""

    uses = INPUT

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        return a * a, a

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad * (2 * saved),)


class Reciprocal(Op):
    """1 / a."""

    uses = OUTPUT
    float_result = True

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        out = np.reciprocal(a)
        return out, out

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (-grad * (saved * saved),)


class Abs(Op):
    """The absolute value of a; flat at 0 and at nan, as in torch."""

    uses = INPUT

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        return np.abs(a), a

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad * sign(saved),)


class Sin(Op):
    """The sine of a."""

    uses = INPUT
    float_result = True

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        return np.sin(a), a

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad * np.cos(saved),)


class Cos(Op):
    """The cosine of a."""

    uses = INPUT
    float_result = True

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        return np.cos(a), a

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (-grad * np.sin(saved),)


class Erf(Op):
    """The error function of a."""

    uses = INPUT
    float_result = True

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        # C's function, at some 60 ns per element: NumPy has none.
        return np.asarray(_erf(a)).astype(a.dtype), a

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad * (saved.dtype.type(2 / math.sqrt(math.pi)) * np.exp(-saved * saved)),)


class Erfinv(Op):
    """The number of which a is the error function: ±inf for ±1, nan beyond."""

    uses = OUTPUT
    float_result = True

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        # In float64 in every dtype, as C's functions are.
        y = np.abs(a.astype(np.float64, copy=False))
        # Winitzki's approximation, good to 0.01.
        log = np.log1p(-y * y)
        half = 2 / (math.pi * 0.147) + log / 2
        x = np.sqrt(log / -0.147 / (np.sqrt(half * half - log / 0.147) + half))
        for _ in range(2):
            # The first three terms of the series of the inverse around erf(x), which quadruples the digits.
            step = np.asarray(_excess(x, y)).astype(np.float64) * (0.5 * math.sqrt(math.pi) * np.exp(x * x))
            x = x - step * (1 - step * (x - step * (4 * x * x + 1) / 3))
        out = np.copysign(np.where(y == 1, np.inf, x), a).astype(a.dtype)
        return out, out

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad * (saved.dtype.type(0.5 * math.sqrt(math.pi)) * np.exp(saved * saved)),)
