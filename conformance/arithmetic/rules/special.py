"""Rules of Bessel functions, Airy's, the error functions and other special functions of one number.

Some are relative to the result. Others have roots that no kernel meets to the last digit: they err by some
roundings of their argument too, |x·f'(x)|, which is what is left where the result is 0. Kernels that add up
terms that cancel err by roundings of those terms. The roundings are the largest errors of torch's kernels in
float32 against float64 over 200,000 numbers or more, and a third on top.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from conformance.arithmetic.rounding import UNDERFLOW, UNIT
from conformance.arithmetic.rules.measuring import NO_NAME, MeasuringCall
from conformance.arithmetic.rules.rule import MEASURED, Operands, Relative, Rule, rounded
from conformance.sampling.values import Array, Input

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

_special: Any = torch.special


def conditioned(
    function: Callable[..., Tensor], slope: Callable[..., Tensor], roundings: float
) -> Callable[..., Tensor]:
    """Return so many roundings of the result, and of the argument: |f(x)| + |x·f'(x)|, x the last operand."""

    def size(*args: Any) -> Tensor:
        x = args[-1]
        moved = (x * slope(*args)).abs().nan_to_num(0.0, posinf=torch.inf)
        lost: Tensor = roundings * (function(*args).abs() + moved + UNDERFLOW / UNIT)
        return lost

    return size


def says(roundings: float) -> str:
    """Return the same in words."""
    return f"{roundings:g} roundings of the result and of the argument, |f(x)| + |x·f'(x)|"


def _slope_of_log_ndtr(x: Tensor) -> Tensor:
    """Return the density over the distribution, exp(-x²/2 - log Φ(x))/√(2π)."""
    return torch.exp(-x * x / 2 - _special.log_ndtr(x)) / math.sqrt(2 * math.pi)


