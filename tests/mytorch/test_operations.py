"""More functions against torch: statistics, arrangement, positions, order, logic and products."""

# Every program takes the namespace, whether it needs it or not.
# ruff: noqa: ARG005

from __future__ import annotations

import numpy as np
import pytest
import torch

import mytorch

RNG = np.random.Generator(np.random.PCG64(11))


def draw(*shape):
    return RNG.standard_normal(shape)


def positive(*shape):
    return np.abs(draw(*shape)) + 0.5


A, B, ROW, COLUMN, CUBE = draw(3, 4), draw(3, 4), draw(4), draw(3, 1), draw(2, 3, 4)
SQUARE, POSITIVE = draw(3, 3), positive(3, 4)
ZEROS = np.array([[0.0, 2.0, -3.0], [0.0, 0.0, 4.0], [1.5, 2.0, 3.0]])
TIES = np.array([[1.0, -2.0, 2.0, -1.0], [0.0, 0.0, 0.0, 0.0], [5.0, 1.0, -5.0, 5.0]])
SPECIAL = np.array([0.0, -0.0, 1.5, -2.5, np.inf, -np.inf, np.nan, 0.5, 2.5])
PLACES = [[0, 2, 1], [1, 1, 1]]

# name: (program over a namespace and its tensors, arrays)
CASES = {
    "log1p": (lambda t, a: t.log1p(a), [POSITIVE * 1e-3]),
    "expm1": (lambda t, a: a.expm1(), [A * 1e-3]),
    "sin": (lambda t, a: a.sin(), [A]),
    "cos": (lambda t, a: t.cos(a), [A]),
    "erf": (lambda t, a: t.erf(a), [A]),
    "reciprocal": (lambda t, a: a.reciprocal(), [POSITIVE]),
    "rsqrt": (lambda t, a: t.rsqrt(a), [POSITIVE]),
    "square": (lambda t, a: a.square(), [A]),
    "sign": (lambda t, a: a.sign(), [SPECIAL]),
    "floor": (lambda t, a: a.floor(), [SPECIAL]),
    "ceil": (lambda t, a: a.ceil(), [SPECIAL]),
    "round": (lambda t, a: t.round(a), [SPECIAL]),
    "trunc": (lambda t, a: a.trunc(), [SPECIAL]),
    "remainder": (lambda t, a, b: a % b, [A * 5, draw(4)]),
    "remainder by number": (lambda t, a: t.remainder(a, -1.5), [A * 5]),
    "addcmul": (lambda t, a, b, c: t.addcmul(a, b, c, value=0.5), [A, B, ROW]),
    "addcdiv": (lambda t, a, b, c: a.addcdiv(b, c, value=-2), [A, B, POSITIVE]),
    "lerp": (lambda t, a, b: t.lerp(a, b, 0.25), [A, ROW]),
    "lerp far": (lambda t, a, b: a.lerp(b, 0.75), [A, ROW]),
    "lerp weights": (lambda t, a, b, c: t.lerp(a, b, c), [A, B, np.array([0.0, 0.3, 0.7, 1.0])]),
    "clip": (lambda t, a: a.clip(-0.5, 0.5), [A]),
    "other names": (lambda t, a, b: t.multiply(a, b).subtract(a).negative().divide(b).absolute(), [A, B]),
    "var": (lambda t, a: t.var(a), [A]),
    "var dim": (lambda t, a: a.var(1), [A]),
    "var dims": (lambda t, a: a.var((0, 2), keepdim=True), [CUBE]),
    "var correction": (lambda t, a: a.var(dim=0, correction=0), [A]),
    "var old": (lambda t, a: t.var(a, 0, False, True), [A]),
    "var unbiased": (lambda t, a: t.var(a, unbiased=False), [A]),
    "var first argument": (lambda t, a: a.var(False), [A]),
    "std": (lambda t, a: t.std(a), [A]),
    "std dim": (lambda t, a: a.std(-1, keepdim=True), [A]),
    "std of equals": (lambda t, a: a.std(1), [np.ones((2, 3))]),
    "prod": (lambda t, a: a.prod(), [A]),
    "prod dim": (lambda t, a: t.prod(a, 1), [CUBE]),
    "prod keepdim": (lambda t, a: t.prod(a, 0, True), [A]),
    "prod zeros": (lambda t, a: a.prod(1), [ZEROS]),
    "prod zero": (lambda t, a: a[2:].prod() * a[0, 1:].prod(), [ZEROS]),
    "prod one": (lambda t, a: a.prod(1), [COLUMN]),
    "prod 0-dim": (lambda t, a: a.prod(0), [draw()]),
    "prod nothing": (lambda t, a: a.prod(), [draw(0, 2)]),
    "cumsum": (lambda t, a: a.cumsum(1), [CUBE]),
    "cumsum last": (lambda t, a: t.cumsum(a, -1), [A]),
    "cumsum 0-dim": (lambda t, a: a.cumsum(0), [draw()]),
    "logsumexp": (lambda t, a: t.logsumexp(a, 1), [A]),
    "logsumexp dims": (lambda t, a: a.logsumexp((0, -1), keepdim=True), [CUBE]),
    "logsumexp large": (lambda t, a: a.logsumexp(0), [A * 300]),
    "norm": (lambda t, a: a.norm(), [A]),
    "norm dim": (lambda t, a: t.norm(a, dim=1, keepdim=True), [A]),
    "norm dims": (lambda t, a: t.norm(a, 2, (0, 2)), [CUBE]),
    "norm 1": (lambda t, a: a.norm(1), [A]),
    "norm 3": (lambda t, a: a.norm(3, 0), [A]),
    "norm 1.5": (lambda t, a: a.norm(1.5, 0), [A]),
    "norm half": (lambda t, a: a.norm(0.5, 0), [A]),
    "norm -1": (lambda t, a: a.norm(-1, 0), [A]),
    "norm inf": (lambda t, a: a.norm(float("inf"), 1), [TIES]),
    "norm -inf": (lambda t, a: a.norm(float("-inf"), 1), [A]),
    "norm of zeros": (lambda t, a: a.norm(2, 1), [TIES]),
    "norm fro": (lambda t, a: t.norm(a, "fro"), [A]),
    "norm dtype": (lambda t, a: t.norm(a, 2, dtype=t.float64), [A]),
    "movedim": (lambda t, a: t.movedim(a, 0, -1), [CUBE]),
    "movedim several": (lambda t, a: a.movedim((0, 1), (2, 0)), [CUBE]),
    "moveaxis": (lambda t, a: a.moveaxis(2, 0), [CUBE]),
    "swapaxes": (lambda t, a: t.swapaxes(a, 0, 2).swapdims(0, 1), [CUBE]),
    "narrow": (lambda t, a: t.narrow(a, 1, -3, 2), [A]),
    "unflatten": (lambda t, a: a.unflatten(1, (2, -1)), [A]),
    "ravel": (lambda t, a: a.t().ravel(), [A]),
    "flip": (lambda t, a: t.flip(a, (0, 2)), [CUBE]),
    "flip one": (lambda t, a: a.flip(-1), [A]),
    "roll": (lambda t, a: t.roll(a, (1, -2), (0, 2)), [CUBE]),
    "roll flat": (lambda t, a: a.roll(5), [A]),
    "tril": (lambda t, a: t.tril(a, -1), [CUBE]),
    "triu": (lambda t, a: a.triu(1), [A]),
    "diagonal": (lambda t, a: t.diagonal(a), [A]),
    "diagonal of stack": (lambda t, a: a.diagonal(-1, 1, 2), [CUBE]),
    "diagonal first": (lambda t, a: a.diagonal(1, dim1=-1, dim2=0), [CUBE]),
    "repeat": (lambda t, a: a.repeat(2, 3), [A]),
    "repeat new": (lambda t, a: a.repeat(2, 1, 3), [ROW]),
    "repeat nothing": (lambda t, a: a.repeat((0, 2)), [A]),
    "broadcast_to": (lambda t, a: t.broadcast_to(a, (2, 3, 4)), [COLUMN]),
    "gather": (lambda t, a: t.gather(a, 1, t.tensor(PLACES)), [A]),
    "gather first": (lambda t, a: a.gather(0, t.tensor(PLACES)), [A]),
    "gather int32": (lambda t, a: a.gather(-1, t.tensor(PLACES, dtype=t.int32)), [A]),
    "scatter": (lambda t, a, b: a.scatter(1, t.tensor([[0, 2], [3, 1]]), b), [A, draw(2, 2)]),
    "scatter number": (lambda t, a: t.scatter(a, 0, t.tensor(PLACES), 2.5), [A]),
    "scatter_add": (lambda t, a, b: a.scatter_add(0, t.tensor(PLACES), b), [A, draw(2, 3)]),
    "index_select": (lambda t, a: t.index_select(a, 1, t.tensor([2, 0, 2])), [CUBE]),
    "index_select 0-dim": (lambda t, a: a.index_select(0, t.tensor(1)), [A]),
    "masked_fill": (lambda t, a: a.masked_fill(a.detach() > 0, float("-inf")), [A]),
    "masked_fill tensor": (lambda t, a, b: t.masked_fill(a, a.detach() > 0, b), [A, draw()]),
    "masked_fill broadcast": (lambda t, a: a.masked_fill(t.tensor([True, False, True, False]), 1), [CUBE]),
    "masked_select": (lambda t, a: t.masked_select(a, a.detach() > 0), [A]),
    "masked_select broadcast": (lambda t, a: a.masked_select(t.tensor([[True], [False], [True]])), [ROW]),
    "sort": (lambda t, a: t.sort(a).values, [A]),
    "sort descending": (lambda t, a: a.sort(0, descending=True)[0], [TIES]),
    "sort 0-dim": (lambda t, a: a.sort().values, [draw()]),
    "topk": (lambda t, a: t.topk(a, 2).values, [A]),
    "topk smallest": (lambda t, a: a.topk(2, dim=0, largest=False)[0], [A]),
    "mv": (lambda t, a, b: t.mv(a, b), [A, ROW]),
    "outer": (lambda t, a, b: a.outer(b), [ROW, draw(3)]),
    "addmm": (lambda t, a, b, c: t.addmm(a, b, c), [draw(2), draw(3, 4), draw(4, 2)]),
    "addmm factors": (
        lambda t, a, b, c: a.addmm(b, c, beta=0.5, alpha=-2),
        [draw(3, 2), draw(3, 4), draw(4, 2)],
    ),
    "addmm no beta": (
        lambda t, a, b, c: t.addmm(a, b, c, beta=0) + 0 * a.sum(),
        [draw(2), draw(3, 4), draw(4, 2)],
    ),
    "baddbmm": (
        lambda t, a, b, c: t.baddbmm(a, b, c, alpha=2),
        [draw(3, 1), draw(2, 3, 4), draw(2, 4, 5)],
    ),
    "hstack": (lambda t, a, b: t.hstack([a, b]), [A, draw(3, 2)]),
    "hstack vectors": (lambda t, a, b: t.hstack((a, b)), [ROW, draw()]),
    "vstack": (lambda t, a, b: t.vstack([a, b]), [A, ROW]),
    "concat": (lambda t, a, b: t.concat([a, b]) + t.concatenate([b, a]), [A, B]),
    "axis": (lambda t, a: a.sum(axis=1, keepdims=True) + t.max(a, axis=0).values.unsqueeze(axis=0), [A]),
    "axis of a join": (lambda t, a, b: t.cat([a, b], axis=1).mean(axis=0), [A, B]),
    "keywords": (
        lambda t, a: (
            a.view(size=(6, 4)).reshape(shape=(2, 3, 4)).permute(dims=(2, 0, 1)).expand(size=(-1, 2, 3))
        ),
        [CUBE],
    ),
}

