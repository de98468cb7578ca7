"""A sample is prepared or drawn again, and subjects that raise or return nonsense get verdicts."""

from __future__ import annotations

from itertools import count

import numpy as np
import pytest

from conformance.arithmetic.constants import constants
from conformance.cases import CASES
from conformance.cases.case import Case
from conformance.errors import DegenerateError, NoiseError
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample, run_subject, unprepared
from conformance.judging.verdict import Status
from conformance.sampling.sample import Sample
from conformance.sampling.space import Space, draw
from conformance.sampling.values import Input
from conformance.subjects import pytorch
from conformance.subjects.protocol import LANES, Implementation, Task
from conformance.subjects.torchlike import TorchLike

LINEAR = CASES["nn.Linear"]
SETTINGS = (("N", 3), ("L", 2), ("I", 4), ("O", 5), ("rank", 2), ("bias", True))
SAMPLE = Sample(LINEAR.name, 1, 0, "small", "normal", SETTINGS)
INTEGERS = Sample(LINEAR.name, 1, 0, "small", "integer", SETTINGS)


def _case(program, **fields):
    return Case(
        name="x",
        space=Space({"N": "batch"}),
        inputs=lambda config: {"input": Input((config["N"], 3))},
        program=program,
        **fields,
    )


X = Sample("x", 1, 0, "small", "normal", (("N", 4),))


class Subject:
    """torch, after a call of `answer`."""

    name = "subject"

    def __init__(self, answer):
        self._answer = answer

    def unsupported(self, task):
        del task

    def run(self, task):
        self._answer(task)
        return pytorch.make().run(task)


def _tie(t, x):
    """Decide by the sign of a rounding error."""
    del t
    return {"output": (x["input"] * 3 / 3 - x["input"]).relu()}


def test_a_sample_is_prepared_the_same_way_twice():
    first, second = prepare(LINEAR, SAMPLE), prepare(LINEAR, SAMPLE)
    for lane in LANES:
        a, b = first.expectations[lane], second.expectations[lane]
        assert list(a.oracle) == list(b.oracle)
        for name in a.oracle:
            np.testing.assert_array_equal(a.oracle[name], b.oracle[name])
            np.testing.assert_array_equal(a.tolerance[name], b.tolerance[name])
            np.testing.assert_array_equal(a.reference[name], b.reference[name])


def test_both_lanes_have_a_float64_oracle_on_their_own_values():
    prepared = prepare(LINEAR, SAMPLE)
    wide, narrow = (prepared.expectations[lane].oracle["output"] for lane in LANES)
    assert {wide.dtype, narrow.dtype} == {np.dtype("float64")}
    assert np.any(wide != narrow)
    np.testing.assert_allclose(wide, narrow, atol=1e-5)


def test_the_reference_runs_in_the_lanes_dtype():
    prepared = prepare(LINEAR, SAMPLE)
    dtypes = {lane: expected.reference["output"].dtype for lane, expected in prepared.expectations.items()}
    assert dtypes == {lane: np.dtype(lane) for lane in LANES}


@pytest.mark.parametrize(("name", "runs"), [("nn.Linear", 1), ("softmax", 2)])
def test_the_oracle_on_float32_is_run_where_the_measured_run_is_not_torchs_own(monkeypatch, name, runs):
    """Which is where torch's decompositions run it; either way it is what torch returns, to the bit."""
    sample = draw(name, CASES[name].space, 1, 1)[0]
    ran, run = [], TorchLike.run
    monkeypatch.setattr(TorchLike, "run", lambda self, task: ran.append(task.dtype) or run(self, task))
    oracle = prepare(CASES[name], sample, ["float32"]).expectations["float32"].oracle
    assert sorted(ran) == ["float32", "float64"][:runs]
    right = run(pytorch.make(), Task(CASES[name], sample, "float64", carrier="float32"))
    assert list(oracle) == list(right)
    for observable, numbers in right.items():
        np.testing.assert_array_equal(oracle[observable], numbers)


def test_only_the_asked_lanes_are_prepared():
    assert list(prepare(LINEAR, SAMPLE, ["float32"]).expectations) == ["float32"]


def test_outputs_and_all_gradients_are_observables():
    assert set(prepare(LINEAR, SAMPLE).expectations["float64"].oracle) == {
        "output",
        "grad.input",
        "grad.weight",
        "grad.bias",
    }


def test_where_nothing_rounds_the_tolerance_is_zero():
    for expected in prepare(LINEAR, INTEGERS).expectations.values():
        assert not any(tolerance.any() for tolerance in expected.tolerance.values())


def test_where_something_rounds_the_tolerance_is_not():
    for expected in prepare(LINEAR, SAMPLE).expectations.values():
        assert expected.tolerance["output"].all()


def test_stored_arrays_replace_the_drawn_ones():
    prepared = prepare(
        _case(lambda t, x: {"output": t.mul(x["input"], 2)}), X, stored={"input": np.ones((4, 3))}
    )
    np.testing.assert_array_equal(prepared.expectations["float64"].oracle["output"], np.full((4, 3), 2.0))
    assert {v.status for v in judge_sample(prepared, pytorch.make())} == {Status.PASS}