def _numerically(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """Return a central difference, right to 8 digits in float64, of a function of which torch has no more."""

    def slope(x: Tensor) -> Tensor:
        step = 1e-5 * x.abs().clamp_min(1.0)
        return (function(x + step) - function(x - step)) / (2 * step)

    return slope


def _airy_ai(x: Tensor) -> Tensor:
    """Return the error of Airy's function, which torch adds up of two series where |x| < 2.09.

    The series grow with x, up to about 1, while their difference vanishes.
    Source: aten/src/ATen/native/Math.h, airy_ai_forward.
    """
    size = _AIRY(x)
    return torch.where(x.abs() < 2.09, size + 8.0, size)


def _k0(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """Return 24 roundings of the result; it has log(x/2), where x/2 may be below the smallest number.

    Source: aten/src/ATen/native/Math.h, modified_bessel_k0_forward.
    """
    return lambda x: 24 * (function(x) + UNDERFLOW / UNIT) + 3 * UNDERFLOW / UNIT / x


def _bessel_j1(x: Tensor) -> Tensor:
    """Return the error of J1, whose kernel makes a 1444th of x first, and of that 722 times as much.

    Source: aten/src/ATen/native/Math.h, bessel_j1_forward: x·P/Q, times x² minus two squared roots.
    """
    return _J1(x) + 800 * UNDERFLOW / UNIT


_AIRY = conditioned(_special.airy_ai, _numerically(_special.airy_ai), 8.0)


def _all(x: Array) -> Array:
    return x


def _positive(x: Array) -> Array:
    return np.asarray(np.abs(x))


def _share(x: Array) -> Array:
    """Bring numbers between 0 and 1."""
    return np.asarray(np.abs(x) / (1 + np.abs(x)))


def _bent(x: Array) -> Array:
    """Keep small numbers, and bring large ones into the range in which float32 holds the result."""
    return np.asarray(np.arcsinh(x))


class _Relative(NamedTuple):
    """A function whose error is relative to its result.

    Attributes:
        roundings: how many.
        call: its name in torch.special.
        domain: brings operands into its domain.
    """

    roundings: float
    call: str
    domain: Callable[[Array], Array]


# By operation. The modified functions are Chebyshev series, whose terms cancel a little.
_RELATIVE = {
    "erfc": _Relative(4.0, "erfc", _bent),
    "i0": _Relative(10.0, "i0", _bent),
    "special_i0e": _Relative(8.0, "i0e", _all),
    "special_i1": _Relative(24.0, "i1", _bent),
    "special_i1e": _Relative(24.0, "i1e", _all),
    "special_modified_bessel_i0": _Relative(10.0, "modified_bessel_i0", _bent),
    "special_modified_bessel_i1": _Relative(24.0, "modified_bessel_i1", _bent),
    "special_modified_bessel_k1": _Relative(10.0, "modified_bessel_k1", _positive),
    "special_ndtri": _Relative(8.0, "ndtri", _share),
    "special_scaled_modified_bessel_k1": _Relative(10.0, "scaled_modified_bessel_k1", _positive),
}


class _Conditioned(NamedTuple):
    """A function whose error is relative to its result and to what its argument's rounding makes of it.

    Attributes:
        roundings: how many.
        call: its name in torch.special.
        slope: its derivative.
        domain: brings operands into its domain.
    """

    roundings: float
    call: str
    slope: Callable[[Tensor], Tensor]
    domain: Callable[[Array], Array]


_j0, _j1 = _special.bessel_j0, _special.bessel_j1
_y0, _y1 = _special.bessel_y0, _special.bessel_y1

_CONDITIONED = {
    "special_bessel_j0": _Conditioned(6.0, "bessel_j0", lambda x: -_j1(x), _bent),
    "special_bessel_y0": _Conditioned(13.0, "bessel_y0", lambda x: -_y1(x), _positive),
    "special_bessel_y1": _Conditioned(12.0, "bessel_y1", lambda x: _y0(x) - _y1(x) / x, _positive),
    "special_erfcx": _Conditioned(
        12.0, "erfcx", lambda x: 2 * x * _special.erfcx(x) - 2 / math.sqrt(math.pi), _bent
    ),
    "special_log_ndtr": _Conditioned(4.0, "log_ndtr", _slope_of_log_ndtr, _bent),
    "special_spherical_bessel_j0": _Conditioned(
        3.0, "spherical_bessel_j0", lambda x: (torch.cos(x) - _special.spherical_bessel_j0(x)) / x, _bent
    ),
}

_J1 = conditioned(_j1, lambda x: _j0(x) - _j1(x) / x, 6.0)

# The others: operation, error, in words, name in torch.special, domain.
_OTHERS: tuple[tuple[str, Callable[[Tensor], Tensor], str, str, Callable[[Array], Array]], ...] = (
    ("special_airy_ai", _airy_ai, f"{says(8)}; and of 1 where |x| < 2.09", "airy_ai", _bent),
    ("special_bessel_j1", _bessel_j1, f"{says(6)}, and 800 underflows", "bessel_j1", _bent),
    (
        "special_modified_bessel_k0",
        _k0(_special.modified_bessel_k0),
        "24 roundings of the result, and those of x/2 where it underflows",
        "modified_bessel_k0",
        _positive,
    ),
    (
        "special_scaled_modified_bessel_k0",
        _k0(_special.scaled_modified_bessel_k0),
        "24 roundings of the result, and those of x/2 where it underflows",
        "scaled_modified_bessel_k0",
        _positive,
    ),
)

_KERNELS = MEASURED + "; aten/src/ATen/native/Math.h"


def call(name: str, domain: Callable[[Array], Array]) -> MeasuringCall:
    """Return the call of a function of torch.special."""
    return MeasuringCall(
        lambda t, x: getattr(t.special, name)(x),
        lambda n: (Input((8, n), pairs=True),),
        prepare=lambda x: (domain(x),),
        without=NO_NAME,
    )


def _conditioned(name: str, row: _Conditioned) -> Rule:
    size = conditioned(getattr(_special, row.call), row.slope, row.roundings)
    rounds = Operands(size, says(row.roundings))
    return rounded(name, rounds, call(row.call, row.domain), source=_KERNELS, elementwise=True)


RULES: tuple[Rule, ...] = (
    *(
        rounded(name, Relative(row.roundings), call(row.call, row.domain), source=_KERNELS, elementwise=True)
        for name, row in _RELATIVE.items()
    ),
    *(_conditioned(name, row) for name, row in _CONDITIONED.items()),
    *(
        rounded(name, Operands(size, said), call(named, domain), source=_KERNELS, elementwise=True)
        for name, size, said, named, domain in _OTHERS
    ),
)