EINSUMS = {
    "ij,jk->ik": [A, draw(4, 2)],
    "ij,jk": [A, draw(4, 2)],
    "ii->i": [SQUARE],
    "ii": [SQUARE],
    "iij->j": [draw(3, 3, 2)],
    "ij->": [A],
    "ba": [A],
    "i,j->ij": [ROW, draw(3)],
    "bij, bjk -> bik": [CUBE, draw(2, 4, 5)],
    "...ij,...jk->...ik": [draw(2, 1, 3, 4), draw(5, 4, 2)],
    "...i->...": [A],
    "i...": [A],
    "ij,ij->": [draw(1, 4), A],
    "a,ab,abc->c": [draw(2), draw(2, 3), CUBE],
    "ij,kl->i": [A, draw(2, 5)],
    "...,...->...": [A, ROW],
    "ij,j": [draw(2, 0), draw(0)],
    "iJ->Ji": [A],
    "bhqd,bhkd->bhqk": [draw(2, 2, 3, 4), draw(2, 2, 5, 4)],
}


def einsum(equation):
    return lambda t, *x: t.einsum(equation, *x)


CASES |= {f"einsum {equation}": (einsum(equation), arrays) for equation, arrays in EINSUMS.items()}


def run(t, program, arrays, dtype):
    inputs = [t.tensor(a.astype(dtype), requires_grad=True) for a in arrays]
    out = program(t, *inputs)
    weights = np.random.Generator(np.random.PCG64(1)).standard_normal(tuple(out.shape))
    out.backward(t.tensor(weights, dtype=out.dtype))
    return out.detach().numpy(), [None if x.grad is None else x.grad.numpy() for x in inputs]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_torch(name, dtype):
    program, arrays = CASES[name]
    expected, expected_gradients = run(torch, program, arrays, dtype)
    got, gradients = run(mytorch, program, arrays, dtype)
    tolerance = {"rtol": 1e-12, "atol": 1e-12} if dtype == "float64" else {"rtol": 3e-5, "atol": 5e-6}
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, **tolerance)
    for gradient, expected_gradient in zip(gradients, expected_gradients, strict=True):
        assert (gradient is None) == (expected_gradient is None)
        if gradient is not None:
            assert gradient.dtype == expected_gradient.dtype
            np.testing.assert_allclose(gradient, expected_gradient, **tolerance)


