"""Factors of decompositions are judged by what no sign, phase or order changes, and reported themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import conformance
from conformance.errors import DegenerateError
from conformance.reference.decompositions import DECOMPOSITIONS
from conformance.reference.factors import found_in

linalg = torch.linalg


def draw(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


A, TALL, WIDE = draw(6, 6), draw(7, 4, seed=1), draw(4, 7, seed=2)
SYMMETRIC = (A + A.mT) / 2
LOW = draw(8, 2, seed=3) @ draw(2, 6, seed=4)
SIGNS = torch.tensor([1.0, -1.0, -1.0, 1.0])
ORDER = torch.tensor([2, 0, 5, 1, 4, 3])


def thin(a):
    return linalg.svd(a, full_matrices=False)


def complex_of(fn):
    return lambda a: fn(torch.complex(a, a.flip(0)))


def phases(count):
    return torch.exp(1j * torch.arange(1.0, count + 1))


def rotation(angle, first, second, size):
    made = torch.eye(size)
    made[first, first] = made[second, second] = np.cos(angle)
    made[first, second], made[second, first] = -np.sin(angle), np.sin(angle)
    return made


def signs(u, s, vh, by=SIGNS):
    return u * by, s, vh * by.conj().unsqueeze(-1)


def with_another_null_space(u, s, vh):
    turn = linalg.qr(draw(4, 4, seed=9))[0]
    return torch.cat([u[:, :2], u[:, 2:] @ turn], 1), s, torch.cat([vh[:2], turn.mT @ vh[2:]])


def by_singular_values(a):
    """Return eigenvalues and vectors by another algorithm, of a matrix that is made positive definite."""
    u, s, _ = linalg.svd(a + 10 * torch.eye(len(a)))
    return s.flip(0) - 10, u.flip(1)


def changed(found, place, change):
    return tuple(change(each) if k == place else each for k, each in enumerate(found))


def half(x):
    return x.half().float()


def both_mixed(u, s, vh):
    return u @ rotation(1e-3, 0, 3, 4), s, rotation(-1e-3, 0, 3, 4) @ vh


def hermitian(a):
    return linalg.eigh(torch.complex(a, a.triu(1) - a.tril(-1)))


def with_a_column(a):
    u, _, _ = linalg.svd(a)
    return u, u[:, 0]


def numpys(name, a, **options):
    return tuple(getattr(np.linalg, name)(a.numpy(), **options))


# Program, matrix, and what another right implementation returns.
RIGHT = {
    "svd, torch's own": (linalg.svd, TALL, linalg.svd(TALL)),
    "svd, other signs": (thin, TALL, signs(*thin(TALL))),
    "svd, NumPy's": (linalg.svd, WIDE, numpys("svd", WIDE)),
    "svd, of the low rank": (thin, LOW, with_another_null_space(*thin(LOW))),
    "svd, of equal values": (
        linalg.svd,
        2 * torch.eye(4),
        (rotation(1, 0, 2, 4), 2 * torch.ones(4), rotation(-1, 0, 2, 4)),
    ),
    "svd, phases": (complex_of(thin), TALL, signs(*complex_of(thin)(TALL), phases(4))),
    "svd, batched": (thin, torch.stack([TALL, 2 * TALL]), signs(*thin(torch.stack([TALL, 2 * TALL])))),
    "torch.svd, other signs": (
        torch.svd,
        TALL,
        changed(changed(torch.svd(TALL), 0, lambda u: u * SIGNS), 2, lambda v: v * SIGNS),
    ),
    "svd, left vectors": (lambda a: thin(a)[0], TALL, thin(TALL)[0] * SIGNS),
    "svd, right vectors": (lambda a: linalg.svd(a)[2], TALL, -linalg.svd(TALL)[2]),
    "svd, both sides": (lambda a: thin(a)[::2], TALL, signs(*thin(TALL))[::2]),
    "svd, right vectors and values": (lambda a: thin(a)[1:], TALL, signs(*thin(TALL))[1:]),
    "eigh, other signs": (linalg.eigh, SYMMETRIC, (linalg.eigh(SYMMETRIC)[0], -linalg.eigh(SYMMETRIC)[1])),
    "eigh, NumPy's": (linalg.eigh, SYMMETRIC, numpys("eigh", SYMMETRIC)),
    "eigh, another algorithm": (linalg.eigh, SYMMETRIC, by_singular_values(SYMMETRIC)),
    "eigh, upper": (lambda a: linalg.eigh(a, UPLO="U"), A, numpys("eigh", A, UPLO="U")),
    "eigh, vectors": (lambda a: linalg.eigh(a)[1], SYMMETRIC, -linalg.eigh(SYMMETRIC)[1]),
    "eigh, phases": (
        hermitian,
        SYMMETRIC,
        changed(hermitian(SYMMETRIC), 1, lambda v: v * phases(6)),
    ),
    "eig, another order and phases": (
        linalg.eig,
        A,
        (linalg.eig(A)[0][ORDER], linalg.eig(A)[1][:, ORDER] * phases(6)),
    ),
    "eig, vectors": (lambda a: linalg.eig(a)[1], A, linalg.eig(A)[1][:, ORDER] * phases(6)),
    "eigvals, another order": (linalg.eigvals, A, linalg.eigvals(A)[ORDER]),
    "qr, other signs": (
        linalg.qr,
        TALL,
        (linalg.qr(TALL)[0] * SIGNS, linalg.qr(TALL)[1] * SIGNS.unsqueeze(-1)),
    ),
    "qr, NumPy's": (linalg.qr, WIDE, numpys("qr", WIDE)),
    "qr, of the low rank": (linalg.qr, LOW, numpys("qr", LOW)),
    "qr, Q": (lambda a: linalg.qr(a, mode="complete")[0], TALL, -linalg.qr(TALL, mode="complete")[0]),
    "qr, R": (lambda a: linalg.qr(a, mode="r")[1], TALL, -linalg.qr(TALL, mode="r")[1]),
}


@pytest.mark.parametrize("name", RIGHT)
def test_another_right_implementation_passes(name):
    fn, matrix, made = RIGHT[name]
    conformance.assert_close(made, fn, matrix)


# Program, matrix, what a wrong implementation returns, and the invariant that shows it.
WRONG = {
    "svd, not of the length 1": (
        thin,
        TALL,
        changed(thin(TALL), 0, lambda u: u * (1 + 1e-4)),
        r"output\[0\].orthogonality",
    ),
    "svd, sign of one side": (
        thin,
        TALL,
        changed(thin(TALL), 0, lambda u: u * SIGNS),
        r"output\[0\].residual",
    ),
    "svd, rolled": (thin, TALL, changed(thin(TALL), 0, lambda u: u.roll(1, 1)), r"output\[0\].residual"),
    "svd, mixed": (
        thin,
        TALL,
        changed(thin(TALL), 0, lambda u: u @ rotation(1e-3, 0, 1, 4)),
        r"output\[0\].residual",
    ),
    "svd, both mixed": (
        thin,
        TALL,
        both_mixed(*thin(TALL)),
        r"output\[0\].residual",
    ),
    "svd, values in float16": (thin, TALL, changed(thin(TALL), 1, half), r"output\[1\]: 4 of 4"),
    "svd, vectors in float16": (thin, TALL, changed(thin(TALL), 2, half), r"output\[2\].orthogonality"),
    "svd, negative value": (
        thin,
        TALL,
        changed(signs(*thin(TALL)), 1, lambda s: s * SIGNS),
        r"output\[1\]: 2 of 4",
    ),
    "svd, left vectors rolled": (lambda a: thin(a)[0], TALL, thin(TALL)[0].roll(1, 1), "output.values"),
    "svd, left vectors mixed": (
        lambda a: thin(a)[0],
        TALL,
        thin(TALL)[0] @ rotation(1e-3, 1, 2, 4),
        "output.residual",
    ),
    "svd, both sides rolled": (
        lambda a: thin(a)[::2],
        TALL,
        (thin(TALL)[0].roll(1, 1), thin(TALL)[2].roll(1, 0)),
        r"output\[0\].values",
    ),
    "svd, NaN": (thin, TALL, changed(thin(TALL), 0, lambda u: u * torch.nan), r"output\[0\].orthogonality"),
    "eigh, not of the length 1": (
        linalg.eigh,
        SYMMETRIC,
        changed(linalg.eigh(SYMMETRIC), 1, lambda v: v * 2),
        r"output\[1\].orthogonality",
    ),
    "eigh, another order": (
        linalg.eigh,
        SYMMETRIC,
        changed(linalg.eigh(SYMMETRIC), 1, lambda v: v[:, ORDER]),
        r"output\[1\].residual",
    ),
    "eigh, mixed": (
        linalg.eigh,
        SYMMETRIC,
        changed(linalg.eigh(SYMMETRIC), 1, lambda v: v @ rotation(1e-3, 2, 3, 6)),
        r"output\[1\].residual",
    ),
    "eigh, the other triangle": (linalg.eigh, A, linalg.eigh(A, UPLO="U"), r"output\[0\]: 6 of 6"),
    "eigh, vectors in another order": (
        lambda a: linalg.eigh(a)[1],
        SYMMETRIC,
        linalg.eigh(SYMMETRIC)[1][:, ORDER],
        "output.values",
    ),
    "eig, vectors in another order": (
        linalg.eig,
        A,
        changed(linalg.eig(A), 1, lambda v: v[:, ORDER]),
        r"output\[1\].residual",
    ),
    "eig, not of the length 1": (
        linalg.eig,
        A,
        changed(linalg.eig(A), 1, lambda v: v * 1.001),
        r"output\[1\].norms",
    ),
    "eigvals, one twice": (linalg.eigvals, A, linalg.eigvals(A)[[0, 0, 2, 3, 4, 5]], "output.values.real"),
    "eigvals, in float16": (
        linalg.eigvals,
        A,
        torch.complex(half(linalg.eigvals(A).real), linalg.eigvals(A).imag),
        "output.values.real",
    ),
    "qr, sign of one": (linalg.qr, TALL, changed(linalg.qr(TALL), 1, lambda r: -r), r"output\[0\].residual"),
    "qr, not upper": (linalg.qr, TALL, changed(linalg.qr(TALL), 1, lambda r: r + 1e-3), r"output\[1\].sizes"),
    "qr, another basis": (
        linalg.qr,
        TALL,
        (linalg.qr(TALL)[0] @ rotation(0.1, 0, 1, 4), rotation(-0.1, 0, 1, 4) @ linalg.qr(TALL)[1]),
        r"output\[1\].sizes",
    ),
    "qr, Q of another basis": (
        lambda a: linalg.qr(a)[0],
        TALL,
        linalg.qr(TALL)[0] @ rotation(1e-3, 0, 1, 4),
        "output.residual",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_implementation_fails_by_an_invariant(name):
    fn, matrix, made, told = WRONG[name]
    with pytest.raises(AssertionError, match=rf"(?m)^{told}") as failure:
        conformance.assert_close(made, fn, matrix)
    assert str(failure.value).endswith(" free")


def test_a_failure_says_what_is_reported():
    with pytest.raises(AssertionError) as failure:
        conformance.assert_close((thin(TALL)[0], half(thin(TALL)[1]), thin(TALL)[2]), thin, TALL)
    assert str(failure.value).splitlines()[-1] == (
        "output[0], output[2]: reported, not judged: signs of singular vectors are free"
    )


def test_what_is_no_factor_is_said():
    u, s, vh = thin(TALL)
    for made, told in (
        ((u, s), r"\Aoutput\[2\]: missing; fn returns output\[0\], output\[1\], output\[2\]"),
        ((u, s, vh, s), r"output\[3\]: unexpected"),
        ((u[:, :3], s, vh), r"output\[0\]: expected the shape \(7, 4\), got \(7, 3\)"),
        ((u > 0, s, vh), r"output\[0\]: expected numbers like float64, got bool"),
        ((u, s[:3], vh), r"output\[1\]: expected the shape \(4,\), got \(3,\)"),
    ):
        with pytest.raises(AssertionError, match=told):
            conformance.assert_close(made, thin, TALL)


def first(a):
    return 3 * thin(a)[0][:, 0]


def test_what_depends_on_a_sign_in_another_way_is_compared_as_it_is():
    conformance.assert_close(first(TALL), first, TALL)
    with pytest.raises(AssertionError, match="output: 7 of 7"):
        conformance.assert_close(-first(TALL), first, TALL)


def test_where_vectors_are_used_those_of_equal_values_are_refused():
    twice = 2 * torch.eye(4)
    conformance.assert_close(torch.eye(4), lambda a: linalg.svd(a)[0], twice)
    for used in (
        lambda a: linalg.svd(a)[0] * 1.0,
        lambda a: (linalg.svd(a)[0], linalg.svd(a)[0].sum()),
        with_a_column,
    ):
        with pytest.raises(DegenerateError):
            conformance.assert_close(used(twice), used, twice)
    with pytest.raises(DegenerateError):
        conformance.assert_close(
            torch.eye(4), lambda a: linalg.svd(a)[0], twice, grads=(twice,), cotangents=twice
        )


def test_near_equal_values_are_drawn_again():
    def near():
        gap = 1e-7 if torch.rand(()) < 0.5 else 1.0
        return torch.diag(torch.tensor([1.0, 1.0 + gap, 4.0])) + torch.zeros(3, 3)

    def used(a):
        return linalg.eigh(a)[1].abs()

    found = conformance.tolerance(used, near, draws=2, backward=False)
    assert found["output"].draws == 2
    with pytest.raises(DegenerateError, match="rounding decides which branch"):
        conformance.tolerance(used, torch.eye(3), draws=1, backward=False)


class TestGradients:
    """Gradients are those of somebody's own vectors: their cotangents have the signs that these have."""

    @staticmethod
    def of(fn, matrix, change, cotangents):
        x = matrix.clone().requires_grad_()
        made = change(*fn(x))
        torch.autograd.backward(made, cotangents)
        return tuple(each.detach() for each in made), x.grad

    def test_of_singular_vectors_with_other_signs(self):
        cotangents = [draw(*each.shape, seed=5 + k) for k, each in enumerate(thin(TALL))]
        made, grad = self.of(thin, TALL, signs, cotangents)
        conformance.assert_close(made, thin, TALL, grads=(grad,), cotangents=tuple(cotangents))
        _, other = self.of(thin, TALL, lambda *found: found, cotangents)
        for wrong in (other, grad * (1 + 1e-3)):
            with pytest.raises(AssertionError, match=r"\Agrad\[0\]"):
                conformance.assert_close(made, thin, TALL, grads=(wrong,), cotangents=tuple(cotangents))

    def test_of_the_factors_of_qr_with_other_signs(self):
        def change(q, r):
            return q * SIGNS, r * SIGNS.unsqueeze(-1)

        cotangents = [draw(*each.shape, seed=5 + k) for k, each in enumerate(linalg.qr(TALL))]
        made, grad = self.of(linalg.qr, TALL, change, cotangents)
        conformance.assert_close(made, linalg.qr, TALL, grads=(grad,), cotangents=tuple(cotangents))
        with pytest.raises(AssertionError, match=r"\Agrad\[0\]"):
            conformance.assert_close(made, linalg.qr, TALL, grads=(-grad,), cotangents=tuple(cotangents))

    def test_of_eigenvectors_with_other_phases_in_another_order(self):
        """torch refuses cotangents that a phase changes: these are weights of squares."""

        def change(values, vectors):
            return values[ORDER], vectors[:, ORDER] * phases(6)

        x = A.clone().requires_grad_()
        made = change(*linalg.eig(x))
        cotangents = made[0].detach(), draw(6, 6, seed=7) * made[1].detach()
        torch.autograd.backward(made, cotangents)
        given = tuple(part for each in cotangents for part in (each.real, each.imag))
        conformance.assert_close(made, linalg.eig, A, grads=(x.grad,), cotangents=given)
        with pytest.raises(AssertionError, match=r"\Agrad\[0\]"):
            conformance.assert_close(made, linalg.eig, A, grads=(2 * x.grad,), cotangents=given)

    def test_drawn_cotangents_are_weights(self):
        """Of complex vectors no others have a gradient."""
        for fn in (thin, complex_of(thin), linalg.eigh, linalg.eig, linalg.qr):
            found = conformance.tolerance(fn, SYMMETRIC + torch.diag(torch.arange(6.0)), draws=1)
            assert found["grad[0]"].notices["zeros"], fn


