"""Rules of special functions and of places: torch's float32 lies within them, wrong ones do not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import conformance


def _drawn(low, high, *shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return low + (high - low) * torch.rand(shape or (256,), generator=generator)


def _stirling(x):
    """Stirling's series to its third term, from two steps above."""
    shift = torch.zeros_like(x)
    for _ in range(2):
        shift, x = shift + x.log(), x + 1
    series = 1 / (12 * x) - 1 / (360 * x**3) + 1 / (1260 * x**5)
    return (x - 0.5) * x.log() - x + 0.918938533204672742 + series - shift


def _winitzki(x):
    """Winitzki's formula, right to two digits."""
    log = torch.log1p(-x * x)
    first = 2 / (np.pi * 0.147) + log / 2
    return x.sign() * ((first**2 - log / 0.147).sqrt() - first).sqrt()


def _asymptotic_digamma(x):
    return x.log() - 1 / (2 * x) - 1 / (12 * x**2) + 1 / (120 * x**4)


def _one_element_off(function):
    def wrong(*xs):
        out = function(*xs)
        out[len(out) // 2] *= 1 + 1e-5
        return out

    return wrong


def _by_powers(x):
    """T₉ by its sum of powers, which cancel."""
    return 256 * x**9 - 576 * x**7 + 432 * x**5 - 120 * x**3 + 9 * x


def _running_before(x):
    """The largest so far, but without the element itself from the second on."""
    out = x.cummax(0).values
    out[1:] = out[:-1].clone()
    return out


def _mean_for_sum(x, index, src):
    return x.scatter_reduce(0, index, src, "mean")


def _ninth_t(x):
    return torch.special.chebyshev_polynomial_t(x, 9)


def _scattered_sum(x, index, src):
    return x.scatter_reduce(0, index, src, "sum")


def _running_maximum(x):
    return x.cummax(0).values


def _nanmedian(x):
    return x.nanmedian(0).values


def _counts(x):
    return x.histc(16, -1.0, 1.0)


PLACES = torch.arange(96) % 8
ANGLES = (_drawn(-2, 2), _drawn(-2, 2, seed=1))
TABLE = _drawn(-1, 1, 33, 8)

# A function of torch, a wrong implementation of it, and its operands.
WRONG = {
    "lgamma by Stirling's series": (torch.lgamma, _stirling, (_drawn(0.5, 4),)),
    "erfinv by Winitzki's formula": (torch.erfinv, _winitzki, (_drawn(-0.99, 0.99),)),
    "digamma by its asymptotic series": (torch.digamma, _asymptotic_digamma, (_drawn(2, 6),)),
    "atan2, one element off": (torch.atan2, _one_element_off(torch.atan2), ANGLES),
    "hypot, one element off": (torch.hypot, _one_element_off(torch.hypot), ANGLES),
    "i0, one element off": (torch.special.i0, _one_element_off(torch.special.i0), (_drawn(-9, 9),)),
    "T₉ by powers": (_ninth_t, _by_powers, (_drawn(0.9, 1),)),
    "cummax, one element late": (_running_maximum, _running_before, (TABLE,)),
    "a mean for a sum": (_scattered_sum, _mean_for_sum, (_drawn(-1, 1, 8), PLACES, _drawn(-1, 1, 96))),
    "nanmedian, the next": (_nanmedian, lambda x: x.sort(0).values[17], (TABLE,)),
    "histc, the last edge open": (
        _counts,
        lambda x: x[x < 1].histc(16, -1.0, 1.0),
        (torch.cat([_drawn(-1, 1), torch.ones(1)]),),
    ),
}

every_one = pytest.mark.parametrize("name", WRONG)


@every_one
def test_torch_in_float32_passes(name):
    right, _, operands = WRONG[name]
    conformance.assert_close(right(*operands), right, *operands)


@every_one
def test_a_wrong_implementation_is_noticed(name):
    right, wrong, operands = WRONG[name]
    with pytest.raises(AssertionError):
        conformance.assert_close(wrong(*operands), right, *operands)
