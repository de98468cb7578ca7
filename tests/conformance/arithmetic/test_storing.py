"""Results that are stored in half types: which of them are rounded, by how much, and where."""

from __future__ import annotations

from functools import partial
from math import sqrt

import numpy as np
import pytest
import torch
from torch.nn import functional

from conformance.arithmetic.deviation import deviations
from conformance.arithmetic.formats import precision
from conformance.arithmetic.rules import RULES
from conformance.arithmetic.storing import Stores
from conformance.reference.sources import without

A, B = (torch.randn(8, 16, generator=torch.Generator().manual_seed(k)).bfloat16().double() for k in (0, 1))
U = 2.0**-8


def stored(call, dtype="bfloat16", only=None, rules=RULES, **inside):
    """Return the deviation of what a call returns, and the operations whose results were rounded."""
    stores = Stores(precision(dtype, **inside), only)
    found = deviations(lambda: {"output": call()}, "key", zeros=True, stores=stores, rules=rules)
    return None if found is None else found["output"].rms, list(stores.names)


def roundings(call, **options):
    """Return how many roundings the results of a call deviate by, in root mean square over its elements."""
    rms, _ = stored(call, **options)
    return sqrt((rms**2).sum() / float((call() ** 2).sum())) / (U / sqrt(3))


ONCE = {
    "a product": lambda: A * B,
    "a function of four roundings": A.tanh,
    "a matrix product": lambda: A @ B.mT,
    "a kernel that torch composes": lambda: A.softmax(-1),
    "layer_norm": lambda: functional.layer_norm(A, (16,)),
    "in place": lambda: A.clone().mul_(B),
    "a result that is moved on": lambda: torch.stack([A * B, B * A]).mT.flip(0),
}


@pytest.fixture
def _filled():
    """Let torch fill new memory with NaN, which no dtype holds."""
    torch.use_deterministic_algorithms(mode=True)
    yield
    torch.use_deterministic_algorithms(mode=False)


@pytest.mark.usefixtures("_filled")
def test_memory_that_is_not_written_yet_is_not_rounded():
    def call():
        made = torch.empty(8, 16, dtype=torch.float64)
        assert made.isnan().all()
        return made.copy_(A) * torch.empty_like(made).copy_(B)

    assert stored(call)[1] == ["mul"]


@pytest.mark.parametrize("call", ONCE.values(), ids=list(ONCE))
def test_a_kernel_rounds_once(call):
    assert roundings(call) == pytest.approx(1, rel=0.15)


@pytest.mark.parametrize(
    ("call", "times"),
    [
        (lambda: A * B * 0.5 * 3, 3),
        # The difference is stored, and squared; the root halves what its square loses.
        (lambda: functional.mse_loss(A, B, reduction="none").sqrt(), 1 + 1 / 4 + 1),
        (lambda: torch.addcmul(A, A, B), 1),
        # A product that is stored before another operand is added.
        (lambda: torch.addmm(torch.zeros(8, 8).double(), A, B.mT), 2),
        (lambda: torch.zeros(8, 8).double().addmm_(A, B.mT), 2),
        (lambda: torch.addmm(torch.full((8, 8), torch.nan).double(), A, B.mT, beta=0), 1),
    ],
    ids=["three products", "a root of a loss", "addcmul", "addmm", "addmm_", "addmm of nothing"],
)
def test_variances_of_several_kernels_add_up(call, times):
    assert roundings(call) == pytest.approx(sqrt(times), rel=0.15)


def test_the_sum_that_log_softmax_takes_the_logarithm_of_is_stored():
    rms, _ = stored(lambda: torch.tensor([[6.0, 0.0, 0.0]]).double().log_softmax(-1))
    # Of a sum near 1, the logarithm is as far off as the sum.
    assert rms[0, 0] > 0.5 * U / sqrt(3)


EXACT = {
    "relu": A.relu,
    "cat": lambda: torch.cat([A, -B]),
    "a copy": A.mT.clone,
    "a number that the dtype has": lambda: A.clamp(-0.5, 0.5).masked_fill(A > 1, 2.0),
    "a small range": lambda: torch.arange(200, dtype=torch.float64),
}


@pytest.mark.parametrize("call", EXACT.values(), ids=list(EXACT))
def test_what_is_exact_does_not_round(call):
    rms, names = stored(call)
    assert not rms.any()
    assert names == []


