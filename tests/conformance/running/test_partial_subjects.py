"""Subjects that declare limits: what is inside is judged, what is outside is named, and wrong ones fail."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import conformance
from conformance import Supports, TorchLike
from conformance.cases import CASES
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample
from conformance.judging.verdict import Status, Verdict
from conformance.report.markdown import markdown
from conformance.report.record import Report
from conformance.running import shrink
from conformance.running.plan import plan
from conformance.running.work import BadCallWork, SampleWork
from conformance.sampling.space import draw
from conformance.subjects.protocol import Task

SCHEMA = json.loads(
    (Path(conformance.__file__).parent / "report" / "parity.schema.json").read_text(encoding="utf-8")
)
FORWARD = Supports(backward=False)


class NoBackward(TorchLike):
    """Computes as mytorch does, and has no gradients; as a runtime that is made for inference."""

    def run(self, task):
        return {name: a for name, a in super().run(task).items() if not name.endswith("grad.input")}


class Wrong(NoBackward):
    def run(self, task):
        return {name: a * 1.001 if a.dtype.kind == "f" else a for name, a in super().run(task).items()}


class Narrow(TorchLike):
    """An LSTM of one layer and one direction without packing, and whose states a wrong one forgets."""

    supports = Supports(layers=1, bidirectional=False, packed=False, uses=(), bad_calls=False)

    def __init__(self, *, forgets=False):
        super().__init__("narrow", "mytorch")
        self._forgets = forgets

    def run(self, task):
        config = task.config
        assert (config["layers"], config["bidirectional"], config["form"]) == (1, False, "equal")
        found = super().run(task)
        if self._forgets and not config["states"] and config["projection"]:
            found["output"] = found["output"] + 1
        return found


class Single(TorchLike):
    """Can compute in float32 only."""

    supports = Supports(dtypes=["float32"], bad_calls=False)

    def run(self, task):
        assert task.dtype == "float32"
        return super().run(task)


class Skips(TorchLike):
    """Skips all of one case."""

    def unsupported(self, task):
        return "no tanh here" if task.case.name == "tanh" else None


def run(subject, *cases, samples=2, **options):
    return conformance.run(subject, cases, samples, shrink=False, **options)


def test_a_right_one_without_backward_is_shown_and_the_words_say_so():
    report = run(NoBackward("mine", "mytorch", supports=FORWARD), "sigmoid")
    assert report.exit_code == 0, report.failures[:1]
    assert report.limits == "forward only"
    assert "backward" not in {v.check for v in report.verdicts}
    assert {v.use for v in report.verdicts if v.check == "use"} >= {"no-grad", "inference-mode"}
    assert {v.check for v in report.verdicts} == {"forward", "use"}
    assert markdown(report).startswith("# Parity of mine with torch: shown (judged: forward only)\n")


def test_undeclared_the_same_one_lacks_its_gradients():
    report = run(NoBackward("mine", "mytorch"), "sigmoid")
    assert report.exit_code == 1
    assert {v.observable for v in report.failures if not v.use} == {"grad.input"}


def test_a_wrong_one_without_backward_fails():
    report = run(Wrong("mine", "mytorch", supports=FORWARD), "sigmoid")
    assert report.exit_code == 1
    assert {v.check for v in report.failures} == {"forward", "use"}


def test_the_programs_of_one_without_backward_get_tensors_that_need_no_gradient():
    def program(t, x):
        assert not x["input"].requires_grad
        return {"output": t.sigmoid(x["input"])}

    subject = TorchLike(
        "mine", "mytorch", {"sigmoid": program}, supports=Supports(backward=False, bad_calls=False)
    )
    assert run(subject, "sigmoid").exit_code == 0


def test_gradients_that_come_and_go_are_skipped_where_they_do_not_come():
    subject = NoBackward("mine", "mytorch", supports=Supports(backward=None, uses=(), bad_calls=False))
    report = run(subject, "sigmoid")
    assert report.exit_code == 0
    assert {(v.check, v.status) for v in report.verdicts} == {
        ("forward", Status.PASS),
        ("backward", Status.SKIP),
    }
    assert report.limits == "forward only, plain calls only, no bad calls"


def test_where_some_gradients_come_the_others_are_missing():
    subject = NoBackward("mine", "mytorch", supports=Supports(backward=None, uses=(), bad_calls=False))
    report = run(subject, "nn.Linear")
    assert {v.observable for v in report.failures} == {"grad.input"}


def test_a_narrow_lstm_is_judged_by_as_many_samples_as_a_whole_one():
    whole, narrow = (plan(["nn.LSTM"], None, 1, ["float32"], s) for s in (Supports(), Narrow.supports))
    counts = [sum(isinstance(w, SampleWork) for w in each) for each in (whole, narrow)]
    assert counts == [80, 80]
    assert narrow.scope.outside == {"samples": 57, "bad calls": 26}
    assert not any(isinstance(w, BadCallWork) or w.uses for w in narrow)


def test_a_narrow_lstm_is_shown():
    report = run(Narrow(), "nn.LSTM", samples=3, dtypes=["float64"])
    assert report.exit_code == 0, report.failures[:1]
    assert len({v.sample for v in report.verdicts}) == 3
    assert report.limits == ("one layer, one direction, no packed sequences, plain calls only, no bad calls")


def test_a_narrow_lstm_that_is_wrong_off_the_plain_path_meets_a_sample_that_shows_it():
    """The first 80 draws of the stream hold one such sample or none."""
    samples = [
        w.sample
        for w in plan(["nn.LSTM"], None, 1, ["float64"], Narrow.supports)
        if isinstance(w, SampleWork)
    ]
    telling = [
        s
        for s in samples
        if s.settings["projection"] and not s.settings["states"] and s.shape_class != "empty"
    ]
    assert len(telling) >= 2
    prepared = prepare(CASES["nn.LSTM"], telling[0], ["float64"])
    assert all(v.passed for v in judge_sample(prepared, Narrow()))
    assert {v.observable for v in judge_sample(prepared, Narrow(forgets=True)) if not v.passed} == {"output"}


def test_a_replay_of_a_sample_outside_is_a_skip_that_says_why():
    sample = draw("nn.LSTM", CASES["nn.LSTM"].space, 1, 3)[1]
    (verdict,) = judge_sample(prepare(CASES["nn.LSTM"], sample, ["float64"]), Narrow())
    assert verdict.status is Status.SKIP
    assert verdict.reason.startswith("outside what it declares: ")


def test_shrinking_stays_inside_the_limits():
    """Outside, it raises, which would pass for the failure that is looked for."""
    inside = next(w.sample for w in plan(["nn.LSTM"], 1, 1, ["float64"], Narrow.supports))
    outside = draw("nn.LSTM", CASES["nn.LSTM"].space, 1, 2)[1]
    failure = Verdict.on(inside, "float64", None, Status.ERROR, training=False, reason="it raises")
    assert not shrink._fails(outside, failure, Narrow())
    with pytest.raises(AssertionError):
        Narrow().run(Task(CASES["nn.LSTM"], outside, "float64"))


def test_one_dtype_is_one_lane():
    report = run(Single("mine", "mytorch"), "sigmoid")
    assert report.exit_code == 0
    assert {v.lane for v in report.verdicts} == {"float32"}
    assert report.limits == "float32, no bad calls"


def test_without_bad_calls_none_are_made():
    """A subject that would end in C code there is not asked."""

    class Crashes(TorchLike):
        def run(self, task):
            assert not task.bad_call
            return super().run(task)

    report = run(Crashes("mine", "mytorch", supports=Supports(bad_calls=False)), "unsqueeze", samples=1)
    assert report.exit_code == 0
    assert "errors" not in {v.check for v in report.verdicts}
    assert report.scope.outside["bad calls"] > 0
    assert run(Crashes("mine", "mytorch"), "unsqueeze", samples=1).exit_code == 1


def test_a_named_case_of_which_nothing_was_compared_is_not_shown():
    report = run(Skips("mine", "mytorch"), "sigmoid", "tanh", samples=1)
    assert report.totals["fail"] == report.totals["error"] == 0
    assert report.unseen == {"tanh": "no tanh here"}
    assert report.exit_code == 1
    assert "tanh: no tanh here" in markdown(report)
    # Of a run of all cases it says how much was seen; there the minimums bind.
    assert Report(1, "mine", "torch", report.verdicts).exit_code == 0
    assert run(Skips("mine", "mytorch"), "tanh", samples=1).exit_code == 3


def test_a_named_case_outside_the_limits_is_not_shown():
    subject = TorchLike("mine", "mytorch", supports=Supports(cases=["sigmoid"]))
    report = run(subject, "sigmoid", "tanh", samples=1)
    assert report.exit_code == 1
    assert report.unseen == {"tanh": "the subject supports no sample of it"}
    assert report.limits == "1 of 2 cases"
    assert run(subject, "tanh").exit_code == 3
    assert run(subject, "sigmoid", samples=1).limits == ""


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (Supports(), "the run ended before it"),
        (
            Supports(cases=["sigmoid"]),
            "the run ended before it, or the subject supports no sample of it",
        ),
    ],
)
def test_a_case_that_a_stopped_run_did_not_come_to_is_not_said_to_be_unsupported(limits, why):
    double = TorchLike("mine", "mytorch", {"sigmoid": lambda t, x: {"output": 2 * t.sigmoid(x["input"])}})
    double.supports = limits
    report = conformance.run(double, ["sigmoid", "tanh"], 2, exit_first=True, shrink=False)
    assert report.stopped
    assert report.unseen == {"tanh": why}
    # A whole run came to it.
    assert "ended" not in str(run(double, "sigmoid", "tanh", samples=1).unseen)


def test_a_lane_that_is_not_supported_compares_nothing():
    report = run(Single("mine", "mytorch"), "sigmoid", dtypes=["float64", "bfloat16"])
    assert report.exit_code == 3
    undeclared = "its Supports(dtypes=…) has no float64 and no bfloat16"
    told = f"the subject supports no sample of it in the dtypes asked for: {undeclared}"
    assert report.unseen == {"sigmoid": told}


def test_lanes_that_were_asked_for_and_are_not_supported_stand_next_to_the_verdict():
    report = run(TorchLike("mine", "mytorch"), "sigmoid", samples=1, dtypes=["float16", "float32"])
    assert (report.exit_code, report.limits) == (0, "no float16")
    assert report.scope.outside == {"dtypes": 1}
    assert run(Single("mine", "mytorch"), "sigmoid", samples=1).limits == "float32, no bad calls"


def test_the_scope_is_in_the_file_and_read_back():
    report = run(NoBackward("mine", "mytorch", supports=FORWARD), "sigmoid", "optim.Adam", samples=1)
    data = json.loads(report.to_json())
    jsonschema.validate(data, SCHEMA)
    assert data["scope"] == {
        "named": ["sigmoid", "optim.Adam"],
        "limits": ["forward only"],
        "outside": {"cases": 1},
    }
    again = Report.from_json(report.to_json())
    assert (again.limits, again.unseen, again.exit_code) == (report.limits, report.unseen, 1)
    assert again.to_json() == report.to_json()


def test_what_is_outside_is_counted():
    report = Report(
        1,
        "mine",
        "torch",
        (),
        scope=plan(["nn.LSTM", "nn.Linear"], 80, 1, ["float32"], Narrow.supports).scope,
    )
    assert report.scope.lines() == ["57 samples, 28 bad calls"]


def test_the_minimums_of_a_partial_subject_are_those_it_can_reach():
    planned = plan([], None, 1, ["float32"], Supports(cases=["nn.LSTM"], empty_batch=False))
    assert planned.minimums["small"] >= 10
    assert planned.minimums["remembering"] >= 12
    assert "empty" not in planned.minimums
    assert "cancelling" not in planned.minimums


def test_a_declaration_that_is_none_is_named():
    subject = TorchLike("mine", "mytorch")
    subject.supports = "forward"
    with pytest.raises(conformance.UsageError, match=r"supports: expected conformance\.Supports"):
        run(subject, "sigmoid")
