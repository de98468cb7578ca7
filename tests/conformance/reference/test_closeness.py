"""`assert_close`: passes what rounding explains, and shows what it does not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import conformance
import mytorch

X = np.random.default_rng(0).normal(size=(8, 5)).astype(np.float32)
G = np.random.default_rng(1).normal(size=(8, 5)).astype(np.float32)


def softmax(x):
    powers = np.exp(x - x.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def softmax_backward(x, g):
    y = softmax(x)
    return y * (g - (g * y).sum(1, keepdims=True))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_right_passes(dtype):
    x, g = X.astype(dtype), G.astype(dtype)
    conformance.assert_close(softmax(x), torch.softmax, x, 1)
    conformance.assert_close(softmax(x), torch.softmax, x, 1, grads=(softmax_backward(x, g),), cotangents=g)


@pytest.mark.parametrize(
    ("dtype", "relative"), [(np.float32, 2e-5), (np.float64, 1e-13)], ids=["float32", "float64"]
)
def test_one_element_that_is_off_is_seen(dtype, relative):
    actual = softmax(X.astype(dtype))
    actual[3, 2] *= 1 + relative
    with pytest.raises(AssertionError) as failure:
        conformance.assert_close(actual, torch.softmax, X.astype(dtype), 1)
    first, second = str(failure.value).splitlines()
    assert first == f"output: 1 of 40 elements are further away than {np.dtype(dtype)} rounding explains"
    assert second.startswith("  at [3, 2]: expected 0.")
    assert ", headroom 0." in second


def test_a_wrong_gradient_is_seen_and_named():
    wrong = softmax_backward(X, G) * np.float32(1 + 1e-3)
    with pytest.raises(AssertionError, match=r"\Agrad\[0\]: \d+ of 40 elements") as failure:
        conformance.assert_close(softmax(X), torch.softmax, X, 1, grads=(wrong,), cotangents=G)
    # The worst three, the nearest to being right last.
    shown = [float(line.rpartition(" ")[2]) for line in str(failure.value).splitlines()[1:]]
    assert len(shown) == 3
    assert shown == sorted(shown)


def test_the_float64_program_decides_and_not_its_float32_result():
    """Of a sum that cancels, torch's own float32 result is far off, and so may others be, but not further."""
    x = np.array([1e8, 1.0, -1e8], np.float32)
    conformance.assert_close(np.float32(0), torch.sum, x)
    conformance.assert_close(np.float32(8), torch.sum, x)
    with pytest.raises(AssertionError, match="output: 1 of 1 elements"):
        conformance.assert_close(np.float32(2000), torch.sum, x)


class TestLayer:
    """A layer of another library against torch's, with its parameters' gradients."""

    torchs = nn.LSTM(3, 4)
    ours = mytorch.nn.LSTM(3, 4)
    ours.load_state_dict({name: mytorch.tensor(v.numpy()) for name, v in torchs.state_dict().items()})
    input = np.random.default_rng(2).normal(size=(6, 2, 3)).astype(np.float32)

    def test_nested_outputs_by_position(self):
        output, (h, c) = self.ours(mytorch.tensor(self.input))
        conformance.assert_close((output, (h, c)), self.torchs, self.input)
        with pytest.raises(AssertionError) as failure:
            conformance.assert_close((output, (c, h)), self.torchs, self.input)
        named = [line.partition(":")[0] for line in str(failure.value).splitlines() if line[0] != " "]
        assert named == ["output[1][0]", "output[1][1]"]

    def test_gradients_of_inputs_and_parameters_by_name(self):
        input = mytorch.tensor(self.input, requires_grad=True)
        output, _ = self.ours(input)
        cotangent = np.ones(output.shape, np.float32)
        output.sum().backward()
        found = {0: input.grad, **{name: p.grad for name, p in self.ours.named_parameters()}}

        def check(grads):
            nothing = np.zeros((1, 2, 4), np.float32)
            outputs = self.ours(mytorch.tensor(self.input))
            conformance.assert_close(
                outputs, self.torchs, self.input, grads=grads, cotangents=(cotangent, nothing, nothing)
            )

        check(found)
        check({"bias_hh_l0": found["bias_hh_l0"]})
        with pytest.raises(AssertionError, match=r"\Agrad.bias_hh_l0: 16 of 16"):
            check({"bias_hh_l0": 2 * found["bias_hh_l0"]})
        with pytest.raises(AssertionError, match=r"\Agrad.bias_hh_l1: unexpected; fn has output"):
            check({"bias_hh_l1": found["bias_hh_l0"]})


def test_arrays_of_other_libraries_are_taken_everywhere():
    x, g = mytorch.tensor(X, requires_grad=True), mytorch.tensor(G)
    output = x.softmax(np.int64(1))
    output.backward(g)
    conformance.assert_close(output, torch.softmax, x, np.int64(1), grads=(x.grad,), cotangents=g)


