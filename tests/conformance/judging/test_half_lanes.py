"""Half lanes: torch itself passes, wrong subjects fail, and what is not judged says why."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import conformance
from conformance import Supports, TorchLike, UsageError
from conformance.cases import CASES
from conformance.cases.case import Case
from conformance.errors import ReferenceRaisedError
from conformance.judging.judge import form
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample
from conformance.judging.verdict import Status
from conformance.running.plan import plan
from conformance.running.replay import replay
from conformance.sampling.lanes import HALF_LANES, rounded
from conformance.sampling.sample import Sample
from conformance.sampling.space import Space, draw
from conformance.sampling.values import Input
from conformance.subjects import pytorch
from conformance.subjects.protocol import LANES, Task

HALF = "conformance.subjects.pytorch:half"
SCHEMA = json.loads(
    (Path(conformance.__file__).parent / "report" / "parity.schema.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", ["nn.LSTM", "nn.GRU", "nn.RNN", "nn.LayerNorm"])
def test_torch_itself_passes(name):
    (sample,) = draw(name, CASES[name].space, 3, 1)
    prepared = prepare(CASES[name], sample, HALF_LANES)
    found = judge_sample(prepared, pytorch.half())
    assert {(each.status, each.lane) for each in found} == {(Status.PASS, lane) for lane in HALF_LANES}
    assert {each.check for each in found} == {"forward", "backward"}
    assert min(each.headroom for each in found) < 100


@pytest.mark.parametrize("name", ["linalg.cholesky", "nn.functional.ctc_loss"])
def test_what_torch_does_not_run_in_half_types_is_skipped_and_says_so(name):
    (sample,) = draw(name, CASES[name].space, 1, 1)
    found = judge_sample(prepare(CASES[name], sample, ("float32", *HALF_LANES)), pytorch.make())
    skipped = [each for each in found if each.status is Status.SKIP]
    assert {each.lane for each in found if each.status is Status.PASS} == {"float32"}
    assert [each.lane for each in skipped] == list(HALF_LANES)
    assert all(f"torch does not run it in {each.lane}: " in each.reason for each in skipped)
    assert all("not implemented for" in each.reason for each in skipped)


def test_what_else_raises_in_half_types_is_an_error():
    def program(t, x):
        if x["input"].dtype == t.bfloat16:
            raise RuntimeError("another reason")
        return {"output": x["input"] * 2}

    case = replace(CASES["nn.Linear"], program=program)
    (sample,) = draw(case.name, case.space, 1, 1)
    with pytest.raises(ReferenceRaisedError, match="another reason"):
        prepare(case, sample, ("bfloat16",))


@pytest.mark.parametrize("name", ["Bernoulli", "Categorical", "kl_divergence", "Normal"])
def test_probabilities_that_are_clamped_by_the_dtypes_eps_are_skipped(name):
    name = f"distributions.{name}"
    skipped = {
        sample.settings["form"]
        for sample in draw(name, CASES[name].space, 1, 30)
        for each in judge_sample(prepare(CASES[name], sample, ("bfloat16",)), pytorch.half())
        if each.status is Status.SKIP and "clamped" in each.reason
    }
    assert skipped == {
        "distributions.Bernoulli": {"log_prob of probs", "entropy of probs", "logits"},
        "distributions.Categorical": {"log_prob of probs", "entropy of probs", "logits"},
        "distributions.kl_divergence": {"categorical", "bernoulli"},
    }.get(name, set())


def test_the_gradient_of_a_constant_is_not_stored():
    """torch marks its zeros, which have no memory, and computes some shapes on tensors without any."""
    name = "autograd.grad@second-reductions"
    settings = (("N", 2), ("F", 64), ("form", "norm"))
    found = judge_sample(
        prepare(CASES[name], Sample(name, 5, 2, "pow2", "normal", settings), HALF_LANES), pytorch.half()
    )
    assert {each.status for each in found} == {Status.PASS}


def test_sums_of_whole_numbers_are_rounded():
    case = CASES["nn.Linear"]
    settings = (("N", 9), ("L", 2), ("I", 64), ("O", 5), ("rank", 2), ("bias", True))
    found = judge_sample(
        prepare(case, Sample(case.name, 1, 0, "small", "integer", settings), HALF_LANES), pytorch.half()
    )
    assert {each.status for each in found} == {Status.PASS}
    assert any(each.headroom < 100 for each in found)


class Coarse(TorchLike):
    """torch, which stores its results in a dtype of fewer bits than it was asked for."""

    supports = Supports(dtypes=HALF_LANES, training=False, uses=(), bad_calls=False)

    def __init__(self):
        super().__init__("coarse", "torch")

    def run(self, task):
        return {name: self.stored(array, task.dtype) for name, array in super().run(task).items()}

    def stored(self, array, lane):
        if lane == "float16":
            return rounded(array, "bfloat16").astype(np.float16)
        fraction, exponent = np.frexp(array)
        return np.ldexp(np.round(fraction * 16) / 16, exponent)


@pytest.mark.parametrize("name", ["nn.Linear", "nn.LayerNorm"])
def test_fewer_bits_are_noticed(name):
    (sample,) = draw(name, CASES[name].space, 3, 1)
    found = judge_sample(prepare(CASES[name], sample, HALF_LANES), Coarse())
    for lane in HALF_LANES:
        assert Status.FAIL in {each.status for each in found if each.lane == lane}


class ThroughBfloat16(TorchLike):
    """torch, which computes in bfloat16 where it was asked for float16."""

    supports = Coarse.supports

    def __init__(self):
        super().__init__("through bfloat16", "torch")

    def run(self, task):
        found = super().run(replace(task, dtype="bfloat16", carrier="bfloat16"))
        return {name: array.astype(np.float16) for name, array in found.items()}


@pytest.mark.parametrize("name", ["nn.Linear", "nn.RNN", "nn.LSTM"])
def test_float16_that_was_computed_in_bfloat16_is_noticed(name):
    (sample,) = draw(name, CASES[name].space, 3, 1)
    found = judge_sample(prepare(CASES[name], sample, ["float16"]), ThroughBfloat16())
    assert sum(each.status is Status.FAIL for each in found) > len(found) / 2


def test_an_answer_in_more_bits_than_the_lane_has_is_of_another_dtype():
    (sample,) = draw("tanh", CASES["tanh"].space, 3, 1)
    expected = prepare(CASES["tanh"], sample, ["bfloat16"]).expectations["bfloat16"]
    right = pytorch.half().run(Task(CASES["tanh"], sample, "bfloat16"))["output"]
    assert right.dtype == np.float32
    assert form(expected, "output", right) is None
    told = form(expected, "output", right * np.float32(1 + 2.0**-20))
    assert told == f"dtype: {right.size} of {right.size} numbers are none of bfloat16's"
    assert form(expected, "output", right.astype(np.float16)) == "dtype: expected float32, got float16"


def test_the_arrays_of_a_task_are_numbers_of_the_lane():
    (sample,) = draw("nn.Linear", CASES["nn.Linear"].space, 3, 1)
    for lane in HALF_LANES:
        task = Task(CASES["nn.Linear"], sample, lane)
        for array in (*task.inputs().values(), task.cotangent("output", (5, 7))):
            np.testing.assert_array_equal(rounded(array, lane), array)
        oracle = Task(CASES["nn.Linear"], sample, "float64", carrier=lane)
        for name, array in oracle.inputs().items():
            assert array.dtype == np.float64
            np.testing.assert_array_equal(array, task.inputs()[name])


def _case(program, **fields):
    inputs = {"input": Input((4, 3))}
    return Case("x", Space({"N": "batch"}), lambda _: inputs, program, **fields)


def _sample(regime="normal", **settings):
    return Sample("x", 1, 0, "small", regime, (("N", 4), *settings.items()))


def _exp(_, x):
    return {"output": x["input"].exp()}


def _many_thresholds(t, x):
    """Compare with numbers that are as far apart as two roundings of bfloat16."""
    return {"output": (x["input"] * 1.1).unsqueeze(-1) > t.linspace(-2, 2, 400, dtype=x["input"].dtype)}


@pytest.mark.parametrize(
    ("case", "sample", "reason"),
    [
        (_case(_exp, training=True), _sample(), "optimiser steps are"),
        (CASES["nn.init.uniform_"], None, "random draws are not judged in half types"),
        (_case(_exp), _sample(generator=1), "random draws are not"),
        (_case(_exp), _sample("offset"), "values of the regime offset"),
        (_case(_many_thresholds), _sample(), "rounding to bfloat16 decides which branch is taken"),
    ],
    ids=["training", "a distribution", "a mask", "offset", "a tie"],
)
def test_what_is_not_judged_is_skipped_with_a_reason(case, sample, reason):
    if sample is None:
        (sample,) = draw(case.name, case.space, 1, 1)
    found = judge_sample(prepare(case, sample, ("bfloat16",)), pytorch.half())
    assert [each.status for each in found] == [Status.SKIP]
    assert reason in found[0].reason


def test_out_of_the_range_of_float16_and_not_of_bfloat16():
    case = _case(lambda _, x: {"output": (x["input"] * 300) * 300})
    found = judge_sample(prepare(case, _sample(), HALF_LANES), pytorch.half())
    assert {(each.lane, each.status) for each in found} == {("float16", "SKIP"), ("bfloat16", "PASS")}


def test_uses_and_the_lanes_of_others_stay_as_they_are():
    supports = Supports(dtypes=("float32", "bfloat16"))
    assert supports.words == ("float32", "bfloat16")
    with_half = list(plan(["nn.Linear"], 4, 1, None, supports))
    without = list(plan(["nn.Linear"], 4, 1, ["float32"]))
    assert [each.uses for each in with_half[:-1]] == [each.uses for each in without[:-1]]
    assert with_half[0].lanes == ("float32", "bfloat16")
    assert next(iter(plan(["nn.Linear"], 1, 1, None))).lanes == LANES


def test_a_run_judges_what_is_declared(tmp_path):
    report = conformance.run(HALF, ["nn.Linear"], 1, in_process=True, out=tmp_path)
    assert report.exit_code == 0
    assert {each.lane for each in report.verdicts} == set(HALF_LANES)
    written = json.loads((tmp_path / "parity.json").read_text(encoding="utf-8"))
    jsonschema.validate(written, SCHEMA)


def test_a_failure_in_a_half_lane_is_replayed(tmp_path):
    (tmp_path / "coarse.py").write_text(SOURCE, encoding="utf-8")
    spec = f"{tmp_path / 'coarse.py'}:Coarse"
    report = conformance.run(spec, ["tanh"], 1, shrink=False, in_process=True, out=tmp_path / "out")
    assert report.exit_code == 1
    (bundle,) = (tmp_path / "out" / "failures").iterdir()
    for what in (str(bundle), report.failures[0].sample):
        found = replay(what, spec, in_process=True).verdicts
        assert Status.FAIL in {each.status for each in found}
        assert {each.lane for each in found} <= set(HALF_LANES)


SOURCE = """
import numpy as np

from conformance import Supports, TorchLike


class Coarse(TorchLike):
    supports = Supports(dtypes=["bfloat16"], training=False, uses=(), bad_calls=False)

    def __init__(self):
        super().__init__("coarse", "torch")

    def run(self, task):
        found = super().run(task)
        return {name: (array.view(np.uint32) & np.uint32(0xFFF00000)).view(np.float32)
                for name, array in found.items()}
"""


def test_an_unknown_dtype_is_refused():
    with pytest.raises(UsageError, match="dtype 'half'"):
        plan(["tanh"], 1, 1, ["half"])
    with pytest.raises(UsageError, match=r"unknown dtype 'float8'.*bfloat16, float16"):
        Supports(dtypes=["float8"])
