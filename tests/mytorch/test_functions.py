"""Every function against torch: values, dtypes, and gradients under random cotangents."""

# Every program takes the namespace, whether it needs it or not.
# ruff: noqa: ARG005

from __future__ import annotations

import numpy as np
import pytest
import torch

import mytorch

RNG = np.random.Generator(np.random.PCG64(7))


def draw(*shape):
    return RNG.standard_normal(shape)


def positive(*shape):
    return np.abs(draw(*shape)) + 0.5


A, B, ROW, COLUMN, CUBE = draw(3, 4), draw(3, 4), draw(4), draw(3, 1), draw(2, 3, 4)
TIES = np.array([[1.0, 2.0, 2.0, -1.0], [0.0, 0.0, -3.0, 0.0], [5.0, 1.0, 5.0, 5.0]])
SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e300, 1e-310, 50.0, -800.0, 800.0])
NANS = np.array([[np.nan, 1.0, -2.0, 1.0], [np.inf, -1.0, 0.5, -np.inf], [0.25, np.nan, -np.inf, 3.0]])
MASK = np.array([[True, False, True, True], [False] * 4, [True, True, False, False]])


def _bce_with_logits(t, a, b, weight):
    loss = t.nn.functional.binary_cross_entropy_with_logits
    return loss(a, b, pos_weight=weight.detach(), reduction="none") * weight


