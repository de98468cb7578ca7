"""Constants from evidence: tails, the choice, its validation, and subjects that are not correct."""

from __future__ import annotations

import json
import sys
import tomllib
from dataclasses import replace
from math import inf

import numpy as np
import pytest

from conformance.arithmetic.constants import Constants, constants, gate_table
from conformance.calibration import run as module
from conformance.calibration.choose import (
    RUNS,
    SHARE_OF_EACH,
    beyond_constants,
    choose,
    estimate,
    validate,
    verdicts_per_run,
)
from conformance.calibration.measure import Ratio, Subject, correct_subjects, measure_sample
from conformance.calibration.run import Calibration, calibrate
from conformance.calibration.tail import fit, upper_bound
from conformance.cases import CASES
from conformance.cli.main import main
from conformance.errors import UsageError
from conformance.judging.prepared import prepare
from conformance.judging.sample_judge import judge_sample
from conformance.report.calibration import to_json, write
from conformance.report.evidence import markdown
from conformance.sampling.space import draw
from conformance.subjects import mytorch, pytorch

FEW = ["tanh", "sigmoid"]


def exponential(count, scale=1.0, seed=0):
    return np.random.default_rng(seed).exponential(scale, count)


class TestTail:
    def test_an_exponential_tail_is_continued_by_its_law(self):
        tail = fit(exponential(50_000, 0.25))
        assert tail.shape == pytest.approx(0, abs=0.05)
        assert np.log(tail.rate(4.0)) == pytest.approx(-16, abs=2)

    def test_a_heavy_tail_is_seen_as_one(self):
        tail = fit(np.random.default_rng(0).pareto(4.0, 50_000))
        assert tail.shape == pytest.approx(0.25, abs=0.08)
        assert tail.rate(20.0) == pytest.approx(21.0**-4, rel=0.5)

    def test_a_tail_that_ends_is_not_believed_to_end(self):
        values = np.random.default_rng(0).uniform(size=10_000)
        tail = fit(values)
        assert tail.shape == 0
        assert tail.rate(1.5) > 0

    def test_weights_count_as_repetitions(self):
        values = exponential(400)
        weights = np.arange(400) % 3
        weighted, repeated = fit(values, weights.astype(float)), fit(np.repeat(values, weights))
        assert weighted.rate(8.0) == pytest.approx(float(repeated.rate(8.0)), rel=1e-3)

    def test_the_rate_where_the_tail_begins_is_its_share(self):
        tail = fit(exponential(1000))
        assert tail.rate(tail.threshold) == tail.share == pytest.approx(0.1)

    @pytest.mark.parametrize(
        ("hits", "trials", "bound"), [(0, 20_000, 1.498e-4), (3, 100, 0.0757), (5, 5, 1.0)]
    )
    def test_the_bound_of_a_count(self, hits, trials, bound):
        assert upper_bound(hits, trials) == pytest.approx(bound, rel=1e-3)


def ratios(count=2000, scale=1.0, seed=0, **fields):
    """Return ratios of one case, two per sample, with exponential tails."""
    tensor, element = exponential(count, 0.2 * scale, seed), exponential(count, 0.4 * scale, seed + 1)
    one = Ratio("add", "", "mytorch", "float32", "output", 0.0, 0.0, exact=False)._replace(**fields)
    return [
        one._replace(sample=f"add:{k // 2}", tensor=float(t), element=float(e))
        for k, (t, e) in enumerate(zip(tensor, element, strict=True))
    ]


