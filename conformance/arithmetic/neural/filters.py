"""The weights of cubic interpolation, and of the filters that make images smaller. For interpolation.py.

Source: aten/src/ATen/native/UpSample.h, `cubic_convolution1` and `2`; cpu/UpSampleKernel.cpp, `aa_filter`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from conformance.arithmetic.neural.taps import unmoved

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

_A = -0.75
_A_OF_FILTERS = -0.5


def _near(x: Tensor, a: float) -> Tensor:
    """Return the weight of an element at a distance of at most 1."""
    return ((a + 2) * x - (a + 3)) * x * x + 1


def _far(x: Tensor, a: float) -> Tensor:
    """Return the weight of an element at a distance of 1 to 2."""
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a


def cubic_taps(share: Tensor) -> list[Tensor]:
    """Return the weights of the four elements around a place, a share of the way behind the second."""
    rest = 1.0 - share
    return [_far(share + 1.0, _A), _near(share, _A), _near(rest, _A), _far(rest + 1.0, _A)]


def cubic_slopes(share: Tensor) -> list[Tensor]:
    """Return the derivatives of these weights by the share. Source: `get_cubic_coefficients_grad`."""
    rest = 1.0 - share
    a = _A
    near = [(3 * (a + 2) * x - 2 * (a + 3)) * x for x in (share, rest)]
    far = [(3 * a * x - 10 * a) * x + 8 * a for x in (share + 1.0, rest + 1.0)]
    return [far[0], near[0], -near[1], -far[1]]


def _triangle(x: Tensor) -> Tensor:
    size = x.abs()
    return torch.where(unmoved(lambda: size < 1), 1.0 - size, 0.0)


def _cubic(x: Tensor) -> Tensor:
    size = x.abs()
    far = torch.where(unmoved(lambda: size < 2), _far(size, _A_OF_FILTERS), 0.0)
    return torch.where(unmoved(lambda: size < 1), _near(size, _A_OF_FILTERS), far)


def _lanczos(x: Tensor) -> Tensor:
    # Next to 0 both are 1, and there a quotient would be of zeros.
    small = unmoved(lambda: x.abs() < 2.0**-30)
    inside = torch.where(small, 1.0, x)
    angle = inside * math.pi
    third = angle / 3.0
    weight = torch.where(small, 1.0, (angle.sin() / angle) * (third.sin() / third))
    return torch.where(unmoved(lambda: x.abs() < 3), weight, 0.0)


# How far each filter reaches, in elements of the smaller of the two sizes.
SPANS: Mapping[str, float] = {"linear": 1.0, "cubic": 2.0, "lanczos": 3.0}
WEIGHTS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "linear": _triangle,
    "cubic": _cubic,
    "lanczos": _lanczos,
}