# name: (program over a namespace and its tensors, arrays)
CASES = {
    "add": (lambda t, a, b: a + b, [A, B]),
    "add broadcast": (lambda t, a, b: a + b, [A, COLUMN]),
    "add scalar": (lambda t, a: 2 + a + 1.5, [A]),
    "add alpha": (lambda t, a, b: t.add(a, b, alpha=2.5), [A, ROW]),
    "sub": (lambda t, a, b: a - b, [A, ROW]),
    "sub alpha": (lambda t, a, b: a.sub(b, alpha=-2), [A, ROW]),
    "rsub": (lambda t, a: 1 - a, [A]),
    "mul": (lambda t, a, b: a * b, [A, COLUMN]),
    "mul scalar": (lambda t, a: 3 * a * 0.5, [A]),
    "square": (lambda t, a: a * a, [A]),
    "div": (lambda t, a, b: a / b, [A, positive(4)]),
    "rdiv": (lambda t, a: 2 / a, [positive(3, 2)]),
    "div floor": (lambda t, a, b: t.div(a, b, rounding_mode="floor"), [A * 5, positive(4)]),
    "div trunc": (lambda t, a, b: a.div(b, rounding_mode="trunc"), [A * 5, positive(4)]),
    "neg": (lambda t, a: -a, [A]),
    "pow scalar": (lambda t, a: a**3, [A]),
    "pow zero": (lambda t, a: a**0, [TIES]),
    "pow half": (lambda t, a: a**0.5, [positive(3)]),
    "pow tensor": (lambda t, a, b: a**b, [positive(3, 4), B]),
    "rpow": (lambda t, a: 2.5**a, [A]),
    "exp": (lambda t, a: t.exp(a), [A]),
    "log": (lambda t, a: a.log(), [positive(5)]),
    "sqrt": (lambda t, a: t.sqrt(a), [positive(5)]),
    "abs": (lambda t, a: abs(a), [TIES]),
    "sigmoid": (lambda t, a: t.sigmoid(a), [A * 20]),
    "sigmoid special": (lambda t, a: t.sigmoid(a), [SPECIAL]),
    "tanh": (lambda t, a: a.tanh(), [A * 5]),
    "tanh special": (lambda t, a: a.tanh(), [SPECIAL]),
    "relu": (lambda t, a: t.relu(a), [TIES]),
    "exp special": (lambda t, a: a.exp(), [SPECIAL]),
    "log special": (lambda t, a: a.log(), [SPECIAL]),
    "sqrt special": (lambda t, a: a.sqrt(), [SPECIAL]),
    "div special": (lambda t, a, b: a / b, [SPECIAL, SPECIAL[::-1].copy()]),
    "maximum": (lambda t, a, b: t.maximum(a, b), [TIES, np.ones((3, 1))]),
    "maximum special": (lambda t, a, b: t.maximum(a, b), [SPECIAL, SPECIAL[::-1].copy()]),
    "minimum": (lambda t, a, b: t.minimum(a, b), [TIES, np.ones(4)]),
    "clamp": (lambda t, a: t.clamp(a, -1, 2), [TIES]),
    "clamp min": (lambda t, a: a.clamp(min=0.5), [A]),
    "clamp special": (lambda t, a: a.clamp(-1, 1), [SPECIAL]),
    "clamp tensors": (lambda t, a, b: a.clamp(b, b + 0.5), [A, ROW]),
    "where": (lambda t, a, b: t.where(t.tensor(MASK), a, b), [A, ROW]),
    "where scalar": (lambda t, a: t.where(a > 0, a, -1.0), [A]),
    "where method": (lambda t, a, b: a.where(t.tensor(MASK), b), [A, B]),
    "sum": (lambda t, a: a.sum(), [CUBE]),
    "sum dim": (lambda t, a: a.sum(1), [CUBE]),
    "sum dims": (lambda t, a: t.sum(a, (0, -1)), [CUBE]),
    "sum keepdim": (lambda t, a: a.sum(-2, keepdim=True), [CUBE]),
    "sum empty tuple": (lambda t, a: a.sum(()), [CUBE]),
    "sum of nothing": (lambda t, a: a.sum(0), [draw(0, 3)]),
    "sum 0-dim": (lambda t, a: a.sum(0), [draw()]),
    "sum dtype": (lambda t, a: a.sum(dtype=t.float64), [A]),
    "mean": (lambda t, a: a.mean(), [CUBE]),
    "mean dim": (lambda t, a: a.mean(0), [draw(3, 3)]),
    "mean dims": (lambda t, a: t.mean(a, [1, 2], keepdim=True), [CUBE]),
    "mean of nothing": (lambda t, a: a.mean(0), [draw(0, 3)]),
    "max": (lambda t, a: a.max(), [TIES]),
    "max dim": (lambda t, a: a.max(1).values, [CUBE]),
    "max keepdim": (lambda t, a: t.max(a, 0, keepdim=True)[0], [A]),
    "max other": (lambda t, a, b: t.max(a, b), [A, B]),
    "min": (lambda t, a: a.min(), [TIES]),
    "min dim": (lambda t, a: a.min(-1)[0], [CUBE]),
    "amax": (lambda t, a: a.amax((0, 1)), [CUBE]),
    "amax ties": (lambda t, a: a.amax(1), [TIES]),
    "amin ties": (lambda t, a: t.amin(a, 1, keepdim=True), [TIES]),
    "max nan": (lambda t, a: a.max(), [np.array([1.0, np.nan, np.nan])]),
    "amax nan": (lambda t, a: a.amax(1), [NANS]),
    "amin nan": (lambda t, a: t.amin(a, 0, keepdim=True), [NANS]),
    "abs nan": (lambda t, a: a.abs(), [NANS]),
    "relu nan": (lambda t, a: a.relu(), [NANS]),
    "norm 1 nan": (lambda t, a: a.norm(1, 1), [NANS]),
    "norm inf nan": (lambda t, a: a.norm(float("inf"), 0), [NANS]),
    "l1_loss nan": (lambda t, a, b: t.nn.functional.l1_loss(a, b, reduction="none"), [NANS, A]),
    "bce with logits nan": (_bce_with_logits, [NANS, np.abs(A), positive(4)]),
    "clamp tensors nan": (lambda t, a, b: a.clamp(b, b + 0.5), [NANS, ROW]),
    "clamp by nan": (lambda t, a, b, c: a.clamp(b, c), [A, NANS, B]),
    "clamp below by nan": (lambda t, a, b: a.clamp(min=b), [A, NANS]),
    "clamp above by nan": (lambda t, a, b: a.clamp(max=b), [A, NANS]),
    "clamp crossed": (lambda t, a, b: a.clamp(b + 1, b), [A, ROW]),
    "unsqueeze": (lambda t, a: t.unsqueeze(a, 1), [A]),
    "unsqueeze last": (lambda t, a: a.unsqueeze(-1), [A]),
    "squeeze": (lambda t, a: a.squeeze(), [draw(1, 3, 1)]),
    "squeeze dim": (lambda t, a: a.squeeze(-1), [draw(1, 3, 1)]),
    "squeeze dims": (lambda t, a: t.squeeze(a, (0, 1)), [draw(1, 3, 1)]),
    "squeeze no dims": (lambda t, a: t.squeeze(a, ()), [draw(1, 3, 1)]),
    "reshape": (lambda t, a: a.reshape(4, -1), [CUBE]),
    "reshape transposed": (lambda t, a: t.reshape(a.t(), (2, 6)), [A]),
    "reshape nothing": (lambda t, a: a.reshape(3, 0), [draw(0, 2)]),
    "view": (lambda t, a: a.view(-1), [CUBE]),
    "view tuple": (lambda t, a: a.view((6, 4)), [CUBE]),
    "flatten": (lambda t, a: a.flatten(1), [CUBE]),
    "flatten 0-dim": (lambda t, a: a.flatten(), [draw()]),
    "permute": (lambda t, a: a.permute(2, 0, -2), [CUBE]),
    "permute function": (lambda t, a: t.permute(a, (1, 2, 0)), [CUBE]),
    "transpose": (lambda t, a: a.transpose(0, -1), [CUBE]),
    "t": (lambda t, a: a.t(), [A]),
    "t vector": (lambda t, a: a.t(), [ROW]),
    "T": (lambda t, a: a.T, [A]),
    "mT": (lambda t, a: a.mT, [CUBE]),
    "expand": (lambda t, a: a.expand(2, -1, 4), [COLUMN]),
    "expand_as": (lambda t, a, b: a.expand_as(b), [ROW, A]),
    "clone": (lambda t, a: a.clone(), [A]),
    "contiguous": (lambda t, a: a.t().contiguous(), [A]),
    "cat": (lambda t, a, b: t.cat([a, b], dim=1), [A, draw(3, 2)]),
    "cat negative": (lambda t, a, b: t.cat((a, b, a), -2), [A, B]),
    "cat empty": (lambda t, a, b: t.cat([a, b]), [draw(0), A]),
    "stack": (lambda t, a, b: t.stack([a, b], 1), [A, B]),
    "stack last": (lambda t, a, b: t.stack([a, b], -1), [A, B]),
    "split": (lambda t, a: t.split(a, 3, dim=1)[1], [A]),
    "split sizes": (lambda t, a: a.split([1, 3], -1)[1], [A]),
    "split two": (lambda t, a: a.split(2, 1)[0] * a.split(2, 1)[1], [A]),
    "chunk": (lambda t, a: t.chunk(a, 2)[0], [A]),
    "unbind": (lambda t, a: a.unbind(1)[-1], [CUBE]),
    "iterate": (lambda t, a: [*a][1] * [*a][-1], [CUBE]),
    "matmul": (lambda t, a, b: a @ b, [A, draw(4, 2)]),
    "matmul vectors": (lambda t, a, b: a @ b, [ROW, draw(4)]),
    "matmul matrix vector": (lambda t, a, b: t.matmul(a, b), [A, ROW]),
    "matmul vector matrix": (lambda t, a, b: a.matmul(b), [draw(3), A]),
    "matmul stack": (lambda t, a, b: a @ b, [draw(2, 1, 3, 4), draw(5, 4, 2)]),
    "matmul stack matrix": (lambda t, a, b: a @ b, [CUBE, draw(4, 2)]),
    "matmul stack vector": (lambda t, a, b: a @ b, [CUBE, ROW]),
    "matmul vector stack": (lambda t, a, b: a @ b, [draw(3), CUBE]),
    "matmul empty": (lambda t, a, b: a @ b, [draw(2, 0), draw(0, 3)]),
    "mm": (lambda t, a, b: t.mm(a, b), [A, draw(4, 2)]),
    "bmm": (lambda t, a, b: t.bmm(a, b), [CUBE, draw(2, 4, 5)]),
    "dot": (lambda t, a, b: a.dot(b), [ROW, draw(4)]),
    "cast": (lambda t, a: a.to(t.float16).to(t.float64), [A]),
    "used twice": (lambda t, a: a * a + a.exp() * a, [A]),
}