class TestChoice:
    def test_the_constants_are_round_and_meet_the_target(self):
        choice = choose(ratios(20_000), 1)
        for name in ("tensor", "element"):
            value, each = getattr(choice, name), choice.estimates[name]
            assert value % 0.5 == 0
            assert each.at(value)[1] * RUNS <= SHARE_OF_EACH < each.at(value - 0.5)[1] * RUNS
            assert np.all(each.bound >= each.point)
        # 20,000 verdicts, a quarter of an alarm in 1,000 runs: a rate of 1.25e-8, or 18.2 scales, and not
        # sure of it.
        assert 0.2 * 18.2 < choice.tensor < 1.6 * 0.2 * 18.2
        assert 0.4 * 18.2 < choice.element < 1.6 * 0.4 * 18.2

    def test_ten_times_the_error_asks_for_ten_times_the_constants(self):
        once, tenfold = choose(ratios(20_000, 0.6), 1), choose(ratios(20_000, 6.0), 1)
        assert tenfold.tensor == pytest.approx(10 * once.tensor, rel=0.2)
        assert tenfold.element == pytest.approx(10 * once.element, rel=0.2)

    def test_more_verdicts_in_a_run_ask_for_more(self):
        usable = ratios()
        candidates = np.arange(1.0, 9.0)
        one = estimate(usable, lambda r: r.tensor, candidates, {"float32": 100.0}, 0)
        ten = estimate(usable, lambda r: r.tensor, candidates, {"float32": 1000.0}, 0)
        np.testing.assert_allclose(ten.bound, 10 * one.bound)

    def test_related_verdicts_are_less_evidence(self):
        alone = [r._replace(sample=str(k)) for k, r in enumerate(ratios(400))]
        together = [r._replace(sample=str(k)) for _ in range(5) for k, r in enumerate(ratios(400))]
        candidates, per_run = np.array([3.0]), {"float32": 400.0}
        once = estimate(alone, lambda r: r.tensor, candidates, per_run, 0)
        five = estimate(together, lambda r: r.tensor, candidates, per_run, 0)
        assert five.bound[0] == pytest.approx(once.bound[0], rel=0.3)

    def test_a_clean_run_seldom_warns(self):
        choice = choose(ratios(), 1)
        assert 1 < choice.warn <= 3
        warned = sum(
            any(choice.use(r) > 1 / choice.warn for r in ratios(seed=seed)) for seed in range(10, 410, 2)
        )
        assert warned <= 200 / 20

    def test_a_run_is_of_one_subject_and_one_seed(self):
        both = ratios(600) + ratios(400, subject="torch") + ratios(100, lane="float64")
        assert verdicts_per_run(both, 2) == {"float32": 300.0, "float64": 50.0}

    def test_too_few_verdicts_are_refused_with_their_number(self):
        with pytest.raises(UsageError, match=r"at least 300 verdicts in the float32 lane, got 299"):
            choose(ratios(299), 1)

    def test_what_no_constant_bounds_is_refused(self):
        with pytest.raises(UsageError, match="no constant up to 64"):
            choose(ratios(scale=100.0), 1)


class TestValidation:
    choice = choose(ratios(), 1)

    def test_the_same_law_raises_no_alarm(self):
        found = validate(ratios(seed=7), self.choice)
        assert found.shown
        assert (found.alarms, found.verdicts) == ((), 2000)
        assert 0 < found.expected <= found.expected_bound
        assert found.counted_bound == pytest.approx(RUNS * 2000 * 3 / 2000, rel=0.01)

    @pytest.mark.parametrize(("expected", "shown"), [(0.5, True), (1.5, False)])
    def test_no_more_than_one_alarm_in_a_thousand_runs_is_shown(self, expected, shown):
        found = replace(validate(ratios(seed=7), self.choice), expected=expected)
        assert found.alarms == ()
        assert found.shown == shown

    def test_ten_times_the_error_does(self):
        found = validate(ratios(scale=10.0, seed=7), self.choice)
        assert not found.shown
        assert len(found.alarms) > 10

    def test_one_alarm_is_one_too_many(self):
        found = validate([*ratios(seed=7), ratios(1, element=99.0)[0]._replace(element=99.0)], self.choice)
        assert [alarm.element for alarm in found.alarms] == [99.0]
        assert not found.shown

    def test_a_wrong_bit_is_an_alarm_under_any_constants(self):
        wrong = ratios(1)[0]._replace(tensor=inf, element=inf, exact=True)
        assert beyond_constants([wrong]) == [wrong]
        assert validate([*ratios(), wrong], self.choice).alarms == (wrong,)


class Off:
    """torch, with its own float32 error multiplied."""

    name = "off"

    def __init__(self, factor):
        self._factor = factor
        self._right = pytorch.make()

    def unsupported(self, task):
        return self._right.unsupported(task)

    def run(self, task):
        trace, exact = (
            self._right.run(task),
            self._right.run(replace(task, dtype="float64", carrier="float32")),
        )
        with np.errstate(all="ignore"):
            return {
                name: (exact[name] + self._factor * (array.astype(float) - exact[name])).astype(array.dtype)
                for name, array in trace.items()
            }


