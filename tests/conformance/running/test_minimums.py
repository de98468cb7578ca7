"""A run of all cases that judged a shape class or a regime too seldom shows nothing, and names it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from conformance.cases import CASES
from conformance.judging.verdict import Status, Verdict
from conformance.report.coverage import by_case, covered, summary
from conformance.report.details import details
from conformance.report.markdown import markdown
from conformance.report.record import Report
from conformance.running import plan, run
from conformance.sampling.sample import Sample
from conformance.sampling.space import CLASSES, HOLLOW, MINIMUMS, REGIMES, draw, least


def _verdict(sample, **fields):
    fields = {"elements": 5, "shape_class": sample.shape_class, "regime": sample.regime} | fields
    return Verdict(sample.case, sample.text, "forward", "float32", "output", Status.PASS, **fields)


def _whole_run(seed=1):
    """Return a verdict for every sample of a default run of all cases, as if each had passed."""
    return [
        _verdict(sample)
        for case in CASES.values()
        for sample in draw(case.name, case.space, seed, case.default_samples)
    ]


def _report(verdicts, minimums=MINIMUMS):
    return Report(1, "mytorch", "torch", tuple(verdicts), dict(minimums))


def test_every_class_and_regime_has_a_minimum_and_names_of_its_own():
    assert set(MINIMUMS) == set(CLASSES) | set(REGIMES)
    assert not set(CLASSES) & set(REGIMES)
    assert set(CLASSES) >= HOLLOW


@pytest.mark.parametrize("share", [0.5, 0.1, 0.05])
def test_a_minimum_is_the_least_count_that_keeps_to_the_risk(share):
    count = least(share, 0.05)
    assert (1 - share) ** count <= 0.05 < (1 - share) ** (count - 1)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_default_run_of_all_cases_meets_every_minimum(seed):
    report = _report(_whole_run(seed))
    assert report.exit_code == 0
    assert [str(row) for row in report.shortfalls] == []


@pytest.mark.parametrize("name", sorted(MINIMUMS))
def test_one_sample_below_the_minimum_shows_nothing(name):
    verdicts = _whole_run()
    mine = [v for v in verdicts if name in {v.shape_class, v.regime}]
    others = [v for v in verdicts if name not in {v.shape_class, v.regime}]
    # Only this minimum binds, because a removed verdict may count for another one too.
    alone = {name: MINIMUMS[name]}
    assert _report(others + mine[: MINIMUMS[name]], alone).exit_code == 0
    short = _report(others + mine[: MINIMUMS[name] - 1], alone)
    assert short.exit_code == 1
    (row,) = short.shortfalls
    count = MINIMUMS[name] - 1
    assert str(row).endswith(f" {name}: {count} samples judged, at least {MINIMUMS[name]} needed")


def test_a_class_that_is_not_there_at_all_is_named():
    verdicts = [v for v in _whole_run() if v.shape_class != "unbatched"]
    report = _report(verdicts)
    assert [str(row) for row in report.shortfalls] == [
        f"shape class unbatched: 0 samples judged, at least {MINIMUMS['unbatched']} needed"
    ]
    assert "NOT shown" in markdown(report)
    assert "## Judged too seldom\n\n- shape class unbatched: 0 samples" in markdown(report)


# Verdicts that compare nothing.
NOTHING = {
    "an exception": {"status": Status.ERROR},
    "a refusal": {"status": Status.SKIP},
    "nothing to compare": {"elements": 0},
}


@pytest.mark.parametrize("fields", NOTHING.values(), ids=NOTHING)
def test_what_compares_nothing_does_not_count(fields):
    sample = Sample("add", 1, 0, "small", "normal", ())
    assert covered([replace(_verdict(sample), **fields)], {}) == []


def test_a_class_without_elements_is_judged_by_form():
    sample = Sample("add", 1, 0, "empty", "normal", ())
    counted = covered([_verdict(sample, elements=0)], {})
    assert [(row.name, row.samples, row.elements) for row in counted] == [("empty", 1, 0), ("normal", 1, 0)]


def test_a_sample_counts_once_however_many_observables_and_lanes_it_has():
    sample = Sample("add", 1, 0, "small", "normal", ())
    verdicts = [_verdict(sample), replace(_verdict(sample), lane="float64", observable="grad.input")]
    assert summary(covered(verdicts, {"small": 7})) == [
        {
            "class or regime": "shape class `small`",
            "cases": 1,
            "samples": 1,
            "numbers compared": "10",
            "minimum of samples": 7,
        },
        {
            "class or regime": "regime `normal`",
            "cases": 1,
            "samples": 1,
            "numbers compared": "10",
            "minimum of samples": "",
        },
    ]
    assert by_case(verdicts) == [{"case": "add", "small": 1, "normal": 1}]


def test_minimums_bind_a_run_of_all_cases_at_the_default_or_above():
    every = list(CASES.values())
    most = max(case.default_samples for case in every)
    assert plan.minimums(every, None) == plan.minimums(every, most) == MINIMUMS
    assert plan.minimums(every, most - 1) == {}
    assert plan.minimums(every[1:], None) == {}


def test_a_run_that_falls_short_is_not_shown(monkeypatch):
    # With a single case, the classes of the other cases are not judged.
    monkeypatch.setattr(plan, "CASES", {"add": CASES["add"]})
    report = run.run("torch", cases=["add"])
    short = {row.name for row in report.shortfalls}
    drawn = draw("add", CASES["add"].space, 1, CASES["add"].default_samples)
    counts = Counter(name for sample in drawn for name in (sample.shape_class, sample.regime))
    assert short == {name for name, count in MINIMUMS.items() if counts[name] < count}
    assert {"long", "remembering"} < short
    assert report.exit_code == 1
    assert Report.from_json(report.to_json()).exit_code == 1


def test_a_run_of_some_cases_has_no_minimum():
    report = run.run("torch", cases=["sign"])
    assert report.minimums == {}
    assert report.exit_code == 0


def test_the_summary_shows_the_coverage_of_the_run_and_the_details_that_of_each_case():
    report = _report(_whole_run()[:50], {})
    assert "minimum of samples" in markdown(report).partition("## Coverage")[2]
    assert "| case |" in details(report).partition("## Samples per case")[2]
