"""False reds as whole runs: numbers, redraws, and everything else that drawing alone shows."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import numpy as np
import pytest

from conformance.arithmetic.constants import constants
from conformance.calibration import measure as measuring
from conformance.calibration import whole_runs as module
from conformance.calibration.choose import Choice, Validation
from conformance.calibration.measure import (
    Draw,
    Measured,
    Ratio,
    Subject,
    correct_subjects,
    measure,
    measure_sample,
)
from conformance.calibration.whole_runs import exhausted, trouble, whole_runs
from conformance.cases import CASES
from conformance.cases.case import Case
from conformance.errors import DegenerateError
from conformance.report.whole_runs import rows, to_json
from conformance.sampling.sample import Sample
from conformance.sampling.space import MINIMUMS, Space, draw
from conformance.sampling.values import Input
from conformance.subjects import mytorch, pytorch
from conformance.subjects.torchlike import TorchLike

CHOICE = Choice(2.0, 4.0, 1.5, {}, {"float32": 1000.0})
VALIDATION = Validation((), 1000, 0.1, 0.4, 3.0, 0)
SUBJECTS = [Subject("mytorch", mytorch.make()), Subject("written", mytorch.make(), cases=frozenset({"add"}))]
REPETITIONS = constants().redraws + 1


def ratio(**fields):
    return Ratio("add", "add:1", "mytorch", "float32", "output", 0.5, 0.5, exact=False)._replace(**fields)


def drawn(redraws=0, trouble="", case="add", regime="normal"):
    return Draw(case, f"{case}:1", regime, redraws, trouble)


def found(*runs, troubled=(None,)):
    measured = {
        seed: Measured(list(ratios), list(draws)) for seed, (ratios, draws) in enumerate(runs, start=7)
    }
    return whole_runs(measured, SUBJECTS, CHOICE, VALIDATION, troubled)


CLEAN = ([ratio()], [drawn()])

# Runs of which one is red, and why.
RED = {
    "a number": (([ratio(tensor=3.0)], [drawn()]), "add:1: output of mytorch, float32"),
    "a wrong bit": (([ratio(tensor=inf, element=inf, exact=True)], []), "add:1: output of mytorch, float32"),
    "an exception": (
        ([ratio(observable="raised X: y", tensor=inf, element=inf)], []),
        "add:1: raised X: y of mytorch, float32",
    ),
    "a degenerate draw": (([ratio()], [drawn(REPETITIONS, "degenerate: x")]), "add:1: degenerate: x"),
    "two reasons": (([ratio(tensor=3.0)], [drawn(0, "nothing")]), "add:1: nothing; and 1 more"),
}


@pytest.mark.parametrize(("run", "why"), RED.values(), ids=RED)
def test_a_run_is_red_for_whatever_reason(run, why):
    whole = found(CLEAN, run, CLEAN)
    assert (whole.red, whole.measured, whole.shown) == ((f"seed 8: {why}",), 3, False)
    assert whole.red_bound == pytest.approx(864.6, rel=1e-3)  # of 1 in 3, by Clopper and Pearson


def test_runs_without_a_red_one_are_shown_with_the_bound_of_their_count():
    whole = found(*[CLEAN] * 10)
    assert (whole.red, whole.shown) == ((), True)
    assert whole.red_bound == pytest.approx(1000 * (1 - 0.05**0.1))


def test_a_subject_that_is_run_on_some_cases_makes_no_whole_run():
    assert found(([ratio(subject="written", tensor=9.0)], [])).red == ()


def test_what_is_red_in_a_drawn_run_is_counted_with_its_bound():
    whole = found(CLEAN, troubled=[None, "why", None, None])
    assert (whole.troubled, whole.drawn, whole.shown) == (("why",), 4, False)
    assert found(CLEAN, troubled=[None] * 300).troubled_bound == pytest.approx(1000 * (1 - 0.05 ** (1 / 300)))


class TestRedraws:
    def test_the_chance_that_every_repetition_fails_is_the_share_to_their_power(self):
        draws = [drawn(1), *[drawn() for _ in range(9)]]
        # 11 drawings, of which one had to be repeated, in two runs of five samples.
        assert exhausted(draws, 2) == {"add": pytest.approx(1000 * 5 * (1 / 11) ** REPETITIONS)}

    def test_a_regime_that_is_often_drawn_again_does_not_hide_among_the_others(self):
        seldom = [drawn() for _ in range(90)]
        often = [drawn(2, regime="steep") for _ in range(10)]
        assert exhausted(seldom + often, 1)["add"] == pytest.approx(1000 * 10 * (2 / 3) ** REPETITIONS)

    def test_one_that_is_degenerate_counts_as_often_as_it_was_drawn(self):
        assert exhausted([drawn(REPETITIONS, "x")], 1) == {"add": 1000}

    def test_cases_without_any_are_left_out(self):
        assert exhausted([drawn(), drawn(1, case="mul"), drawn(case="mul")], 1).keys() == {"mul"}

    def test_more_than_one_run_in_a_thousand_is_not_shown(self):
        whole = found(([ratio()], [drawn(4, case="mul"), drawn(0, case="mul")]))
        assert whole.red == ()
        assert whole.expected > 1
        assert not whole.shown


def test_a_sample_that_was_drawn_again_says_how_often(monkeypatch):
    prepare = measuring.prepare
    monkeypatch.setattr(measuring, "prepare", lambda case, sample: prepare(case, sample.redrawn().redrawn()))
    (sample,) = draw("tanh", CASES["tanh"].space, 1, 1)
    (told,) = measure_sample(sample, SUBJECTS[:1]).draws
    assert (told.case, told.regime, told.redraws, told.trouble) == ("tanh", sample.regime, 2, "")


def test_a_degenerate_sample_is_counted_and_the_others_are_measured(monkeypatch):
    prepare = measuring.prepare

    def fails_once(case, sample):
        if sample.draw == 1:
            raise DegenerateError("on purpose")
        return prepare(case, sample)

    monkeypatch.setattr(measuring, "prepare", fails_once)
    measured = measure(["tanh"], 1, SUBJECTS[:1], samples=4)
    draws = [each for each in measured.draws if ",use=" not in each.sample]
    assert [each.trouble for each in draws] == ["", "degenerate: on purpose", "", ""]
    assert draws[1].redraws == REPETITIONS
    assert len({each.sample for each in measured.ratios if not each.use}) == 2


def nothing(t, x):
    return {"output": t.isnan(x["input"])[:0]}


def case(name, program):
    return Case(
        name=name,
        space=Space({"N": "batch"}, classes=("small",), regimes=("normal",)),
        inputs=lambda config: {"input": Input((config["N"], 3), grad=False)},
        program=program,
    )


def test_a_sample_in_which_nothing_is_compared_is_trouble_when_measured_and_when_drawn(monkeypatch):
    monkeypatch.setitem(CASES, "hollow", case("hollow", nothing))
    sample = Sample("hollow", 1, 0, "small", "normal", (("N", 2),))
    (told,) = measure_sample(sample, SUBJECTS[:1]).draws
    assert told.trouble == "nothing to compare"
    assert trouble(["hollow"], 1).endswith(": nothing to compare")


def test_an_exception_of_torch_is_trouble_when_drawn(monkeypatch):
    def program(t, x):
        if x.config["N"] == 3:
            raise ArithmeticError("on purpose")
        return {"output": t.isnan(x["input"])}

    monkeypatch.setitem(CASES, "raising", case("raising", program))
    found = {trouble(["raising"], seed) for seed in range(20)}
    assert any(each and "torch raises ArithmeticError: on purpose" in each for each in found)
    assert None in found


def test_a_class_that_is_drawn_too_seldom_is_trouble_in_a_run_of_all_cases(monkeypatch):
    monkeypatch.setattr(module, "CASES", {"tanh": CASES["tanh"]})
    told = trouble(["tanh"], 1)
    assert "samples, " in told
    assert f"and {len(MINIMUMS) - 1} more" in told
    assert trouble(["tanh"], 1, samples=5) is None


@pytest.mark.parametrize("name", ["nonzero", "isnan", "tanh", "optim.SGD", "argmax"])
def test_the_cases_are_no_trouble(name):
    assert [trouble([name], seed) for seed in range(3)] == [None] * 3


class Wide(TorchLike):
    """torch, whose floating draws are half as wide again."""

    def run(self, task):
        return {name: array * 1.5 for name, array in super().run(task).items()}


def test_random_draws_are_judged_by_their_law_and_their_false_alarms_count():
    name = next(
        name for name, case in CASES.items() if case.distribution and name.startswith("nn.init.normal")
    )
    right, wrong = (
        measure([name], 1, [Subject("x", make("x", "torch"))], samples=2) for make in (TorchLike, Wide)
    )
    assert right.ratios == []
    assert wrong.ratios
    assert all(each.element == inf and each.exact for each in wrong.ratios)
    whole = whole_runs({1: right}, [Subject("x", TorchLike("x", "torch"))], CHOICE, VALIDATION, [None])
    assert whole.random == pytest.approx(0.1)
    assert whole.expected == pytest.approx(0.2)
    assert trouble([name], 1) is None


def test_uses_are_measured_in_both_lanes():
    measured = measure(["nn.Linear"], 1, correct_subjects()[:1])
    uses = {(each.use, each.lane) for each in measured.ratios if each.use}
    assert {("no-grad", "float64"), ("no-grad", "float32")} <= uses
    assert all(each.use in each.sample for each in measured.ratios if each.use)


class Unasked:
    """torch, with one observable more in every use."""

    name = "unasked"
    uses = ("no-grad",)

    def unsupported(self, task):
        del task

    def run(self, task):
        return pytorch.make().run(task) | ({"more": np.ones(1)} if task.sample.use else {})


def test_an_observable_that_the_reference_does_not_have_is_wrong_and_other_uses_are_not_measured():
    measured = measure(["nn.Linear"], 1, [Subject("unasked", Unasked())])
    assert {each.use for each in measured.ratios} == {"", "no-grad"}
    assert {each.observable for each in measured.ratios if each.element == inf} == {"more"}


def test_the_table_has_the_three_reasons_and_the_count():
    whole = found(CLEAN, ([ratio(tensor=3.0)], [drawn(1), drawn()]), troubled=[None] * 300)
    assert [row["reason"] for row in rows(whole)] == [
        "numbers",
        "redraws",
        "random draws",
        "anything else",
        "any",
    ]
    numbers, redraws, _, others, counted = rows(whole)
    assert (numbers["red in 1,000 runs"], numbers["upper bound"]) == ("0.1", "0.4")
    assert redraws["by"] == "their rate, 0.5 in a run"
    assert (others["by"], others["red in 1,000 runs"], others["upper bound"]) == (
        "drawing 300 runs",
        "0 counted",
        "9.94",
    )
    assert (counted["by"], counted["red in 1,000 runs"]) == ("measuring 2 runs", "1 counted")
    assert to_json(replace(whole, red=()))["measured"]["red"] == []
