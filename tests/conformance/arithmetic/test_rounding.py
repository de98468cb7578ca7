"""The rules of rounding: none too small, none too large, and each for the operation that it is named for."""

from __future__ import annotations

import pytest
import torch

from conformance.arithmetic.mode import Arithmetic
from conformance.arithmetic.rounding import EXACT, OPERANDS, RELATIVE

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


def noisy(call, *operands, count=1):
    """Return the replicates of what a call returns, (count, *shape)."""
    with Arithmetic(1, count) as mode:
        return mode.replicates(call(*operands)).clone()


def _noise(call, operands):
    """Return the standard deviation of what the mode adds, per element."""
    return (noisy(call, *operands, count=32) - call(*operands)).square().mean(0).sqrt()


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
    ruled = noisy(call, *operands)
    if name in RELATIVE:
        monkeypatch.setitem(RELATIVE, name, 2.0**20)
    else:
        monkeypatch.setitem(OPERANDS, name, lambda *args, **_: args[0].abs().max() * 2.0**20)
    assert not torch.equal(ruled, noisy(call, *operands))
