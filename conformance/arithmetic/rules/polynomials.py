"""Rules of orthogonal polynomials: Chebyshev's four kinds, also shifted, Hermite's, Laguerre's, Legendre's.

They are computed by three-term recurrences, p(k+1) = (a·t + b)·p(k) - c·p(k-1), whose steps round, and whose
errors go through the steps that follow. Chebyshev's are quotients of sines and cosines between -1 and 1 too.

Source of the recurrences: aten/src/ATen/native/Math.h, *_polynomial_*_forward; DLMF, 18.9.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from conformance.arithmetic.rounding import UNDERFLOW, UNIT
from conformance.arithmetic.rules.measuring import NO_NAME, MeasuringCall
from conformance.arithmetic.rules.rule import MEASURED, Operands, Rule, rounded
from conformance.sampling.values import Array, Input

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

# Longer recurrences are not followed: there, torch's Hermite polynomials are NaN, and others that are not
# sines and cosines have left float32's range.
_LONGEST = 512


class _Step(NamedTuple):
    """One step, p(k+1) = (a·t + b)·p(k) - c·p(k-1), and how often its first product rounds."""

    a: float
    b: float
    c: float
    roundings: float


class _Family(NamedTuple):
    """A family of polynomials.

    Attributes:
        first: the one of degree 1, u·t + v, as (u, v).
        step: the step from degree k to k + 1.
        angles: for Chebyshev's between -1 and 1, with t = cos θ: the function above, the degree that is added
            to n there, and the function below with its factor of θ; none below is 1.
        shifted: t is 2x - 1, which rounds.
    """

    first: tuple[float, float]
    step: Callable[[int], _Step]
    angles: tuple[str, float, str | None, float] | None = None
    shifted: bool = False


def _chebyshev(k: int) -> _Step:
    del k
    return _Step(2.0, 0.0, 1.0, 1.0)


def _shifted(family: _Family) -> _Family:
    return family._replace(shifted=True)


_T = _Family((1.0, 0.0), _chebyshev, ("cos", 0.0, None, 0.0))
_U = _Family((2.0, 0.0), _chebyshev, ("sin", 1.0, "sin", 1.0))
_V = _Family((2.0, -1.0), _chebyshev, ("cos", 0.5, "cos", 0.5))
_W = _Family((2.0, 1.0), _chebyshev, ("sin", 0.5, "sin", 0.5))
_PREFIX = "special_"

# By operation.
_FAMILIES: dict[str, _Family] = {
    "special_chebyshev_polynomial_t": _T,
    "special_chebyshev_polynomial_u": _U,
    "special_chebyshev_polynomial_v": _V,
    "special_chebyshev_polynomial_w": _W,
    "special_hermite_polynomial_h": _Family((2.0, 0.0), lambda k: _Step(2.0, 0.0, 2.0 * k, 1.0)),
    "special_hermite_polynomial_he": _Family((1.0, 0.0), lambda k: _Step(1.0, 0.0, float(k), 1.0)),
    "special_laguerre_polynomial_l": _Family(
        (-1.0, 1.0), lambda k: _Step(-1 / (k + 1), (2 * k + 1) / (k + 1), k / (k + 1), 3.0)
    ),
    "special_legendre_polynomial_p": _Family(
        (1.0, 0.0), lambda k: _Step((2 * k + 1) / (k + 1), 0.0, k / (k + 1), 2.0)
    ),
    "special_shifted_chebyshev_polynomial_t": _shifted(_T),
    "special_shifted_chebyshev_polynomial_u": _shifted(_U),
    "special_shifted_chebyshev_polynomial_v": _shifted(_V),
    "special_shifted_chebyshev_polynomial_w": _shifted(_W),
}


def _by_steps(family: _Family, t: Tensor, n: Tensor) -> tuple[Tensor, Tensor]:
    """Return the error by the recurrence, in roundings, and the derivative by t.

    The effect of each step's error on the last is followed backwards through the steps.
    """
    most = int(n.max()) if n.numel() else 0
    u, v = family.first
    steps = [family.step(k) for k in range(1, most)]
    values, errors = [torch.ones_like(t), u * t + v], [torch.zeros_like(t), (u * t).abs() + abs(v)]
    if not v:
        errors[1] = torch.zeros_like(t)
    for step in steps:
        product, other = (step.a * t + step.b) * values[-1], step.c * values[-2]
        size = step.roundings * ((step.a * t).abs() + abs(step.b)) * values[-1].abs() + other.abs()
        values.append(product - other)
        errors.append(size + 2 * values[-1].abs() + UNDERFLOW / UNIT)
    # What a change of p(k), and of p(k-1) beside it, makes of the last.
    own, before = torch.zeros_like(t), torch.zeros_like(t)
    squares, slope = torch.zeros_like(t), torch.zeros_like(t)
    for k in range(most, 0, -1):
        own = own + (n == k)
        squares += (errors[k] * own).square()
        if k == 1:
            slope += u * own
            break
        step = steps[k - 2]
        slope += step.a * values[k - 1] * own
        own, before = (step.a * t + step.b) * own + before, -step.c * own
    return squares.sqrt(), slope


def _by_angles(angles: tuple[str, float, str | None, float], t: Tensor, n: Tensor) -> Tensor:
    """Return the error of f((n + m)θ)/g(h·θ): three roundings of each angle, and four of the result."""
    above, more, below, part = angles
    turned = {"cos": torch.sin, "sin": torch.cos}
    theta = torch.acos(t)
    whole, half = (n + more) * theta, part * theta
    under = torch.ones_like(t) if below is None else getattr(torch, below)(half)
    out = (getattr(torch, above)(whole) / under).abs()
    size: Tensor = 4 * out + 3 * (whole * turned[above](whole) / under).abs()
    if below is not None:
        size = size + 3 * out * (half * turned[below](half) / under).abs()
    return size


def _error(family: _Family) -> Callable[..., Tensor]:
    def size(x: Any, n: Any) -> Tensor:
        x, n = (torch.as_tensor(each, dtype=torch.float64) for each in (x, n))
        x, n = x.expand_as(x + n), n.expand_as(x + n)
        n = n.nan_to_num(-1.0, -1.0, -1.0).trunc()
        t = 2 * x - 1 if family.shifted else x
        followed, slope = _by_steps(family, t, n.masked_fill(n > _LONGEST, -1.0))
        if family.angles is not None:
            inside = _by_angles(family.angles, t, n)
            followed = torch.where((t.abs() < 1) & (n > 0), torch.maximum(followed, inside), followed)
        return followed + (t * slope).abs() if family.shifted else followed

    return size


def _call(name: str) -> MeasuringCall:
    """Return the call on arguments of order one, of degrees up to 12."""
    return MeasuringCall(
        lambda t, x, n: getattr(t.special, name.removeprefix(_PREFIX))(x, n),
        lambda n: (Input((4, n)), Input((4, n), weight=True)),
        prepare=lambda x, n: (_bent(x), np.floor(np.abs(n) * 6.5)),
        accumulates=True,
        without=NO_NAME,
    )


def _bent(x: Array) -> Array:
    return np.asarray(np.arcsinh(x))


_SAYS = "the roundings of the recurrence's steps, by their effect on the last, as independent errors"

RULES: tuple[Rule, ...] = tuple(
    rounded(
        name,
        Operands(_error(family), _SAYS),
        _call(name),
        source=f"aten/src/ATen/native/Math.h; DLMF, 18.9; {MEASURED}",
        elementwise=True,
    )
    for name, family in _FAMILIES.items()
)