def test_the_drift_of_lengths_is_stated(monkeypatch):
    """Of 96 columns torch's own svd is further from orthonormal than noise for each element makes it."""
    a = draw(96, 96, seed=11)
    conformance.assert_close(thin(a), thin, a)
    with_a_long_one = changed(thin(a), 0, lambda u: u * (1 + 1e-5 * torch.eye(96)[0]))
    with pytest.raises(AssertionError, match=r"output\[0\].orthogonality: 1 of 9216"):
        conformance.assert_close(with_a_long_one, thin, a)
    known = DECOMPOSITIONS["_linalg_svd"]
    monkeypatch.setitem(DECOMPOSITIONS, "_linalg_svd", replace(known, departs=None))
    with pytest.raises(AssertionError, match="orthogonality"):
        conformance.assert_close(thin(a), thin, a)


def test_the_tolerance_has_a_row_per_invariant():
    found = conformance.tolerance(thin, TALL, draws=2, backward=False)
    invariants = ["output[0].orthogonality", "output[2].orthogonality", "output[0].residual"]
    assert list(found) == ["output[1]", *invariants]
    assert not found["output[0].residual"].expected.any()
    assert "\noutput[0].residual " in str(found)
    assert str(found).endswith("signs of singular vectors are free")
    # Zeros are not noticed by a zero, but by what vectors of zeros make of it.
    assert found["output[0].residual"].notices == dict.fromkeys(found["output[1]"].notices, True)


def test_a_program_without_decompositions_has_none():
    assert found_in(lambda: iter([("output", TALL @ TALL.mT)])) == ()
    found = conformance.tolerance(torch.mm, A, A, draws=1, backward=False)
    assert found.told == ""
    assert list(found) == ["output"]


def test_values_alone_are_judged_as_they_are():
    for fn in (linalg.svdvals, linalg.eigvalsh):
        assert list(conformance.tolerance(fn, SYMMETRIC, draws=1, backward=False)) == ["output"]
