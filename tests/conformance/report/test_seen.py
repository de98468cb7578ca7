"""How much of a case a subject saw: samples judged, the plain path, and why others were skipped."""

from __future__ import annotations

from dataclasses import replace

import pytest

import conformance
from conformance.cases import CASES
from conformance.judging.verdict import Status, Verdict
from conformance.report.markdown import markdown
from conformance.report.record import Report
from conformance.report.seen import partly, seen
from conformance.report.tables import summary
from conformance.sampling.space import draw, on_plain_path
from conformance.subjects.torchlike import TorchLike


def run_of(case, skip):
    """Return a verdict for each default sample of a case; `skip` returns why one is skipped, or None."""
    space, found = CASES[case].space, []
    for sample in draw(case, space, 1, CASES[case].default_samples):
        why = skip(sample)
        status = Status.SKIP if why else Status.PASS
        fields = {"shape_class": sample.shape_class, "regime": sample.regime, "elements": 4, "reason": why}
        found.append(Verdict(case, sample.text, "forward", "float32", "output", status, **fields))
    return found


def plain(sample):
    return on_plain_path(CASES[sample.case].space, sample)


def count(case):
    drawn = draw(case, CASES[case].space, 1, CASES[case].default_samples)
    return len(drawn), sum(map(plain, drawn))


def test_of_a_case_that_is_seen_whole_nothing_is_told():
    verdicts = run_of("nn.GRU", lambda _: None)
    drawn, on_path = count("nn.GRU")
    assert seen(verdicts)["nn.GRU"].samples == f"{drawn} of {drawn}"
    assert seen(verdicts)["nn.GRU"].plain_path == f"{on_path} of {on_path}"
    assert partly(seen(verdicts)) == []


def test_what_is_skipped_is_told_with_the_most_frequent_reason():
    reasons = iter(["rare"])
    verdicts = run_of("nn.GRU", lambda sample: None if plain(sample) else next(reasons, "one layer only"))
    drawn, on_path = count("nn.GRU")
    (each,) = partly(seen(verdicts))
    assert str(each) == (
        f"nn.GRU: {on_path} of {drawn} samples judged, {on_path} of {on_path} on the plain path; "
        f"{drawn - on_path} skipped, {drawn - on_path - 1} of them because: one layer only"
    )
    text = markdown(Report(1, "mine", "torch", tuple(verdicts)))
    assert "## Seen in part\n\nThe subject skipped samples of these cases." in text
    assert f"\n- {each}\n" in text


def test_a_subject_that_skips_the_plain_path_sees_none_of_it():
    (each,) = partly(seen(run_of("nn.GRU", lambda sample: "too plain" if plain(sample) else None)))
    assert each.plain_path == f"0 of {count('nn.GRU')[1]}"


def test_a_space_without_a_plain_path_has_none():
    verdicts = run_of("tanh", lambda sample: "odd" if sample.draw % 2 else None)
    (each,) = partly(seen(verdicts))
    assert each.plain_path == ""
    assert "plain path" not in str(each)
    (row,) = summary(Report(1, "mine", "torch", tuple(verdicts)))
    assert "plain path" not in row


def test_a_sample_that_is_judged_in_one_lane_is_judged():
    judged = run_of("tanh", lambda _: None)
    skipped = [replace(v, lane="float64", status=Status.SKIP, reason="no float64") for v in judged]
    assert partly(seen(each for pair in zip(skipped, judged, strict=True) for each in pair)) == []


@pytest.mark.parametrize("other", [{"check": "use", "use": "no-grad"}, {"check": "errors", "lane": None}])
def test_uses_and_bad_calls_are_counted_elsewhere(other):
    verdicts = run_of("tanh", lambda _: None)
    skipped = [
        replace(v, status=Status.SKIP, reason="why", sample=v.sample + ",use=x", **other) for v in verdicts
    ]
    assert partly(seen(verdicts + skipped)) == []
    assert seen(verdicts + skipped)["tanh"].drawn == seen(verdicts)["tanh"].drawn


class OneDirection(TorchLike):
    def unsupported(self, task):
        return "one direction only" if task.config.get("bidirectional") else None


def test_the_summary_of_a_run_has_both_columns():
    report = conformance.run(OneDirection("one", "mytorch"), cases=["nn.GRU", "tanh"], samples=6)
    gru, tanh = summary(report)
    assert tanh["samples"] == "6 of 6"
    assert tanh["plain path"] == ""
    judged, _, drawn = gru["samples"].partition(" of ")
    assert int(judged) < int(drawn) == 6
    assert gru["plain path"]
