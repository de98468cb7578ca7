"""Monte Carlo arithmetic: which results get noise, and how much."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from conformance.arithmetic.mode import Arithmetic
from conformance.arithmetic.rounding import UNIT
from conformance.arithmetic.rules import RULES
from conformance.errors import NoiseError

ATEN = torch.ops.aten


def noisy(call, *, seed=1, count=1, unit=UNIT):
    """Return the replicates of what a call returns, (count, *shape)."""
    with Arithmetic(seed, count, unit) as mode:
        return mode.replicates(call()).clone()


A, B = (torch.randn(4, 3, generator=torch.Generator().manual_seed(k), dtype=torch.float64) for k in (0, 1))

# Calls whose result must move under noise, in every way of returning it.
MOVED = {
    "in place": lambda: A.clone().mul_(B),
    "in place, by operands": lambda: A.clone().add_(B),
    "in place, with alpha": lambda: A.clone().sub_(B, alpha=0.5),
    "in place, three operands": lambda: A.clone().addcmul_(A, B),
    "out": lambda: torch.mul(A, B, out=torch.empty_like(A)),
    "out, by operands": lambda: torch.add(A, B, out=torch.empty_like(A)),
    "out, resized": lambda: torch.mul(A, B, out=torch.empty(0, dtype=torch.float64)),
    "out of a copy, resized": lambda: torch.neg(A * B, out=torch.empty(0, dtype=torch.float64)),
    "out, an operand": lambda: torch.mul(A, A, out=A.clone()),
    "a matrix product added to nothing": lambda: torch.addmm(
        torch.full((4,), torch.nan, dtype=torch.float64), A, B.T, beta=0
    ),
    "another layout": lambda: (A * B).reshape(1, 4, 3, 1).contiguous(memory_format=torch.channels_last),
    # It has the base name of an operation that is exact.
    "scattered and added": lambda: torch.scatter(
        A[:1], 0, torch.zeros(1, 3, dtype=torch.int64), 1.5, reduce="add"
    ),
    "rounded to tenths": lambda: torch.round(A + 1, decimals=1),
    "a number summed": lambda: (A[0, 0] * B[0, 0]).sum(0),
    "out of a matrix product": lambda: torch.mm(A, B.T, out=torch.empty(4, 4, dtype=torch.float64)),
    "a number and a tensor": lambda: 1.5 - A,
    "a mask and a tensor": lambda: torch.add(A > 0, B),
    "a tuple's first": lambda: torch.var_mean(A, 1)[0],
    "a tuple's second": lambda: torch.var_mean(A, 1)[1],
    "a list": lambda: torch.stack(list((A * B).unbind())),
    "layer_norm": lambda: functional.layer_norm(A, (3,)),
    "native_layer_norm's mean": lambda: ATEN.native_layer_norm(A, [3], None, None, 1e-5)[1],
    "softmax": lambda: A.softmax(-1),
    "log_softmax": lambda: A.log_softmax(-1),
    "logsumexp": lambda: A.logsumexp(-1),
    "mse_loss": lambda: functional.mse_loss(A, B),
    "linear": lambda: functional.linear(A, B, torch.ones(4, dtype=torch.float64)),
    "silu": lambda: functional.silu(A),
    # Numbers that float32 does not hold.
    "a third, filled in": lambda: torch.full((3,), 1 / 3, dtype=torch.float64),
    "a third, filled in place": lambda: A.clone().fill_(1 / 3),
    "a third under a mask": lambda: A.masked_fill(A < 99, 1 / 3),
    "a third scattered": lambda: A[:1].scatter(0, torch.zeros(1, 3, dtype=torch.int64), 1 / 3),
    "clamped to a third": lambda: (A.abs() + 1).clamp(max=1 / 3),
    "thirds counted": lambda: torch.arange(1, 2, 1 / 3, dtype=torch.float64)[1:],
}

KEPT = {
    "clone": A.clone,
    "transpose": lambda: A.T,
    "reshape": lambda: A.reshape(2, 6),
    "slice": lambda: A[1:, ::2],
    "gathered rows": lambda: A[torch.tensor([0, 2])],
    "cat": lambda: torch.cat([A, B]),
    "stack": lambda: torch.stack([A, B]),
    "where": lambda: torch.where(A > B, A, B),
    "expand": lambda: A[:, None].expand(4, 2, 3),
    "negative": lambda: -A,
    "abs": A.abs,
    "relu": A.relu,
    "maximum": lambda: torch.maximum(A, B),
    "sorted values": lambda: A.sort().values,
    "copied into": lambda: torch.empty_like(A).copy_(B),
    "one value put into zeros": lambda: torch.zeros(3, dtype=torch.float64).index_put(
        (torch.tensor([1]),), A[0, :1], accumulate=True
    ),
    "float32": lambda: A.float() * B.float() + 1,
    "a float32 counter": lambda: torch.ones(()).add_(1),
    "integers": lambda: torch.arange(4) * 3 + 1,
    "masks": lambda: (A > 0) * (B > 0) + (A > 1),
    "a count of a mask": (A > 0).sum,
    "infinities": lambda: (A > 0) * 0.0 - torch.full_like(A, torch.inf),
    "no elements": lambda: A[:0] * 2,
    "a half, filled in": lambda: torch.full((3,), 0.5, dtype=torch.float64),
    "a half, filled in place": lambda: A.clone().fill_(0.5),
    "a half under a mask": lambda: A.masked_fill(A > 0, 0.5),
    "a third under no mask": lambda: A.masked_fill(A > 99, 1 / 3),
    "a half among zeros": lambda: torch.zeros_like(A).masked_fill(A > 0, 0.5),
    "zeros under no mask": lambda: torch.zeros_like(A).masked_fill(A > 99, 1 / 3),
    "a half scattered": lambda: A.scatter(0, torch.zeros(1, 3, dtype=torch.int64), 0.5),
    "clamped to a half": lambda: A.clamp(0.5, 0.75),
    "nothing clamped to a third": lambda: A.clamp(min=-99 - 1 / 3),
    "padded with a half": lambda: functional.pad(A, (1, 1), value=0.5),
    "halves counted": lambda: torch.arange(0, 4, 0.5, dtype=torch.float64),
}


every_moved = pytest.mark.parametrize("call", MOVED.values(), ids=MOVED)


@every_moved
def test_every_number_that_an_operation_rounds_gets_noise(call):
    assert torch.all(noisy(call, count=3) != call())


@every_moved
def test_no_two_replicates_are_alike(call):
    one, other = noisy(call, count=2)
    assert torch.all(one != other)


@every_moved
def test_noise_is_small(call):
    assert torch.all((noisy(call, count=3) - call()).abs() < 200 * UNIT * call().abs().max())


@pytest.mark.parametrize("call", KEPT.values(), ids=KEPT)
def test_what_rounds_nothing_gets_no_noise(call):
    kept = noisy(call, count=2)
    assert kept.dtype == call().dtype
    assert torch.equal(kept, torch.stack([call(), call()]))


@every_moved
def test_the_program_itself_gets_none(call):
    with Arithmetic(1):
        clean = call()
    torch.testing.assert_close(clean, call(), rtol=1e-14, atol=1e-16)


@every_moved
def test_a_unit_of_zero_adds_nothing(call):
    torch.testing.assert_close(noisy(call, unit=0.0)[0], call(), rtol=1e-14, atol=1e-16)


def test_a_composite_kernel_over_no_elements_runs():
    x = torch.zeros(0, 3, dtype=torch.float64, requires_grad=True)
    with Arithmetic(1):
        loss = functional.mse_loss(x, torch.zeros_like(x))
        loss.backward()
    assert loss.isnan()
    assert x.grad.shape == (0, 3)


def test_operands_keep_their_values():
    a, b = A.clone(), B.clone()
    with Arithmetic(1):
        functional.linear(a, b).tanh().sum()
    assert torch.equal(a, A)
    assert torch.equal(b, B)


def _gradient():
    x = A.clone().requires_grad_()
    x.tanh().sum().backward()
    return x.grad


def test_gradients_get_noise():
    assert torch.all(noisy(_gradient) != _gradient())


def _multiplied():
    return A * B


def test_a_seed_gives_the_same_noise_twice():
    assert torch.equal(noisy(_multiplied, seed=5), noisy(_multiplied, seed=5))


def test_another_seed_gives_other_noise():
    assert torch.all(noisy(_multiplied, seed=5) != noisy(_multiplied, seed=6))


def test_noise_is_linear_in_the_unit():
    large, small = (noisy(lambda: A * B - 0.0, unit=unit) - A * B for unit in (2.0**-20, 2.0**-30))
    torch.testing.assert_close(large * 2.0**-10, small, rtol=1e-4, atol=1e-16)


def test_large_results_get_noise_in_every_element():
    big = torch.ones(1_200_000, dtype=torch.float64)
    assert torch.all(noisy(lambda: big * 3) != 3)


def test_a_result_of_zero_may_have_underflowed():
    tiny = torch.full((64,), 1e-300, dtype=torch.float64)
    assert 0 < noisy(lambda: tiny * tiny).abs().max() < 2.0**-145


@pytest.mark.parametrize("order", [2.0, 3.0])
def test_the_norm_of_zeros_is_not_nan_in_any_replicate(order):
    norms = noisy(lambda: torch.linalg.vector_norm(torch.zeros(5, dtype=torch.float64), order), count=32)
    assert norms.abs().max() < 1e-12


def test_only_the_noise_of_underflow_is_taken_off_below_a_root():
    third = torch.full((8,), 1 / 3, dtype=torch.float64)
    assert noisy(lambda: torch.sqrt(third * 3 - 1), count=8).isnan().any()


def test_the_least_number_of_float32_has_a_finite_logarithm_in_every_replicate():
    least = torch.full((64,), 2.0**-149, dtype=torch.float64)
    assert noisy(lambda: torch.log(least * 1.0), count=32).isfinite().all()
    # Half of it is 0 in float32.
    assert not noisy(lambda: torch.log(least * 0.5), count=32).isfinite().all()


def test_a_zero_of_zeros_is_exact_on_request():
    zeros, x = torch.zeros(8, dtype=torch.float64), torch.arange(8, dtype=torch.float64)
    for program in (lambda: zeros * x, lambda: (zeros * x).sum().sqrt(), lambda: zeros + zeros):
        with Arithmetic(1, 4, zeros=True) as mode:
            exact = program()
        assert not mode.replicates(exact).any()
        assert noisy(program).any()


def test_a_difference_of_equals_that_were_rounded_is_not_exact():
    x = torch.arange(1, 9, dtype=torch.float64)
    with Arithmetic(1, 4, zeros=True) as mode:
        difference = x * 3 - x * 3
    assert mode.replicates(difference).all()


def test_noise_has_the_variance_of_one_rounding():
    ones = torch.ones(100_000, dtype=torch.float64)
    noise = noisy(lambda: ones.mul(1.0))
    assert abs(float((noise - 1).std() / UNIT) - 3**-0.5) < 0.01


def _drawn_into():
    torch.manual_seed(0)
    return (A * B).uniform_()


# Operations that overwrite noisy values: no noise is left.
FORGOTTEN = {
    "zero_": lambda: torch.mul(A, B).zero_(),
    "fill_": lambda: (A * B).fill_(2.0),
    "copy_": lambda: (A * B).copy_(A),
    "drawn into": _drawn_into,
    "zeros_like": lambda: torch.zeros_like(A * B),
    "new_ones": lambda: (A * B).new_ones(2),
}


@pytest.mark.parametrize("call", FORGOTTEN.values(), ids=FORGOTTEN)
def test_what_is_overwritten_has_no_noise_left(call):
    assert torch.equal(noisy(call, count=2), torch.stack([call(), call()]))


UNKNOWN = {
    "hash_tensor": lambda: torch.hash_tensor(A),
    "prims.cbrt": lambda: torch.ops.prims.cbrt(A),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_operation_without_a_rule_is_refused_by_name(name):
    with (
        pytest.raises(NoiseError, match=rf"{name}.*no rule.*conformance/arithmetic/rules/") as error,
        Arithmetic(1),
    ):
        UNKNOWN[name]()
    assert error.value.operation == name.removeprefix("prims.").replace(".", "_")


def test_a_rule_of_real_numbers_is_none_of_complex_ones():
    with pytest.raises(NoiseError, match="no rule says how expm1_complex rounds"), Arithmetic(1):
        torch.expm1(torch.complex(A, B))


def test_an_operation_without_a_rule_may_run_on_other_dtypes():
    with Arithmetic(1):
        got = torch.ops.prims.cbrt(torch.eye(3))
    assert torch.equal(got, torch.eye(3))


# Operations that take numbers out of the arithmetic.
LOST = {
    "a number": lambda: (A * B).sum().item(),
    "float32": lambda: torch.mul(A, B).float(),
    "copied into float32": lambda: torch.zeros(4, 3).copy_(A * B),
    "other bits": lambda: (A * B).view(torch.float32),
}


@pytest.mark.parametrize("call", LOST.values(), ids=LOST)
def test_a_number_that_leaves_the_arithmetic_is_an_error(call):
    with pytest.raises(NoiseError, match="no noise can follow it") as error, Arithmetic(1):
        call()
    assert error.value.operation in RULES