def run(t, program, arrays, cotangent, dtype):
    inputs = [t.tensor(a.astype(dtype), requires_grad=True) for a in arrays]
    out = program(t, *inputs)
    out.backward(t.tensor(cotangent(tuple(out.shape)).astype(out.detach().numpy().dtype)))
    gradients = [None if x.grad is None else x.grad.numpy() for x in inputs]
    return out.detach().numpy(), gradients


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_torch(name, dtype):
    program, arrays = CASES[name]

    def cotangent(shape):
        return np.random.Generator(np.random.PCG64(1)).standard_normal(shape)

    with np.errstate(over="ignore"):
        expected, expected_gradients = run(torch, program, arrays, cotangent, dtype)
        got, gradients = run(mytorch, program, arrays, cotangent, dtype)
    tolerance = {"rtol": 1e-13, "atol": 1e-13} if dtype == "float64" else {"rtol": 3e-5, "atol": 3e-6}
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, **tolerance)
    for gradient, expected_gradient in zip(gradients, expected_gradients, strict=True):
        assert (gradient is None) == (expected_gradient is None)
        if gradient is not None:
            assert gradient.dtype == expected_gradient.dtype
            np.testing.assert_allclose(gradient, expected_gradient, **tolerance)


INTEGERS = np.array([[7, -7, 0], [3, 2, -5]])
# name: (program, array): results without gradients, compared exactly.
EXACT = {
    "eq": (lambda t, a: a == 3, INTEGERS),
    "ne": (lambda t, a: a != a.t().reshape(2, 3), INTEGERS),
    "lt": (lambda t, a: a < 2.5, INTEGERS),
    "le": (lambda t, a: a <= 2, INTEGERS),
    "gt": (lambda t, a: t.gt(a, 0), INTEGERS),
    "ge": (lambda t, a: a.ge(0), INTEGERS),
    "eq nan": (lambda t, a: a == a, SPECIAL),  # noqa: PLR0124 - nan is what is tested
    "isnan": (lambda t, a: t.isnan(a), SPECIAL),
    "isinf": (lambda t, a: a.isinf(), SPECIAL),
    "isfinite": (lambda t, a: a.isfinite(), SPECIAL),
    "isnan of integers": (lambda t, a: t.isnan(a), INTEGERS),
    "argmax": (lambda t, a: a.argmax(), TIES),
    "argmax dim": (lambda t, a: t.argmax(a, 1, keepdim=True), TIES),
    "argmin": (lambda t, a: a.argmin(0), TIES),
    "argmax keepdim": (lambda t, a: a.argmax(keepdim=True), TIES),
    "max indices": (lambda t, a: a.max(1).indices, TIES),
    "any": (lambda t, a: a.any(1), INTEGERS),
    "any all": (lambda t, a: t.any(a), INTEGERS),
    "any no dims": (lambda t, a: t.any(a, dim=()), INTEGERS),
    "all": (lambda t, a: a.all(0, keepdim=True), INTEGERS),
    "any bytes": (lambda t, a: a.any(), np.array([0, 2], np.uint8)),
    "sum integers": (lambda t, a: a.sum(0), INTEGERS.astype(np.int32)),
    "sum bool": (lambda t, a: a.sum(), MASK),
    "not": (lambda t, a: ~a, MASK),
    "invert": (lambda t, a: ~a, INTEGERS),
    "logical_not": (lambda t, a: t.logical_not(a), INTEGERS),
    "floor division": (lambda t, a: a // 2, INTEGERS),
    "trunc division": (lambda t, a: t.div(a, 2, rounding_mode="trunc"), INTEGERS),
    "trunc division negative": (lambda t, a: t.div(a, -4, rounding_mode="trunc"), INTEGERS),
    "negative powers": (lambda t, a: a ** t.tensor(-1), np.array([2, 1, -1, -3])),
    "negative even powers": (lambda t, a: a ** t.tensor(-2), np.array([2, 1, -1, -3])),
    "power of bools": (lambda t, a: a**2, MASK),
    "relu integers": (lambda t, a: t.relu(a), INTEGERS),
    "abs integers": (lambda t, a: a.abs(), INTEGERS),
    "bytes wrap": (lambda t, a: a + 300, np.array([1, 255], np.uint8)),
    "bytes compare": (lambda t, a: a == 261, np.array([5, 6], np.uint8)),
    "clamp integers": (lambda t, a: a.clamp(-3, 3), INTEGERS),
    "remainder of nothing by zero": (lambda t, a: a[:0] % 0, INTEGERS),
    "division of nothing by zero": (lambda t, a: a[:0] // t.tensor([1, 0, 2]), INTEGERS),
    "clamp by float": (lambda t, a: a.clamp(min=1.5), INTEGERS),
    "matmul integers": (lambda t, a: a @ a.t(), INTEGERS),
    "where numbers": (lambda t, a: t.where(a, 1, 2), MASK),
    "where number kinds": (lambda t, a: t.where(a, 1.0, 2), MASK),
    "half sum": (lambda t, a: a.sum(), np.full(5000, 1, np.float16)),
    "to int": (lambda t, a: a.to(t.int32), TIES),
    "type": (lambda t, a: a.type(t.float16), TIES),
    "bool": (lambda t, a: a.bool(), TIES),
    "view_as": (lambda t, a: a.view_as(t.zeros(3, 2)), INTEGERS),
}


@pytest.mark.parametrize("name", EXACT)
def test_is_exactly_torch(name):
    program, array = EXACT[name]
    expected = program(torch, torch.tensor(array)).numpy()
    got = program(mytorch, mytorch.tensor(array)).numpy()
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)


def test_float16_products_are_summed_in_float32():
    a, b = draw(8, 500).astype(np.float16), draw(500, 8).astype(np.float16)
    expected = (torch.tensor(a) @ torch.tensor(b)).numpy()
    got = (mytorch.tensor(a) @ mytorch.tensor(b)).numpy()
    np.testing.assert_allclose(got, expected, rtol=2e-3, atol=2e-3)


def test_allclose_and_equal():
    x = mytorch.tensor([1.0, 2.0])
    assert mytorch.allclose(x, x + 1e-7)
    assert not mytorch.allclose(x, x + 1e-2)
    assert mytorch.equal(x, x.clone())
    assert not mytorch.equal(x, mytorch.tensor([1.0, 2.0, 3.0]))
    with pytest.raises(RuntimeError, match="Float did not match Double"):
        mytorch.allclose(x, x.double())
