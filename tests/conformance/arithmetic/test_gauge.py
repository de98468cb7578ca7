"""Factors of replicates get the signs, rotations and orders of the clean ones; what was mixed is NaN."""

from __future__ import annotations

import torch

from conformance.arithmetic import gauge

TALL = torch.randn(5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
SIGNS = torch.tensor([[1.0, -1.0, 1.0], [-1.0, -1.0, 1.0]], dtype=torch.float64)


def test_singular_vectors_get_their_signs_and_the_rest_its_rotation():
    clean = torch.linalg.svd(TALL)
    u, values, vh = (each.expand(2, *each.shape).clone() for each in clean)
    u[..., :3] *= SIGNS.unsqueeze(-2)
    vh *= SIGNS.unsqueeze(-1)
    u[..., 3:] = u[..., 3:].flip(-1)
    for found, expected in zip(gauge.same_singular(clean, (u, values, vh)), clean, strict=True):
        torch.testing.assert_close(found, expected.expand(found.shape))


def test_eigenvectors_get_their_signs():
    values, vectors = clean = torch.linalg.eigh(TALL[:3] + TALL[:3].mT)
    _, found = gauge.same_vectors(clean, (values.expand(2, 3), vectors * SIGNS.unsqueeze(-2)))
    torch.testing.assert_close(found, vectors.expand(2, 3, 3))


def test_eigenvalues_get_their_order_and_their_vectors_follow():
    clean = torch.linalg.eig(TALL[:3])
    order = torch.tensor([2, 0, 1])
    moved = clean[0][order].unsqueeze(0), (clean[1][:, order] * 1j).unsqueeze(0)
    for found, expected in zip(gauge.same_order(clean, moved), clean, strict=True):
        torch.testing.assert_close(found[0], expected)


def test_what_was_mixed_is_nan_and_nothing_else():
    values, vectors = clean = torch.linalg.eigh(
        torch.diag(torch.tensor([1.0, 1.0, 9.0], dtype=torch.float64))
    )
    turned = vectors.clone()
    turned[:2, :2] = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    found_values, found = gauge.same_vectors(clean, (values.unsqueeze(0), turned.unsqueeze(0)))
    assert found[..., :2].isnan().all()
    assert found[..., 2].isfinite().all()
    assert found_values.isfinite().all()
    twice = torch.tensor([[1.0, 1.0, 9.0]], dtype=torch.complex128)
    apart = (torch.tensor([1.0, 2.0, 9.0], dtype=torch.complex128), vectors.to(torch.complex128))
    assert gauge.same_order(apart, (twice, vectors.to(torch.complex128).unsqueeze(0)))[0].isnan().all()