NEW = {
    "filled": (lambda: torch.full((3,), 0.1, dtype=torch.float64), [0.1] * 3),
    "filled in place": (lambda: torch.empty(3, dtype=torch.float64).fill_(0.1), [0.1] * 3),
    "put between": (
        lambda: torch.tensor([1.0, 2.0]).double().masked_fill(torch.eye(2) > 0, 0.1)[0],
        [0.1, 0],
    ),
    "a range": (lambda: torch.arange(255, 260, dtype=torch.float64), [0, 0, 257, 0, 259]),
    "whole numbers": (torch.tensor([256, 257]).double, [0, 257]),
    "behind noise": (lambda: (A * B).clamp_min(9.9)[0, :2], [9.9, 9.9]),
}


@pytest.mark.parametrize(("call", "numbers"), NEW.values(), ids=list(NEW))
def test_a_number_that_the_dtype_lacks_is_rounded_where_it_comes_in(call, numbers):
    rms, _ = stored(call)
    exact = torch.tensor(numbers, dtype=torch.float64)
    np.testing.assert_allclose(rms, (exact - exact.bfloat16().double()).abs() / sqrt(3), rtol=0.3)


@pytest.mark.parametrize(
    ("half", "exact"),
    [
        (lambda a: a + 0.1, lambda a: a.double() + 0.1),
        (lambda a: torch.add(a, a, alpha=0.3), lambda a: a.double() * 1.3),
        # Number by number, as of strided tensors, torch rounds the product.
        (
            lambda a: torch.sub(a[:, ::2], a[:, 1::2], alpha=2.5),
            lambda a: a[:, ::2].double() - 2.5 * a[:, 1::2].double(),
        ),
        (lambda a: a.abs() ** 0.3, lambda a: a.double().abs() ** 0.3),
        (lambda a: a * 0.1, lambda a: a.double() * 0.1),
    ],
    ids=["a summand", "alpha", "a factor of a strided tensor", "an exponent", "a factor"],
)
def test_python_scalars_may_be_rounded_before(half, exact):
    """torch rounds some of them before it computes: its own errors are within four deviations everywhere."""
    rms, _ = stored(lambda: half(A))
    error = (half(A.bfloat16()).double() - exact(A)).abs()
    assert bool((error <= 4 * torch.from_numpy(rms)).all())


def test_what_an_input_is_compared_with_may_be_that_input_once_it_is_rounded():
    at = torch.tensor(0.3).bfloat16().double()
    assert stored(partial(torch.gt, at, 0.3))[0] is None
    assert stored(partial(torch.gt, at, 0.25))[0] is not None
    # Numbers of another dtype, and NaN, are not compared.
    assert stored(lambda: torch.full((), 0.3) * at)[0] is not None
    assert stored(lambda: torch.where(at > 0.25, at, torch.nan))[0] is not None


class TestSums:
    """Partial sums, in float32 or in the dtype of values."""

    ones = torch.ones(2048, 2, dtype=torch.float64)

    def test_by_default_they_are_in_float32(self):
        assert roundings(lambda: self.ones.sum(0)) == pytest.approx(1, rel=0.3)

    def test_in_the_dtype_of_values_where_that_is_said(self):
        # √(n/3) roundings, and √(n·u) times that where terms are as small as a rounding of the sum.
        times = sqrt(2048 / 3) * sqrt(2048 * U)
        assert roundings(lambda: self.ones.sum(0), accumulate="bfloat16") == pytest.approx(times, rel=0.3)

    def test_of_some_operations_torch_keeps_them_in_the_dtype_of_values(self):
        places = torch.arange(2048) % 2

        def gradient():
            return torch.ops.aten.embedding_dense_backward(self.ones, places, 2, -1, False)

        assert roundings(gradient) == pytest.approx(sqrt(1024), rel=0.4)

    def test_a_bias_of_layer_norm_is_added_up_row_by_row(self):
        x, grad = torch.randn(2, 64, 16, generator=torch.Generator().manual_seed(2)).bfloat16().double()
        weight = torch.ones(16, dtype=torch.float64)

        def gradient(wanted):
            _, mean, a = torch.ops.aten.native_layer_norm(x, [16], weight, weight, 1e-5)
            found = torch.ops.aten.native_layer_norm_backward(
                grad, x, [16], mean, a, weight, weight, [True, True, True]
            )
            return found[wanted]

        terms = sqrt(64 / 3) * grad.abs().sum(0) * U / sqrt(3)
        rms, _ = stored(lambda: gradient(2))
        np.testing.assert_allclose(rms, terms, rtol=0.5)
        # The sums over features of the gradient of the input are in float32.
        assert roundings(lambda: gradient(0), only="native_layer_norm_backward") < 2


