"""A task: the arrays and cotangents that it gives to an implementation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from conformance.cases import CASES
from conformance.cases.case import BadCall, Case
from conformance.sampling.sample import Sample
from conformance.sampling.space import Space
from conformance.sampling.values import Input
from conformance.subjects import mytorch, protocol, pytorch
from conformance.subjects.protocol import Implementation, Task

CASE = Case(
    name="x",
    space=Space({"N": "batch"}),
    inputs=lambda config: {
        "input": Input((config["N"], 3)),
        "index": Input((2,), grad=False),
    },
    program=lambda t, x: {"output": t.tanh(x["input"])},
)
SAMPLE = Sample("x", 1, 0, "small", "normal", (("N", 4),))
STRIDED = Sample("x", 1, 0, "strided", "normal", (("N", 4),))


@pytest.mark.parametrize("make", [mytorch.make, pytorch.make], ids=["mytorch", "torch"])
def test_adapters_are_implementations(make):
    assert isinstance(make(), Implementation)


def test_inputs_are_made_afresh():
    task = Task(CASE, SAMPLE, "float64")
    before = task.inputs()["input"].copy()
    task.inputs()["input"][...] = 0
    np.testing.assert_array_equal(task.inputs()["input"], before)


def test_a_strided_sample_is_not_contiguous():
    assert not Task(CASE, STRIDED, "float64").inputs()["input"].flags.c_contiguous


def test_every_side_of_a_lane_receives_the_same_numbers():
    oracle = Task(CASE, SAMPLE, "float64", carrier="float32").inputs()["input"]
    subject = Task(CASE, SAMPLE, "float32").inputs()["input"]
    assert (oracle.dtype, subject.dtype) == (np.float64, np.float32)
    np.testing.assert_array_equal(oracle, subject)


def test_every_side_of_a_lane_receives_the_same_cotangents():
    oracle = Task(CASE, SAMPLE, "float64", carrier="float32").cotangent("output", (4, 3))
    subject = Task(CASE, SAMPLE, "float32").cotangent("output", (4, 3))
    assert (oracle.dtype, subject.dtype) == (np.float64, np.float32)
    np.testing.assert_array_equal(oracle, subject)


def test_the_lanes_and_uses_of_a_sample_are_drawn_once(monkeypatch):
    drawn = []
    for name in ("make", "fill"):
        real = getattr(protocol, name)
        monkeypatch.setattr(protocol, name, lambda *given, real=real: drawn.append(given) or real(*given))
    monkeypatch.setattr(protocol, "_latest", [])
    for dtype, carrier in (("float64", "float32"), ("float64", ""), ("float32", "")):
        for each in (SAMPLE, SAMPLE.used("no_grad")):
            task = Task(CASE, each, dtype, carrier=carrier)
            task.inputs()
            task.cotangent("output", (2,))
    assert len(drawn) == 2


def test_another_sample_and_another_case_of_its_name_have_arrays_of_their_own():
    first = Task(CASE, SAMPLE, "float64")
    again = Task(CASE, SAMPLE.redrawn(), "float64")
    assert not np.array_equal(first.inputs()["input"], again.inputs()["input"])
    other = replace(CASE, inputs=lambda _: {"x": Input((7,))})
    assert Task(other, SAMPLE, "float64").inputs()["x"].shape == (7,)


def test_differentiable_names_the_inputs_whose_gradients_count():
    assert Task(CASE, SAMPLE, "float64").differentiable == {"input"}


def test_stored_arrays_replace_the_drawn_ones():
    task = Task(CASE, SAMPLE, "float32", stored={"input": np.ones((4, 3))})
    np.testing.assert_array_equal(task.inputs()["input"], np.ones((4, 3), np.float32), strict=True)


def test_a_stored_cotangent_replaces_the_drawn_one():
    task = Task(CASE, SAMPLE, "float32", stored={"cotangent.output": np.ones((4, 3))})
    np.testing.assert_array_equal(task.cotangent("output", (4, 3)), np.ones((4, 3), np.float32), strict=True)


def test_a_stored_cotangent_of_another_shape_is_left_alone():
    task = Task(CASE, SAMPLE, "float32", stored={"cotangent.output": np.ones((4, 3))})
    assert task.cotangent("output", (4, 2)).shape == (4, 2)


def test_a_good_call_has_nothing_wrong():
    assert Task(CASE, SAMPLE, "float32").bad_call is None


def test_a_bad_call_changes_what_it_says():
    bad = BadCall("bad", (), {"N": 9}, {"input": (7, 7)}, {"index": "float64"})
    task = Task(CASE, SAMPLE, "float32", bad_call=bad)
    inputs = task.inputs()
    assert task.bad_call is bad
    assert task.config["N"] == 9
    assert inputs["input"].shape == (7, 7)
    assert inputs["index"].dtype == np.float64


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16"])
def test_single_numbers_are_arrays_too(dtype):
    # In this regime values are shifted, of which NumPy makes a scalar.
    sample = Sample.parse("add:seed=2,draw=25,class=one,regime=huge,N=1,F=1,broadcast=scalar,operator=true")
    inputs = Task(CASES["add"], sample, dtype).inputs()
    assert {name: type(array) for name, array in inputs.items()} == dict.fromkeys(inputs, np.ndarray)
    assert () in {array.shape for array in inputs.values()}
