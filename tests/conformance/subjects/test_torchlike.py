"""Which program TorchLike runs: the case's, the one written out, or one that a fault changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from conformance.cases._uses import USES
from conformance.cases.case import Case, LayerProgram, of_function
from conformance.sampling.sample import Sample
from conformance.sampling.space import Space
from conformance.sampling.values import Input
from conformance.subjects.protocol import Task
from conformance.subjects.supports import Supports
from conformance.subjects.torchlike import TorchLike


def scaled(factor):
    return {"scale": lambda t, value: t.mul(value, t.full_like(value, factor))}


CASE = Case(
    name="x",
    space=Space({"N": "batch"}),
    inputs=lambda config: {"input": Input((config["N"],))},
    program=lambda t, x: {"output": x.seams["scale"](t, x["input"])},
    seams=scaled(2),
)
WRITTEN_OUT = replace(CASE, written_out=lambda t, x: {"output": x.seams["scale"](t, x["input"]) + 1})
SAMPLE = Sample("x", 1, 0, "small", "normal", (("N", 4),))


def negated(t, x, correct):
    return {name: -value for name, value in correct(t, x).items()}


@pytest.mark.parametrize(
    ("case", "seams", "around", "factor", "summand"),
    [
        (CASE, None, None, 2, 0),
        (CASE, {}, None, 2, 0),
        (CASE, scaled(3), None, 3, 0),
        (CASE, None, negated, -2, 0),
        (CASE, scaled(3), negated, -3, 0),
        (WRITTEN_OUT, None, None, 2, 0),
        (WRITTEN_OUT, {}, None, 2, 1),
        (WRITTEN_OUT, scaled(3), None, 3, 1),
        (WRITTEN_OUT, None, negated, -2, 0),
        (WRITTEN_OUT, scaled(3), negated, -3, -1),
    ],
)
@pytest.mark.parametrize("module", ["mytorch", "torch"])
def test_the_text_that_runs(module, case, seams, around, factor, summand):
    subject = TorchLike(
        "x",
        module,
        seams=None if seams is None else {"x": seams},
        around=None if around is None else {"x": around},
    )
    task = Task(case, SAMPLE, "float64")
    trace = subject.run(task)
    given = task.inputs()["input"]
    np.testing.assert_array_equal(trace["output"], given * factor + summand)
    np.testing.assert_array_equal(trace["grad.input"], task.cotangent("output", (4,)) * factor)


def test_a_fault_may_change_the_tensors_it_hands_on():
    def doubled(t, x, correct):
        x["input"] = x["input"] * 2
        return correct(t, x)

    task = Task(CASE, SAMPLE, "float64")
    trace = TorchLike("x", "mytorch", around={"x": doubled}).run(task)
    np.testing.assert_array_equal(trace["output"], task.inputs()["input"] * 4)
    np.testing.assert_array_equal(trace["grad.input"], task.cotangent("output", (4,)) * 4)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layered", [False, True])
def test_a_program_is_told_case_dtype_and_settings(layered, dtype):
    told = []

    def program(t, x):
        del t
        told.append((x.case, x.dtype, x.config["N"]))
        return {"output": x["input"] * 1}

    own = LayerProgram(of_function(program)) if layered else program
    TorchLike("x", "torch", {"x": own}).run(Task(CASE, SAMPLE, dtype))
    assert told == [("x", dtype, 4)]


def test_without_backward_no_gradient_is_asked_for():
    trace = TorchLike("x", "torch", supports=Supports(backward=False)).run(Task(CASE, SAMPLE, "float64"))
    assert set(trace) == {"output"}


def test_the_uses_are_all_or_those_declared():
    assert TorchLike("x", "torch").uses == frozenset(USES)
    assert TorchLike("x", "torch", supports=Supports(uses=["twice"])).uses == {"twice"}