def test_a_loss_needs_no_cotangent():
    conformance.assert_close(X.sum(), torch.sum, X, grads=(np.ones_like(X),))
    with pytest.raises(AssertionError, match=r"grad\[0\]: 40 of 40"):
        conformance.assert_close(X.sum(), torch.sum, X, grads=(np.full_like(X, 1.01),))


def test_a_gradient_that_is_left_out():
    conformance.assert_close((X * G).sum(), lambda a, b: (a * b).sum(), X, G, grads=(None, X))


def test_whole_numbers_and_masks_agree_in_every_bit():
    conformance.assert_close(X > 0, torch.gt, X, 0)
    conformance.assert_close(X.argmax(1), torch.argmax, X, 1)
    with pytest.raises(
        AssertionError, match="output: 1 of 8 elements are other numbers, which nothing rounds"
    ):
        conformance.assert_close(X.argmax(1) + np.eye(8, dtype=int)[0], torch.argmax, X, 1)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_as_expected(wrong):
    x = np.array([1.0, -1.0, 0.0], np.float32)
    with np.errstate(all="ignore"):
        right = np.log(x)
    conformance.assert_close(right, torch.log, x)
    for place in range(3):
        other = right.copy()
        other[place] = wrong
        if not np.array_equal(other, right, equal_nan=True):
            with pytest.raises(AssertionError, match=f"output: 1 of 3 elements.*\n  at .{place}.: "):
                conformance.assert_close(other, torch.log, x)


@pytest.mark.parametrize(
    ("actual", "fn", "told"),
    [
        (X[0], torch.exp, r"output: expected the shape \(8, 5\), got \(5,\)"),
        ((X,), torch.exp, r"fn returns output, and actual has output\[0\]\noutput\[0\]: unexpected; fn has"),
        (X > 0, torch.exp, "output: expected numbers like float64, got bool"),
        (
            [1.0, 2.0],
            torch.exp,
            r"output: missing; fn returns output, and actual has output\[0\], output\[1\]",
        ),
    ],
)
def test_another_form_is_a_failure(actual, fn, told):
    with pytest.raises(AssertionError, match=told):
        conformance.assert_close(actual, fn, X)


@pytest.mark.parametrize(
    ("actual", "fn", "options", "error", "told"),
    [
        (X, nn.Dropout(), {}, conformance.UsageError, "it draws at random"),
        ((X, X.astype(np.float64)), torch.frexp, {}, conformance.UsageError, "expected one floating dtype"),
        (
            torch.ones(8, 5).to(torch.float8_e4m3fn),
            torch.exp,
            {},
            conformance.UsageError,
            "not an array that NumPy can",
        ),
        ("x", torch.exp, {}, conformance.UsageError, "actual: expected numbers in output, got str"),
        (X, torch.exp, {"grads": X}, conformance.UsageError, "grads: expected a tuple .*, got ndarray"),
        (
            X,
            torch.exp,
            {"grads": (X,), "cotangents": 1.0},
            conformance.UsageError,
            "cotangents: expected an array for output, got float",
        ),
        (X, torch.exp, {"grads": (X,)}, conformance.UsageError, r"expected one for output of shape \(8, 5\)"),
        (
            X,
            torch.exp,
            {"grads": (X,), "cotangents": X[0]},
            conformance.UsageError,
            r"shape of output, \(8, 5\)",
        ),
        (
            X,
            torch.exp,
            {"grads": (X,), "cotangents": (X, X)},
            conformance.UsageError,
            "expected 1, one for each",
        ),
        (
            X,
            torch.exp,
            {"cotangents": X},
            conformance.UsageError,
            "cotangents: expected grads with them, got",
        ),
        (
            torch.empty(8, 5, device="meta"),
            torch.exp,
            {},
            conformance.UsageError,
            "actual: expected numbers in output, which is on the device meta",
        ),
        (X, 3, {}, conformance.UsageError, "fn: expected a function of tensors or a module, got int"),
        (X, lambda a: (a * 0).exp().floor() * a, {}, conformance.DegenerateError, "near a tie"),
    ],
)
def test_what_is_refused(actual, fn, options, error, told):
    with pytest.raises(error, match=told):
        conformance.assert_close(actual, fn, X, **options)


def test_a_complex_result_is_compared_by_its_parts():
    x = torch.randn(4, 16, generator=torch.Generator().manual_seed(0))
    conformance.assert_close(torch.fft.fft(x), torch.fft.fft, x)
    conformance.assert_close(torch.fft.fft(x).conj(), lambda a: torch.fft.fft(a).conj(), x)
    with pytest.raises(AssertionError, match=r"output\.imag: .* further away"):
        conformance.assert_close(torch.fft.fft(x).conj(), torch.fft.fft, x)
    with pytest.raises(AssertionError, match=r"output\.real: missing"):
        conformance.assert_close(torch.fft.fft(x).real, torch.fft.fft, x)