INTEGERS = np.array([[7, -7, 0], [3, 2, -5]])
BOOLS = np.array([[True, False, True], [False, False, True]])
NANS = np.array([[2.0, np.nan, 1.0, np.nan, 2.0], [3.0, -1.0, np.inf, 3.0, -np.inf]])
REPEATED = np.array([3, 1, 1, 2, 3, 3])

# name: (program, array): results without gradients, compared exactly.
EXACT = {
    "sort indices": (lambda t, a: t.sort(a, stable=True).indices, NANS),
    "sort values with nan": (lambda t, a: a.sort(descending=True).values, NANS),
    "sort integers": (lambda t, a: a.sort(0).values, INTEGERS),
    "sort bool": (lambda t, a: a.sort().indices, BOOLS),
    "argsort": (lambda t, a: t.argsort(a, stable=True), NANS),
    "argsort descending": (lambda t, a: a.argsort(dim=1, descending=True, stable=True), TIES),
    "topk indices": (lambda t, a: a.topk(2).indices, INTEGERS),
    "topk 0-dim": (lambda t, a: a.topk(1).indices, np.array(2.0)),
    "nonzero": (lambda t, a: t.nonzero(a), INTEGERS),
    "nonzero of one": (lambda t, a: a.nonzero(), np.array(1.0)),
    "nonzero tuple": (lambda t, a: t.stack(a.nonzero(as_tuple=True)), INTEGERS),
    "unique": (lambda t, a: t.unique(a), INTEGERS),
    "unique inverse": (lambda t, a: a.unique(return_inverse=True)[1], REPEATED),
    "unique counts": (lambda t, a: t.unique(a, return_inverse=True, return_counts=True)[2], REPEATED),
    "unique rows": (lambda t, a: t.unique(a, dim=0), np.array([[1, 2], [0, 1], [1, 2]])),
    "unique nan": (lambda t, a: t.unique(a), np.array([np.nan, 1.0, np.nan])),
    "logical_and": (lambda t, a: t.logical_and(a, a > 0), INTEGERS),
    "logical_or": (lambda t, a: a.logical_or(a > 5), NANS),
    "logical_xor": (lambda t, a: t.logical_xor(a, a.t().reshape(2, 3)), BOOLS),
    "and": (lambda t, a: (a & True) | (a ^ ~a), BOOLS),
    "bits": (lambda t, a: (a & 6) | (1 ^ a), INTEGERS),
    "bytes": (lambda t, a: t.bitwise_and(a, 3), np.array([5, 6], np.uint8)),
    "isclose": (lambda t, a: t.isclose(a, a * (1 + 1e-6), equal_nan=True), NANS),
    "isclose integers": (lambda t, a: a.isclose(a), INTEGERS),
    "sign integers": (lambda t, a: a.sign(), INTEGERS),
    "sign bool": (lambda t, a: t.sign(a), BOOLS),
    "floor integers": (lambda t, a: a.floor(), INTEGERS),
    "remainder integers": (lambda t, a: a % 4, INTEGERS),
    "remainder negative": (lambda t, a: t.remainder(a, -4), INTEGERS),
    "remainder by zero": (lambda t, a: a % 0, NANS),
    "remainder of number": (lambda t, a: 5 % a, NANS),
    "norm 0": (lambda t, a: a.norm(0, 1), ZEROS),
    "square integers": (lambda t, a: a.square(), INTEGERS.astype(np.int16)),
    "square bool": (lambda t, a: a.square(), BOOLS),
    "reciprocal integers": (lambda t, a: a.reciprocal(), INTEGERS),
    "prod integers": (lambda t, a: a.prod(1), INTEGERS.astype(np.int32)),
    "prod dtype": (lambda t, a: t.prod(a, dtype=t.float64), INTEGERS),
    "cumsum bool": (lambda t, a: a.cumsum(1), BOOLS),
    "cumsum dtype": (lambda t, a: a.cumsum(0, dtype=t.float32), INTEGERS),
    "half cumsum": (lambda t, a: a.cumsum(0), np.full(3000, 1, np.float16)),
    "logsumexp of -inf": (lambda t, a: a.logsumexp(0), np.full(3, -np.inf)),
    "logsumexp of inf": (lambda t, a: a.logsumexp(1), np.array([[np.inf, 1.0], [-np.inf, 1.0]])),
    "logsumexp of nothing": (lambda t, a: a.logsumexp(0), np.zeros((0, 2))),
    "gather integers": (lambda t, a: a.gather(1, t.tensor([[0, 0], [2, 1]])), INTEGERS),
    "gather nothing": (lambda t, a: a.gather(0, t.zeros(0, 2, dtype=t.int64)), INTEGERS),
    "scatter_add integers": (lambda t, a: a.scatter_add(1, t.tensor([[0, 0]]), a), INTEGERS),
    "masked_fill integers": (lambda t, a: a.masked_fill(a > 2, 9), INTEGERS),
    "diagonal beyond": (lambda t, a: a.diagonal(9), INTEGERS),
    "outer promoted": (lambda t, a: t.outer(a[0], a[1].float()), INTEGERS),
    "einsum integers": (lambda t, a: t.einsum("ij,kj->ik", a, a), INTEGERS),
    "einsum list": (lambda t, a: t.einsum("ij,kj->ik", [a, a]), INTEGERS),
    "new_zeros": (lambda t, a: a.new_zeros(2, 3), INTEGERS),
    "new_ones": (lambda t, a: a.new_ones((2,), dtype=t.float16), INTEGERS),
    "new_full": (lambda t, a: a.new_full((2, 2), 3), NANS),
    "new_tensor": (lambda t, a: a.new_tensor([1, 2]), NANS),
}


