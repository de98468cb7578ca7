"""Operations that torch's kernels compose of LAPACK's, written out where the parts have the rules.

kernels.py takes these. Only `pseudoinverse` runs on all replicates at once, as rules/linalg.py asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.arithmetic.replicates import Replicates

_ATEN: Any = torch.ops.aten
# A relative tolerance this near to the default one is the default one.
_SAME = 0.01


def _cholesky(a: Tensor, upper: bool = False) -> Tensor:
    factor: Tensor = _ATEN.linalg_cholesky_ex(a, upper=upper)[0]
    return factor


def _lu(a: Tensor, *, pivot: bool = True) -> Any:
    factors, pivots, _ = _ATEN.linalg_lu_factor_ex(a, pivot=pivot)
    return _ATEN.lu_unpack(factors, pivots)


def _slogdet(a: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the sign, the logarithm, and the factors; the sign is a decision.

    Source: aten/src/ATen/native/BatchLinearAlgebra.cpp, _linalg_slogdet.
    """
    _, factors, pivots = _ATEN._linalg_det(a)  # noqa: SLF001 - its name
    diagonal = factors.diagonal(dim1=-2, dim2=-1)
    swaps = (pivots != torch.arange(1, pivots.shape[-1] + 1, dtype=pivots.dtype)).sum(-1)
    if a.is_complex():
        sign = diagonal.sgn().prod(-1) * (1 - 2 * (swaps % 2))
    else:
        negative = (diagonal < 0).sum(-1) + swaps
        sign = ((1 - 2 * (negative % 2)) * (diagonal != 0).all(-1)).to(a.dtype)
    return sign, diagonal.abs().log().sum(-1), factors, pivots


def _triangular_solve(
    b: Tensor, a: Tensor, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> tuple[Tensor, Tensor]:
    given = a.mT if transpose else a
    solution = _ATEN.linalg_solve_triangular(given, b, upper=upper != transpose, unitriangular=unitriangular)
    return solution, a.clone()


# By the operation; each takes its arguments.
LAPACK: Mapping[Any, Callable[..., Any]] = {
    _ATEN.cholesky.default: _cholesky,
    _ATEN.linalg_lu.default: _lu,
    _ATEN._linalg_slogdet.default: _slogdet,  # noqa: SLF001 - its name
    _ATEN.triangular_solve.default: _triangular_solve,
}


def pseudoinverse(
    held: Replicates, a: Tensor, *, atol: Any = None, rtol: Any = None, hermitian: bool = False
) -> Tensor:
    """Return the pseudoinverse of all replicates.

    By default singular values count above a multiple of the dtype's own precision. In float32 that must be
    the same rank as in float64, and then all replicates have it, though the noise of float32 lifts zeros
    above the threshold of float64. A replicate of another rank is NaN, which is another branch.
    """
    if not a.numel():
        return held.every(a).mT
    split = _eigh if hermitian else _svd
    values = split(a)[0].abs()
    largest = values.amax(-1, keepdim=True)
    single, double = (torch.finfo(kind).eps * max(a.shape[-2:]) for kind in (torch.float32, torch.float64))
    # A tolerance above zero takes the place of the other one, unless that is given.
    default = rtol is None and (atol is None or not bool(torch.as_tensor(atol).any()))
    atol, rtol = (torch.as_tensor(0.0 if each is None else each).unsqueeze(-1) for each in (atol, rtol))
    rtol = rtol + double if default else rtol
    default = default or bool(((rtol / double - 1).abs() < _SAME).all())
    counts = values > torch.maximum(rtol * largest, atol + 0 * largest)
    own, left, right = split(held.every(a))
    if default:
        same = (counts == (values > single * largest)).expand(own.shape)
    else:
        size = own.abs()
        same = counts == (size > torch.maximum(rtol * size.amax(-1, keepdim=True), atol + 0 * largest))
    inverse = torch.where(counts, own.reciprocal(), 0.0).to(a.dtype)
    found: Tensor = (right * inverse.unsqueeze(-2)) @ left.mT.conj_physical()
    return torch.where(same.all(-1)[..., None, None], found, torch.nan)


def _eigh(a: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    values, vectors = torch.linalg.eigh(a)
    return values, vectors, vectors


def _svd(a: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    left, values, right = torch.linalg.svd(a, full_matrices=False)
    return values, left, right.mT.conj_physical()
