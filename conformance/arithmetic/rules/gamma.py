"""Rules of the gamma function's relatives: its logarithm and derivatives, zeta, and the incomplete ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from conformance.arithmetic.rounding import UNDERFLOW, UNIT
from conformance.arithmetic.rules.measuring import NO_NAME, MeasuringCall
from conformance.arithmetic.rules.rule import MEASURED, Operands, Rule, rounded
from conformance.arithmetic.rules.special import call, conditioned, says
from conformance.sampling.values import Array, Input

_special: Any = torch.special

# Where float32's powers, and exp, underflow.
_UNDERFLOWS = -87.0
# Lanczos's approximation, as torch's kernel has it: g - 1/2.
_LANCZOS = 6.024680040776729583740234375 - 0.5


def _polygamma(n: int, x: Tensor) -> Tensor:
    """Return the error of a derivative of digamma: n! ζ(n + 1, x), of which n! is exp(lgamma(n + 1)).

    torch's trigamma and digamma have kernels of their own.
    """
    if n == 0:
        return _digamma(x)
    if n == 1:
        return _TRIGAMMA(x)
    return (4 + math.lgamma(n + 1)) * math.factorial(n) * (_terms(n + 1.0, x) + UNDERFLOW / UNIT)


# Its reflection has sin(πx), whose argument rounds.
_TRIGAMMA = conditioned(lambda x: torch.polygamma(1, x), lambda x: torch.polygamma(2, x), 8.0)


def _lgamma(x: Tensor) -> Tensor:
    """Return four roundings of the result; above 0 of the argument, below of the reflection's terms.

    They are lgamma(1 - x) and log(π/|sin πx|), which differ by the result.
    """
    out = torch.lgamma(x)
    reflected = torch.lgamma(1 - x)
    more = torch.where(x > 0, x * torch.digamma(x), 1 + reflected.abs() + (out + reflected).abs())
    return 4 * (out.abs() + more.abs().nan_to_num(0.0))


def _digamma(x: Tensor) -> Tensor:
    """Return 12 roundings of the result; above 0 of the argument, below of the reflection's terms.

    They are digamma(1 - x) and π/tan πx.
    """
    above = torch.where(x > 0, x, 1 - x)
    reflected = torch.where(x > 0, 0.0, torch.digamma(above).abs())
    return 12 * (torch.digamma(x).abs() + reflected + above * torch.polygamma(1, above))


def _terms(s: Any, q: Any) -> Tensor:
    """Return the sum of the magnitudes of the terms (q + k)⁻ˢ, which below 0 have both signs."""
    s, q = (torch.as_tensor(each, dtype=torch.float64) for each in (s, q))
    below = q.ceil() - q
    signed = _special.zeta(s, below) + _special.zeta(s, 1 - below)
    return torch.where(q > 0, _special.zeta(s, q), signed)


def _zeta(s: Any, q: Any) -> Tensor:
    return 4 * (_terms(s, q) + UNDERFLOW / UNIT)


def _tails(a: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return what the incomplete gamma functions lose of the smaller of the two, and where they underflow.

    They are xᵃe⁻ˣ/Γ(a), an exponential, times a series or a continued fraction; an exponential loses as many
    roundings as its argument's terms are large. Where a is large and x is near, they are erfc(√z), which
    loses as e⁻ᶻ does, where z/a = s - log1p(s) is a difference that loses s roundings.
    Source: aten/src/ATen/native/Math.h, calc_igamma and _igam_helper_fac; the factors are measured.
    """
    away = (x - a).abs()
    far = away > 0.4 * a
    power = a * (x / (a + _LANCZOS)).log()
    exponents = torch.where(far, (a * x.log()).abs() + x + a.lgamma().abs(), away + a + power.abs())
    share = x / a - 1
    z = a * (share - share.log1p())
    near = (a > 20) & torch.where(a < 200, away < 0.3 * a, away < 4.5 * a.sqrt())
    lost = torch.where(near, 2 * (a * (1 + z)).sqrt() + 8 * (1 + z), 12 * (4 + exponents))
    return lost, ~near & ~far & (power < _UNDERFLOWS) & (a < 200)