class Unbacked(Off):
    """torch without its gradients."""

    def run(self, task):
        return {k: v for k, v in self._right.run(task).items() if not k.startswith("grad.")}


class Raising(Off):
    """torch, which skips one lane and raises in the other."""

    def unsupported(self, task):
        return "no float64" if task.dtype == "float64" else None

    def run(self, task):
        raise TypeError(f"expected more than {task.dtype}")


def test_a_subject_that_raises_is_incorrect_and_one_that_refuses_is_not_measured():
    sample = draw("add", CASES["add"].space, 5, 1)[0]
    (ratio,) = measure_sample(sample, [Subject("raising", Raising(1))]).ratios
    assert (ratio.lane, ratio.observable) == ("float32", "raised TypeError: expected more than float32")
    assert beyond_constants([ratio]) == [ratio]


@pytest.mark.parametrize("case", ["nn.LSTMCell", "softmax", "optim.SGD", "matmul"])
@pytest.mark.parametrize("factor", [1, 30])
def test_a_ratio_is_the_judges_own_headroom(case, factor):
    sample = draw(case, CASES[case].space, 5, 1)[0]
    subject = Subject("off", Off(factor), ("float32",))
    measured = {r.observable: r for r in measure_sample(sample, [subject]).ratios}
    verdicts = judge_sample(prepare(CASES[case], sample, ["float32"]), subject.implementation)
    c = constants()
    assert {v.observable for v in verdicts} == set(measured)
    for verdict in verdicts:
        ratio = measured[verdict.observable]
        assert verdict.passed is not ratio.alarms(c.tensor, c.element)
        use = max(ratio.tensor / c.tensor, ratio.element / c.element)
        if not ratio.exact:
            # The smaller of the two tolerances holds for each element.
            assert 1 / verdict.headroom == pytest.approx(use)


def test_torch_in_float64_is_no_evidence():
    sample = draw("nn.LSTM", CASES["nn.LSTM"].space, 5, 1)[0]
    lanes = {(r.subject, r.lane) for r in measure_sample(sample, correct_subjects()).ratios}
    assert ("torch", "float64") not in lanes
    assert {("mytorch", "float64"), ("torch", "float32"), ("torch, written out", "float64")} <= lanes


def test_what_is_written_out_is_not_what_the_oracle_runs():
    third = correct_subjects()[2]
    assert {"nn.LSTM", "models.LSTM"} <= third.cases
    assert "add" not in third.cases


# A tail fitted to a thousand verdicts is uncertain: it meets the target on some seeds, such as these, only.
@pytest.fixture(scope="module")
def found() -> Calibration:
    return calibrate(FEW, runs=2, seed=9, samples=130, features=[16], drawn=2)


def test_the_seeds_are_disjoint_and_the_samples_too(found):
    assert (found.picking, found.validating) == ((9,), (10,))
    assert not {r.sample for r in found.picked_on} & {r.sample for r in found.validated_on}
    assert found.choice.tensor == choose(found.picked_on, 1, 9).tensor


def test_the_rules_are_all_measured_and_hold(found):
    assert len(found.rules) > 30
    assert found.wrong_rules == []
    broken = replace(
        found, rules=(replace(found.rules[0], measured=(found.rules[0].worst._replace(largest=2.0),)),)
    )
    assert (found.exit_code, broken.exit_code) == (0, 1)


@pytest.fixture
def _constants_only(monkeypatch):
    monkeypatch.setattr(module, "measure_rules", list)
    monkeypatch.setattr(module, "recommend", lambda *_, **__: [])


@pytest.mark.usefixtures("_constants_only")
def test_a_subject_without_gradients_is_called_incorrect():
    subjects = [Subject("mytorch", mytorch.make()), Subject("unbacked", Unbacked(1))]
    found = calibrate(FEW, runs=2, seed=9, samples=130, subjects=subjects, features=[16], drawn=1)
    assert {(r.subject, r.observable.partition(".")[0]) for r in found.incorrect} == {("unbacked", "grad")}
    assert found.exit_code == 1
    assert "## Incorrect" in markdown(found)


