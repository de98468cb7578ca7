"""Elementwise functions of one array, and some of two or three."""

# What forward and backward take and give is said once, in Op; some need nothing of what was saved.
# ruff: noqa: D102, ARG004

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.arithmetic import INPUT, OUTPUT
from mytorch.ops.op import Op

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mytorch._core.types import Array, Gradients


_erf = np.frompyfunc(math.erf, 1, 1)


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


class Expm1(Op):
    """e to the power of a, less 1."""

    uses = OUTPUT
    float_result = True

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        out = np.expm1(a)
        return out, out

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad * (saved + 1),)


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


class Rsqrt(Op):
    """1 / √a."""

    uses = OUTPUT
    float_result = True

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        out = np.reciprocal(np.sqrt(a))
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


class Erf(Op):
    """The error function of a."""

    uses = INPUT
    float_result = True

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        # C's, at some 60 ns an element: NumPy has none.
        return np.asarray(_erf(a)).astype(a.dtype), a

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad * (saved.dtype.type(2 / math.sqrt(math.pi)) * np.exp(-saved * saved)),)


class Flat(Op):
    """A function that is constant but for jumps, such as the sign: the gradient is zero."""

    uses = ()

    @staticmethod
    def forward(a: Array, function: Callable[[Array], Array]) -> tuple[Array, Any]:
        return function(a), None

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (np.zeros_like(grad),)


class Remainder(Op):
    """a - b·⌊a / b⌋, of b's sign."""

    uses = ((), (0, 1))

    @staticmethod
    def forward(a: Array, b: Array) -> tuple[Array, Any]:
        return np.remainder(a, b), (a, b)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, b = saved
        return grad, lambda: -grad * np.floor_divide(a, b)


class Lerp(Op):
    """a + weight·(b - a), computed from the nearer end, so that both ends are exact."""

    uses = ((2,), (2,), (0, 1))

    @staticmethod
    def forward(a: Array, b: Array, weight: Array) -> tuple[Array, Any]:
        way = b - a
        out = np.where(np.abs(weight) < 0.5, a + weight * way, b - way * (1 - weight))
        return out, (a, b, weight)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, b, weight = saved
        return lambda: grad * (1 - weight), lambda: grad * weight, lambda: grad * (b - a)