@pytest.mark.parametrize("name", EXACT)
def test_is_exactly_torch(name):
    program, array = EXACT[name]
    expected = program(torch, torch.tensor(array)).numpy()
    got = program(mytorch, mytorch.tensor(array)).numpy()
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)


X, I, LONG = np.ones((3, 4)), np.ones((3, 4), np.int64), [[0, 1]]

# name: (program, words that the message must have)
BAD = {
    "remainder sizes": (lambda t, x: t.remainder(x, t.ones(5)), ["4", "5"]),
    "remainder by zero": (lambda t, x: x.long() % 0, ["ZeroDivision"]),
    "remainder bools": (lambda t, x: t.remainder(x.bool(), x.bool()), ["Bool"]),
    "floor bool": (lambda t, x: x.bool().floor(), ["Bool"]),
    "logical_and number": (lambda t, x: t.logical_and(x, 2), ["other", "int"]),
    "bits of floats": (lambda t, x: x & x, ["bitwise_and", "Double"]),
    "bits and float": (lambda t, x: x.long() | 1.5, ["bitwise_or"]),
    "addcmul sizes": (lambda t, x: t.addcmul(x, x, t.ones(5)), ["4", "5"]),
    "addcdiv integers": (lambda t, x: t.addcdiv(x, x.long(), x.long()), ["Integer division"]),
    "lerp dtype": (lambda t, x: t.lerp(x, x.float(), 1), ["end", "float"]),
    "lerp weight dtype": (lambda t, x: t.lerp(x, x, x.float()), ["weight", "float"]),
    "lerp integers": (lambda t, x: t.lerp(x.long(), x.long(), 1), ["Long"]),
    "var integers": (lambda t, x: x.long().var(), ["floating"]),
    "var dim": (lambda t, x: x.var(5), ["-2", "1", "5"]),
    "var dim twice": (lambda t, x: x.var((0, 0)), ["dim 0"]),
    "var both": (lambda t, x: x.var(0, unbiased=True, correction=0), ["unbiased", "correction"]),
    "prod dims": (lambda t, x: x.prod((0, 1)), ["prod|int"]),
    "prod dim": (lambda t, x: x.prod(5), ["-2", "1", "5"]),
    "prod keepdim": (lambda t, x: t.prod(x, keepdim=True), ["keepdim"]),
    "cumsum dim": (lambda t, x: x.cumsum(4), ["-2", "1", "4"]),
    "logsumexp dim": (lambda t, x: x.logsumexp(9), ["-2", "1", "9"]),
    "norm integers": (lambda t, x: x.long().norm(), ["Long"]),
    "norm of three dims": (lambda t, x: x[None].norm(dim=(0, 1, 2)), ["2-tuple"]),
    "norm order": (lambda t, x: x.norm("foo"), ["foo"]),
    "norm of nothing": (lambda t, x: x[:0].norm(float("inf")), ["inf"]),
    "movedim number": (lambda t, x: t.movedim(x, (0, 1), (0,)), ["[0, 1]", "[0]"]),
    "movedim repeated": (lambda t, x: t.movedim(x, (0, 0), (0, 1)), ["source", "[0, 0]"]),
    "movedim dim": (lambda t, x: t.movedim(x, 5, 0), ["-2", "1", "5"]),
    "narrow length": (lambda t, x: x.narrow(1, 3, 4), ["3", "4"]),
    "narrow negative": (lambda t, x: x.narrow(1, 0, -1), ["length"]),
    "narrow start": (lambda t, x: x.narrow(1, 9, 1), ["-4", "4", "9"]),
    "narrow 0-dim": (lambda t, x: x.sum().narrow(0, 0, 1), ["0-dim"]),
    "unflatten": (lambda t, x: x.unflatten(1, (2, 3)), ["[2, 3]", "dim 1", "4"]),
    "unflatten nothing": (lambda t, x: x.unflatten(1, ()), ["non-empty"]),
    "flip twice": (lambda t, x: x.flip(0, 0), ["dim 0"]),
    "flip dim": (lambda t, x: x.flip(3), ["-2", "1", "3"]),
    "roll": (lambda t, x: x.roll((1, 2), (0,)), ["2", "1"]),
    "roll flat": (lambda t, x: x.roll((1, 2)), ["2", "0"]),
    "roll dim": (lambda t, x: x.roll(1, 3), ["-2", "1", "3"]),
    "tril": (lambda t, x: x[0].tril(), ["2"]),
    "diagonal": (lambda t, x: x.diagonal(0, 1, 1), ["1, 1"]),
    "repeat": (lambda t, x: x.repeat(2), ["repeat"]),
    "repeat negative": (lambda t, x: x.repeat(2, -1), ["negative"]),
    "gather range": (lambda t, x: x.gather(1, t.tensor([[5]])), ["5", "dimension 1", "4"]),
    "gather negative": (lambda t, x: x.gather(1, t.tensor([[-1]])), ["-1", "dimension 1", "4"]),
    "gather rank": (lambda t, x: x.gather(1, t.tensor([0])), ["dimensions"]),
    "gather size": (lambda t, x: x.gather(1, t.zeros(4, 1, dtype=t.int64)), ["[4, 1]", "[3, 4]"]),
    "gather dim": (lambda t, x: x.gather(3, t.zeros(3, 1, dtype=t.int64)), ["-2", "1", "3"]),
    "gather dtype": (lambda t, x: x.gather(1, t.zeros(1, 1)), ["int32/int64"]),
    "scatter range": (lambda t, x: x.scatter(1, t.tensor([[5]]), 1.0), ["5", "dimension 1", "4"]),
    "scatter size": (lambda t, x: x.scatter(1, t.tensor(LONG), x[:, :1]), ["[1, 2]", "[3, 1]"]),
    "scatter dtype": (lambda t, x: x.scatter(1, t.tensor(LONG), x.float()), ["dtype"]),
    "scatter index dtype": (lambda t, x: x.scatter(1, x, x), ["int32/int64"]),
    "scatter_add size": (lambda t, x: x.scatter_add(1, t.tensor(LONG), x[:, :1]), ["[1, 2]", "[3, 1]"]),
    "index_select range": (lambda t, x: x.index_select(1, t.tensor([5])), ["5", "4"]),
    "index_select rank": (lambda t, x: x.index_select(1, t.tensor([[1]])), ["vector"]),
    "index_select dtype": (lambda t, x: x.index_select(1, x[0]), ["int32"]),
    "masked_fill mask": (lambda t, x: x.masked_fill(x, 1), ["boolean"]),
    "masked_fill value": (lambda t, x: x.masked_fill(x > 0, t.ones(2)), ["0-dim", "1"]),
    "masked_fill sizes": (lambda t, x: x.masked_fill(t.ones(5, dtype=t.bool), 1), ["5", "4"]),
    "masked_select mask": (lambda t, x: x.masked_select(x), ["BoolTensor"]),
    "masked_select sizes": (lambda t, x: x.masked_select(t.ones(5, dtype=t.bool)), ["5", "4"]),
    "sort dim": (lambda t, x: x.sort(5), ["-2", "1", "5"]),
    "argsort dim": (lambda t, x: x.argsort(7), ["-2", "1", "7"]),
    "topk k": (lambda t, x: x.topk(9), ["k"]),
    "topk dim": (lambda t, x: x.topk(1, 4), ["-2", "1", "4"]),
    "mv sizes": (lambda t, x: x.mv(t.ones(3, dtype=t.float64)), ["3x4", "3"]),
    "mv rank": (lambda t, x: x[0].mv(x[0]), ["1, 1, 1"]),
    "outer rank": (lambda t, x: x.outer(x[0]), ["1-D", "2-D"]),
    "addmm sizes": (lambda t, x: t.addmm(x, x, x), ["3x4"]),
    "addmm input": (lambda t, x: t.addmm(x[:2, :3], x, x.t()), ["3", "2"]),
    "addmm dtype": (lambda t, x: t.addmm(x, x, x.t().float()), ["dtype"]),
    "baddbmm sizes": (lambda t, x: t.baddbmm(x, x[None], x[None]), ["[1, 4]", "[1, 3]"]),
    "isclose dtypes": (lambda t, x: t.isclose(x, x.float()), ["Float", "Double"]),
    "isclose tolerance": (lambda t, x: t.isclose(x, x, rtol=-1), ["rtol", "-1"]),
    "hstack nothing": (lambda t, x: t.hstack([]), ["non-empty"]),
    "hstack ranks": (lambda t, x: t.hstack([x[0], x]), ["1", "2"]),
    "vstack sizes": (lambda t, x: t.vstack([x, x[:, 0]]), ["4", "3"]),
    "einsum sizes": (lambda t, x: t.einsum("ij,jk->ik", x, x), ["j", "3", "4"]),
    "einsum output": (lambda t, x: t.einsum("ij->ijk", x), ["k"]),
    "einsum output twice": (lambda t, x: t.einsum("ij->ii", x), ["i"]),
    "einsum few": (lambda t, x: t.einsum("ij,j", x), ["fewer"]),
    "einsum many": (lambda t, x: t.einsum("ij", x, x), ["more"]),
    "einsum rank": (lambda t, x: t.einsum("ijk", x), ["3", "2", "operand 0"]),
    "einsum letter": (lambda t, x: t.einsum("i1->i", x), ["index 1"]),
    "einsum diagonal": (lambda t, x: t.einsum("ii->i", x), ["i", "3", "4"]),
    "einsum dtypes": (lambda t, x: t.einsum("ij,ij->", x, x.float()), ["Double", "Float"]),
}


@pytest.mark.parametrize("name", BAD)
def test_errors(name):
    program, words = BAD[name]
    errors = []
    for t in (torch, mytorch):
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the class is what is compared
            program(t, t.tensor(X))
        errors.append(caught)
    assert errors[1].type is errors[0].type, f"{errors[1].value} instead of {errors[0].value}"
    for word in words:
        assert any(each in str(errors[1].value) for each in word.split("|"))


def test_a_variance_without_freedom_warns():
    with pytest.warns(UserWarning, match="degrees of freedom"):
        assert mytorch.ones(1).var().isnan()


def test_both_names_of_an_argument_are_refused():
    with pytest.raises(TypeError, match="'axis' and 'dim'"):
        mytorch.ones(2).sum(dim=0, axis=0)


def test_results_have_names():
    values, indices = mytorch.tensor([3.0, 1.0]).sort()
    assert values.tolist() == [1.0, 3.0]
    assert indices.tolist() == [1, 0]


def test_a_diagonal_is_a_view():
    x = mytorch.zeros(2, 2)
    x.diagonal().fill_(1)
    assert x.tolist() == [[1.0, 0.0], [0.0, 1.0]]