@pytest.mark.usefixtures("_constants_only")
def test_a_subject_with_four_times_the_error_raises_the_constants(found):
    subjects = [Subject("mytorch", mytorch.make()), Subject("off", Off(4), ("float32",))]
    raised = calibrate(FEW, runs=2, seed=9, samples=130, subjects=subjects, features=[16], drawn=1)
    # With so few verdicts the bound on `tensor` comes from the other lane; the expected rate does not.
    more, fewer = (each.choice.estimates["tensor"].at(2.0)[0] for each in (raised, found))
    assert more > 10 * fewer
    assert raised.choice.element >= 2 * found.choice.element


def test_the_files_hold_what_was_found(found, tmp_path):
    write(found, tmp_path)
    data = json.loads((tmp_path / "calibration.json").read_text(encoding="utf-8"))
    assert data == json.loads(json.dumps(to_json(found)))
    assert data["picked"] == {name: getattr(found.choice, name) for name in ("tensor", "element", "warn")}
    assert sum(row["verdicts"] for row in data["verdicts"]) == len(found.ratios)
    assert {row["operation"] for row in data["rules"] if row["wrong"] is None} >= {"mm", "exp", "sum"}
    text = (tmp_path / "calibration.md").read_text(encoding="utf-8")
    for word in ("Calibration: shown", "Clopper", "## Noise rules", "| tanh ", "## Tails", "## Whole runs"):
        assert word in text


def test_the_constants_file_is_one_that_the_judge_reads(found, tmp_path):
    write(found, tmp_path)
    text = (tmp_path / "constants.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    assert text.endswith(gate_table())
    assert Constants(**data["monte_carlo"], **data["tolerance"], **data["gate"]) == replace(
        constants(), tensor=found.choice.tensor, element=found.choice.element, warn=found.choice.warn
    )
    assert "conformance calibrate tanh sigmoid --seed 9 --runs 2" in text
    assert max(map(len, text.splitlines())) <= 110


@pytest.mark.parametrize(
    ("arguments", "mentions"),
    [
        (["--runs", "1"], ("runs", "at least 2", "1")),
        (["--drawn", "0"], ("drawn", "at least 1", "0")),
        (["nn.Linnear"], ("nn.Linnear", "nn.Linear")),
        (["--jobs", "0"], ("jobs", "0")),
        (["--seed", "-1"], ("seed", "-1")),
    ],
)
def test_wrong_usage(arguments, mentions, capsys):
    assert main(["calibrate", *arguments]) == 2
    said = capsys.readouterr().err
    assert all(word in said for word in mentions), said


def test_without_scipy_the_extra_is_named(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    assert main(["calibrate", "sigmoid"]) == 2
    assert "mytorch-conformance[calibrate]" in capsys.readouterr().err


def test_the_command_writes_and_says_what_it_found(found, tmp_path, capsys, monkeypatch):
    asked = []

    def measured(cases, **options):
        asked.append((cases, *(options[name] for name in ("seed", "runs", "drawn", "jobs"))))
        return found

    monkeypatch.setattr("conformance.calibration.run.calibrate", measured)
    options = ["--runs", "3", "--seed", "9", "--jobs", "1", "--out", str(tmp_path)]
    assert main(["calibrate", *FEW, *options]) == 0
    assert asked == [(FEW, 9, 3, 300, 1)]
    said = capsys.readouterr().out
    assert "SHOWN: tensor " in said
    assert f"{len(found.rules)} of {len(found.rules)} noise rules hold" in said
    assert "To put these in force" not in said  # of two cases only
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "calibration.json",
        "calibration.md",
        "constants.toml",
        "tolerances.md",
    ]
    assert main(["calibrate", *options]) == 0
    assert "To put these in force" in capsys.readouterr().out


def test_the_command_fails_and_names_a_rule_that_is_wrong(found, tmp_path, capsys, monkeypatch):
    wrong = replace(found.rules[0], measured=(found.rules[0].worst._replace(largest=7.0),))
    monkeypatch.setattr(
        "conformance.calibration.run.calibrate", lambda *_, **__: replace(found, rules=(wrong,))
    )
    assert main(["calibrate", "--out", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert f"{wrong.name} " in said
    assert "exceeded: a real error of 7" in said
    assert "NOT SHOWN" in said
