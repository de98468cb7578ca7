"""Complex intermediates have replicates, in any view of their storage, with noise in both parts."""

from __future__ import annotations

import pytest
import torch

from conformance.arithmetic.mode import Arithmetic
from conformance.arithmetic.replicates import Replicates
from conformance.arithmetic.rounding import UNIT
from conformance.arithmetic.rules import RULES
from conformance.errors import NoiseError

A, B = (torch.randn(4, 6, generator=torch.Generator().manual_seed(k), dtype=torch.float64) for k in (0, 1))
Z, W = torch.complex(A, B), torch.complex(B, -A)


def replicates(call, count=8):
    with Arithmetic(1, count) as mode:
        clean = call()
    return clean, mode.replicates(clean)


def _written_into_a_conjugate():
    target = (Z * W).clone()
    target.conj()[1] = (W * W)[1]
    return target


def _parts_added_in_place():
    product = Z * W
    product.imag.add_(A)
    torch.view_as_real(product)[..., 0].mul_(3)
    return product


# Functions of complex numbers, and the same of their parts, x and y.
PROGRAMS = {
    "a conjugate": (lambda z: (z * z.conj()).real, lambda x, y: x * x + y * y),
    "a conjugate's part": (lambda z: z.conj().imag * 2 - z.real, lambda x, y: -2 * y - x),
    "a conjugate's sum": (lambda z: z.conj().sum(-1).imag, lambda _, y: -y.sum(-1)),
    "a conjugate's product": (
        lambda z: (z.conj() @ z.mT).imag,
        lambda x, y: x @ y.mT - y @ x.mT,
    ),
    "a view as real": (lambda z: torch.view_as_real(z).sum(-1), lambda x, y: x + y),
    "a view as complex": (
        lambda z: torch.view_as_complex(torch.view_as_real(z) * 3).conj().imag * 1,
        lambda _, y: -3 * y,
    ),
    "written into a conjugate": (
        lambda z: torch.zeros_like(z).conj().copy_(z).resolve_conj().imag,
        lambda _, y: y,
    ),
    "an adjoint": (lambda z: z.mH.clone()[1].imag, lambda _, y: -y[..., 1]),
    "by a factor": (lambda z: (2.5 * z).real, lambda x, _: 2.5 * x),
    "absolute": (lambda z: z.abs(), lambda x, y: (x * x + y * y).sqrt()),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_replicates_follow_it(name):
    """The noise of the first operation goes through the others, which are given none here."""
    program, plain = PROGRAMS[name]

    with Arithmetic(1, 8) as mode:
        z = Z * W
        mode._perturbation.unit = 0.0
        clean = program(z)
    own = mode.replicates(z)
    assert not torch.equal(own[0], own[1])
    expected = plain(own.real, own.imag)
    torch.testing.assert_close(mode.replicates(clean), expected, rtol=1e-13, atol=1e-13)
    torch.testing.assert_close(clean, plain(z.real, z.imag))


@pytest.mark.parametrize("call", [_written_into_a_conjugate, _parts_added_in_place])
def test_what_is_written_through_a_view_has_noise_of_its_size(call):
    clean, own = replicates(call)
    away = (own - clean).abs()
    assert torch.all(away > 0)
    assert away.max() < 40 * UNIT * clean.abs().max()


@pytest.mark.parametrize("call", [lambda: Z * W, lambda: Z / W, lambda: Z + W, lambda: torch.fft.fft(A)])
def test_both_parts_have_noise_and_not_the_same(call):
    clean, own = replicates(call)
    parts = torch.view_as_real(own - clean)
    inner = parts[:, :, 1:3]
    assert torch.all(inner != 0)
    assert torch.all(inner[..., 0] != inner[..., 1])


def test_a_sum_errs_in_each_part_by_itself():
    small = torch.complex(A, A * 2.0**-30)
    clean, own = replicates(lambda: small + small)
    assert (own - clean).imag.abs().max() < 2.0**-28 * UNIT * 4 * A.abs().max()


def test_what_a_real_signal_has_no_imaginary_part_of_gets_none():
    _, own = replicates(lambda: torch.fft.rfft(A))
    # But for underflows.
    assert own.imag[..., [0, -1]].abs().max() < 2.0**-140
    assert own.imag[..., 1:-1].abs().min() > 0


def test_a_complex_number_counts_as_two():
    held = Replicates(3)
    held.make(Z)
    assert held.numbers == 3 * 2 * Z.numel()


def test_numbers_of_complex64_are_lost():
    with pytest.raises(NoiseError, match="complex64"), Arithmetic(1):
        torch.fft.fft(A * B).to(torch.complex64)


def test_the_branch_cut_of_an_angle_is_a_decision():
    below = torch.complex(torch.full((9,), -1.0, dtype=torch.float64), torch.zeros(9, dtype=torch.float64))
    with Arithmetic(1, 32) as mode:
        (below * below.conj() * below).angle()
    assert not mode.steady


def test_an_operation_of_three_with_a_complex_one_in_the_middle_is_followed():
    clean, own = replicates(lambda: torch.addcmul(A, Z, B))
    assert torch.all((own - clean).abs() > 0)


def test_rules_of_complex_numbers_belong_to_real_operations():
    for name in RULES:
        if name.endswith("_complex"):
            assert hasattr(torch.ops.aten, name.removesuffix("_complex"))
