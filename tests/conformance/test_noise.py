"""Monte Carlo arithmetic: what gets noise, how much, and which decisions are noticed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from conformance.errors import NoiseError
from conformance.noise import EXACT, OPERANDS, RELATIVE, UNIT, Arithmetic

ATEN = torch.ops.aten


def _random(*shape, seed=0, scale=1.0):
    """Return float64 numbers that float32 holds, so that the two dtypes start from the same values."""
    generator = torch.Generator().manual_seed(hash((seed, *shape)) % 2**31)
    return (torch.randn(shape, generator=generator) * scale).double()


def _positive(*shape, seed=0, scale=1.0):
    return (_random(*shape, seed=seed, scale=scale).abs() + 2.0**-6).float().double()


def _each(call):
    return lambda a, b: torch.stack([call(x, y) for x, y in zip(a.unbind(), b.unbind(), strict=True)])


N = 4096
PLACES = torch.arange(N) % 50

# Every rule, with data on which float32 really errs. The second is what is called, in torch's own names.
MEASURED = {
    "div": (ATEN.div, _positive(N), _positive(N, seed=1)),
    "mul": (ATEN.mul, _random(N), _random(N, seed=1)),
    "reciprocal": (ATEN.reciprocal, _positive(N)),
    "rsqrt": (ATEN.rsqrt, _positive(N)),
    "sqrt": (ATEN.sqrt, _positive(N)),
    "erf": (ATEN.erf, _random(N, scale=2)),
    "exp": (ATEN.exp, _random(N, scale=4)),
    "expm1": (ATEN.expm1, _random(N, scale=2)),
    "log": (ATEN.log, _positive(N, scale=8)),
    "log1p": (ATEN.log1p, _positive(N, scale=4)),
    "pow": (ATEN.pow, _positive(N), _random(N, seed=1)),
    "sigmoid": (ATEN.sigmoid, _random(N, scale=4)),
    "tanh": (ATEN.tanh, _random(N, scale=2)),
    "var": (lambda x: ATEN.var(x, [1]), _random(300, 80)),
    "remainder": (ATEN.remainder, _random(N, scale=8), _positive(N, seed=1)),
    "cos": (ATEN.cos, _random(N, scale=4)),
    "sin": (ATEN.sin, _random(N, scale=4)),
    "prod": (lambda x: ATEN.prod(x, 1), _positive(300, 20)),
    "cumsum": (lambda x: ATEN.cumsum(x, 1), _random(60, 96)),
    "cumprod": (lambda x: ATEN.cumprod(x, 1), _positive(60, 20)),
    "scatter_add": (lambda x, v: ATEN.scatter_add(x, 0, PLACES, v), _random(50), _random(N)),
    "add": (ATEN.add, _random(N), _random(N, seed=1)),
    "sub": (ATEN.sub, _random(N), _random(N, seed=1)),
    "rsub": (ATEN.rsub, _random(N), _random(N, seed=1)),
    "lerp": (ATEN.lerp, _random(N), _random(N, seed=1), _positive(N, seed=2, scale=0.25)),
    "addcmul": (
        lambda a, b, c: ATEN.addcmul(a, b, c, value=0.5),
        _random(N),
        _random(N, seed=1),
        _random(N, seed=2),
    ),
    "addcdiv": (
        lambda a, b, c: ATEN.addcdiv(a, b, c, value=0.5),
        _random(N),
        _random(N, seed=1),
        _positive(N, seed=2),
    ),
    "mm": (ATEN.mm, _random(60, 96), _random(96, 70)),
    "mv": (ATEN.mv, _random(500, 96), _random(96)),
    "bmm": (ATEN.bmm, _random(5, 30, 96), _random(5, 96, 30)),
    "dot": (_each(ATEN.dot), _random(200, 96), _random(200, 96, seed=1)),
    "addmm": (ATEN.addmm, _random(60, 70), _random(60, 96), _random(96, 70)),
    "addmv": (ATEN.addmv, _random(500), _random(500, 96), _random(96)),
    "baddbmm": (ATEN.baddbmm, _random(5, 30, 30), _random(5, 30, 96), _random(5, 96, 30)),
    "sum": (lambda x: ATEN.sum(x, [1]), _random(300, 500)),
    "mean": (lambda x: ATEN.mean(x, [1]), _random(300, 500)),
    "index_put": (lambda x, v: ATEN.index_put(x, [PLACES], v, True), _random(50), _random(N)),
    "tanh_backward": (ATEN.tanh_backward, _random(N), _random(N, seed=1, scale=3).tanh().float().double()),
    "sigmoid_backward": (
        ATEN.sigmoid_backward,
        _random(N),
        _random(N, seed=1, scale=4).sigmoid().float().double(),
    ),
}

every_rule = pytest.mark.parametrize("name", MEASURED)


def _noise(call, operands, replicates=32):
    """Return the standard deviation of what the mode adds, per element."""
    clean = call(*operands)
    squares = torch.zeros_like(clean)
    for seed in range(replicates):
        with Arithmetic(seed):
            noisy = call(*operands)
        squares += (noisy - clean) ** 2
    return (squares / replicates).sqrt()


def _observed(call, operands):
    """Return the errors that torch makes in float32, per element."""
    single = call(*(operand.float() for operand in operands))
    assert single.dtype == torch.float32
    return (single.double() - call(*operands)).abs()


def test_every_rule_is_measured():
    assert set(MEASURED) == set(RELATIVE) | set(OPERANDS)


def test_no_operation_has_two_rules():
    assert not set(RELATIVE) & set(OPERANDS)
    assert not EXACT & (set(RELATIVE) | set(OPERANDS))


@every_rule
def test_float32_errs_by_less_than_six_times_the_noise(name):
    call, *operands = MEASURED[name]
    assert torch.all(_observed(call, operands) <= 6 * _noise(call, operands))


@every_rule
def test_noise_is_at_most_a_hundred_times_what_float32_errs(name):
    call, *operands = MEASURED[name]
    observed, noise = _observed(call, operands), _noise(call, operands)
    assert noise.square().mean().sqrt() < 100 * observed.square().mean().sqrt()


@every_rule
def test_the_rule_sees_the_operation_it_is_named_for(name, monkeypatch):
    call, *operands = MEASURED[name]
    with Arithmetic(3):
        ruled = call(*operands)
    if name in RELATIVE:
        monkeypatch.setitem(RELATIVE, name, 2.0**20)
    else:
        monkeypatch.setitem(OPERANDS, name, lambda *args, **_: args[0].abs().max() * 2.0**20)
    with Arithmetic(3):
        changed = call(*operands)
    assert not torch.equal(ruled, changed)


A, B = _random(4, 3), _random(4, 3, seed=1)

# Calls whose result must move under noise, whatever way it is handed back.
MOVED = {
    "in place": lambda: A.clone().mul_(B),
    "in place, by operands": lambda: A.clone().add_(B),
    "in place, with alpha": lambda: A.clone().sub_(B, alpha=0.5),
    "in place, three operands": lambda: A.clone().addcmul_(A, B),
    "out": lambda: torch.mul(A, B, out=torch.empty_like(A)),
    "out, by operands": lambda: torch.add(A, B, out=torch.empty_like(A)),
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
}


@pytest.mark.parametrize("call", MOVED.values(), ids=MOVED)
def test_every_number_that_an_operation_rounds_gets_noise(call):
    with Arithmetic(1):
        noisy = call()
    assert torch.all(noisy != call())


@pytest.mark.parametrize("call", MOVED.values(), ids=MOVED)
def test_noise_is_small(call):
    with Arithmetic(1):
        noisy = call()
    assert torch.all((noisy - call()).abs() < 200 * UNIT * call().abs().max())


@pytest.mark.parametrize("call", KEPT.values(), ids=KEPT)
def test_what_rounds_nothing_gets_no_noise(call):
    with Arithmetic(1):
        kept = call()
    assert kept.dtype == call().dtype
    assert torch.equal(kept, call())


@pytest.mark.parametrize("call", MOVED.values(), ids=MOVED)
def test_a_unit_of_zero_adds_nothing(call):
    with Arithmetic(unit=0.0):
        clean = call()
    torch.testing.assert_close(clean, call(), rtol=1e-14, atol=1e-16)


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


def test_gradients_get_noise():
    def gradient():
        x = A.clone().requires_grad_()
        x.tanh().sum().backward()
        return x.grad

    with Arithmetic(1):
        noisy = gradient()
    assert torch.all(noisy != gradient())


def test_a_seed_gives_the_same_noise_twice():
    with Arithmetic(5):
        first = A * B
    with Arithmetic(5):
        second = A * B
    assert torch.equal(first, second)


def test_another_seed_gives_other_noise():
    with Arithmetic(5):
        first = A * B
    with Arithmetic(6):
        second = A * B
    assert torch.all(first != second)


def test_noise_is_linear_in_the_unit():
    with Arithmetic(5, 2.0**-20):
        large = A * B - 0.0
    with Arithmetic(5, 2.0**-30):
        small = A * B - 0.0
    clean = A * B
    torch.testing.assert_close((large - clean) * 2.0**-10, small - clean, rtol=1e-4, atol=1e-16)


def test_large_results_get_noise_in_every_element():
    big = torch.ones(300_000, dtype=torch.float64)
    with Arithmetic(1):
        noisy = big * 3
    assert torch.all(noisy != 3)


def test_a_result_of_zero_may_have_underflowed():
    tiny = torch.full((64,), 1e-300, dtype=torch.float64)
    with Arithmetic(1):
        noisy = tiny * tiny
    assert 0 < noisy.abs().max() < 2.0**-145


def test_noise_has_the_variance_of_one_rounding():
    ones = torch.ones(100_000, dtype=torch.float64)
    with Arithmetic(1):
        noise = ones.mul(1.0)
    assert abs(float((noise - 1).std() / UNIT) - 3**-0.5) < 0.01


UNKNOWN = {
    "_cdist_forward": lambda: torch.cdist(A, B),
    "_fft_r2c": lambda: torch.fft.rfft(A),
    "linalg_inv_ex": lambda: torch.linalg.inv(torch.eye(3, dtype=torch.float64)),
    "_foreach_mul": lambda: torch._foreach_mul([A], 2.0),
    "prims.erf_inv": A.erfinv,
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_operation_without_a_rule_is_refused_by_name(name):
    with pytest.raises(NoiseError, match=rf"{name}.*no rule.*conformance\.noise"), Arithmetic(1):
        UNKNOWN[name]()


def test_an_operation_without_a_rule_may_run_on_other_dtypes():
    with Arithmetic(1):
        got = torch.linalg.inv(torch.eye(3))
    assert torch.equal(got, torch.eye(3))


# Programs of two numbers that are a tie but for rounding: each decides something there.
DECISIONS = {
    "less than": lambda x: x < 0,
    "equal": lambda x: x == 0,
    "sign": lambda x: x.sign(),
    "argmax": lambda x: torch.stack([x, torch.zeros_like(x)]).argmax(0),
    "argmin": lambda x: torch.stack([x, torch.zeros_like(x)]).argmin(0),
    "max": lambda x: torch.stack([x, torch.zeros_like(x)]).max(0).values,
    "min": lambda x: torch.stack([x, torch.zeros_like(x)]).min(0).values,
    "sort": lambda x: torch.stack([x, torch.zeros_like(x)]).sort(0).values,
    "floor": lambda x: x.floor(),
    "a whole quotient": lambda x: torch.div(x, torch.ones_like(x), rounding_mode="floor"),
    "topk": lambda x: torch.stack([x, torch.zeros_like(x)]).topk(1, 0).values,
    "nonzero": lambda x: (x > 0).nonzero(),
    "a whole number of it": lambda x: (x + 1).to(torch.int64),
    "leaky_relu": lambda x: functional.leaky_relu(x, 0.5),
}

# These are continuous, but their derivatives are not.
DIFFERENTIATED = {
    "relu": lambda x: x.relu(),
    "abs": lambda x: x.abs(),
    "maximum": lambda x: torch.maximum(x, torch.zeros_like(x)),
    "clamp": lambda x: x.clamp(min=0),
    "where": lambda x: torch.where(x > 0, x, -x),
}


def _branches(program, seed, unit, *, distance):
    ones = torch.ones(32, dtype=torch.float64, requires_grad=program in DIFFERENTIATED.values())
    with Arithmetic(seed, unit) as mode:
        # A rounding of 1 either way of the tie.
        out = program(ones * 1.0 - 1.0 + distance)
        if out.requires_grad:
            out.sum().backward()
    return mode.branches


def _flips(program, distance):
    clean = _branches(program, 0, 0.0, distance=distance)
    noisy = _branches(program, 1, UNIT, distance=distance)
    assert clean, "no decision was recorded"
    return not all(torch.equal(a, b) for a, b in zip(clean, noisy, strict=True))


ALL_DECISIONS = DECISIONS | DIFFERENTIATED


@pytest.mark.parametrize("program", ALL_DECISIONS.values(), ids=ALL_DECISIONS)
def test_a_decision_near_a_tie_is_noticed(program):
    assert _flips(program, distance=0.0)


@pytest.mark.parametrize("program", ALL_DECISIONS.values(), ids=ALL_DECISIONS)
def test_a_decision_far_from_a_tie_stays(program):
    assert not _flips(program, distance=0.25)


def test_a_recorded_decision_is_a_copy():
    x = torch.ones(3, dtype=torch.float64)
    with Arithmetic(1) as mode:
        mask = x > 0
        mask.logical_not_()
    assert mode.branches[0].all()


def test_smooth_programs_record_no_decision():
    x = _random(3, 3).requires_grad_()
    with Arithmetic(1) as mode:
        functional.linear(x, x).tanh().sigmoid().mean().backward()
    assert mode.branches == []
    assert np.isfinite(x.grad.numpy()).all()
