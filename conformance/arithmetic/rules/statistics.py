"""Rules of variances, products and cumulative sums."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

from conformance.arithmetic.rounding import chain, magnitude, terms
from conformance.arithmetic.rules.measuring import NO_NAME, reduction
from conformance.arithmetic.rules.rule import HIGHAM, MEASURED, Operands, Rule, rounded

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

# Longer products of numbers of order one leave float32's range on the way.
_FACTORS = (2, 7, 20, 33)
# Squares of small whole numbers minus their mean take few values, and round to the same side again and again:
# errors that are not independent add up faster than any rule allows.
_SQUARES = (2, 7, 33, 96)


def _var(x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Return two roundings of each square, one of the quotient, and the error of adding up the squares.

    In two passes the mean's error enters squared. In Welford's single pass, which torch's float64 makes, each
    square is of two differences from means that were just rounded: n errors of 2u·|mean|·|x - mean| add up.
    All k zeros have the same square. Adding it to a sum that hardly changes rounds to one side each time,
    so that the errors do not cancel, and reach k/2.
    """
    variance, mean = torch.ops.aten.var_mean(x, *args, **kwargs)
    size: Tensor = variance.abs()
    count = max(1, terms(x, size))
    offset: Tensor = mean.abs() * size.sqrt() * (2 / math.sqrt(count))
    zeros = (x == 0).double().mean() * count
    return size * (3 + chain(count) + zeros / 2) + offset


def _prod(x: Tensor, dim: int | None = None, keepdim: bool = False, **_: Any) -> Tensor:
    """Return one rounding of the product per factor, as a loop in C makes them."""
    out = x.prod() if dim is None else x.prod(dim, keepdim)
    return out.abs() * math.sqrt(max(1, terms(x, out)))


def _cumulative(cumulate: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return √k roundings of the result of the first k magnitudes: each step rounds once."""

    def size(x: Tensor, dim: int, **_: Any) -> Tensor:
        lost: Tensor = cumulate(magnitude(x), dim) * torch.ones_like(x).cumsum(dim).sqrt()
        return lost

    return size


def _logcumsumexp(x: Tensor, dim: int) -> Tensor:
    """Return the error of steps log(1 + exp(min - max)) + max: each loses roundings of 1 and of its result.

    An error of the k-th result goes into the n-th by exp(outₖ - outₙ), the derivative.
    """
    out = x.logcumsumexp(dim)
    lost = (out.abs() + 4).log() + out
    size: Tensor = ((2 * lost).logcumsumexp(dim) / 2 - out).exp()
    return size


RULES: tuple[Rule, ...] = (
    rounded(
        "var",
        Operands(
            _var, "3 + √(n/3) roundings of the result, half of one per zero, and 2/√n of mean · deviation"
        ),
        reduction(lambda t, x: t.var(x, [1]), sizes=_SQUARES),
        reduction(lambda t, x: t.var(x, [0]), sizes=_SQUARES, rows=False),
        source=f"{HIGHAM}; Chan, Golub & LeVeque 1983, on algorithms for the sample variance; {MEASURED}",
    ),
    rounded(
        "prod",
        Operands(_prod, "√n roundings of the result"),
        reduction(lambda t, x: t.prod(x, 1), sizes=_FACTORS),
        source=HIGHAM,
    ),
    rounded(
        "cumsum",
        Operands(_cumulative(torch.cumsum), "√k roundings of the sum of the first k magnitudes"),
        reduction(lambda t, x: t.cumsum(x, 1)),
        reduction(lambda t, x: t.cumsum(x, 1), positive=True),
        source=HIGHAM,
        complexes=True,
    ),
    rounded(
        "cumprod",
        Operands(_cumulative(torch.cumprod), "√k roundings of the product of the first k magnitudes"),
        reduction(lambda t, x: t.cumprod(x, 1), sizes=_FACTORS, without=NO_NAME),
        source=HIGHAM,
    ),
    rounded(
        "logcumsumexp",
        Operands(_logcumsumexp, "4 roundings of 1 and of each result so far, by its effect on the last"),
        reduction(lambda t, x: t.logcumsumexp(x, 1), without=NO_NAME),
        source=f"{MEASURED}; aten/src/ATen/native/cpu/ReduceOpsKernel.cpp, logcumsumexp_cpu_kernel",
    ),
)
