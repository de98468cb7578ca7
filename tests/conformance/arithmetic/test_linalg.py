"""LAPACK on noisy replicates: conditioning comes out by itself; signs and pivots are no noise."""

from __future__ import annotations

import pytest
import torch

import conformance
from conformance.arithmetic.backward import halves, substituted
from conformance.arithmetic.deviation import deviations
from conformance.arithmetic.kernels import KERNELS
from conformance.arithmetic.mode import Arithmetic
from conformance.arithmetic.rounding import UNIT
from conformance.errors import DegenerateError

ATEN = torch.ops.aten


def draw(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def conditioned(exponent, n=12):
    """Return a matrix of the condition 10^exponent."""
    left, right = (torch.linalg.qr(draw(n, n, seed=seed))[0] for seed in (1, 2))
    return left * torch.logspace(0, -exponent, n, dtype=torch.float64) @ right


def moved(call):
    """Return the root mean square over all replicates and elements of what noise changes, in roundings."""
    with Arithmetic(1, 32) as mode:
        clean = call()
    assert mode.steady
    return float(
        (mode.replicates(clean) - clean).square().mean().sqrt() / UNIT / clean.square().mean().sqrt()
    )


def _with_other_upper(p, lower, upper):
    return p, lower, upper * (1 + 1e-4)


A, B, TALL = draw(6, 6), draw(6, 2, seed=3), draw(9, 6, seed=4)
SYMMETRIC = A + A.mT + torch.diag(torch.arange(0.0, 60.0, 10.0, dtype=torch.float64))
DEFINITE = A @ A.mT + torch.eye(6, dtype=torch.float64)

# Programs, and what float16 or a small mistake makes of them.
PROGRAMS = {
    "solve": (torch.linalg.solve, (A, B), lambda a, b: torch.linalg.solve(a.half().float(), b)),
    "inv": (torch.linalg.inv, (A,), lambda a: torch.linalg.inv(a.half().float())),
    "det": (torch.linalg.det, (A,), lambda a: torch.linalg.det(a) * (1 + 1e-4)),
    "slogdet": (lambda a: torch.linalg.slogdet(a)[1], (A,), lambda a: torch.linalg.slogdet(a)[1] + 1e-3),
    "cholesky": (torch.linalg.cholesky, (DEFINITE,), lambda a: torch.linalg.cholesky(a.half().float())),
    "cholesky, as it was": (ATEN.cholesky, (DEFINITE,), lambda a: torch.linalg.cholesky(a) + 1e-4),
    "triangular": (
        lambda a, b: ATEN.triangular_solve(b, a)[0],
        (A, B),
        lambda a, b: torch.linalg.solve_triangular(a.half().float(), b, upper=True),
    ),
    "unitriangular": (
        lambda a, b: torch.linalg.solve_triangular(a, b, upper=True, unitriangular=True),
        (A, B),
        lambda a, b: torch.linalg.solve_triangular(a.half().float(), b, upper=True, unitriangular=True),
    ),
    "qr": (torch.linalg.qr, (TALL,), lambda a: tuple(torch.linalg.qr(a.half().float()))),
    "lstsq": (
        lambda a, b: torch.linalg.lstsq(a, b).solution,
        (TALL, TALL[:, :2]),
        lambda a, b: torch.linalg.lstsq(a.half().float(), b).solution,
    ),
    "pinv": (torch.linalg.pinv, (TALL,), lambda a: torch.linalg.pinv(a.half().float())),
    "lu": (torch.linalg.lu, (A,), lambda a: _with_other_upper(*torch.linalg.lu(a))),
    "svdvals": (torch.linalg.svdvals, (TALL,), lambda a: torch.linalg.svdvals(a) * (1 + 1e-4)),
    "eigvalsh": (torch.linalg.eigvalsh, (SYMMETRIC,), lambda a: torch.linalg.eigvalsh(a.half().float())),
    "eigvals": (torch.linalg.eigvals, (SYMMETRIC + A,), lambda a: torch.linalg.eigvals(a) * (1 + 1e-4)),
    "matrix_exp": (torch.linalg.matrix_exp, (A,), lambda a: torch.linalg.matrix_exp(a.half().float())),
    "fft": (torch.fft.ifft, (A,), lambda a: torch.fft.ifft(a, norm="forward")),
    "rfft": (torch.fft.rfft, (A,), lambda a: torch.fft.rfft(a.half().float())),
    "irfft": (
        lambda a: torch.fft.irfft(torch.fft.rfft(a) ** 2),
        (A,),
        lambda a: torch.fft.irfft(torch.fft.rfft(a) ** 2, norm="forward"),
    ),
}
every_program = pytest.mark.parametrize("name", PROGRAMS)


@every_program
def test_what_torch_makes_in_float32_is_close(name):
    fn, inputs, _ = PROGRAMS[name]
    given = [each.float() for each in inputs]
    conformance.assert_close(fn(*given), fn, *given)


@every_program
def test_a_coarse_or_slightly_wrong_one_is_not(name):
    fn, inputs, wrong = PROGRAMS[name]
    given = [each.float() for each in inputs]
    with pytest.raises(AssertionError, match="further away than float32 rounding explains"):
        conformance.assert_close(wrong(*given), fn, *given)


def test_gradients_through_singular_vectors_are_followed():
    def loss(a):
        u, s, vh = torch.linalg.svd(a, full_matrices=False)
        return (u.abs() * s).sum() + (vh * vh).sum()

    x = TALL.float().requires_grad_()
    loss(x).backward()
    conformance.assert_close(loss(x), loss, x, grads=(x.grad,))
    with pytest.raises(AssertionError, match=r"grad\[0\]"):
        conformance.assert_close(loss(x), loss, x, grads=(x.grad * (1 + 1e-3),))


def test_the_tolerance_of_a_solution_grows_with_the_condition():
    matrices = [conditioned(exponent) for exponent in (0, 4)]
    well, badly = (moved(lambda a=a: torch.linalg.solve(a, draw(12, 2))) for a in matrices)
    assert 300 * well < badly < 1e5 * well


def test_a_badly_conditioned_solution_passes_and_a_coarse_one_does_not():
    a, b = conditioned(4).float(), draw(12, 2).float()
    conformance.assert_close(torch.linalg.solve(a, b), torch.linalg.solve, a, b)
    # The condition leaves 3 of 7 digits, which float16 has not.
    with pytest.raises(AssertionError):
        conformance.assert_close(torch.linalg.solve(a.half().float(), b), torch.linalg.solve, a, b)


def test_scaling_columns_does_not_scale_the_tolerance():
    """Elimination errs by each element, not by the largest of the matrix."""
    scale, a = 2.0 ** torch.arange(-9, 9, 3, dtype=torch.float64), A + 6 * torch.eye(6, dtype=torch.float64)
    plain = moved(lambda: torch.linalg.solve(a, B))
    scaled = moved(lambda: torch.linalg.solve(a * scale, B) * scale.unsqueeze(-1))
    assert scaled < 4 * plain


SMALL = draw(3, 130, 130, seed=5).tril(-1) / 130


@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("shape", [(3, 130, 2), (1, 130, 2), (130, 2)])
def test_a_diagonal_of_ones_rounds_as_one_that_is_read(left, shape):
    """Moving the matrix does not move it; what each element takes n steps for is not one rounding only."""
    b = draw(*shape, seed=6)
    given, options = (b, {"upper": False}) if left else (b.mT, {"upper": False, "left": False})
    read = moved(lambda: torch.linalg.solve_triangular(SMALL + torch.eye(130), given, **options))
    ones = moved(lambda: torch.linalg.solve_triangular(SMALL, given, unitriangular=True, **options))
    assert 0.9 < ones / read < 1.1
    assert read > 3


@pytest.mark.parametrize("upper", [True, False])
def test_each_element_of_the_triangle_counts_and_no_other(upper):
    a = torch.tensor([[1.0, 0.0, 4.0], [0.0, 1.0, 0.0], [1e9, 0.0, 1.0]], dtype=torch.float64)
    a = a if upper else a.mT.contiguous()
    b, (at, other) = torch.ones(3, 1, dtype=torch.float64), (0, 2) if upper else (2, 0)
    (_, size), (_, ones) = (
        substituted(a, b, upper=upper, unitriangular=unitriangular) for unitriangular in (False, True)
    )
    # Of 1 - 4·1 = -3 there are 1·3 and 4·1.
    assert torch.equal(size, ones)
    assert size[:, 0].tolist() == [{at: 5.0, other: 1.0}.get(k, 1.0) for k in range(3)]


def test_right_sides_round_each_by_itself():
    """What their solutions have in common can cancel in a gradient, and their rounding does not."""
    b = draw(130, 1, seed=6)
    with Arithmetic(1, 32) as mode:
        solved = torch.linalg.solve_triangular(SMALL[0] + torch.eye(130), b.expand(130, 2), upper=False)
        between = solved[:, 0] - solved[:, 1]
    assert float(mode.replicates(between).square().mean().sqrt() / UNIT) > 3


@pytest.mark.parametrize(("a", "b"), [((3, 0, 0), (3, 0, 2)), ((0, 4, 4), (1, 4, 2)), ((3, 4, 4), (1, 4, 0))])
@pytest.mark.parametrize("unitriangular", [True, False])
def test_a_triangular_system_without_elements_is_not_moved(a, b, unitriangular):
    assert substituted(draw(*a), draw(*b), unitriangular=unitriangular, upper=False) == ()


def test_a_tie_between_pivots_is_no_decision_of_a_solution():
    a = torch.tensor([[1.0, 2.0, 0.0], [-1.0, 1.0, 3.0], [1.0, 1.0, 1.0]], dtype=torch.float64)
    for call in (
        lambda: torch.linalg.solve(a * 1.0, B[:3]),
        lambda: torch.linalg.det(a * 1.0),
        lambda: torch.linalg.slogdet(a * 1.0)[1],
    ):
        assert moved(call) < 100
    with Arithmetic(1, 32) as mode:
        torch.linalg.lu(a * 1.0)
    assert not mode.steady


def test_a_factor_of_a_tied_matrix_solves_as_the_clean_one():
    a = (torch.tensor([[1.0, 2.0], [-1.0, 1.0]], dtype=torch.float64)).requires_grad_()
    found = deviations(
        lambda: {"grad": torch.autograd.grad(torch.linalg.solve(a * 1.0, B[:2]).sum(), a)[0]}, "k"
    )
    assert found["grad"].largest < 1e-5


def test_equal_singular_values_have_no_vectors_but_values():
    a = torch.eye(4, dtype=torch.float64) * 2
    conformance.assert_close(torch.linalg.svdvals(a.float()), torch.linalg.svdvals, a.float())
    with pytest.raises(DegenerateError):
        conformance.assert_close(a.float(), lambda x: torch.linalg.svd(x)[0] * 2, a.float())


def test_a_zero_on_the_diagonal_of_r_leaves_its_sign_open():
    a = torch.ones(4, 2, dtype=torch.float64)
    with pytest.raises(DegenerateError):
        conformance.assert_close(a.float(), lambda x: torch.linalg.qr(x * 1.1)[0] * 2, a.float())


def test_the_rank_of_least_squares_is_that_of_float32():
    """By default what is small is left out, in float32 of this matrix and in float64 not."""
    basis, other = torch.linalg.qr(draw(12, 8))[0], torch.linalg.qr(draw(8, 8, seed=1))[0]
    a = (basis * torch.logspace(0, -6, 8, dtype=torch.float64) @ other).float()
    b = draw(12, 2).float()

    def solved(driver):
        return lambda x, y: torch.linalg.lstsq(x, y, driver=driver).solution

    conformance.assert_close(solved("gels")(a, b), solved("gels"), a, b)
    for driver in ("gelsy", "gelsd"):
        with pytest.raises(DegenerateError):
            conformance.assert_close(solved(driver)(a, b), solved(driver), a, b)


def test_a_factor_of_cholesky_is_off_by_what_elimination_takes():
    """Products of all signs add up to their root: by the diagonal alone it would be 34 here, and not 5."""
    n = 128
    a = draw(n, n)
    a = a @ a.mT / n + torch.eye(n, dtype=torch.float64)
    assert moved(lambda: torch.linalg.cholesky(a)) < 10
    # What the other triangle holds does not count.
    torch.testing.assert_close(
        torch.stack(halves(a.tril())), torch.stack(halves(a.tril().mT.contiguous(), upper=True)).mT
    )


def test_the_rank_of_a_pseudoinverse_is_that_of_float32():
    low = (draw(6, 2) @ draw(2, 5, seed=1)).float().double()
    exact = draw(6, 2, seed=1)

    def program(x, y):
        return torch.linalg.pinv(x @ y.mT)

    y = draw(5, 2, seed=2)
    conformance.assert_close(program(exact.float(), y.float()), program, exact.float(), y.float())
    # Rounded to float32, the product has a rank that float32 does not see.
    with pytest.raises(DegenerateError):
        conformance.assert_close(torch.linalg.pinv(low.float()), torch.linalg.pinv, low.float())


ALIKE = {
    "cholesky": (ATEN.cholesky.default, (DEFINITE, True)),
    "lu": (ATEN.linalg_lu.default, (A,)),
    "slogdet": (ATEN._linalg_slogdet.default, (torch.stack([A, -DEFINITE]),)),
    "slogdet, transposed": (ATEN._linalg_slogdet.default, (A.mT,)),
    "slogdet of a singular matrix": (ATEN._linalg_slogdet.default, (torch.zeros_like(A),)),
    "slogdet, complex": (ATEN._linalg_slogdet.default, (torch.complex(A, DEFINITE),)),
    "triangular_solve": (ATEN.triangular_solve.default, (B, A, False, True)),
}


@pytest.mark.parametrize("name", ALIKE)
def test_what_is_written_out_is_the_kernels_function(name):
    operation, arguments = ALIKE[name]
    expected, found = operation(*arguments), KERNELS[operation](*arguments)
    torch.testing.assert_close(tuple(found) if isinstance(expected, tuple) else found, expected)
