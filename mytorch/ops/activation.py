"""Elementwise nonlinearities."""

from __future__ import annotations

import math
from math import pi
from typing import TYPE_CHECKING

import numpy as np

from mytorch.ops.op import INPUT, OUT, Op

if TYPE_CHECKING:
    from typing import Any

    from mytorch._core.types import Array, Gradients

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
        out = np.empty_like(a)
        np.negative(a, out=out)
        np.exp(out, out=out)
        np.add(out, 1, out=out)
        np.reciprocal(out, out=out)
        return out, out

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        return (grad * ((1 - saved) * saved),)


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
        return (grad * (1 - saved * saved),)


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
        phi = 0.5 * erfc(a * -(0.5**0.5))
        return a * phi, (a, phi)

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
        bent = np.tanh((2 / pi) ** 0.5 * (a + 0.044715 * (a * a * a)))
        return 0.5 * a * (1 + bent), (a, bent)

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
        return a / (1 + np.exp(-a)), a

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
        scaled = a * beta
        return np.where(scaled > threshold, a, np.log1p(np.exp(scaled)) / beta), (scaled, threshold)

    @staticmethod
    def backward(saved: Any, grad: Array) -> Gradients:
        scaled, threshold = saved
        return (np.where(scaled > threshold, grad, grad * _sigmoid(scaled)),)


class LogSigmoid(Op):
    """log σ(a), which is as exact for large -a as for large a."""

    uses = INPUT

    @staticmethod
    def forward(a: Array) -> tuple[Array, Any]:
        return np.minimum(a, 0) - np.log1p(np.exp(-np.abs(a))), a

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