def test_in_float16_a_number_beyond_its_range_is_another_branch():
    large = torch.tensor([300.0], dtype=torch.float64)
    assert stored(lambda: large * large / 300, "float16")[0] is None
    assert stored(lambda: large * large / 300, "bfloat16")[0] is not None
    # Inside a kernel, whatever is computed is in float32.
    assert stored(lambda: (large * 200).expand(4).softmax(0), "float16")[0] is not None


def test_near_zero_float16_underflows():
    small = torch.full((1000,), 2.0**-20, dtype=torch.float64)
    rms, _ = stored(lambda: small * 0.75, "float16")
    np.testing.assert_allclose(rms, 2.0**-25 / sqrt(3), rtol=0.4)


def test_a_product_in_the_dtype_of_values_underflows_too():
    rms, _ = stored(lambda: torch.full((1000, 20), 0.25).double().prod(1), "float16")
    np.testing.assert_allclose(rms, 2.0**-25 / sqrt(3), rtol=0.4)


def test_a_zero_of_zeros_stays_zero():
    assert not stored(torch.zeros(9).double().tanh)[0].any()


class TestKinks:
    """A piecewise function: both pieces are allowed where noise, doubled, leads from one to the other."""

    # Nearer to the kink than two roundings, and far from it.
    x = torch.tensor([1.0 + 2.0**-9, 1.0 - 2.0**-9, 2.0, 0.5], dtype=torch.float64)

    def slope(self):
        x = self.x.clone().requires_grad_()
        (gradient,) = torch.autograd.grad((x * 3 - 3).relu().sum(), x)
        return gradient

    def test_both_slopes_are_allowed_near_it(self):
        rms, _ = stored(self.slope)
        assert (rms[:2] > 0.5).all()
        assert (rms[2:] < 3 * U).all()

    def test_where_the_noise_itself_does_not_reach_it_twice_the_noise_does(self):
        away = 2.6 * U / sqrt(3)  # deviations of the product
        x = torch.full((200,), 1 + away, dtype=torch.float64).requires_grad_()
        stores = Stores(precision("bfloat16"))

        def slope():
            return {"output": torch.autograd.grad((x * 1.0 - 1).relu().sum(), x)[0]}

        rms = deviations(slope, "key", zeros=True, stores=stores)["output"].rms
        # Of 64 replicates one in 11 is on the other side by twice the noise, and one in 200 by the noise.
        assert (rms > 0.05).mean() > 0.95

    def test_the_result_itself_goes_on_as_it_is(self):
        def run():
            return (A * B).relu()

        rms, _ = stored(run)
        np.testing.assert_array_less(rms, 3 * U * (A * B).abs() + 2.0**-100)

    def test_in_float32_it_is_another_branch(self):
        x = torch.tensor(1 / 3, dtype=torch.float64)
        assert deviations(lambda: {"output": (x * 3 - 1).sgn()}, "key") is None

    def test_what_is_compared_is_one_still(self):
        assert stored(lambda: (self.x * 3 > 3) * 1.0)[0] is None


class TestOneOperation:
    """The results of one operation alone are rounded, and those of all others are silent."""

    def speaking(self, name):
        return {each: rule if each == name else without(rule) for each, rule in RULES.items()}

    def test_its_share(self):
        def run():
            return (A * B).softmax(-1)

        whole, names = stored(run)
        assert names == ["mul", "_softmax"]
        parts = [stored(run, only=name, rules=self.speaking(name))[0] for name in names]
        np.testing.assert_allclose(sum((part**2).sum() for part in parts), (whole**2).sum(), rtol=0.2)

    def test_another_is_not_rounded(self):
        assert stored(lambda: A * B, only="exp", rules=self.speaking("exp"))[1] == []
