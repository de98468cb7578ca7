"""Elementwise nonlinearities.

Those of several operations compute float16 in float32 and round once, as torch does: float16 has no e^11.1.
"""

from __future__ import annotations

import math
from math import pi
from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import INPUT, OUT, Op
from mytorch.ops.reduction import widened

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients

# A ufunc takes a 0-dim array in half the time that it takes to make one of a Python number.
_ONES = {np.dtype(each): np.ones((), each) for each in (np.float16, np.float32, np.float64)}

_erfc = np.frompyfunc(math.erfc, 1, 1)


def erfc(a: Array) -> Array:
    """Return 1 - erf(a), by C's function: NumPy has none. It takes some 60 ns per element."""
    return np.asarray(_erfc(a)).astype(a.dtype)


class Sigmoid(Op):
    """1 / (1 + e^-a)."""

    uses = ((OUT,),)
    float_result = True

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        # Not ½·tanh(a/2) + ½: that loses all relative accuracy where the result is small. Where e^-a
        # overflows, 1/inf is the right result, 0.
        wide = widened(a)
        out = np.asarray(np.negative(wide))
        np.exp(out, out)
        np.add(out, _ONES[out.dtype], out)
        np.reciprocal(out, out)
        if wide is not a:
            out = out.astype(a.dtype)
        return out, out

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        slope = _ONES[saved.dtype] - saved
        slope *= saved
        slope *= grad
        return (slope,)


class Tanh(Op):
    """The hyperbolic tangent of a."""

    uses = ((OUT,),)
    float_result = True

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        out = np.tanh(a)
        return out, out

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        slope = _ONES[saved.dtype] - saved * saved
        slope *= grad
        return (slope,)


class Relu(Op):
    """The larger of a and 0; flat at 0."""

    uses = ((OUT,),)

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        out = np.maximum(a, 0)
        return out, out

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        # Multiplying by the mask would make nan of an infinite gradient; nan is not at most 0.
        return (np.where(saved <= 0, grad.dtype.type(0), grad),)


class LeakyRelu(Op):
    """a where it is positive, slope·a elsewhere."""

    uses = INPUT

    @staticmethod
    def forward(a: Array, slope: float) -> tuple[Array, Any]:
        return np.where(a > 0, a, a * slope), (a, slope)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, slope = saved
        return (np.where(a > 0, grad, grad * slope),)


class Elu(Op):
    """a where it is positive, α(eᵃ - 1) elsewhere."""

    uses = INPUT

    @staticmethod
    def forward(a: Array, alpha: float) -> tuple[Array, Any]:
        return np.where(a > 0, a, np.expm1(a) * alpha), (a, alpha)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, alpha = saved
        return (np.where(a > 0, grad, grad * (np.exp(a) * alpha)),)


class Gelu(Op):
    """a·Φ(a), Φ the distribution function of the normal distribution."""

    uses = INPUT

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        # Φ by the complement, which keeps its relative accuracy where Φ is small.
        wide = widened(a)
        phi = 0.5 * erfc(wide * -(0.5**0.5))
        return (wide * phi).astype(a.dtype, copy=False), (a, phi.astype(a.dtype, copy=False))

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, phi = saved
        density = np.exp(a * a * -0.5) * (2 * pi) ** -0.5
        return (grad * (phi + a * density),)


class GeluTanh(Op):
    """Hendrycks & Gimpel's approximation of Gelu: ½a(1 + tanh(√(2/π)(a + 0.044715a³)))."""

    uses = INPUT

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        wide = widened(a)
        bent = np.tanh((2 / pi) ** 0.5 * (wide + 0.044715 * (wide * wide * wide)))
        out = 0.5 * wide * (1 + bent)
        return out.astype(a.dtype, copy=False), (a, bent.astype(a.dtype, copy=False))

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, bent = saved
        inner = (2 / pi) ** 0.5 * (1 + 3 * 0.044715 * (a * a))
        return (grad * (0.5 * (1 + bent) + 0.5 * a * ((1 - bent * bent) * inner)),)


class Silu(Op):
    """a·σ(a)."""

    uses = INPUT

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        wide = widened(a)
        return (wide / (1 + np.exp(-wide))).astype(a.dtype, copy=False), a

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        sigma = 1 / (1 + np.exp(-saved))
        return (grad * (sigma * (1 + saved * (1 - sigma))),)


def _sigmoid(a: Array) -> Array:
    """Return σ(a), denormals included: 1 / (1 + e^-a) is 0 where e^-a overflows and σ(a) is not 0 yet."""
    small = np.exp(-np.abs(a))
    sigma: Array = np.where(a < 0, small, 1) / (1 + small)
    return sigma


class Softplus(Op):
    """log(1 + e^βa) / β, and a itself where βa is above the threshold and the two agree."""

    uses = INPUT

    @staticmethod
    def forward(a: Array, beta: float, threshold: float) -> tuple[Array, Any]:
        wide = widened(a)
        scaled = wide * beta
        out = np.where(scaled > threshold, wide, np.log1p(np.exp(scaled)) / beta)
        return out.astype(a.dtype, copy=False), (scaled.astype(a.dtype, copy=False), threshold)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        scaled, threshold = saved
        return (np.where(scaled > threshold, grad, grad * _sigmoid(scaled)),)


class LogSigmoid(Op):
    """log σ(a), which is as exact for large -a as for large a."""

    uses = INPUT

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        wide = widened(a)
        return (np.minimum(wide, 0) - np.log1p(np.exp(-np.abs(wide)))).astype(a.dtype, copy=False), a

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad * _sigmoid(-saved),)


class Hardtanh(Op):
    """a limited to [low, high]; flat at both ends."""

    uses = INPUT

    @staticmethod
    def forward(a: Array, low: float, high: float) -> tuple[Array, Any]:
        return np.minimum(np.maximum(a, low), high).astype(a.dtype, copy=False), (a, low, high)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        a, low, high = saved
        return (np.where((a <= low) | (a >= high), grad.dtype.type(0), grad),)
