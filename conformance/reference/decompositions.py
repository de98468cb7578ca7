"""What each decomposition of a matrix leaves open, and what can be judged of its factors whatever they are.

Singular vectors and eigenvectors have a free sign, or phase; the factors of a QR decomposition have one per
column and row; the eigenvalues of any matrix have a free order. Each entry of `DECOMPOSITIONS` names the
factors that are not judged as they are, and the invariants that are judged instead: values, residuals, which
are zero, and products of vectors with one another. A right factorization with other signs has the same
invariants, to within rounding; vectors that are not normalized, that belong to other values, or that are
mixed over different values have others.

Called by reference.factors. Matrices and factors have any number of dimensions before the last two.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Factors = Mapping[str, Tensor]

# Invariants that are zero of a right factorization.
ZERO = ("residual", "orthogonality", "norms")


@dataclass(frozen=True)
class Decomposition:
    """A decomposition, and what it leaves open.

    Attributes:
        operation: torch's operation.
        factors: its results, in order.
        reported: those that are not judged as they are.
        free: what is free of them, in words.
        matrix: the matrix that is decomposed, from the operation's arguments.
        invariants: what is judged instead, as FACTOR.WHAT: takes the matrix, the factors that there are, and
            the right ones.
        departs: how far products of its vectors are from those of orthonormal ones, by the size of the
            matrix; None where they are not orthonormal.
        ordered: whether the order of the columns is fixed.
    """

    operation: str
    factors: tuple[str, ...]
    reported: tuple[str, ...]
    free: str
    matrix: Callable[..., Tensor]
    invariants: Callable[[Tensor, Factors, Factors], dict[str, Tensor]]
    departs: Callable[[int], Departure] | None = None
    ordered: bool = True


class Departure(NamedTuple):
    """How far vectors are from orthonormal, in roundings, in the root mean square.

    Rotations and reflections let lengths drift together, which noise that is drawn for each element lacks. So
    this is stated and not derived, as a rule is: as much as LAPACK's drivers need, of which
    reports/lapack.md has the errors, by `python benchmarks/lapack_sizes.py`. LAPACK's own tests allow more:
    30 units of 2 n roundings.

    Attributes:
        length: of the product of a vector with itself.
        angle: of the product of two.
    """

    length: float
    angle: float


def _of_reflections(n: int) -> Departure:
    """Return that of Householder's reflections, which keep lengths whatever the size."""
    del n
    return Departure(3.0, 1.5)


def _of_rotations(n: int) -> Departure:
    """Return that of QR iterations (gesvd), which rotate each column n times.

    Divide and conquer (gesdd), as torch has it, errs by less.
    """
    return Departure(1.5 + n / 10, 1 + math.sqrt(n) / 4)


def _of_representations(n: int) -> Departure:
    """Return that of relatively robust representations (syevr), which compute neighbours apart.

    Source: Demmel, Marques, Parlett & Vömel 2008, Performance and accuracy of LAPACK's symmetric tridiagonal
    eigensolvers: their orthogonality is up to a hundred times worse than that of other drivers.
    """
    return Departure(1.5 + n / 10, 7.5 * n ** (2 / 3))


def is_zero(name: str) -> bool:
    """Whether an invariant is zero of a right factorization, by its name."""
    return name.removesuffix(".real").removesuffix(".imag").rpartition(".")[2] in ZERO


def _turned(a: Tensor) -> Tensor:
    # Not `mH`: in a dispatch mode, torch overlooks the mark of a conjugate.
    return a.mT.conj_physical()


def _orthogonality(columns: Tensor) -> Tensor:
    """Return the products of columns with one another, without the ones of each with itself."""
    return _turned(columns) @ columns - torch.eye(columns.shape[-1], dtype=columns.dtype)


def _quotients(a: Tensor, vectors: Tensor) -> Tensor:
    """Return Rayleigh's quotients: the values that vectors of the length 1 belong to."""
    return (vectors.conj() * (a @ vectors)).sum(-2)


def _remaining(a: Tensor, vectors: Tensor, values: Tensor) -> Tensor:
    """Return what is left of A V - V diag(values)."""
    return a @ vectors - vectors * values.unsqueeze(-2)


