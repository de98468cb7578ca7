"""float16 and bfloat16: torch's own results pass, and wrong ones do not."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import conformance
from conformance.reference.draws import draw
from conformance.reference.program import Program

HALF = [torch.bfloat16, torch.float16]


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def layer(make):
    """Return a layer with the parameters of a fixed seed, from whatever state the generator is in."""
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(0)
        return make()


class Attention(nn.MultiheadAttention):
    """An attention to oneself."""

    def forward(self, x):
        return super().forward(x, x, x, need_weights=False)[0]


PROGRAMS = {
    "scalars": (lambda a: (0.1 - a * 0.3 + 0.7) / 3.3, normal(8, 16)),
    "a long product": (torch.mm, normal(4, 4096), normal(4096, 4)),
    "a long sum of positive terms": (lambda a: a.sum(1), normal(4, 4096).abs()),
    "a linear layer": (layer(lambda: nn.Linear(64, 32)), normal(8, 64)),
    "a softmax": (torch.softmax, normal(8, 100), 1),
    "cross entropy": (lambda a: functional.cross_entropy(a, torch.arange(8)), normal(8, 30)),
    "binary cross entropy": (functional.binary_cross_entropy, normal(4, 8).sigmoid(), normal(4, 8).sigmoid()),
    "mse_loss": (functional.mse_loss, normal(8, 16), normal(8, 16, seed=1)),
    "layer_norm": (layer(lambda: nn.LayerNorm(64)), normal(32, 64)),
    "batch_norm": (layer(lambda: nn.BatchNorm1d(8)), normal(16, 8)),
    "gelu": (functional.gelu, normal(8, 16)),
    "relu": (
        layer(lambda: nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 8))),
        normal(32, 32),
    ),
    "an embedding": (lambda table: table[torch.arange(64) % 5] * 0.3, normal(5, 6)),
    "attention": (layer(lambda: Attention(16, 2, batch_first=True)), normal(2, 5, 16)),
    "fused attention": (
        functional.scaled_dot_product_attention,
        *(normal(2, 2, 40, 16, seed=seed) for seed in range(3)),
    ),
    "a convolution": (layer(lambda: nn.Conv2d(3, 4, 3, padding=1)), normal(2, 3, 8, 8)),
    "nn.LSTM": (layer(lambda: nn.LSTM(8, 12)), normal(7, 3, 8)),
    "nn.LSTM, two layers": (layer(lambda: nn.LSTM(4, 6, 2, bidirectional=True)), normal(5, 2, 4)),
    "nn.GRU": (layer(lambda: nn.GRU(8, 12)), normal(7, 3, 8)),
    "nn.RNN": (layer(lambda: nn.RNN(8, 12)), normal(20, 3, 8)),
    "nn.LSTMCell": (layer(lambda: nn.LSTMCell(8, 12)), normal(3, 8)),
}


def results(fn, inputs, dtype):
    """Return the outputs of a program in a dtype, its gradients by name, and their cotangents."""
    fn = copy.deepcopy(fn).to(dtype) if isinstance(fn, nn.Module) else fn
    inputs = [each.to(dtype).requires_grad_() if isinstance(each, torch.Tensor) else each for each in inputs]
    outputs = fn(*inputs)
    flat = [outputs] if isinstance(outputs, torch.Tensor) else [outputs[0], *_flat(outputs[1])]
    cotangents = [normal(*each.shape, seed=9).to(dtype) for each in flat]
    torch.autograd.backward(flat, cotangents)
    grads = {place: each.grad for place, each in enumerate(inputs) if isinstance(each, torch.Tensor)}
    if isinstance(fn, nn.Module):
        grads |= {name: each.grad for name, each in fn.named_parameters()}
    return outputs, grads, cotangents


def _flat(state):
    return [state] if isinstance(state, torch.Tensor) else state


@pytest.mark.parametrize("dtype", HALF, ids=str)
@pytest.mark.parametrize(("fn", "inputs"), [(f, i) for f, *i in PROGRAMS.values()], ids=list(PROGRAMS))
def test_torchs_own_result_passes_forward_and_backward(fn, inputs, dtype):
    outputs, grads, cotangents = results(fn, inputs, dtype)
    conformance.assert_close(outputs, fn, *inputs, grads=grads, cotangents=cotangents)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_what_is_allowed_is_a_few_roundings(dtype):
    """And so are an LSTM's outputs, though many roundings add up in it."""
    unit = torch.finfo(getattr(torch, dtype)).eps / 2
    for name, most in (("a long product", 10), ("nn.LSTM", 30)):
        fn, *inputs = PROGRAMS[name]
        found = draw(Program(fn, tuple(inputs), dtype, backward=False), "key")
        output = "output" if "output" in found.oracle else "output[0]"
        largest = np.abs(found.oracle[output]).max()
        assert unit < found.allowed(output).max() / largest < most * unit


