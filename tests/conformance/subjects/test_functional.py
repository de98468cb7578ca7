"""An implementation made of one function of arrays: right and wrong ones, with and without a pullback."""

from __future__ import annotations

import numpy as np
import pytest

import conformance
from conformance import Functional, Supports
from conformance.judging.verdict import Status


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_cell(case, config, x):
    """`nn.LSTMCell`, forward and backward."""
    assert case == "nn.LSTMCell"
    zeros = np.zeros((*x["input"].shape[:-1], config["H"]), x["input"].dtype)
    h0, c0 = x.get("h0", zeros), x.get("c0", zeros)
    z = x["input"] @ x["weight_ih"].T + x.get("bias_ih", 0) + h0 @ x["weight_hh"].T + x.get("bias_hh", 0)
    i, f, g, o = (
        function(part)
        for function, part in zip((sigmoid, sigmoid, np.tanh, sigmoid), np.split(z, 4, -1), strict=True)
    )
    c = f * c0 + i * g
    t = np.tanh(c)

    def pullback(cotangents):
        dh = cotangents["h"]
        dc = cotangents["c"] + dh * o * (1 - t * t)
        dz = np.concatenate(
            [dc * g * i * (1 - i), dc * c0 * f * (1 - f), dc * i * (1 - g * g), dh * t * o * (1 - o)], -1
        )
        rows = dz.reshape(-1, dz.shape[-1])
        found = {
            "input": dz @ x["weight_ih"],
            "weight_ih": rows.T @ x["input"].reshape(-1, config["I"]),
            "weight_hh": rows.T @ h0.reshape(-1, config["H"]),
            "bias_ih": rows.sum(0),
            "bias_hh": rows.sum(0),
            "h0": dz @ x["weight_hh"],
            "c0": dc * f,
        }
        return {name: gradient for name, gradient in found.items() if name in x}

    return {"h": o * t, "c": c}, pullback


def forward_only(*arguments):
    return lstm_cell(*arguments)[0]


def changed(name):
    """The cell, one of whose gradients has the wrong sign."""

    def f(*arguments):
        outputs, pullback = lstm_cell(*arguments)
        return outputs, lambda cotangents: {
            key: -value if key == name else value for key, value in pullback(cotangents).items()
        }

    return f


def judged(f, samples=2, supports=None, *, in_process=False):
    subject = Functional("mine", f) if supports is None else Functional("mine", f, supports=supports)
    return conformance.run(subject, ["nn.LSTMCell"], samples=samples, shrink=False, in_process=in_process)


def test_a_right_one_is_shown_forward_and_backward():
    report = judged(lstm_cell, samples=6)
    assert report.exit_code == 0, report.failures[:1]
    assert {v.check for v in report.verdicts} == {"forward", "backward"}
    assert {v.status for v in report.verdicts} == {Status.PASS}
    assert report.limits == "plain calls only, no bad calls"


@pytest.mark.parametrize("name", ["input", "weight_hh"])
def test_a_wrong_gradient_fails(name):
    report = judged(changed(name))
    assert report.exit_code == 1
    assert {v.observable for v in report.failures} == {f"grad.{name}"}


def test_without_a_pullback_it_is_judged_forward_only():
    report = judged(forward_only)
    assert report.exit_code == 0
    assert report.limits == "forward only, plain calls only, no bad calls"
    skipped = {v.reason for v in report.verdicts if v.check == "backward"}
    assert skipped == {"it returns outputs only, and no gradients"}


def test_where_a_pullback_comes_and_goes_the_words_count_the_samples():
    def f(case, config, x):
        outputs, pullback = lstm_cell(case, config, x)
        return outputs if x["input"].dtype == "float32" else (outputs, pullback)

    report = judged(f, samples=2)
    assert report.exit_code == 0
    assert report.limits == "forward only in 2 samples, plain calls only, no bad calls"


def test_wrong_outputs_without_a_pullback_fail():
    report = judged(lambda *given: {name: 1.001 * value for name, value in forward_only(*given).items()})
    assert report.exit_code == 1
    assert {v.check for v in report.failures} == {"forward"}


def test_without_backward_the_pullback_is_not_called():
    def f(*given):
        return forward_only(*given), lambda _: 1 / 0

    report = judged(f, supports=Supports(backward=False))
    assert report.exit_code == 0
    assert {v.check for v in report.verdicts} == {"forward"}


def test_an_output_that_is_missing_fails_without_a_pullback_too():
    report = judged(lambda *given: {"h": forward_only(*given)["h"]})
    assert {v.observable for v in report.failures} == {"c"}


@pytest.mark.parametrize(
    ("f", "reason"),
    [
        (lambda *_: None, "mine: expected outputs by name, or such outputs and a pullback, got NoneType"),
        (
            lambda *_: np.ones(3),
            "mine: expected outputs by name, or such outputs and a pullback, got ndarray",
        ),
        (lambda *given: (forward_only(*given), {}), "and a pullback, got tuple of dict, dict"),
        (
            lambda *given: (forward_only(*given), lambda _: {}),
            "pullback: expected gradients by name, got none",
        ),
        (lambda *given: (forward_only(*given), lambda _: 3), "pullback: expected gradients by name, got int"),
        (lambda *_: 1 / 0, "ZeroDivisionError: division by zero"),
        (
            lambda *given: given[2]["hx"],
            "config has N, I, H, bias, states; this sample's arrays are input, weight_ih, weight_hh, h0, c0",
        ),
    ],
    ids=["None", "an array", "no function", "no gradients", "a number", "raises", "another name"],
)
def test_what_is_no_answer_is_an_error(f, reason):
    errors = [v for v in judged(f, samples=1).verdicts if v.status is Status.ERROR]
    assert len(errors) == 2
    assert all(v.reason.endswith(reason) for v in errors)


def test_a_pullback_that_writes_to_the_outputs_does_not_change_them():
    def f(*given):
        outputs, pullback = lstm_cell(*given)

        def careless(cotangents):
            gradients = pullback(cotangents)
            outputs["h"][...] = 0
            return gradients

        return outputs, careless

    assert judged(f, samples=1).exit_code == 0


def test_it_is_told_case_settings_and_arrays_of_the_lane():
    seen = []

    def f(case, config, arrays):
        seen.append((case, config["N"], arrays["input"].shape[0], arrays["input"].dtype.name))
        return forward_only(case, config, arrays)

    judged(f, samples=1, in_process=True)
    assert {(case, dtype) for case, _, _, dtype in seen} == {
        ("nn.LSTMCell", "float32"),
        ("nn.LSTMCell", "float64"),
    }
    assert all(n == rows for _, n, rows, _ in seen)
