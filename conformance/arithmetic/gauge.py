"""Brings the factors that replicates have to the signs, rotations and orders of the clean ones.

A factorization leaves some of them open: singular vectors have a sign, and the columns that only complete a
basis have a rotation. Noise must not choose them. Called by rules/linalg.py, whose operations run on all
replicates at once; the functions take the clean results and those of the replicates, (count, *shape).

Where rounding decides, as between equal eigenvalues, the replicates are NaN: another branch, if anything is
computed of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

# A vector of a replicate whose product with the clean one is below this was mixed with others.
_MIXED = 0.5


def same_vectors(clean: Sequence[Tensor], moved: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Bring eigenvectors to the signs, or phases, of the clean ones."""
    (_, vectors), (values, own) = clean, moved
    if not vectors.numel():
        return values, own
    return values, own * _phases(vectors, own).conj_physical().unsqueeze(-2)


def same_order(clean: Sequence[Tensor], moved: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Bring eigenvalues of any matrix to the order of the clean ones, and their vectors to the phases."""
    values, (own, vectors) = clean[0], moved
    if not values.numel():
        return own, vectors
    # For each clean value, the nearest one of the replicate; where two share one, rounding mixes them.
    order = (own.unsqueeze(-1) - values.unsqueeze(-2)).abs().argmin(-2)
    places = torch.arange(order.shape[-1])
    apart = (order.sort(-1)[0] == places).all(-1, keepdim=True)
    ordered = torch.where(apart, own.gather(-1, order), torch.nan)
    return same_vectors(clean, (ordered, vectors.gather(-1, order.unsqueeze(-2).expand(vectors.shape))))


def same_singular(clean: Sequence[Tensor], moved: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Bring pairs of singular vectors to the signs of the clean ones, and the rest of a basis to its own."""
    (u, values, vh), (own_u, own_values, own_vh) = clean, moved
    if not u.numel() or not vh.numel():
        return own_u, own_values, own_vh
    count = values.shape[-1]
    phases = _phases(u[..., :count], own_u[..., :count])
    left = own_u[..., :count] * phases.conj_physical().unsqueeze(-2)
    right = own_vh[..., :count, :] * phases.unsqueeze(-1)
    if u.shape[-1] > count:
        left = torch.cat([left, _rotated(u[..., count:], own_u[..., count:])], -1)
    if vh.shape[-2] > count:
        rest = _rotated(_turned(vh[..., count:, :]), _turned(own_vh[..., count:, :]))
        right = torch.cat([right, _turned(rest)], -2)
    return left, own_values, right


def same_diagonal(clean: Sequence[Tensor], moved: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Keep the columns of Q and rows of R where R's diagonal has the sign of the clean one.

    The sign is that of an element that elimination leaves; where that is zero, rounding decides.
    """
    (q, r), (_, clean_r) = moved, clean
    signs = [each.diagonal(dim1=-2, dim2=-1).real.sign() for each in (clean_r, r)]
    count = signs[0].shape[-1]
    kept = torch.where(signs[0] == signs[1], 1.0, torch.nan)
    rows = torch.nn.functional.pad(kept, (0, r.shape[-2] - count), value=1.0)
    columns = torch.nn.functional.pad(kept, (0, q.shape[-1] - count), value=1.0) if q.numel() else kept
    return q * columns.unsqueeze(-2) if q.numel() else q, r * rows.unsqueeze(-1)


def eliminated(moved: Tensor, lu: Tensor, pivots: Tensor, clean: Tensor) -> tuple[Tensor, Tensor]:
    """Return the factors that Gauss's elimination makes with the pivots of the clean matrix.

    The pivots are no part of a solution or a determinant: where noise decides between two, the replicates are
    eliminated in the clean order.

    Args:
        moved: the matrices of the replicates, (count, *, n, n).
        lu: their factors with the pivots that they have themselves.
        pivots: those.
        clean: the clean matrix.
    """
    _, own, _ = torch.ops.aten.linalg_lu_factor_ex(clean)
    own = own.expand(pivots.shape)
    if torch.equal(own, pivots):
        return lu, own
    order, _, _ = torch.ops.aten.lu_unpack(moved, own, False, True)
    made = order.mT @ moved
    for k in range(made.shape[-1] - 1):
        made[..., k + 1 :, k] /= made[..., k, k].unsqueeze(-1)
        made[..., k + 1 :, k + 1 :] -= made[..., k + 1 :, k : k + 1] * made[..., k : k + 1, k + 1 :]
    return made, own


def _phases(vectors: Tensor, own: Tensor) -> Tensor:
    """Return the signs, or phases, of the products with the clean columns; NaN of a column that was mixed."""
    overlap = (vectors.conj_physical() * own).sum(-2)
    return torch.where(overlap.abs() > _MIXED, overlap.sgn(), torch.nan)


def _turned(vectors: Tensor) -> Tensor:
    # Not `mH`: in a dispatch mode, torch overlooks the mark of a conjugate.
    return vectors.mT.conj_physical()


def _rotated(basis: Tensor, own: Tensor) -> Tensor:
    """Return a replicate's basis of a space in the rotation that is nearest to the clean one."""
    u, _, vh = torch.linalg.svd(_turned(own) @ basis)
    rotated: Tensor = own @ (u @ vh)
    return rotated