def test_a_case_drawn_again_too_often_is_degenerate():
    with pytest.raises(DegenerateError, match=rf"x:seed=1.* in {constants().redraws + 1} draws"):
        prepare(_case(_tie), X)


def test_a_sample_near_a_tie_is_drawn_again_and_says_so():
    runs = count()

    def program(t, x):
        # Each draw is run once: the first is a tie, the second is not.
        return _tie(t, x) if next(runs) < 1 else {"output": x["input"].relu()}

    prepared = prepare(_case(program), X)
    assert prepared.sample.redraw == 1
    assert prepared.expectations["float64"].sample == prepared.sample
    assert prepared.sample.text.endswith(",redraw=1")


@pytest.mark.parametrize("lane", LANES)
def test_a_subject_runs_in_the_lanes_dtype_and_silently(lane):
    seen = []

    def answer(task):
        seen.append((task.dtype, task.inputs()["input"].dtype.name))
        np.divide(1.0, np.zeros(1))  # a warning is an error in these tests

    run_subject(prepare(LINEAR, SAMPLE), lane, Subject(answer))
    assert seen == [(lane, lane)]


def _raise(task):
    if task.dtype == "float64":
        raise KeyError("no such gate")


def test_a_subject_that_raises_is_an_error_with_its_traceback():
    verdict = judge_sample(prepare(LINEAR, SAMPLE), Subject(_raise))[0]
    assert (verdict.status, verdict.lane, verdict.observable) == (Status.ERROR, "float64", None)
    assert verdict.reason.startswith("Traceback (most recent call last):")
    assert 'raise KeyError("no such gate")' in verdict.reason
    assert verdict.reason.endswith("KeyError: 'no such gate'")


def test_after_a_subject_raised_the_other_lane_is_judged():
    verdicts = judge_sample(prepare(LINEAR, SAMPLE), Subject(_raise))
    assert {v.status for v in verdicts if v.lane == "float32"} == {Status.PASS}
    assert len([v for v in verdicts if v.lane == "float32"]) == 4


class Odd(Subject):
    """Raises in `unsupported`."""

    def unsupported(self, task):
        raise LookupError(f"{task.dtype}?")


class Reasonless(Subject):
    """Answers `unsupported` with what is no reason."""

    def unsupported(self, task):
        del task
        return self._answer


class Other(Subject):
    """Returns `answer` instead of a trace."""

    def run(self, task):
        del task
        return self._answer


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        (Odd(print), "LookupError: float64?"),
        (Reasonless(3), "TypeError: unsupported: expected None or the reason, got 3"),
        (Reasonless(False), "TypeError: unsupported: expected None or the reason, got False"),
        (Reasonless(""), "TypeError: unsupported: expected None or the reason, got ''"),
        (Reasonless(" "), "TypeError: unsupported: expected None or the reason, got ' '"),
        (Other(None), "TypeError: run: expected a mapping of arrays by name, got NoneType"),
        (
            Other({0: np.ones(2)}),
            "TypeError: run: expected a mapping of arrays by name, got dict with the keys [0]",
        ),
    ],
    ids=["unsupported raises", "3", "False", "empty", "blank", "no trace", "names are numbers"],
)
def test_other_ways_to_answer_wrongly_are_errors_too(subject, reason):
    verdicts = judge_sample(prepare(LINEAR, SAMPLE), subject)
    assert [v.status for v in verdicts] == [Status.ERROR] * 2
    assert verdicts[0].reason.endswith(reason)


def test_a_subject_that_writes_into_its_inputs_harms_nobody_else():
    prepared = prepare(LINEAR, SAMPLE)

    def spoil(task):
        for array in task.inputs().values():
            array[...] = 0

    for subject in (Subject(spoil), pytorch.make()):
        assert {v.status for v in judge_sample(prepared, subject)} == {Status.PASS}


def test_the_test_subject_is_an_implementation():
    assert isinstance(Subject(print), Implementation)


def test_a_training_case_has_no_gradients_but_a_check_of_its_own():
    case = CASES["optim.SGD"]
    verdicts = judge_sample(prepare(case, draw(case.name, case.space, 1, 1)[0]), pytorch.make())
    assert {v.check for v in verdicts} == {"training"}


def test_what_cannot_be_prepared_is_an_error_in_each_lane_that_says_why():
    verdicts = unprepared(_case(_tie), X, ("float64", "float32"), DegenerateError("a tie"))
    assert [(v.status, v.lane, v.check, v.observable) for v in verdicts] == [
        (Status.ERROR, "float64", "forward", None),
        (Status.ERROR, "float32", "forward", None),
    ]
    assert {(v.case, v.sample, v.shape_class, v.regime) for v in verdicts} == {
        ("x", X.text, "small", "normal")
    }
    assert {v.reason for v in verdicts} == {"DegenerateError: a tie"}


def test_an_operation_without_a_rule_is_named_with_the_sample():
    with pytest.raises(NoiseError, match="cbrt") as caught:
        prepare(_case(lambda t, x: {"output": t.ops.prims.cbrt(x["input"])}), X)
    assert caught.value.__notes__ == [f"in {X.text}"]
