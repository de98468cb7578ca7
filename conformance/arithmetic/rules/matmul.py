"""Rules of products of matrices and vectors, with and without a sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from conformance.arithmetic.rounding import UNDERFLOW, UNIT, multiplied, products, scaled
from conformance.arithmetic.rules.measuring import NO_NAME, SCALAR, all_positive, product
from conformance.arithmetic.rules.rule import HIGHAM, Operands, Rule, rounded

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from conformance.arithmetic.replicates import Replicates


def _terms(a: Tensor) -> int:
    """Return how many products of real numbers are added up: each part of a complex product has two."""
    return a.shape[-1] * (1 + a.is_complex())


def _contraction(matrix_product: Callable[..., Tensor]) -> Operands:
    return Operands(
        lambda a, b: products(matrix_product(a.abs(), b.abs()), _terms(a)), "√(n/3) roundings of |a| @ |b|"
    )


def _added_contraction(matrix_product: Callable[..., Tensor]) -> Operands:
    # The sizes are changed in place: for the few numbers that most products have, each operation counts.
    def size(c: Tensor, a: Tensor, b: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
        magnitude, scalar = matrix_product(a.abs(), b.abs()), multiplied(alpha)
        of_scalar = scalar * magnitude if scalar else 0.0
        size = products(magnitude, _terms(a))
        if scalar:
            # Some implementations scale the first factor, which then underflows, before they multiply.
            underflown = UNDERFLOW / UNIT * matrix_product(torch.ones_like(a.abs()), b.abs())
            size = scaled(size.add_(of_scalar), abs(alpha)).add_(underflown)
        elif alpha != 1:
            size = scaled(size, abs(alpha))
        # With beta = 0 the first operand is not added at all, and may be anything, NaN too.
        if not beta:
            return size
        added, factor = c.abs(), abs(beta) * (1 + multiplied(beta))
        return size.add_(added if factor == 1 else scaled(added, factor))

    return Operands(size, "1 rounding of |beta·c|, √(n/3) of |alpha|·(|a| @ |b|), and of Python scalars")


def _addbmm(c: Tensor, a: Tensor, b: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """Return the error of one product of the matrices side by side, which is the sum over the batch."""
    wide = a.transpose(0, 1).flatten(1)
    size: Tensor = _added_contraction(torch.mm).function(c, wide, b.flatten(0, 1), beta=beta, alpha=alpha)
    return size


def _together(held: Replicates, a: Tensor, b: Tensor) -> Tensor:
    a, b = held.of_rank(a, a.dim()), held.of_rank(b, b.dim())
    # The same, without its questions about shapes.
    return torch.bmm(a, b) if a.dim() == b.dim() == 3 else torch.matmul(a, b)


def _added_together(
    held: Replicates, c: Tensor, a: Tensor, b: Tensor, *, beta: float = 1, alpha: float = 1
) -> Tensor:
    product = _together(held, a, b)
    alone = product.dim() == a.dim()
    # In place: memory for another result may cost more time than the product.
    product = product if alpha == 1 else product.mul_(alpha)
    if beta:
        added = held.of_rank(c, a.dim())
        added = added if beta == 1 else beta * added
        return added + product if alone else product.add_(added)
    # An operand that is not added may be anything, NaN too; and it may be the only one with replicates.
    return product.repeat(held.count, *(1,) * a.dim()) if alone else product


_MM = product(lambda t, a, b: t.mm(a, b), lambda n: (24, n), lambda n: (n, 24))

RULES: tuple[Rule, ...] = (
    rounded(
        "mm",
        _contraction(torch.mm),
        _MM,
        all_positive(_MM),
        source=HIGHAM,
        complexes=True,
        together=_together,
    ),
    rounded(
        "mv",
        _contraction(torch.mv),
        product(lambda t, a, b: t.mv(a, b), lambda n: (96, n), lambda n: (n,)),
        source=HIGHAM,
        complexes=True,
    ),
    rounded(
        "bmm",
        _contraction(torch.bmm),
        product(lambda t, a, b: t.bmm(a, b), lambda n: (3, 12, n), lambda n: (3, n, 12)),
        source=HIGHAM,
        complexes=True,
        together=_together,
    ),
    rounded(
        "dot",
        _contraction(torch.dot),
        product(lambda t, a, b: t.dot(a, b), lambda n: (n,), lambda n: (n,)),
        source=HIGHAM,
        complexes=True,
    ),
    rounded(
        "addmm",
        _added_contraction(torch.mm),
        product(
            lambda t, c, a, b: t.addmm(c, a, b), lambda _: (24, 24), lambda n: (24, n), lambda n: (n, 24)
        ),
        product(
            lambda t, c, a, b: t.addmm(c, a, b, beta=SCALAR, alpha=SCALAR),
            lambda _: (24, 24),
            lambda n: (24, n),
            lambda n: (n, 24),
        ),
        source=HIGHAM,
        complexes=True,
        together=_added_together,
    ),
    rounded(
        "addbmm",
        Operands(_addbmm, "1 rounding of |beta·c|, √(n/3) of |alpha|·Σ|a| @ |b|, and of Python scalars"),
        product(
            lambda t, c, a, b: t.addbmm(c, a, b),
            lambda _: (12, 12),
            lambda n: (3, 12, n),
            lambda n: (3, n, 12),
            without=NO_NAME,
        ),
        source=HIGHAM,
        complexes=True,
    ),
    rounded(
        "addmv",
        _added_contraction(torch.mv),
        product(
            lambda t, c, a, b: t.addmv(c, a, b),
            lambda _: (96,),
            lambda n: (96, n),
            lambda n: (n,),
            without=NO_NAME,
        ),
        source=HIGHAM,
        complexes=True,
    ),
    rounded(
        "baddbmm",
        _added_contraction(torch.bmm),
        product(
            lambda t, c, a, b: t.baddbmm(c, a, b),
            lambda _: (3, 12, 12),
            lambda n: (3, 12, n),
            lambda n: (3, n, 12),
        ),
        source=HIGHAM,
        complexes=True,
        together=_added_together,
    ),
)