def one_by_one(a, b):
    """Return a product of matrices whose sums are in the dtype of its factors."""
    total = a.new_zeros(a.shape[0], b.shape[1])
    for k in range(a.shape[1]):
        total = total + a[:, k : k + 1] * b[k : k + 1]
    return total


LONG = (normal(2, 4096).abs(), normal(4096, 2).abs())
LINEAR, LSTM = PROGRAMS["a linear layer"][0], PROGRAMS["nn.LSTM"][0]
X, STEPS = PROGRAMS["a linear layer"][1], PROGRAMS["nn.LSTM"][1]


def with_gates_in_another_order(dtype):
    wrong = copy.deepcopy(LSTM).to(dtype)
    with torch.no_grad():
        for parameter in wrong.parameters():
            i, f, g, o = parameter.clone().chunk(4)
            parameter.copy_(torch.cat([f, i, g, o]))
    return wrong(STEPS.to(dtype))


WRONG = {
    "sums in the dtype of values": (torch.mm, LONG, lambda d: one_by_one(*(each.to(d) for each in LONG))),
    "no bias": (LINEAR, (X,), lambda d: X.to(d) @ LINEAR.weight.to(d).T),
    "gates in another order": (LSTM, (STEPS,), with_gates_in_another_order),
    "tanh that is off by 2 %": (torch.tanh, (X,), lambda d: (1.02 * X.to(d).float().tanh()).to(d)),
    "a mean for a sum": (lambda a: a.sum(1), (X,), lambda d: X.to(d).mean(1)),
    "a wrong axis": (torch.softmax, (X, 1), lambda d: X.to(d).softmax(0)),
}


@pytest.mark.parametrize("dtype", HALF, ids=str)
@pytest.mark.parametrize(("fn", "inputs", "wrong"), WRONG.values(), ids=list(WRONG))
def test_what_is_wrong_is_noticed(fn, inputs, wrong, dtype):
    with pytest.raises(AssertionError, match=f"further away than {str(dtype)[6:]} rounding explains"):
        conformance.assert_close(wrong(dtype), fn, *inputs)


@pytest.mark.parametrize("dtype", HALF, ids=str)
def test_a_gradient_that_passes_a_relu_everywhere_is_noticed(dtype):
    fn, x = PROGRAMS["relu"]
    outputs, grads, cotangents = results(fn, [x], dtype)
    linear = nn.Sequential(fn[0], fn[2])
    _, wrong, _ = results(linear, [x], dtype)
    with pytest.raises(AssertionError, match=r"grad\[0\]: \d{3,} of 1024 elements are further"):
        conformance.assert_close(outputs, fn, x, grads=grads | {0: wrong[0]}, cotangents=cotangents)


def test_float16_that_went_through_bfloat16_is_noticed():
    fewer = copy.deepcopy(LINEAR).bfloat16()(X.half().bfloat16()).half()
    with pytest.raises(AssertionError, match="further away than float16 rounding"):
        conformance.assert_close(fewer, LINEAR, X)


@pytest.mark.parametrize("dtype", HALF, ids=str)
def test_sums_in_the_dtype_of_values_pass_where_that_is_declared(dtype):
    a, b = normal(4, 300).to(dtype), normal(300, 4, seed=1).to(dtype)
    conformance.assert_close(one_by_one(a, b), torch.mm, a, b, accumulate=dtype)


