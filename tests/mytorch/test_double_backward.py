"""Gradients of gradients, first to third, are torch's; what is not recorded says so."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

import mytorch
from mytorch.autograd import GradientError, _gradients, gradgradcheck
from mytorch.autograd._formulas.table import FORMULAS, formula_of
from mytorch.ops import derivative, linear
from mytorch.ops.op import Op

PAGE = Path(__file__).parents[2] / "docs/double_backward.md"
PROGRAMS = {
    "add": lambda t, a, b: (a + b) * (a + 2 * b) + t.add(a * a, b * a, alpha=3),
    "sub": lambda t, a, b: (a - b) * (a - b) + t.sub(a * b, b * b, alpha=2),
    "bcast": lambda _, a, b: a[0] * b * (a[:, :1] + b),
    "div": lambda _, a, b: a / (b * b + 1) + 1 / (a * a + 2) + a / 3,
    "neg": lambda _, a, b: -(a * b) * a,
    "pow": lambda _, a, b: (a * a + 1) ** b + a**3 + a**2 + 2.0**b + (a * a + 0.1) ** 0.5 + a**0 + a**1,
    "exp": lambda t, a, b: (a * b).exp() + t.expm1(a),
    "log": lambda t, a, b: (a * a + 1).log() * b + t.log1p(a * a),
    "sqrt": lambda t, a, b: (
        (a * a + b * b + 1).sqrt() + t.rsqrt(a * a + 1) + t.square(a * b) + t.reciprocal(a * a + 1)
    ),
    "tanh": lambda t, a, b: t.tanh(a * b) + t.sigmoid(a) * b + t.nn.functional.logsigmoid(a * b),
    "relu": lambda t, a, b: (
        t.relu(a * b) * a + t.nn.functional.leaky_relu(a * b, 0.1) * b + t.nn.functional.hardtanh(a * b) * a
    ),
    "silu": lambda t, a, b: t.nn.functional.silu(a * b) + t.nn.functional.elu(a * b),
    "sin": lambda t, a, b: t.sin(a * b) + t.cos(a) * b + t.erf(a * b),
    "abs": lambda t, a, b: t.abs(a * b) * a,
    "matmul": lambda t, a, b: (a @ b.T) @ (a @ b.T) + t.mm(a * a, b.T),
    "bmm": lambda _, a, b: (a.reshape(3, 2, 2) @ b.reshape(3, 2, 2)) @ (a * b).reshape(3, 2, 2),
    "mbcast": lambda _, a, b: (a.reshape(3, 2, 2) @ b[0, :2]) ** 2,
    "mbcast2": lambda _, a, b: (a.reshape(3, 1, 2, 2) @ b.reshape(1, 3, 2, 2)) ** 2,
    "dot": lambda t, a, b: t.dot(a[0], b[1]) ** 2,
    "linear": lambda t, a, b: t.nn.functional.linear(t.tanh(t.nn.functional.linear(a, b, a[0, :3])), b.T),
    "linear3": lambda t, a, b: t.nn.functional.linear(a.reshape(3, 1, 4), b, b[:, 0]) ** 2,
    "linear1": lambda t, a, b: t.nn.functional.linear(a[0], b, b[:, 0]) ** 2,
    "sum": lambda _, a, b: (a * b).sum(0) ** 2 * (a * a).sum() + (a * a).sum(1, keepdim=True) * b,
    "mean": lambda _, a, b: (
        (a * b).mean(0) ** 2 * (a * a).mean() + (a * a * a).mean((0, 1), keepdim=True) * b
    ),
    "amax": lambda _, a, b: (
        (a * b).amax(0) ** 2
        + (a * b).max() ** 2
        + (a * b).max(0).values ** 3
        + (a * b).min(1).values[:, None] ** 2
    ),
    "var": lambda _, a, b: (a * b).var(0) * a + (a * b).std(1).sum(),
    "lse": lambda _, a, b: (a * b).logsumexp(0) * a,
    "norm": lambda _, a, b: ((a * b).norm(2, dim=1) - 1) ** 2 + (a * b).norm() * a.norm(1),
    "cumsum": lambda _, a, b: (a * b).cumsum(1) ** 2,
    "reshape": lambda _, a, b: (
        (a * b).reshape(-1) ** 2
        + (a * a).flatten() * b.view(12)
        + (a * b).unsqueeze(0).squeeze(0).clone().reshape(-1) ** 3
    ),
    "transpose": lambda _, a, b: (a * b).transpose(0, 1) ** 2 * a.T + (a * b).permute(1, 0) ** 2,
    "expand": lambda _, a, b: (a[:1] * b[:1]).expand(3, 4) ** 2 * a,
    "getitem": lambda t, a, b: (
        (a * b)[1:, ::2] ** 2 + (a * a)[[0, 0]][:, [1, 1]] ** 2 + (a * b)[t.tensor([2, 2])][:, :2] * a[0, 0]
    ),
    "mask": lambda _, a, b: (a * b)[a > 0] ** 2,
    "gather": lambda t, a, b: t.gather(a * b, 1, t.tensor([[0, 0], [1, 3], [2, 2]])) ** 2,
    "sort": lambda _, a, b: (a * b).sort(1).values ** 2 * a,
    "cat": lambda t, a, b: t.cat([a * b, b * b], 1) ** 2,
    "stack": lambda t, a, b: t.stack([a * b, b * b], 1) ** 2,
    "split": lambda _, a, b: (
        ((a * b).split(2, 1)[1] ** 2).sum()
        + ((a * b).unbind(0)[1] ** 3).sum()
        + sum((x * x).sum() for x in (a * b).chunk(2, 1))
    ),
    "flip": lambda _, a, b: (a * b).flip(1) ** 2 * a + (a * b).roll(1, 0) ** 2 + (a * b).tril() ** 2,
    "where": lambda t, a, b: t.where(a > 0, a * b, b * b * b) ** 2,
    "maximum": lambda t, a, b: t.maximum(a * b, b) ** 2 + t.minimum(a * a, b[0]) ** 2 + t.maximum(a, a) ** 2,
    "clamp": lambda t, a, b: (a * b).clamp(-0.5, 0.5) ** 2 * a + t.clamp(a * b, a - 1, b) ** 2,
    "softmax": lambda t, a, b: t.softmax(a * b, 1) * a + t.log_softmax(a * b, 0) * b,
    "mse": lambda t, a, b: (
        t.nn.functional.mse_loss(a * b, b * b) * a + t.nn.functional.mse_loss(a * b, b, reduction="none")
    ),
    "cast": lambda _, a, b: (a * b).float().double() ** 2,
    "lerp": lambda t, a, b: t.lerp(a * b, b, a),
    "mixed": lambda _, a, b: (a.float() * b) ** 2,
    "floor": lambda t, a, b: t.floor(a * b) * a,
}
# Values that pass through float32.
ROUNDED = ("cast", "mixed")


def drawn(t, seed, shape=(3, 4)):
    return t.tensor(np.random.default_rng(seed).standard_normal(tuple(shape)), requires_grad=True)


def derivatives(t, program):
    """Return the first, second and third derivatives, each of a weighted sum of those before."""
    a, b = drawn(t, 1), drawn(t, 2)
    output = program(t, a, b)
    cotangent = drawn(t, 3, output.shape)
    found, level, wanted = [], [output], [a, b, cotangent]
    for order in range(3):
        weights = [cotangent] if order == 0 else [drawn(t, 4 + order, each.shape).detach() for each in level]
        total = sum((each * weight).sum() for each, weight in zip(level, weights, strict=True))
        if not total.requires_grad:
            break
        grads = t.autograd.grad(total, wanted, create_graph=True, allow_unused=True, materialize_grads=True)
        found += [each.detach().numpy() for each in grads]
        level = [each for each in grads if each.requires_grad]
        if not level:
            break
    return found


@pytest.mark.parametrize("name", PROGRAMS)
def test_derivatives_of_every_order(name):
    expected, got = (derivatives(t, PROGRAMS[name]) for t in (torch, mytorch))
    assert len(expected) >= 6
    for a, b in zip(expected, got, strict=False):
        np.testing.assert_allclose(
            b, a, rtol=1e-3 if name in ROUNDED else 1e-9, atol=1e-4 if name in ROUNDED else 1e-9
        )
    assert len(got) == len(expected)


def test_the_page_lists_each_operation_that_has_a_formula():
    listed = {
        name
        for cell in re.findall(r"^\| `([^`]+)` \|", PAGE.read_text(), re.MULTILINE)
        for name in cell.split()
    }
    own = {derivative.Diagonal, derivative.Put}
    assert listed == {op.__name__ for op in FORMULAS if op not in own} | {"Squeeze", "Unsqueeze"}
    assert len(FORMULAS) - len(own) >= 25


def test_an_operation_without_a_formula_is_named():
    x = mytorch.ones(2, 1, 3, requires_grad=True)
    output, _ = mytorch.nn.GRU(3, 2)(x)
    with pytest.raises(GradientError, match="create_graph=True is not supported through Gru: "):
        mytorch.autograd.grad(output.sum(), x, create_graph=True)
    with pytest.raises(GradientError, match="Norm has none for p=3"):
        mytorch.autograd.grad(x.norm(3), x, create_graph=True)
    # Without create_graph both have gradients.
    assert mytorch.autograd.grad(output.sum() + x.norm(3), x)[0].shape == x.shape


def all_ops(op=Op):
    """Return the classes of all ops of mytorch, whether public functions use them or layers."""
    found = [each for child in op.__subclasses__() for each in (child, *all_ops(child))]
    return [each for each in found if each.__module__.startswith("mytorch.ops.")]


def test_every_operation_without_a_formula_is_named():
    without = [op for op in all_ops() if not set(op.__mro__) & set(FORMULAS)]
    assert {"Lstm", "Gru", "Rnn", "LayerNorm", "CTC"} <= {op.__name__ for op in without}
    for op in without:
        with pytest.raises(GradientError, match=f"=True is not supported through {op.__name__}: "):
            formula_of(op)


@pytest.mark.parametrize("t", [torch, mytorch])
@pytest.mark.filterwarnings("ignore:Using backward")
def test_backward_stores_gradients_with_their_history(t):
    x = t.tensor([1.0, 2.0], requires_grad=True)
    (x**3).sum().backward(create_graph=True)
    assert x.grad.requires_grad
    (2 * x**2).sum().backward(create_graph=True)
    first = x.grad
    assert first.tolist() == [7.0, 20.0]
    x.grad = None
    first.sum().backward()
    assert x.grad.tolist() == [10.0, 16.0]


def test_backward_warns_once_that_what_it_stores_is_not_freed():
    _gradients._warn_of_cycles.cache_clear()
    x = mytorch.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match=r"Using backward\(\) with create_graph=True"):
        (x**3).sum().backward(create_graph=True)
    x.grad = None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (x**3).sum().backward(create_graph=True)
    x.grad = None


def test_who_stores_nothing_is_not_warned():
    _gradients._warn_of_cycles.cache_clear()
    x = mytorch.ones(2, requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        mytorch.autograd.grad((x**3).sum(), x, create_graph=True)
        (x**3).sum().backward()


@pytest.mark.parametrize("t", [torch, mytorch])
def test_hooks_and_retained_gradients_have_a_history_too(t):
    x = t.tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    y.retain_grad()
    y.register_hook(lambda grad: grad * x.detach())
    x.register_hook(lambda grad: grad + x)
    (slope,) = t.autograd.grad((y * y).sum(), x, create_graph=True)
    assert y.grad.requires_grad
    assert slope.tolist() == [5.0, 66.0]
    # 12x³ + 1, changed by the hooks, which are called again.
    assert t.autograd.grad(slope.sum(), x)[0].tolist() == [14.0, 163.0]


@pytest.mark.parametrize("t", [torch, mytorch])
def test_a_function_of_ones_own_is_recorded(t):
    class Cube(t.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            out = x**3
            ctx.save_for_backward(x, out)
            return out

        @staticmethod
        def backward(ctx, grad):
            x, out = ctx.saved_tensors
            # 3x², in part by the output.
            return grad * (x * x + 2 * out / x)

    x = t.tensor([1.0, 2.0], requires_grad=True)
    (slope,) = t.autograd.grad(Cube.apply(x).sum(), x, create_graph=True)
    assert slope.tolist() == [3.0, 12.0]
    assert t.autograd.grad(slope.sum(), x)[0].tolist() == [6.0, 12.0]


@pytest.mark.parametrize("t", [torch, mytorch])
def test_a_value_that_changed_in_place_is_an_error(t):
    x = t.tensor([1.0, 2.0], requires_grad=True)
    y = x * 1
    (slope,) = t.autograd.grad((y * y * y).sum(), x, create_graph=True)
    with t.no_grad():
        y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace"):
        slope.sum().backward()


def test_the_gradient_of_a_gradient_can_be_wrong_and_gradgradcheck_sees_it(monkeypatch):
    a, b = drawn(mytorch, 1, (2, 3)), drawn(mytorch, 2, (2, 3))
    layer = mytorch.nn.functional.linear
    assert gradgradcheck(lambda x, w: mytorch.tanh(layer(x, w)), (a, b))
    assert gradgradcheck(lambda x: x * x * x, a, b, gen_non_contig_grad_outputs=True)
    right = FORMULAS[linear.Linear]
    monkeypatch.setitem(FORMULAS, linear.Linear, lambda past, grad: right(past, grad.detach()))
    with pytest.raises(RuntimeError, match=r"mismatch|expected to be zero"):
        gradgradcheck(lambda x, w: mytorch.tanh(layer(x, w)), (a, b))
    assert not gradgradcheck(layer, (a, b), raise_exception=False)
    with pytest.raises(ValueError, match="check_fwd_over_rev"):
        gradgradcheck(lambda x: x * x, a, check_fwd_over_rev=True)