def _of_svd(a: Tensor, found: Factors, right: Factors) -> dict[str, Tensor]:
    del right
    made = {}
    left, values, other = (found.get(name) for name in ("U", "S", "Vh"))
    if left is not None:
        made["U.orthogonality"] = _orthogonality(left)
    if other is not None:
        made["Vh.orthogonality"] = _orthogonality(_turned(other))
    if left is not None and other is not None:
        count = min(a.shape[-2:])
        left, other = left[..., :count], other[..., :count, :]
        if values is None:
            values = made["U.values"] = ((left.conj() * (a @ _turned(other))).sum(-2)).real
        made["U.residual"] = a - (left * values.unsqueeze(-2)) @ other
        return made
    # Of one side only: eigenvectors of A Aᴴ or Aᴴ A, and the roots of their values.
    side = "Vh" if left is None else "U"
    square, vectors = (_turned(a) @ a, other) if left is None else (a @ _turned(a), left)
    if vectors is None:
        return made
    vectors = _turned(vectors) if left is None else vectors
    if values is None:
        squares = _quotients(square, vectors).real
        made[f"{side}.values"] = squares.clamp(min=0).sqrt()
    else:
        squares = torch.nn.functional.pad(values.square(), (0, vectors.shape[-1] - values.shape[-1]))
    made[f"{side}.residual"] = _remaining(square, vectors, squares)
    return made


def _of_eigh(a: Tensor, found: Factors, right: Factors) -> dict[str, Tensor]:
    del right
    vectors, values = found.get("V"), found.get("L")
    if vectors is None:
        return {}
    made = {"V.orthogonality": _orthogonality(vectors)}
    if values is None:
        values = made["V.values"] = _quotients(a, vectors).real
    made["V.residual"] = _remaining(a, vectors, values)
    return made


def _of_eig(a: Tensor, found: Factors, right: Factors) -> dict[str, Tensor]:
    a, vectors, values = a.to(torch.complex128), found.get("V"), found.get("L")
    made = {}
    if vectors is not None:
        norms = vectors.abs().square().sum(-2)
        own = _quotients(a, vectors) / norms if values is None else values
        order = nearest(right["L"], own)
        vectors = vectors.gather(-1, order.unsqueeze(-2).expand(vectors.shape))
        made["V.norms"] = norms.gather(-1, order) - 1
    else:
        own = found["L"]
        order = nearest(right["L"], own)
    own = _apart(order, own.gather(-1, order))
    made["V.values" if values is None else "L.values"] = own
    if vectors is not None:
        made["V.residual"] = _remaining(a, vectors, own)
    return made


def nearest(right: Tensor, own: Tensor) -> Tensor:
    """Return which value is the nearest to each of the right ones."""
    return (own.unsqueeze(-1) - right.unsqueeze(-2)).abs().argmin(-2)


def _apart(order: Tensor, values: Tensor) -> Tensor:
    """Return values, NaN where one of them is the nearest to two right ones: then another one is missing."""
    each = (order.sort(-1)[0] == torch.arange(order.shape[-1])).all(-1, keepdim=True)
    return torch.where(each, values, torch.nan)


def _of_qr(a: Tensor, found: Factors, right: Factors) -> dict[str, Tensor]:
    del right
    q, r = found.get("Q"), found.get("R")
    made = {} if r is None else {"R.sizes": r.abs()}
    if q is None:
        return made if r is None else made | {"R.residual": _turned(a) @ a - _turned(r) @ r}
    made["Q.orthogonality"] = _orthogonality(q)
    made["Q.residual"] = a - q @ ((_turned(q) @ a).triu() if r is None else r)
    return made


def _hermitian(a: Tensor, uplo: str = "L", *_: Any, **__: Any) -> Tensor:
    """Return the matrix whose lower or upper triangle counts; imaginary parts of the diagonal do not."""
    half = a.tril(-1) if uplo.upper() == "L" else a.triu(1)
    diagonal = torch.diag_embed(a.diagonal(dim1=-2, dim2=-1).real).to(a.dtype)
    return half + _turned(half) + diagonal


def _itself(a: Tensor, *_: Any, **__: Any) -> Tensor:
    return a


DECOMPOSITIONS: Mapping[str, Decomposition] = {
    each.operation: each
    for each in (
        Decomposition(
            "_linalg_svd",
            ("U", "S", "Vh"),
            ("U", "Vh"),
            "signs of singular vectors are",
            _itself,
            _of_svd,
            _of_rotations,
        ),
        Decomposition(
            "_linalg_eigh",
            ("L", "V"),
            ("V",),
            "signs of eigenvectors are",
            _hermitian,
            _of_eigh,
            _of_representations,
        ),
        Decomposition(
            "linalg_eig",
            ("L", "V"),
            ("L", "V"),
            "the order of eigenvalues and the phases of their vectors are",
            _itself,
            _of_eig,
            ordered=False,
        ),
        Decomposition(
            "linalg_qr",
            ("Q", "R"),
            ("Q", "R"),
            "signs of the columns of Q and rows of R are",
            _itself,
            _of_qr,
            _of_reflections,
        ),
    )
}