@pytest.mark.parametrize("dtype", HALF, ids=str)
def test_operations_that_are_not_fused_pass_where_that_is_declared(dtype):
    x = PROGRAMS["a softmax"][1].to(dtype)
    powers = (x - x.amax(1, keepdim=True)).exp()
    conformance.assert_close(powers / powers.sum(1, keepdim=True), torch.softmax, x, 1, compute=dtype)


@pytest.mark.parametrize("dtype", HALF, ids=str)
def test_a_product_that_is_stored_before_the_bias_is_added_passes(dtype):
    fn = copy.deepcopy(LINEAR).to(dtype)
    # A bias that cancels: of the result little is left, and of the product's rounding all.
    x = X[:1].expand(64, 64).to(dtype)
    with torch.no_grad():
        fn.bias.copy_(-(x[0] @ fn.weight.T))
    conformance.assert_close(x @ fn.weight.T + fn.bias, fn, x)


class OfAnotherLibrary:
    """An array of bfloat16 as other libraries add it to NumPy: NumPy takes it, and knows its name."""

    class dtype:  # noqa: N801 - as an array's
        name = "bfloat16"

        def __str__(self):
            return self.name

    def __init__(self, values):
        self.values, self.dtype, self.shape = values, type(self).dtype(), values.shape

    def __array__(self, dtype=None, copy=None):
        return self.values.astype(dtype or np.float32, copy=copy)


def test_bfloat16_of_other_libraries():
    x = X.bfloat16().float().numpy()
    right = OfAnotherLibrary(torch.tanh(X.bfloat16()).float().numpy())
    conformance.assert_close(right, torch.tanh, OfAnotherLibrary(x))
    wrong = OfAnotherLibrary(right.values * np.float32(1.02))
    with pytest.raises(AssertionError, match="further away than bfloat16 rounding"):
        conformance.assert_close(wrong, torch.tanh, x)


def test_numpys_float16():
    x = X.half().numpy()
    conformance.assert_close(np.tanh(x), torch.tanh, x)
    with pytest.raises(AssertionError, match="further away than float16 rounding"):
        conformance.assert_close(np.tanh(x) * np.float16(1.01), torch.tanh, x)


def test_the_pair_holds_for_torch():
    found = conformance.tolerance(torch.mm, *PROGRAMS["a long product"][1:], dtype=torch.bfloat16, draws=1)
    a, b = (each.bfloat16() for each in PROGRAMS["a long product"][1:])
    pair = found["output"]
    np.testing.assert_allclose((a @ b).double(), a.double() @ b.double(), rtol=pair.rtol, atol=pair.atol)


def test_the_sentence_and_its_sight():
    def told(dtype, **inside):
        fn, *inputs = PROGRAMS["a softmax"]
        return conformance.tolerance(fn, *inputs, dtype=dtype, draws=1, backward=False, **inside)["output"]

    sentence = told("bfloat16").sentence
    assert "64 replicates of bfloat16 rounding (computed and added up in float32) through " in sentence
    assert "100% of it from _softmax" in sentence
    assert "the constants are those of float32" in sentence
    assert sentence.endswith(
        "notices zeros, the mean everywhere, rolled rows, float8 rounding, the input itself"
    )
    assert "bfloat16 rounding" in told("float16").notices
    sources = told("bfloat16", compute="bfloat16").sources
    assert {"exp", "sum", "div"} <= {source.operation for source in sources}


def test_the_corridor_of_a_product():
    found = conformance.tolerance(torch.mm, *LONG, dtype="bfloat16", draws=1, backward=False)["output"]
    (source,) = found.sources
    assert source.corridor("bfloat16") == (64 * 2.0**-24 + 2.0**-8, 4096 * 2.0**-24 + 2.0**-8)
    assert source.corridor("float16", "float16") == (64 * 2.0**-11 + 2.0**-11, 4096 * 2.0**-11 + 2.0**-11)


def test_an_overflow_of_float16_is_refused():
    with pytest.raises(conformance.DegenerateError, match="leaves the range of the dtype"):
        conformance.tolerance(lambda a: a.exp() / a.exp().sum(), torch.tensor([12.0, 1.0]), dtype="float16")