def _igamma(a: Tensor, x: Tensor) -> Tensor:
    lower, upper = _special.gammainc(a, x), _special.gammaincc(a, x)
    lost, under = _tails(a, x)
    # Its own series, or one minus the upper function.
    smaller = torch.where((x > 1) & (x > a), torch.minimum(lower, upper), lower)
    size: Tensor = 4 * lower + lost * smaller + UNDERFLOW / UNIT
    return size + torch.where(under | (lower < 2.0**-125), lower / UNIT, 0.0)


def _igammac(a: Tensor, x: Tensor) -> Tensor:
    """Return the same for the upper function, which near 0 is a difference of terms of order one."""
    lower, upper = _special.gammainc(a, x), _special.gammaincc(a, x)
    lost, _ = _tails(a, x)
    size: Tensor = 4 * upper + lost * torch.minimum(lower, upper) + UNDERFLOW / UNIT
    return size + torch.where(x <= 1.1, 2.0, 0.0) + torch.where(upper < 2.0**-125, upper / UNIT, 0.0)


def _nowhere_a_pole(x: Array) -> Array:
    """Bring numbers to where the functions are finite: above 0, and between whole numbers below."""
    bent = np.arcsinh(x)
    return np.asarray(np.where(bent > 0, bent, np.floor(bent) + 0.25))


def _above(x: Array) -> Array:
    return np.asarray(np.arcsinh(np.abs(x)) + 2.0**-6)


def _two(name: str, least: float = 0.0) -> MeasuringCall:
    return MeasuringCall(
        lambda t, a, x: getattr(t.special, name)(a, x),
        lambda n: (Input((8, n)), Input((8, n))),
        prepare=lambda a, x: (_above(a) + np.float32(least), _above(x)),
        without=NO_NAME,
    )


def _derivative(n: int) -> MeasuringCall:
    return MeasuringCall(
        lambda t, x: t.polygamma(n, x),
        lambda size: (Input((8, size), pairs=True),),
        prepare=lambda x: (_nowhere_a_pole(x),),
        without=NO_NAME,
    )


_KERNELS = MEASURED + "; aten/src/ATen/native/Math.h"
_INCOMPLETE = "4 roundings of the result, and of the smaller of the two functions as an exponential loses"

RULES: tuple[Rule, ...] = (
    # SLEEF's is relative to the result above 0; a Stirling or Lanczos series is not near its roots, 1 and 2.
    rounded(
        "lgamma",
        Operands(_lgamma, f"{says(4)}; below 0, of the reflection's terms"),
        call("gammaln", _nowhere_a_pole),
        source=MEASURED + "; SLEEF's documentation: 1.0 ULP above 0",
        elementwise=True,
    ),
    rounded(
        "digamma",
        Operands(_digamma, f"{says(12)}; below 0, of the reflection's terms"),
        call("digamma", _nowhere_a_pole),
        source=_KERNELS,
        elementwise=True,
    ),
    rounded(
        "polygamma",
        Operands(
            _polygamma,
            "8 roundings of the result and of the argument; from the second on, 4 + log n! of zeta's terms",
        ),
        _derivative(1),
        _derivative(3),
        source=_KERNELS,
        elementwise=True,
    ),
    rounded(
        "special_zeta",
        Operands(_zeta, "4 roundings of the terms' magnitudes"),
        _two("zeta", 1.0),
        source=_KERNELS,
        elementwise=True,
    ),
    rounded("igamma", Operands(_igamma, _INCOMPLETE), _two("gammainc"), source=_KERNELS, elementwise=True),
    rounded(
        "igammac",
        Operands(_igammac, f"{_INCOMPLETE}; 2 of 1 where x ≤ 1.1"),
        _two("gammaincc"),
        source=_KERNELS,
        elementwise=True,
    ),
)
