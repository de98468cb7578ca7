"""Brings the factors that replicates have to the signs, rotations and orders of the clean ones.

A factorization leaves some of them open: singular vectors have a sign, and the columns that only complete a
basis have a rotation. Noise must not choose them. Called by mode.py through the rules of rules/linalg.py; the
functions take the clean results and those of the replicates, (count, *shape), and return the latter and
whether all could be brought there. Where they could not, as between equal eigenvalues, rounding decides, and
the replicates measure another function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

# A vector of a replicate whose product with the clean one is below this was mixed with others.
_MIXED = 0.5


def same_vectors(clean: Sequence[Tensor], moved: Sequence[Any]) -> tuple[list[Any], bool]:
    """Bring eigenvectors to the signs, or phases, of the clean ones."""
    (_, vectors), (values, own) = clean, moved
    if not vectors.numel():
        return list(moved), True
    overlap = _overlap(vectors, own)
    return [values, own * overlap.sgn().conj_physical().unsqueeze(-2)], _steady(overlap)


def same_singular(clean: Sequence[Tensor], moved: Sequence[Any]) -> tuple[list[Any], bool]:
    """Bring pairs of singular vectors to the signs of the clean ones, and the rest of a basis to its own."""
    (u, values, vh), (own_u, own_values, own_vh) = clean, moved
    if not u.numel() or not vh.numel():
        return list(moved), True
    count = values.shape[-1]
    overlap = _overlap(u[..., :count], own_u[..., :count])
    phase = overlap.sgn()
    left = own_u[..., :count] * phase.conj_physical().unsqueeze(-2)
    right = own_vh[..., :count, :] * phase.unsqueeze(-1)
    if u.shape[-1] > count:
        left = torch.cat([left, _rotated(u[..., count:], own_u[..., count:])], -1)
    if vh.shape[-2] > count:
        right = torch.cat(
            [right, _turned(_rotated(_turned(vh[..., count:, :]), _turned(own_vh[..., count:, :])))], -2
        )
    return [left, own_values, right], _steady(overlap)


def same_diagonal(clean: Sequence[Tensor], moved: Sequence[Any]) -> tuple[list[Any], bool]:
    """Tell whether the diagonals of R have the signs of the clean one: where one is 0, rounding decides."""
    signs = [r.diagonal(dim1=-2, dim2=-1).real.sign() for r in (clean[1], moved[1])]
    return list(moved), bool((signs[0] == signs[1]).all())


def same_order(clean: Sequence[Tensor], moved: Sequence[Any]) -> tuple[list[Any], bool]:
    """Bring eigenvalues of any matrix to the order of the clean ones, and their vectors to the phases."""
    values, own = clean[0], moved[0]
    if not values.numel():
        return list(moved), True
    # For each clean value, the nearest one of the replicate; where two share one, rounding mixes them.
    order = (own.unsqueeze(-1) - values.unsqueeze(-2)).abs().argmin(-2)
    places = torch.arange(order.shape[-1])
    if not torch.equal(order.sort(-1)[0], places.expand(order.shape)):
        return list(moved), False
    ordered = own.gather(-1, order)
    vectors = moved[1].gather(-1, order.unsqueeze(-2).expand(moved[1].shape))
    return same_vectors(clean, [ordered, vectors])


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


def _overlap(vectors: Tensor, own: Tensor) -> Tensor:
    """Return the products of the columns of the clean ones and of each replicate."""
    return (vectors.conj_physical() * own).sum(-2)


def _turned(vectors: Tensor) -> Tensor:
    # Not `mH`: in a dispatch mode, torch overlooks the mark of a conjugate.
    return vectors.mT.conj_physical()


def _steady(overlap: Tensor) -> bool:
    return bool((overlap.abs() > _MIXED).all())


def _rotated(basis: Tensor, own: Tensor) -> Tensor:
    """Return a replicate's basis of a space in the rotation that is nearest to the clean one."""
    u, _, vh = torch.linalg.svd(_turned(own) @ basis)
    rotated: Tensor = own @ (u @ vh)
    return rotated
